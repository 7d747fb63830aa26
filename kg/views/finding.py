"""The search page, suggestions, and near names for what was not found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kg.namespaces import BASE, KG, RDFS, SKOS
from kg.search import SearchEntry, SearchHit, SearchIndex, SearchName, search_entries
from kg.views.reading import PageQueryReader, QueryRow, cell_text
from kg.views.terms import compress_iri, entity_kind, label_from_iri, link_address

#: property -> the sort of name it holds; properties not listed hold text
_NAME_SORTS = {
    SKOS["altLabel"].value: "also called",
    SKOS["hiddenLabel"].value: "also written",
    SKOS["notation"].value: "code",
    KG["brandName"].value: "brand name",
    KG["sourceSpelling"].value: "as printed in the text",
    KG["abbreviation"].value: "abbreviation",
    KG["printedForm"].value: "as printed in the text",
}
_LABEL_PROPERTIES = (SKOS["prefLabel"].value, RDFS["label"].value)
#: kinds that are found only by their own name, never listed for a word in passing
_SEARCHABLE_KINDS = frozenset(
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
class SearchResult:
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
    hits: tuple[SearchResult, ...]
    cut: bool


def build_search_index(reader: PageQueryReader) -> SearchIndex:
    """Return the index of everything in the graph that has a name."""
    rows = reader.select_rows("names")
    by_entity: dict[str, list[QueryRow]] = defaultdict(list)
    for row in rows:
        by_entity[cell_text(row, "entity")].append(row)
    codes: dict[str, list[str]] = defaultdict(list)
    for row in reader.select_rows("codes"):
        codes[cell_text(row, "entity")].append(cell_text(row, "code"))
    entries = (
        _index_entry(iri, found, codes[iri])
        for iri, found in by_entity.items()
        if _searchable_kind(iri) in _SEARCHABLE_KINDS
    )
    return SearchIndex.build(entries)


def _searchable_kind(iri: str) -> str:
    """Return the kind of an entity; positions inside spans and the like have none."""
    return "" if iri.startswith(BASE) and "#" in iri and not iri.startswith(KG) else entity_kind(iri)


def _index_entry(iri: str, rows: Sequence[QueryRow], codes: Sequence[str]) -> SearchEntry:
    labels = {
        cell_text(row, "p"): cell_text(row, "text")
        for row in rows
        if cell_text(row, "p") in _LABEL_PROPERTIES
    }
    names = [
        SearchName(cell_text(row, "text"), _NAME_SORTS[cell_text(row, "p")])
        for row in rows
        if cell_text(row, "p") in _NAME_SORTS
    ]
    names += [name for code in codes for name in _names_of_code(code)]
    names += [
        SearchName(iri.rsplit("/", 1)[-1].rsplit("#", 1)[-1], "code"),
        SearchName(compress_iri(iri), "code"),
    ]
    prose = " ".join(
        cell_text(row, "text")
        for row in rows
        if cell_text(row, "p") not in {*_LABEL_PROPERTIES, *_NAME_SORTS}
    )
    return SearchEntry(
        iri, next(iter(labels.values()), label_from_iri(iri)), entity_kind(iri), tuple(names), prose
    )


def _names_of_code(code: str) -> list[SearchName]:
    """Return an outside code with its prefix and, where it is long enough to be told apart, without."""
    local = code.partition(":")[2]
    return [SearchName(code, "code")] + ([SearchName(local, "code")] if len(local) > 3 else [])


def search_page(index: SearchIndex, query: str, limit: int = 50) -> SearchPage:
    """Return the hits of a query, best first."""
    hits = search_entries(index, query, limit + 1)
    return SearchPage(
        query, min(len(hits), limit), tuple(_search_result(hit) for hit in hits[:limit]), len(hits) > limit
    )


def suggest_entities(index: SearchIndex, query: str, limit: int = 8) -> tuple[SearchResult, ...]:
    """Return a few hits to choose from while one types."""
    return tuple(_search_result(hit) for hit in search_entries(index, query, limit))


def suggest_similar_names(index: SearchIndex, name: str, limit: int = 3) -> tuple[SearchResult, ...]:
    """Return what a mistyped name may have meant."""
    return suggest_entities(index, name, limit) or suggest_entities(
        index, label_from_iri(f"{BASE}goal/{name}"), limit
    )


def _search_result(hit: SearchHit) -> SearchResult:
    entry = hit.entry
    return SearchResult(
        label=entry.label,
        kind=entry.kind,
        href=link_address(entry.iri),
        curie=compress_iri(entry.iri),
        match=hit.matched,
        how=hit.category if hit.matched != entry.label else "",
        text=entry.text,
    )
