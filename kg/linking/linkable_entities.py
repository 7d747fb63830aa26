"""Our own entities with every name they go by, and how a user may point at one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz, process

from kg.linking.name_similarity import normalize_name
from kg.model.import_registry import get_term_text
from kg.namespaces import BASE, ENTITY_KINDS, KG, PREFIXES, RDFS, SKOS
from sparqlhost.store.interface import Store

#: kinds of entity that outside vocabularies have counterparts of.
LINKABLE_KINDS = ("situation", "feature", "intervention", "problem", "goal", "disease")

#: predicate -> kind of name, best first
_NAME_KINDS = {
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
_MIN_SPELLING_SIMILARITY = 82


@dataclass(frozen=True, slots=True)
class LinkableEntity:
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


def read_entities(store: Store) -> tuple[LinkableEntity, ...]:
    """Return every entity that could have a counterpart outside, by CURIE."""
    values = " ".join(f"<{p}>" for p in (*_NAME_KINDS, _DEFINITION))
    spaces = "|".join(LINKABLE_KINDS)
    ours = f'FILTER(REGEX(STR(?e), "^{BASE}({spaces})/"))'
    query = f"SELECT ?e ?p ?o {{ VALUES ?p {{ {values} }} ?e ?p ?o {ours} }}"
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in store.select(query):
        found[get_term_text(row["e"])][get_term_text(row["p"])].append(get_term_text(row["o"]))
    every = sorted((_make_entity(iri, said) for iri, said in found.items()), key=lambda e: e.curie)
    diseases = [e for e in every if e.curie.startswith(ENTITY_KINDS["disease"] + ":")]
    short = {name: e.label for e in diseases for name, _ in e.names if _ABBREVIATION.fullmatch(name)}
    wider = _read_broader_entities(store)
    return tuple(
        replace(e, names=(*e.names, *_expand_abbreviations(e, short)), broader=tuple(wider[e.curie]))
        for e in every
    )


def _read_broader_entities(store: Store) -> dict[str, list[str]]:
    """Return the entities above each; situations, interventions and features have words of their own."""
    words = " ".join(str(KG[name]) for name in ("broaderSituation", "kindOf", "satisfies"))
    found: dict[str, list[str]] = defaultdict(list)
    for row in store.select(f"SELECT DISTINCT ?e ?o {{ VALUES ?p {{ {words} }} ?e ?p ?o }} ORDER BY ?e ?o"):
        found[_shorten_entity_iri(get_term_text(row["e"]))].append(
            _shorten_entity_iri(get_term_text(row["o"]))
        )
    return found


def _shorten_entity_iri(iri: str) -> str:
    """Return the CURIE of one of our entities, the IRI itself of anything else."""
    kind, _, local = iri.removeprefix(BASE).partition("/")
    return f"{ENTITY_KINDS[kind]}:{local}" if iri.startswith(BASE) and kind in ENTITY_KINDS else iri


def _expand_abbreviations(entity: LinkableEntity, abbreviations: dict[str, str]) -> list[tuple[str, str]]:
    """Return an entity's names with the abbreviations in them written in full."""
    known = {name for name, _ in entity.names}
    full = {
        " ".join(abbreviations.get(word, word) for word in name.split()): None
        for name, _ in entity.names
        if " " in name
    }
    return [(name, "name spelt out") for name in full if name not in known]


def _make_entity(iri: str, values: dict[str, list[str]]) -> LinkableEntity:
    """Return the entity of one IRI from its labels and definitions."""
    kind, _, local = iri.removeprefix(BASE).partition("/")
    names: dict[str, str] = {}
    for predicate, kind_of_name in _NAME_KINDS.items():
        for name in sorted(values.get(predicate, ())):
            names.setdefault(name, kind_of_name)
    label = next(iter(names), local)
    definition = " ".join(sorted(values.get(_DEFINITION, ())))
    return LinkableEntity(f"{ENTITY_KINDS[kind]}:{local}", label, definition, tuple(names.items()))


def select_entities(
    candidates: Iterable[LinkableEntity], wanted: Iterable[str]
) -> tuple[LinkableEntity, ...]:
    """Return the entities a user points at by CURIE, IRI, local name or any name, a slip of the pen forgiven.

    What points at none of ours is a text to look up as it stands.
    """
    known = tuple(candidates)
    return tuple(dict.fromkeys(entity for what in wanted for entity in _match_entities(known, what)))


def _match_entities(candidates: tuple[LinkableEntity, ...], reference: str) -> tuple[LinkableEntity, ...]:
    """Return the entities one word of the user's points at."""
    exact = tuple(
        e for e in candidates if reference in (e.curie, e.iri) or reference == e.curie.partition(":")[2]
    )
    norm = normalize_name(reference)
    named = exact or tuple(
        e for e in candidates if norm and norm in {normalize_name(name) for name, _ in e.names}
    )
    if named:
        return named
    every = [(normalize_name(name), entity) for entity in candidates for name, _ in entity.names]
    slips = process.extract(
        norm, [name for name, _ in every], scorer=fuzz.ratio, score_cutoff=_MIN_SPELLING_SIMILARITY, limit=3
    )
    near = tuple(dict.fromkeys(every[position][1] for _, _, position in slips))
    return (*near, LinkableEntity("", reference, "", ((reference, "text"),)))
