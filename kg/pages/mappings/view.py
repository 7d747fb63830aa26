"""Mappings to external vocabularies: the page of all, those of one entity, cross-references for programs.

A mapping is read from the entity of this graph (its subject) to the external term (its object). Accepted ones
are in the graph; rejected and undecided ones only in the mapping files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from pyoxigraph import NamedNode

from kg.errors import NotFound
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MATCH_PREDICATES, MappingCollection
from kg.namespaces import compress_iri, expand_curie, get_local_name
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_text, filter_by_words
from kg.pages.term_refs import link_address

#: the mapping properties of SKOS (Reference, section 10) without their prefix, nearest match first.
MATCH_TYPES = tuple(predicate.removeprefix("skos:") for predicate in MATCH_PREDICATES)
_EXACT_MATCH = MATCH_PREDICATES[0]


@dataclass(frozen=True, slots=True)
class AcceptedMapping:
    """An accepted mapping: entity, match, external term (`curie`, `label`, `iri`, `page`), and its proof.

    `match` is the predicate without `skos:` and `Match`; `proof` and `version` name the file and release that
    show the identifier.
    """

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
    """How many rows a vocabulary or a match type has."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class UnacceptedMapping:
    """A rejected or undecided pair; `comment` is the reason."""

    entity_curie: str
    entity_label: str
    predicate: str
    curie: str
    label: str
    comment: str
    proof: str


@dataclass(frozen=True, slots=True)
class UnmappedEntity:
    """An entity without a counterpart in any vocabulary, and the reason."""

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
    """Return the page; `unmapped` gives the reason by the CURIE of the entity."""
    accepted = select_accepted_mappings(reader)
    return MappingsPage(
        accepted=accepted,
        rejected=list_unaccepted_mappings(files, "rejected"),
        undecided=list_unaccepted_mappings(files, "undecided"),
        unmapped=tuple(
            UnmappedEntity(entity, link_address(expand_curie(entity)), reason)
            for entity, reason in sorted(unmapped.items())
        ),
        by_vocabulary=_count_names(term.curie.split(":")[0] for term in accepted),
        by_match=_count_names(term.match for term in accepted),
    )


def filter_mappings(page: MappingsPage, filter_text: str) -> MappingsPage:
    """Return the page with the rows whose names, codes and reasons contain every word of `filter_text`."""
    if not filter_text:
        return page
    accepted = filter_by_words(
        page.accepted,
        filter_text,
        lambda row: (
            f"{row.entity_label} {row.entity_curie} {row.match} {row.curie} {row.label} {row.comment}"
        ),
    )
    return replace(
        page,
        accepted=accepted,
        rejected=filter_by_words(page.rejected, filter_text, _searchable_text),
        undecided=filter_by_words(page.undecided, filter_text, _searchable_text),
        unmapped=filter_by_words(page.unmapped, filter_text, lambda row: f"{row.entity_curie} {row.reason}"),
        by_vocabulary=_count_names(term.curie.split(":")[0] for term in accepted),
        by_match=_count_names(term.match for term in accepted),
    )


def _searchable_text(pair: UnacceptedMapping) -> str:
    return f"{pair.entity_label} {pair.entity_curie} {pair.curie} {pair.label} {pair.comment}"


def select_accepted_mappings(reader: PageQueryReader) -> tuple[AcceptedMapping, ...]:
    """Return every accepted mapping of the graph, in the order of the external identifiers."""
    return tuple(_mapping_from_row(row) for row in reader.select_rows("mapped"))


def list_unaccepted_mappings(files: MappingCollection, verdict: str) -> tuple[UnacceptedMapping, ...]:
    """Return the rows of a verdict ("rejected", "undecided") whose mappings are not in the graph."""
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
    predicate = compress_iri(cell_text(row, "match"))
    return AcceptedMapping(
        entity=cell_text(row, "entity"),
        entity_curie=compress_iri(cell_text(row, "entity")),
        entity_label=cell_text(row, "entity_label"),
        entity_href=link_address(cell_text(row, "entity")),
        predicate=predicate,
        match=re.sub(r"^skos:|Match$", "", predicate),
        curie=cell_text(row, "curie"),
        label=cell_text(row, "label"),
        iri=cell_text(row, "target"),
        page=cell_text(row, "page"),
        proof=_proof_file(row),
        version=cell_text(row, "version"),
        justification=compress_iri(cell_text(row, "justification")),
        author=cell_text(row, "author"),
        date=cell_text(row, "date"),
        comment=cell_text(row, "comment"),
        mapping=cell_text(row, "mapping"),
    )


def _count_names(names: Iterable[str]) -> tuple[MappingCount, ...]:
    """Return each name with its number of occurrences, the most frequent first."""
    counts = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))
    return tuple(MappingCount(name, rows) for name, rows in counts)


