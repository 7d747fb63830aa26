"""The search page, suggestions, and near names for what was not found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kg.namespaces import BASE, KG, RDFS, SKOS
from kg.search import Entry, Hit, Index, Name, search
from kg.views.reading import Reader, Row, text
from kg.views.terms import curie, href, kind_of, spoken

#: property -> the sort of name it holds; properties not listed hold text
_SORTS = {
    SKOS["altLabel"].value: "also called",
    SKOS["hiddenLabel"].value: "also written",
    SKOS["notation"].value: "code",
    KG["brandName"].value: "brand name",
    KG["sourceSpelling"].value: "as printed in the text",
    KG["abbreviation"].value: "abbreviation",
    KG["printedForm"].value: "as printed in the text",
}
_LABELS = (SKOS["prefLabel"].value, RDFS["label"].value)
#: kinds that are found only by their own name, never listed for a word in passing
_FOUND = frozenset(
    {
        "disease",
        "situation",
        "feature",
        "intervention",
        "problem",
        "goal",
        "hedge",
        "claim",
        "sentence",
        "decision",
        "relation",
        "document",
        "term",
    }
)


@dataclass(frozen=True, slots=True)
class Found:
    """A hit as a page shows it: `match` is the name that answered, `how` the sort of name it is."""

    label: str
    kind: str
    href: str
    curie: str
    match: str
    how: str
    text: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A query and what answers it."""

    query: str
    total: int
    hits: tuple[Found, ...]
    cut: bool


def read_index(reader: Reader) -> Index:
    """Return the index of everything in the graph that has a name."""
    rows = reader.rows("names")
    by_entity: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_entity[text(row, "entity")].append(row)
    codes: dict[str, list[str]] = defaultdict(list)
    for row in reader.rows("codes"):
        codes[text(row, "entity")].append(text(row, "code"))
    entries = (_entry(iri, found, codes[iri]) for iri, found in by_entity.items() if _kind(iri) in _FOUND)
    return Index.build(entries)


def _kind(iri: str) -> str:
    """Return the kind of an entity; positions inside spans and the like have none."""
    return "" if iri.startswith(BASE) and "#" in iri and not iri.startswith(KG) else kind_of(iri)


def _entry(iri: str, rows: Sequence[Row], codes: Sequence[str]) -> Entry:
    labels = {text(row, "p"): text(row, "text") for row in rows if text(row, "p") in _LABELS}
    names = [Name(text(row, "text"), _SORTS[text(row, "p")]) for row in rows if text(row, "p") in _SORTS]
    names += [name for code in codes for name in _code_names(code)]
    names += [Name(iri.rsplit("/", 1)[-1].rsplit("#", 1)[-1], "code"), Name(curie(iri), "code")]
    prose = " ".join(text(row, "text") for row in rows if text(row, "p") not in {*_LABELS, *_SORTS})
    return Entry(iri, next(iter(labels.values()), spoken(iri)), kind_of(iri), tuple(names), prose)


def _code_names(code: str) -> list[Name]:
    """Return an outside code with its prefix and, where it is long enough to be told apart, without."""
    local = code.partition(":")[2]
    return [Name(code, "code")] + ([Name(local, "code")] if len(local) > 3 else [])


def search_page(index: Index, query: str, limit: int = 50) -> SearchPage:
    """Return the hits of a query, best first."""
    hits = search(index, query, limit + 1)
    return SearchPage(
        query, min(len(hits), limit), tuple(_found(hit) for hit in hits[:limit]), len(hits) > limit
    )


def suggestions(index: Index, query: str, limit: int = 8) -> tuple[Found, ...]:
    """Return a few hits to choose from while one types."""
    return tuple(_found(hit) for hit in search(index, query, limit))


def near(index: Index, name: str, limit: int = 3) -> tuple[Found, ...]:
    """Return what a mistyped name may have meant."""
    return suggestions(index, name, limit) or suggestions(index, spoken(f"{BASE}goal/{name}"), limit)


def _found(hit: Hit) -> Found:
    entry = hit.entry
    return Found(
        label=entry.label,
        kind=entry.kind,
        href=href(entry.iri),
        curie=curie(entry.iri),
        match=hit.matched,
        how=hit.sort if hit.matched != entry.label else "",
        text=entry.text,
    )
