"""The mappings as a page and as data: every accepted row, counts, and what has no counterpart and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from pyoxigraph import NamedNode

from kg.errors import NotFound
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MappingCollection
from kg.pages.list_slices import filter_by_words
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_text
from kg.pages.term_refs import compress_iri as shorten
from kg.pages.term_refs import expand_curie, link_address


@dataclass(frozen=True, slots=True)
class AcceptedMapping:
    """One accepted mapping: our entity, the kind of match, the outside term, and what proves it."""

    entity: str
    entity_curie: str
    entity_label: str
    entity_href: str
    predicate: str
    match: str
    curie: str
    label: str
    iri: str
    page: str
    proof: str
    version: str
    justification: str
    author: str
    date: str
    comment: str
    mapping: str


@dataclass(frozen=True, slots=True)
class MappingCount:
    """How many rows a vocabulary or a predicate has."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class UnacceptedMapping:
    """A pair that is not accepted, and why."""

    entity_curie: str
    entity_label: str
    predicate: str
    curie: str
    label: str
    comment: str
    proof: str


@dataclass(frozen=True, slots=True)
class UnmappedEntity:
    """An entity without a counterpart outside, and why."""

    entity_curie: str
    entity_href: str
    reason: str


@dataclass(frozen=True, slots=True)
class MappingsPage:
    """Everything the page of mappings shows; its JSON has the same fields."""

    accepted: tuple[AcceptedMapping, ...]
    rejected: tuple[UnacceptedMapping, ...]
    undecided: tuple[UnacceptedMapping, ...]
    unmapped: tuple[UnmappedEntity, ...]
    by_vocabulary: tuple[MappingCount, ...]
    by_match: tuple[MappingCount, ...]


def mappings_page(
    reader: PageQueryReader, files: MappingCollection, unmapped: dict[str, str]
) -> MappingsPage:
    """Return the page: accepted rows from the graph, the other verdicts from their files."""
    accepted = select_accepted_mappings(reader)
    return MappingsPage(
        accepted=accepted,
        rejected=list_unaccepted_mappings(files, "rejected"),
        undecided=list_unaccepted_mappings(files, "undecided"),
        unmapped=tuple(
            UnmappedEntity(entity, _entity_address(entity), reason)
            for entity, reason in sorted(unmapped.items())
        ),
        by_vocabulary=_count_names(term.curie.split(":")[0] for term in accepted),
        by_match=_count_names(term.match for term in accepted),
    )


def filter_mappings(page: MappingsPage, filter_text: str) -> MappingsPage:
    """Return the page with the rows that hold every word asked for: of a name, a code, a reason."""
    if not filter_text:
        return page
    accepted = filter_by_words(
        page.accepted,
        filter_text,
        lambda t: f"{t.entity_label} {t.entity_curie} {t.match} {t.curie} {t.label} {t.comment}",
    )
    return replace(
        page,
        accepted=accepted,
        rejected=filter_by_words(page.rejected, filter_text, _searchable_text),
        undecided=filter_by_words(page.undecided, filter_text, _searchable_text),
        unmapped=filter_by_words(page.unmapped, filter_text, lambda u: f"{u.entity_curie} {u.reason}"),
        by_vocabulary=_count_names(term.curie.split(":")[0] for term in accepted),
        by_match=_count_names(term.match for term in accepted),
    )


def _searchable_text(pair: UnacceptedMapping) -> str:
    return f"{pair.entity_label} {pair.entity_curie} {pair.curie} {pair.label} {pair.comment}"


def select_accepted_mappings(reader: PageQueryReader) -> tuple[AcceptedMapping, ...]:
    """Return every accepted mapping of the graph, by outside identifier."""
    return tuple(_mapping_from_row(row) for row in reader.select_rows("mapped"))


def list_unaccepted_mappings(files: MappingCollection, verdict: str) -> tuple[UnacceptedMapping, ...]:
    """Return the rows of a verdict that is not in the graph."""
    return tuple(
        UnacceptedMapping(
            entity_curie=row.subject_id,
            entity_label=row.subject_label,
            predicate=row.predicate_id,
            curie=row.object_id,
            label=row.object_label,
            comment=row.comment,
            proof=unquote(row.mapping_source.removeprefix("proof:")),
        )
        for row in files.rows(verdict)
    )


def _mapping_from_row(row: QueryRow) -> AcceptedMapping:
    """Return the mapping a row tells of."""
    predicate = shorten(cell_text(row, "match"))
    return AcceptedMapping(
        entity=cell_text(row, "entity"),
        entity_curie=shorten(cell_text(row, "entity")),
        entity_label=cell_text(row, "entity_label"),
        entity_href=link_address(cell_text(row, "entity")),
        predicate=predicate,
        match=re.sub(r"^skos:|Match$", "", predicate),
        curie=cell_text(row, "curie"),
        label=cell_text(row, "label"),
        iri=cell_text(row, "target"),
        page=cell_text(row, "page"),
        proof=unquote(cell_text(row, "proof").rpartition("/")[2]),
        version=cell_text(row, "version"),
        justification=shorten(cell_text(row, "justification")),
        author=cell_text(row, "author"),
        date=cell_text(row, "date"),
        comment=cell_text(row, "comment"),
        mapping=cell_text(row, "mapping"),
    )


