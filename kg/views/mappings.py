"""The mappings as a page and as data: every accepted row, counts, and what has no counterpart and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from kg.mappings.rows import Mappings
from kg.views.filtering import matching
from kg.views.reading import Reader, Row, text
from kg.views.terms import curie as shorten
from kg.views.terms import expand, href


@dataclass(frozen=True, slots=True)
class MappedTerm:
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
class Count:
    """How many rows a vocabulary or a predicate has."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair that is not accepted, and why."""

    entity_curie: str
    entity_label: str
    predicate: str
    curie: str
    label: str
    comment: str
    proof: str


@dataclass(frozen=True, slots=True)
class Unmapped:
    """An entity without a counterpart outside, and why."""

    entity_curie: str
    entity_href: str
    reason: str


@dataclass(frozen=True, slots=True)
class MappingsPage:
    """Everything the page of mappings shows; its JSON has the same fields."""

    accepted: tuple[MappedTerm, ...]
    rejected: tuple[Judged, ...]
    undecided: tuple[Judged, ...]
    unmapped: tuple[Unmapped, ...]
    by_vocabulary: tuple[Count, ...]
    by_match: tuple[Count, ...]


def mappings_page(reader: Reader, files: Mappings, unmapped: dict[str, str]) -> MappingsPage:
    """Return the page: accepted rows from the graph, the other verdicts from their files."""
    accepted = mapped_terms(reader)
    return MappingsPage(
        accepted=accepted,
        rejected=judged(files, "rejected"),
        undecided=judged(files, "undecided"),
        unmapped=tuple(
            Unmapped(entity, _href(entity), reason) for entity, reason in sorted(unmapped.items())
        ),
        by_vocabulary=_counts(term.curie.split(":")[0] for term in accepted),
        by_match=_counts(term.match for term in accepted),
    )


def filtered(page: MappingsPage, asked: str) -> MappingsPage:
    """Return the page with the rows that hold every word asked for: of a name, a code, a reason."""
    if not asked:
        return page
    accepted = matching(
        page.accepted,
        asked,
        lambda t: f"{t.entity_label} {t.entity_curie} {t.match} {t.curie} {t.label} {t.comment}",
    )
    return replace(
        page,
        accepted=accepted,
        rejected=matching(page.rejected, asked, _judged_text),
        undecided=matching(page.undecided, asked, _judged_text),
        unmapped=matching(page.unmapped, asked, lambda u: f"{u.entity_curie} {u.reason}"),
        by_vocabulary=_counts(term.curie.split(":")[0] for term in accepted),
        by_match=_counts(term.match for term in accepted),
    )


def _judged_text(pair: Judged) -> str:
    return f"{pair.entity_label} {pair.entity_curie} {pair.curie} {pair.label} {pair.comment}"


def mapped_terms(reader: Reader) -> tuple[MappedTerm, ...]:
    """Return every accepted mapping of the graph, by outside identifier."""
    return tuple(_mapped(row) for row in reader.rows("mapped"))


def judged(files: Mappings, verdict: str) -> tuple[Judged, ...]:
    """Return the rows of a verdict that is not in the graph."""
    return tuple(
        Judged(
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


def _mapped(row: Row) -> MappedTerm:
    """Return the mapping a row tells of."""
    predicate = shorten(text(row, "match"))
    return MappedTerm(
        entity=text(row, "entity"),
        entity_curie=shorten(text(row, "entity")),
        entity_label=text(row, "entity_label"),
        entity_href=href(text(row, "entity")),
        predicate=predicate,
        match=re.sub(r"^skos:|Match$", "", predicate),
        curie=text(row, "curie"),
        label=text(row, "label"),
        iri=text(row, "target"),
        page=text(row, "page"),
        proof=unquote(text(row, "proof").rpartition("/")[2]),
        version=text(row, "version"),
        justification=shorten(text(row, "justification")),
        author=text(row, "author"),
        date=text(row, "date"),
        comment=text(row, "comment"),
        mapping=text(row, "mapping"),
    )


def _counts(names: Iterable[str]) -> tuple[Count, ...]:
    """Return each name with how often it occurs, the most frequent first."""
    return tuple(
        Count(name, rows) for name, rows in sorted(Counter(names).items(), key=lambda c: (-c[1], c[0]))
    )


def _href(entity: str) -> str:
    """Return the page of one of our CURIEs."""
    return href(expand(entity))
