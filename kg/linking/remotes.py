"""Candidates at a remote endpoint: its terms with our names come here, and are ranked like an import's."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from kg.errors import KgError, StoreUnavailable
from kg.external.remote_endpoint import select
from kg.external.remotes import address
from kg.files.mappings import read_mappings, read_prefixes
from kg.linking.curies import Curies
from kg.linking.entities import Entity, chosen, entities
from kg.linking.index import NAMES, opened
from kg.linking.names import normal
from kg.linking.registry import Imported, store_path, text
from kg.linking.workbench import Workbench
from kg.namespaces import IMPORT, OBO, OBOINOWL, OWL, RDFS
from kg.pipeline import open_build
from kg.settings import Settings
from kg.store.memory import MemoryStore
from kg.store.protocol import Solutions

_TOP = 200
#: names asked for at a time.
_BLOCK = 20
_ABOUT = (
    *NAMES,
    OBO["IAO_0000115"].value,
    OWL["deprecated"].value,
    OBO["IAO_0100001"].value,
    RDFS["subClassOf"].value,
    OBOINOWL["hasDbXref"].value,
)


@contextmanager
def remote_bench(
    settings: Settings, names: Sequence[str], wanted: Sequence[str], tell: Callable[[str], None]
) -> Iterator[Workbench]:
    """Yield a workbench over what the remotes know of the wanted entities.

    A remote that fails is told of in a sentence, and what it had answered till then is used;
    raises StoreUnavailable when none of them answered anything.
    """
    known = entities(open_build(settings))
    picked = chosen(known, wanted) if wanted else known
    prefixes = read_prefixes(settings.root)
    curies = Curies(prefixes)
    places = {name: address(settings, name) for name in names}
    stores = {name: _held(name, at, picked, tell) for name, at in places.items()}
    if not any(stores.values()):
        raise StoreUnavailable(
            "No remote answered.", where=", ".join(names), todo="Look whether each does: kg remote test NAME."
        )
    with tempfile.TemporaryDirectory(prefix="kg-remote-") as folder, ExitStack() as opening:
        indexes = []
        for name, store in stores.items():
            if store is not None:
                found = _as_import(name, places[name], sum(1 for _ in store.quads(IMPORT[f"remote-{name}"])))
                index = opened(store, found, Path(folder), curies, lambda _: None)
                opening.callback(index.close)
                indexes.append(index)
        yield Workbench(
            settings,
            store_path(settings),
            picked,
            tuple(indexes),
            read_mappings(settings.root),
            prefixes,
            curies,
        )


def _held(name: str, at: str, picked: Sequence[Entity], tell: Callable[[str], None]) -> MemoryStore | None:
    """Return what a remote knows of the entities; None where it failed before it answered anything."""
    store, graph, answered = MemoryStore(), IMPORT[f"remote-{name}"], False
    try:
        for triples in _fetched(name, at, picked):
            answered = True
            store.load([Quad(s, p, o, graph) for s, p, o in triples])
    except KgError as error:
        tell(f"kg: {error}" + (" What it had answered until then is used." if answered else ""))
    return store if answered else None


def _as_import(name: str, at: str, triples: int) -> Imported:
    """Return the remote described like an import."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Imported(
        f"remote-{name}", name, at, "sparql", f"asked {now}", "not stated", "0" * 64, now, triples, 0
    )


_Triples = list[tuple[NamedNode, NamedNode, NamedNode | Literal]]


def _fetched(name: str, at: str, picked: Sequence[Entity]) -> Iterator[_Triples]:
    """Yield triples about the remote's terms: those with our names, then those with our longest words."""
    names = sorted({given for entity in picked for given, _ in entity.names})
    for first in range(0, len(names), _BLOCK):
        yield _triples(select(name, at, _by_names(names[first : first + _BLOCK])))
    words = sorted({max(normal(given).split(), key=len) for given in names if normal(given)})
    for word in words:
        if len(word) > 4:
            yield _triples(select(name, at, _by_word(word)))


def _by_names(names: Sequence[str]) -> str:
    """Return the query for terms that have one of `names`, in the spellings labels come in."""
    spellings = {form for n in names for form in (n, n.lower(), n.upper(), n.capitalize(), n.title())}
    literals = " ".join(f"{Literal(n)} {Literal(n, language='en')}" for n in sorted(spellings))
    return _query(f"VALUES ?name {{ {literals} }} ?s ?named ?name .")


def _by_word(word: str) -> str:
    """Return the query for terms with a name that holds `word`, a slip at its end forgiven."""
    part = Literal(word[: max(4, len(word) - 3)])
    return _query(f"?s ?named ?name . FILTER(CONTAINS(LCASE(STR(?name)), {part}))")


def _query(pattern: str) -> str:
    """Return the query for what is said of the terms a pattern finds, in whatever graph it stands."""
    named, about = (" ".join(f"<{p}>" for p in group) for group in (NAMES, _ABOUT))
    inner = f"SELECT DISTINCT ?s {{ VALUES ?named {{ {named} }} {pattern} }} LIMIT {_TOP}"
    return f"SELECT DISTINCT ?s ?p ?o {{ {{ {inner} }} VALUES ?p {{ {about} }} ?s ?p ?o }}"


def _triples(found: Solutions) -> _Triples:
    """Return rows as triples, those of blank nodes left out."""
    rows = ((row.get("s"), row.get("p"), row.get("o")) for row in found)
    return [
        (s, p, o)
        for s, p, o in rows
        if isinstance(s, NamedNode)
        and isinstance(p, NamedNode)
        and not isinstance(o, BlankNode | Triple | None)
    ]


def shown(found: Solutions) -> list[list[str]]:
    """Return rows as text."""
    return [["" if term is None else text(term) for term in row] for row in found.rows]