def _count_names(names: Iterable[str]) -> tuple[MappingCount, ...]:
    """Return each name with how often it occurs, the most frequent first."""
    return tuple(
        MappingCount(name, rows) for name, rows in sorted(Counter(names).items(), key=lambda c: (-c[1], c[0]))
    )


def _entity_address(entity: str) -> str:
    """Return the page of one of our CURIEs."""
    return link_address(expand_curie(entity))


#: MERGED kg.views.outside
#: MERGED Identifiers of an entity in outside vocabularies, with the address of the outside page and the proof.


#: how near a match is, nearest first
_MATCH_ORDER = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")


@dataclass(frozen=True, slots=True)
class OutsideIdentifier:
    """An outside identifier, how it matches, its page abroad, and what proves it."""

    curie: str
    label: str
    match: str
    iri: str
    href: str
    justification: str
    proof: str
    comment: str


def list_identifiers(reader: PageQueryReader, entity: NamedNode) -> tuple[OutsideIdentifier, ...]:
    """Return the outside identifiers of `entity`, the nearest matches first."""
    rows = reader.select_rows("entity-xrefs", entity=[entity])
    found = {(item.iri, item.match): item for item in map(_identifier_from_row, rows)}
    return tuple(sorted(found.values(), key=_match_sort_key))


def _match_sort_key(item: OutsideIdentifier) -> tuple[int, str]:
    rank = next((i for i, name in enumerate(_MATCH_ORDER) if name.startswith(item.match)), len(_MATCH_ORDER))
    return rank, item.curie


def _identifier_from_row(row: QueryRow) -> OutsideIdentifier:
    return OutsideIdentifier(
        curie=cell_text(row, "curie"),
        label=cell_text(row, "label"),
        match=_local_name(cell_text(row, "match")).removesuffix("Match"),
        iri=cell_text(row, "target"),
        href=cell_text(row, "page") or cell_text(row, "target"),
        justification=_split_camel_case(_local_name(cell_text(row, "justification"))),
        proof=" ".join(
            part for part in (_local_name(cell_text(row, "proof")), cell_text(row, "version")) if part
        ),
        comment=cell_text(row, "comment"),
    )


def _local_name(iri: str) -> str:
    return re.split(r"[/#]", iri)[-1]


def _split_camel_case(name: str) -> str:
    """Return a name such as ManualMappingCuration as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


#: MERGED kg.views.xrefs
#: MERGED Cross-references for programs: from one of our entities outwards, or from an outside term to ours.


XrefJson = dict[str, object]
#: the match types of SKOS, nearest first; each is a member of the answer, empty where there is none.
MATCH_TYPES = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")


def find_xrefs(identifier: str, prefixes: PrefixTable, accepted: Iterable[AcceptedMapping]) -> XrefJson:
    """Return the identifiers on the other side of `asked`, exact ones apart from the others.

    Raises BadData for what is no identifier, NotFound for one without cross-references.
    """
    given = list(accepted)
    iri = expand_curie(identifier.strip())
    ours = [term for term in given if iri == term.entity]
    if ours:
        return _group_by_match(ours[0].entity_curie, ours, outwards=True)
    curie = str(prefixes.parse_identifier(identifier))
    theirs = [term for term in given if term.curie == curie]
    if not theirs:
        raise NotFound(f"The graph has no cross-reference of {curie}.", hint="See /mappings for all of them.")
    return _group_by_match(curie, theirs, outwards=False) | {
        "beyond": _further_mappings(curie, theirs, given)
    }


def _group_by_match(curie: str, mappings: list[AcceptedMapping], *, outwards: bool) -> XrefJson:
    """Return the cross-references found, by match type; `others` is all that is not exact, together."""
    rows = [_xref_row(term, outwards=outwards) for term in mappings]
    grouped = {match: [row for row in rows if row["predicate"] == f"skos:{match}"] for match in MATCH_TYPES}
    others = [row for row in rows if row["predicate"] != "skos:exactMatch"]
    return {"curie": curie, **grouped, "others": others}


def _xref_row(term: AcceptedMapping, *, outwards: bool) -> XrefJson:
    """Return one cross-reference; the predicate is always read from ours to theirs."""
    there: XrefJson = {"curie": term.curie, "label": term.label, "iri": term.iri, "page": term.page}
    here: XrefJson = {"curie": term.entity_curie, "label": term.entity_label, "iri": term.entity}
    proof: XrefJson = {"proof": term.proof, "version": term.version, "justification": term.justification}
    read: XrefJson = {"subject": term.entity_curie, "predicate": term.predicate, "object": term.curie}
    return (there if outwards else here) | read | proof | {"comment": term.comment}


def _further_mappings(
    curie: str, matched: list[AcceptedMapping], accepted: list[AcceptedMapping]
) -> list[XrefJson]:
    """Return the other outside identifiers of the entities that `curie` is an exact match of.

    Two exact matches of one entity are named side by side; no match between them is asserted.
    """
    exact = {term.entity for term in matched if term.predicate == "skos:exactMatch"}
    return [
        {"curie": term.curie, "label": term.label, "through": term.entity_curie, "predicate": term.predicate}
        for term in accepted
        if term.entity in exact and term.curie != curie
    ]
