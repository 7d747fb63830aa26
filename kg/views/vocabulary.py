"""The graph's own terms for completion in the query editor: nothing is suggested that is not here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from kg.namespaces import KG, PREFIXES
from kg.views.reading import Reader, number, text
from kg.views.terms import curie, kind_of


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
class Vocabulary:
    """Prefixes, classes, properties and entities of this graph."""

    prefixes: Mapping[str, str]
    classes: tuple[TermHint, ...]
    properties: tuple[TermHint, ...]
    entities: tuple[EntityHint, ...]


def vocabulary(reader: Reader) -> Vocabulary:
    """Return the vocabulary, the most used terms first."""
    facts: dict[str, dict[str, str]] = defaultdict(dict)
    for row in reader.rows("terms"):
        facts[text(row, "term")].setdefault(text(row, "what"), text(row, "value"))
    classes = {text(row, "term"): number(row, "count") for row in reader.rows("class-uses")}
    properties = {text(row, "term"): number(row, "count") for row in reader.rows("property-uses")}
    declared = {iri for iri in facts if iri.startswith(KG)}
    known_classes = {iri for iri in declared if facts[iri].get("sort") == "class"}
    known_properties = {iri for iri in declared if facts[iri].get("sort") == "property"}
    return Vocabulary(
        prefixes=dict(PREFIXES),
        classes=_hints({*known_classes, *classes}, facts, classes),
        properties=_hints({*known_properties, *properties}, facts, properties),
        entities=_entities(reader),
    )


def _hints(
    iris: set[str], facts: Mapping[str, Mapping[str, str]], uses: Mapping[str, int]
) -> tuple[TermHint, ...]:
    hints = [
        TermHint(
            curie=curie(iri),
            iri=iri,
            label=facts.get(iri, {}).get("label", ""),
            definition=facts.get(iri, {}).get("definition", ""),
            domain=curie(facts.get(iri, {}).get("domain", "")),
            range=curie(facts.get(iri, {}).get("range", "")),
            count=uses.get(iri, 0),
        )
        for iri in iris
        if not iri.startswith("_:")
    ]
    return tuple(sorted(hints, key=lambda hint: (-hint.count, hint.curie)))


def _entities(reader: Reader) -> tuple[EntityHint, ...]:
    hints = {}
    for row in reader.rows("names"):
        iri = text(row, "entity")
        if text(row, "p").endswith(("#label", "#prefLabel")) and kind_of(iri) not in {"", "term", "span"}:
            hints[iri] = EntityHint(curie(iri), iri, text(row, "text"), kind_of(iri))
    return tuple(sorted(hints.values(), key=lambda hint: hint.curie))
