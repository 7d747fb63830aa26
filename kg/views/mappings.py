"""The mappings as a page and as data: every accepted row, counts, and what has no counterpart and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from kg.mappings.rows import MappingCollection
from kg.views.filtering import filter_by_words
from kg.views.reading import PageQueryReader, QueryRow, cell_text
from kg.views.terms import compress_iri as shorten
from kg.views.terms import expand_curie, link_address


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
