"""The graph's own terms for completion in the query editor: nothing is suggested that is not here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from kg.namespaces import KG, PREFIXES
from kg.views.reading import PageQueryReader, cell_number, cell_text
from kg.views.terms import compress_iri, entity_kind


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
    classes = {cell_text(row, "term"): cell_number(row, "count") for row in reader.select_rows("class-uses")}
    properties = {
        cell_text(row, "term"): cell_number(row, "count") for row in reader.select_rows("property-uses")
    }
    declared = {iri for iri in facts if iri.startswith(KG)}
    known_classes = {iri for iri in declared if facts[iri].get("sort") == "class"}
    known_properties = {iri for iri in declared if facts[iri].get("sort") == "property"}
    return EditorVocabulary(
        prefixes=dict(PREFIXES),
        classes=_term_hints({*known_classes, *classes}, facts, classes),
        properties=_term_hints({*known_properties, *properties}, facts, properties),
        entities=_entity_hints(reader),
    )


def _term_hints(
    iris: set[str], facts: Mapping[str, Mapping[str, str]], uses: Mapping[str, int]
) -> tuple[TermHint, ...]:
    hints = [
        TermHint(
            curie=compress_iri(iri),
            iri=iri,
            label=facts.get(iri, {}).get("label", ""),
            definition=facts.get(iri, {}).get("definition", ""),
            domain=compress_iri(facts.get(iri, {}).get("domain", "")),
            range=compress_iri(facts.get(iri, {}).get("range", "")),
            count=uses.get(iri, 0),
        )
        for iri in iris
        if not iri.startswith("_:")
    ]
    return tuple(sorted(hints, key=lambda hint: (-hint.count, hint.curie)))


def _entity_hints(reader: PageQueryReader) -> tuple[EntityHint, ...]:
    hints = {}
    for row in reader.select_rows("names"):
        iri = cell_text(row, "entity")
        if cell_text(row, "p").endswith(("#label", "#prefLabel")) and entity_kind(iri) not in {
            "",
            "term",
            "span",
        }:
            hints[iri] = EntityHint(compress_iri(iri), iri, cell_text(row, "text"), entity_kind(iri))
    return tuple(sorted(hints.values(), key=lambda hint: hint.curie))