# Identifiers of one entity, for its page.


@dataclass(frozen=True, slots=True)
class OutsideIdentifier:
    """An external identifier of an entity; `href` is its page, `proof` the file and release that show it."""

    curie: str
    label: str
    match: str
    iri: str
    href: str
    justification: str
    proof: str
    comment: str


def list_identifiers(reader: PageQueryReader, entity: NamedNode) -> tuple[OutsideIdentifier, ...]:
    """Return the external identifiers of `entity`, the nearest matches first, each match once."""
    rows = reader.select_rows("entity-xrefs", entity=[entity])
    identifiers = {(item.iri, item.match): item for item in map(_identifier_from_row, rows)}
    return tuple(
        sorted(identifiers.values(), key=lambda item: (MATCH_TYPES.index(f"{item.match}Match"), item.curie))
    )


def _identifier_from_row(row: QueryRow) -> OutsideIdentifier:
    return OutsideIdentifier(
        curie=cell_text(row, "curie"),
        label=cell_text(row, "label"),
        match=get_local_name(cell_text(row, "match")).removesuffix("Match"),
        iri=cell_text(row, "target"),
        href=cell_text(row, "page") or cell_text(row, "target"),
        justification=_split_camel_case(get_local_name(cell_text(row, "justification"))),
        proof=f"{_proof_file(row)} {cell_text(row, 'version')}".strip(),
        comment=cell_text(row, "comment"),
    )


def _proof_file(row: QueryRow) -> str:
    """Return the name of the file behind `proof`; in its IRI it is percent-encoded."""
    return unquote(cell_text(row, "proof").rpartition("/")[2])


def _split_camel_case(name: str) -> str:
    """Return `ManualMappingCuration` as "manual mapping curation"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


# Cross-references as JSON, from an entity to external terms or from an external term to entities.

XrefJson = dict[str, object]


def find_xrefs(identifier: str, prefixes: PrefixTable, accepted: Iterable[AcceptedMapping]) -> XrefJson:
    """Return the terms on the other side of the mappings of `identifier`, by match type.

    Raises BadData for what is not an identifier, NotFound for one without mappings.
    """
    mappings = list(accepted)
    iri = expand_curie(identifier.strip())
    if of_entity := [mapping for mapping in mappings if mapping.entity == iri]:
        return _group_by_match(of_entity[0].entity_curie, of_entity, to_external=True)
    curie = str(prefixes.parse_identifier(identifier))
    of_term = [mapping for mapping in mappings if mapping.curie == curie]
    if not of_term:
        raise NotFound(f"The graph has no cross-reference of {curie}.", hint="See /mappings for all of them.")
    return _group_by_match(curie, of_term, to_external=False) | {
        "beyond": _further_mappings(curie, of_term, mappings)
    }


def _group_by_match(curie: str, mappings: list[AcceptedMapping], *, to_external: bool) -> XrefJson:
    """Return cross-references by match type, each with a list; `others` has those that are not exact."""
    rows = [_xref_row(mapping, to_external=to_external) for mapping in mappings]
    grouped = {match: [row for row in rows if row["predicate"] == f"skos:{match}"] for match in MATCH_TYPES}
    others = [row for row in rows if row["predicate"] != _EXACT_MATCH]
    return {"curie": curie, **grouped, "others": others}


def _xref_row(mapping: AcceptedMapping, *, to_external: bool) -> XrefJson:
    """Return the term at the other end, with the mapping as it is stated: from entity to external term."""
    other_end: XrefJson
    if to_external:
        other_end = {"curie": mapping.curie, "label": mapping.label, "iri": mapping.iri, "page": mapping.page}
    else:
        other_end = {"curie": mapping.entity_curie, "label": mapping.entity_label, "iri": mapping.entity}
    return other_end | {
        "subject": mapping.entity_curie,
        "predicate": mapping.predicate,
        "object": mapping.curie,
        "proof": mapping.proof,
        "version": mapping.version,
        "justification": mapping.justification,
        "comment": mapping.comment,
    }


def _further_mappings(
    curie: str, matched: list[AcceptedMapping], accepted: list[AcceptedMapping]
) -> list[XrefJson]:
    """Return the other external identifiers of the entities that `curie` matches exactly.

    They are listed through the entity: no match between the external terms themselves is asserted.
    """
    exact = {mapping.entity for mapping in matched if mapping.predicate == _EXACT_MATCH}
    return [
        {
            "curie": mapping.curie,
            "label": mapping.label,
            "through": mapping.entity_curie,
            "predicate": mapping.predicate,
        }
        for mapping in accepted
        if mapping.entity in exact and mapping.curie != curie
    ]
