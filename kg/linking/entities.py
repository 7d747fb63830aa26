"""Our own entities with every name they go by, and how a user may point at one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz, process

from kg.linking.names import normal
from kg.linking.registry import text
from kg.namespaces import BASE, ENTITY_KINDS, KG, PREFIXES, RDFS, SKOS
from kg.store.protocol import Store

#: kinds of entity that outside vocabularies have counterparts of.
KINDS = ("situation", "feature", "intervention", "problem", "goal", "disease")

#: predicate -> kind of name, best first
_NAMES = {
    SKOS["prefLabel"].value: "label",
    RDFS["label"].value: "label",
    SKOS["altLabel"].value: "other name",
    SKOS["hiddenLabel"].value: "other name",
    KG["brandName"].value: "brand name",
    KG["sourceSpelling"].value: "spelling in the source",
}
_DEFINITION = SKOS["definition"].value
#: a name other names may contain, an abbreviation in capitals
_ABBREVIATION = re.compile(r"(?=.*[A-Z]{2})[A-Z][A-Za-z0-9+-]{1,7}")
#: how alike two spellings of one of our names must be to count as a slip.
_SLIP = 82


@dataclass(frozen=True, slots=True)
class Entity:
    """One of ours, or a text the user typed (CURIE empty); names are (name, kind) pairs, broader CURIEs."""

    curie: str
    label: str
    definition: str = ""
    names: tuple[tuple[str, str], ...] = field(default=())
    broader: tuple[str, ...] = ()

    @property
    def iri(self) -> str:
        """Return the full IRI, empty for a text."""
        prefix, colon, local = self.curie.partition(":")
        return PREFIXES[prefix] + local if colon else ""


def entities(store: Store) -> tuple[Entity, ...]:
    """Return every entity that could have a counterpart outside, by CURIE."""
    values = " ".join(f"<{p}>" for p in (*_NAMES, _DEFINITION))
    spaces = "|".join(KINDS)
    ours = f'FILTER(REGEX(STR(?e), "^{BASE}({spaces})/"))'
    query = f"SELECT ?e ?p ?o {{ VALUES ?p {{ {values} }} ?e ?p ?o {ours} }}"
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in store.select(query):
        found[text(row["e"])][text(row["p"])].append(text(row["o"]))
    every = sorted((_entity(iri, said) for iri, said in found.items()), key=lambda e: e.curie)
    diseases = [e for e in every if e.curie.startswith(ENTITY_KINDS["disease"] + ":")]
    short = {name: e.label for e in diseases for name, _ in e.names if _ABBREVIATION.fullmatch(name)}
    wider = _broader(store)
    return tuple(
        replace(e, names=(*e.names, *_spelt_out(e, short)), broader=tuple(wider[e.curie])) for e in every
    )


def _broader(store: Store) -> dict[str, list[str]]:
    """Return the entities above each; situations, interventions and features have words of their own."""
    words = " ".join(str(KG[name]) for name in ("broaderSituation", "kindOf", "satisfies"))
    found: dict[str, list[str]] = defaultdict(list)
    for row in store.select(f"SELECT DISTINCT ?e ?o {{ VALUES ?p {{ {words} }} ?e ?p ?o }} ORDER BY ?e ?o"):
        found[_curie(text(row["e"]))].append(_curie(text(row["o"])))
    return found


def _curie(iri: str) -> str:
    """Return the CURIE of one of our entities, the IRI itself of anything else."""
    kind, _, local = iri.removeprefix(BASE).partition("/")
    return f"{ENTITY_KINDS[kind]}:{local}" if iri.startswith(BASE) and kind in ENTITY_KINDS else iri


def _spelt_out(entity: Entity, short: dict[str, str]) -> list[tuple[str, str]]:
    """Return an entity's names with the abbreviations in them written in full."""
    known = {name for name, _ in entity.names}
    full = {
        " ".join(short.get(word, word) for word in name.split()): None
        for name, _ in entity.names
        if " " in name
    }
    return [(name, "name spelt out") for name in full if name not in known]


def _entity(iri: str, said: dict[str, list[str]]) -> Entity:
    """Return the entity of one IRI from its labels and definitions."""
    kind, _, local = iri.removeprefix(BASE).partition("/")
    names: dict[str, str] = {}
    for predicate, kind_of_name in _NAMES.items():
        for name in sorted(said.get(predicate, ())):
            names.setdefault(name, kind_of_name)
    label = next(iter(names), local)
    definition = " ".join(sorted(said.get(_DEFINITION, ())))
    return Entity(f"{ENTITY_KINDS[kind]}:{local}", label, definition, tuple(names.items()))


def chosen(every: Iterable[Entity], wanted: Iterable[str]) -> tuple[Entity, ...]:
    """Return the entities a user points at by CURIE, IRI, local name or any name, a slip of the pen forgiven.

    What points at none of ours is a text to look up as it stands.
    """
    known = tuple(every)
    return tuple(dict.fromkeys(entity for what in wanted for entity in _pointed(known, what)))


def _pointed(known: tuple[Entity, ...], what: str) -> tuple[Entity, ...]:
    """Return the entities one word of the user's points at."""
    exact = tuple(e for e in known if what in (e.curie, e.iri) or what == e.curie.partition(":")[2])
    norm = normal(what)
    named = exact or tuple(e for e in known if norm and norm in {normal(name) for name, _ in e.names})
    if named:
        return named
    every = [(normal(name), entity) for entity in known for name, _ in entity.names]
    slips = process.extract(norm, [name for name, _ in every], scorer=fuzz.ratio, score_cutoff=_SLIP, limit=3)
    near = tuple(dict.fromkeys(every[position][1] for _, _, position in slips))
    return (*near, Entity("", what, "", ((what, "text"),)))
