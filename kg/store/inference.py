"""After a write: the inferred graph and the default graph follow.

The default graph is what plain queries see: the union of the member graphs, `graph/edits` and
`graph/inferred`. What a user inserts there is kept in `graph/edits`; what a user deletes there is deleted
from every member graph that has it. A triple that still follows from the rest comes back. The inferred graph
is the closure of the reasoner's input, without what a member graph says already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from kg.namespaces import GRAPH
from kg.reasoning.materialisation import Materialisation
from kg.reasoning.publication import worth_publishing
from kg.store.local import LocalStore

EDITS = GRAPH["edits"]
INFERRED = GRAPH["inferred"]
SOURCE = GRAPH["source"]
_MEMBERS = frozenset((GRAPH["ontology"], SOURCE, GRAPH["asserted"], GRAPH["background"], EDITS))
_CLAIMS = str(GRAPH) + "claim/"

Triples = frozenset[ox.Triple]
Reason = Callable[[Triples], Triples]


def is_member(graph: ox.NamedNode) -> bool:
    """Say whether the default graph shows the triples of `graph`, inferences apart."""
    return graph in _MEMBERS or (graph.value.startswith(_CLAIMS) and graph.value.endswith("/assertion"))


@dataclass(slots=True)
class Follower:
    """Keeps inferred and default graph in step with the member graphs of one store."""

    reason: Reason
    default: Triples = frozenset()
    given: Triples = frozenset()
    closure: Triples = frozenset()
    state: bytes = b""
    ready: bool = field(default=False)

    def before(self, store: LocalStore) -> None:
        """Note the state a write starts from; cheap after the first time."""
        if not self.ready:
            self.default = _triples(store, None)
            self.given = _union(_members(store), but=SOURCE)
            self.closure = self.reason(self.given)
            self.state = _state(store)
            self.ready = True

    def after(self, store: LocalStore) -> None:
        """Bring edits, inferred and default graph in step with what the write left."""
        if _state(store) != self.state:  # else the write was elsewhere: reading every triple costs far more
            self.follow(store)

    def follow(self, store: LocalStore) -> None:
        """Read what there is now, and change what no longer fits it."""
        members, shown = _members(store), _triples(store, None)
        self._record_edits(store, members, shown)
        given, said = _union(members, but=SOURCE), _union(members)
        if given != self.given:
            self.closure = self.reason(given)
            self.given = given
        put(store, INFERRED, _triples(store, INFERRED), self.closure - said)
        wanted = said | self.closure
        put(store, None, shown, wanted)
        self.default = wanted
        self.state = _state(store)

    def _record_edits(self, store: LocalStore, members: dict[ox.NamedNode, Triples], shown: Triples) -> None:
        """Move what was changed in the default graph itself into the graphs it is made of."""
        gone, come = self.default - shown, shown - self.default
        for graph, triples in list(members.items()):
            if gone & triples:
                members[graph] = triples - gone
                put(store, graph, triples, members[graph])
        new = come - _union(members)
        if new:
            edits = members.get(EDITS, frozenset())
            members[EDITS] = edits | new
            put(store, EDITS, edits, members[EDITS])


def _state(store: LocalStore) -> bytes:
    """Return a digest of the member graphs, the inferred and the default graph."""
    watched = (name for name in store.graphs() if is_member(name) or name == INFERRED)
    return store.digest((None, *watched))


def put(store: LocalStore, graph: ox.NamedNode | None, old: Triples, new: Triples) -> None:
    """Change `graph` from `old` to `new`, touching only what differs."""
    name = graph or ox.DefaultGraph()
    store.remove(_quads(old - new, name))
    store.extend(_quads(new - old, name))


def _quads(triples: Iterable[ox.Triple], name: ox.NamedNode | ox.DefaultGraph) -> list[ox.Quad]:
    """Return `triples` as quads of a graph."""
    return [ox.Quad(t.subject, t.predicate, t.object, name) for t in triples]


def _members(store: LocalStore) -> dict[ox.NamedNode, Triples]:
    """Return the member graphs and their triples."""
    return {name: _triples(store, name) for name in store.graphs() if is_member(name)}


def _union(members: dict[ox.NamedNode, Triples], but: ox.NamedNode | None = None) -> Triples:
    """Return the union of the graphs, one of them left out."""
    return frozenset().union(*(triples for name, triples in members.items() if name != but))


def _triples(store: LocalStore, graph: ox.NamedNode | None) -> Triples:
    """Return the triples of a graph."""
    return frozenset(store.quads(graph))


class Following:
    """The closure of the member graphs, kept from write to write, so that a write costs what it changes."""

    def __init__(self) -> None:
        """Close nothing yet: the first write does."""
        self._kept: Materialisation | None = None
        self._given: Triples = frozenset()

    def __call__(self, given: Triples) -> Triples:
        """Return what OWL 2 RL makes of `given`, without it and as far as it is published."""
        if self._kept is None:
            self._kept = Materialisation(given)
        else:
            self._kept.remove(self._given - given)
            self._kept.add(given - self._given)
        self._given = given
        return worth_publishing(self._kept.inferred, given)
