"""The entities of this graph that can have a counterpart outside: their names, and how a user names one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rapidfuzz import fuzz, process

from kg.linking.name_similarity import normalize_name
from kg.namespaces import ENTITY_KINDS, compress_iri, expand_curie
from kg.text_files import read_text
from sparqlhost.store.interface import Store, get_term_text

_QUERIES = Path("queries") / "imports"
#: an abbreviation in capitals, as names of other entities contain it ("relapsed ALL")
_ABBREVIATION = re.compile(r"(?=.*[A-Z]{2})[A-Z][A-Za-z0-9+-]{1,7}")
#: rapidfuzz ratio, 0 to 100, from which a text is taken for a misspelt name of an entity
_MIN_SPELLING_SIMILARITY = 82


@dataclass(frozen=True, slots=True)
class LinkableEntity:
    """An entity of this graph, or a text the user typed (then `curie` is empty).

    `names` are (name, kind of name) pairs, the best kind first; `broader` are CURIEs.
    """

    curie: str
    label: str
    definition: str = ""
    names: tuple[tuple[str, str], ...] = ()
    broader: tuple[str, ...] = ()

    @property
    def iri(self) -> str:
        """Return the full IRI, empty for a text."""
        return expand_curie(self.curie)


def read_entities(store: Store, root: Path) -> tuple[LinkableEntity, ...]:
    """Return every entity that can have a counterpart outside, by CURIE; `root` has the queries."""
    values: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for row in store.select(read_text(root / _QUERIES / "entity-names.rq")):
        rank, name, kind = (get_term_text(row[variable]) for variable in ("rank", "name", "kind"))
        values[get_term_text(row["entity"])].append((int(rank), name, kind))
    entities = sorted((_make_entity(iri, found) for iri, found in values.items()), key=lambda e: e.curie)
    diseases = [e for e in entities if e.curie.startswith(ENTITY_KINDS["disease"] + ":")]
    abbreviations = {name: e.label for e in diseases for name, _ in e.names if _ABBREVIATION.fullmatch(name)}
    broader = _read_broader_entities(store, root)
    return tuple(
        replace(
            e, names=(*e.names, *_expand_abbreviations(e, abbreviations)), broader=tuple(broader[e.curie])
        )
        for e in entities
    )


def _read_broader_entities(store: Store, root: Path) -> dict[str, list[str]]:
    """Return the CURIEs of the entities directly above each entity."""
    broader: dict[str, list[str]] = defaultdict(list)
    for row in store.select(read_text(root / _QUERIES / "entity-broader.rq")):
        entity, above = (compress_iri(get_term_text(row[name])) for name in ("entity", "broader"))
        broader[entity].append(above)
    return broader


def _expand_abbreviations(entity: LinkableEntity, abbreviations: dict[str, str]) -> list[tuple[str, str]]:
    """Return an entity's names with the abbreviations in them written in full."""
    names = [name for name, _ in entity.names]
    expanded = {
        " ".join(abbreviations.get(w, w) for w in name.split()): None for name in names if " " in name
    }
    return [(name, "name spelt out") for name in expanded if name not in names]


def _make_entity(iri: str, values: Iterable[tuple[int, str, str]]) -> LinkableEntity:
    """Return an entity from its (rank, name, kind of name) values; a name keeps its best kind."""
    names: dict[str, str] = {}
    definitions: list[str] = []
    for _, name, kind in sorted(values):
        if kind == "definition":
            definitions.append(name)
        else:
            names.setdefault(name, kind)
    curie = compress_iri(iri)
    label = next(iter(names), curie.partition(":")[2])
    return LinkableEntity(curie, label, " ".join(definitions), tuple(names.items()))


def select_entities(
    entities: Iterable[LinkableEntity], references: Iterable[str]
) -> tuple[LinkableEntity, ...]:
    """Return the entities that a user names by CURIE, IRI, local name or any name, also a misspelt one.

    A reference that names none of them is returned as a text, to be looked up as it is.
    """
    known = tuple(entities)
    return tuple(dict.fromkeys(entity for text in references for entity in _match_entities(known, text)))


def _match_entities(entities: tuple[LinkableEntity, ...], reference: str) -> tuple[LinkableEntity, ...]:
    """Return the entities that one reference names: by identifier, else by name, else by a similar name."""
    normalized = normalize_name(reference)
    by_identifier = tuple(
        e for e in entities if reference in (e.curie, e.iri) or reference == e.curie.partition(":")[2]
    )
    named = by_identifier or tuple(
        e for e in entities if normalized and normalized in {normalize_name(name) for name, _ in e.names}
    )
    if named:
        return named
    names = [(normalize_name(name), entity) for entity in entities for name, _ in entity.names]
    similar = process.extract(
        normalized,
        [name for name, _ in names],
        scorer=fuzz.ratio,
        score_cutoff=_MIN_SPELLING_SIMILARITY,
        limit=3,
    )
    misspelt = tuple(dict.fromkeys(names[position][1] for _, _, position in similar))
    return (*misspelt, LinkableEntity("", reference, "", ((reference, "text"),)))
