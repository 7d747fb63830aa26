"""The search page, suggestions, similar names for what was not found, and terms for the query editor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kg.model.search_index import SearchEntry, SearchHit, SearchIndex, SearchName, search_entries
from kg.namespaces import BASE, ENTITY_KINDS, KG, PREFIXES, RDFS, SKOS, compress_iri, get_local_name
from kg.pages.page_queries import PageQueryReader, cell_number, cell_text
from kg.pages.term_refs import entity_kind, label_from_iri, link_address

#: property -> the sort of name it holds; properties not listed hold text
_NAME_SORTS = {
    SKOS["altLabel"].value: "also called",
    SKOS["hiddenLabel"].value: "also written",
    SKOS["notation"].value: "code",
    KG["brandName"].value: "brand name",
    KG["sourceSpelling"].value: "as printed in the text",
}
_LABEL_PROPERTIES = (SKOS["prefLabel"].value, RDFS["label"].value)
#: kinds whose entities a search may find; spans are found by their claims, graphs on /about
_SEARCHABLE_KINDS = ENTITY_KINDS.keys() - {"span", "graph", "scenario"} | {"term"}


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A hit as a page shows it: `match` is the name that matches, `how` says what sort of name it is."""

    label: str
    kind: str
    href: str
    curie: str
    match: str
    how: str
    text: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A query and its hits; `cut` if there are more."""

    query: str
    total: int
    hits: tuple[SearchResult, ...]
    cut: bool


def build_search_index(reader: PageQueryReader) -> SearchIndex:
    """Return the index of everything in the graph that has a name."""
    by_entity: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in reader.select_rows("names"):
        by_entity[cell_text(row, "entity")].append((cell_text(row, "p"), cell_text(row, "text")))
    codes: dict[str, list[str]] = defaultdict(list)
    for row in reader.select_rows("codes"):
        codes[cell_text(row, "entity")].append(cell_text(row, "code"))
    found = ((iri, texts) for iri, texts in by_entity.items() if _searchable_kind(iri) in _SEARCHABLE_KINDS)
    return SearchIndex.build(_index_entry(iri, texts, codes[iri]) for iri, texts in found)


def _searchable_kind(iri: str) -> str:
    """Return the kind of an entity, "" for the fragments (`#`) that parts of spans are named by."""
    return "" if iri.startswith(BASE) and "#" in iri and not iri.startswith(KG) else entity_kind(iri)


def _index_entry(iri: str, texts: Sequence[tuple[str, str]], codes: Sequence[str]) -> SearchEntry:
    """Return the entry of an entity with some (property, text) and external codes."""
    labels = {name: text for name, text in texts if name in _LABEL_PROPERTIES}
    names = [SearchName(text, _NAME_SORTS[name]) for name, text in texts if name in _NAME_SORTS]
    names += [name for code in codes for name in _names_of_code(code)]
    names += [SearchName(get_local_name(iri), "code"), SearchName(compress_iri(iri), "code")]
    prose = " ".join(text for name, text in texts if name not in {*_LABEL_PROPERTIES, *_NAME_SORTS})
    label = next(iter(labels.values()), label_from_iri(iri))
    return SearchEntry(iri, label, entity_kind(iri), tuple(names), prose)


def _names_of_code(code: str) -> list[SearchName]:
    """Return an external code with its prefix and, if it is long enough to be distinctive, without."""
    local = code.partition(":")[2]
    return [SearchName(code, "code")] + ([SearchName(local, "code")] if len(local) > 3 else [])


def search_page(index: SearchIndex, query: str, limit: int = 50) -> SearchPage:
    """Return the hits of a query, best first."""
    hits = search_entries(index, query, limit + 1)
    shown = tuple(map(_search_result, hits[:limit]))
    return SearchPage(query, len(shown), shown, len(hits) > limit)


def suggest_entities(index: SearchIndex, query: str, limit: int = 8) -> tuple[SearchResult, ...]:
    """Return a few hits to choose from while one types."""
    return tuple(_search_result(hit) for hit in search_entries(index, query, limit))


def suggest_similar_names(index: SearchIndex, name: str, limit: int = 3) -> tuple[SearchResult, ...]:
    """Return what a mistyped name may have meant."""
    in_words = label_from_iri(f"{BASE}goal/{name}")
    return suggest_entities(index, name, limit) or suggest_entities(index, in_words, limit)


def _search_result(hit: SearchHit) -> SearchResult:
    entry = hit.entry
    how = hit.category if hit.matched != entry.label else ""
    names = (entry.label, entry.kind, link_address(entry.iri), compress_iri(entry.iri))
    return SearchResult(*names, hit.matched, how, entry.text)


# Terms for completion in the query editor: only those that occur in this graph or its ontology.


@dataclass(frozen=True, slots=True)
class TermHint:
    """A class or property with what an editor shows beside it; `count` is its uses."""

    curie: str
    iri: str
    label: str
    definition: str
    domain: str
    range: str
    count: int


@dataclass(frozen=True, slots=True)
class EntityHint:
    """An entity an editor may complete."""

    curie: str
    iri: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class EditorVocabulary:
    """Prefixes, classes, properties and entities of this graph."""

    prefixes: Mapping[str, str]
    classes: tuple[TermHint, ...]
    properties: tuple[TermHint, ...]
    entities: tuple[EntityHint, ...]


def build_editor_vocabulary(reader: PageQueryReader) -> EditorVocabulary:
    """Return the vocabulary, the most used terms first."""
    facts: dict[str, dict[str, str]] = defaultdict(dict)
    for row in reader.select_rows("terms"):
        facts[cell_text(row, "term")].setdefault(cell_text(row, "what"), cell_text(row, "value"))
    classes, properties = (_term_hints(reader, facts, sort) for sort in ("class", "property"))
    return EditorVocabulary(dict(PREFIXES), classes, properties, _entity_hints(reader))


def _term_hints(
    reader: PageQueryReader, facts: Mapping[str, Mapping[str, str]], sort: str
) -> tuple[TermHint, ...]:
    """Return the terms of a sort, "class" or "property", that are declared here or used."""
    uses = {cell_text(row, "term"): cell_number(row, "count") for row in reader.select_rows(f"{sort}-uses")}
    declared = {iri for iri in facts if iri.startswith(KG) and facts[iri].get("sort") == sort}
    hints = []
    for iri in {*declared, *uses}:
        if not iri.startswith("_:"):
            label, definition, domain, range_ = (
                facts.get(iri, {}).get(name, "") for name in ("label", "definition", "domain", "range")
            )
            ends = compress_iri(domain), compress_iri(range_)
            hints.append(TermHint(compress_iri(iri), iri, label, definition, *ends, uses.get(iri, 0)))
    return tuple(sorted(hints, key=lambda hint: (-hint.count, hint.curie)))


def _entity_hints(reader: PageQueryReader) -> tuple[EntityHint, ...]:
    hints = {}
    for row in reader.select_rows("names"):
        iri, kind = cell_text(row, "entity"), entity_kind(cell_text(row, "entity"))
        if cell_text(row, "p").endswith(("#label", "#prefLabel")) and kind not in {"", "term", "span"}:
            hints[iri] = EntityHint(compress_iri(iri), iri, cell_text(row, "text"), kind)
    return tuple(sorted(hints.values(), key=lambda hint: hint.curie))
