"""After each write: update the inferred graph and the default graph, incrementally.

The default graph is materialized. It holds the union of its member graphs (kg/model/graphs.py) and of
INFERRED, so that a plain query sees both without naming a graph. That makes it a view that users can write
to:

- a triple inserted into the default graph is stored in EDITS, which is a member;
- a triple deleted from the default graph is deleted from every member graph that states it;
- a triple that still follows from the remaining ones comes back.

Invariant after `refresh`, with M the union of the members and C the published closure of those that the
reasoner reads: INFERRED = C - M and default graph = M | C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from kg.build.reasoning import select_published
from kg.model import graphs
from rlreason import Materialization, Rule
from sparqlhost.store.local_store import LocalStore

TripleSet = frozenset[ox.Triple]
ClosureFunction = Callable[[TripleSet], TripleSet]


@dataclass(slots=True)
class InferenceMaintainer:
    """The hook that follows each write (sparqlhost.hosting.AfterWrite), for one store.

    The fields describe the store as it was after the last write; a write is understood by comparing with
    them, whatever SPARQL made it.
    """

    close_graph: ClosureFunction
    default_graph: TripleSet = frozenset()
    reasoner_input: TripleSet = frozenset()
    closure: TripleSet = frozenset()
    watched_digest: bytes = b""
    is_ready: bool = False

    def prepare_write(self, store: LocalStore) -> None:
        """Read the state that a write starts from; does nothing after the first time."""
        if self.is_ready:
            return
        self.default_graph = _read_triples(store, None)
        self.reasoner_input = _unite_reasoner_input(_read_member_graphs(store))
        self.closure = self.close_graph(self.reasoner_input)
        self.watched_digest = _digest_watched_graphs(store)
        self.is_ready = True

    def refresh_if_changed(self, store: LocalStore) -> None:
        """Refresh unless the write touched only graphs that the default graph does not show.

        The digest is computed in the engine; reading every triple into Python costs many times more.
        """
        if _digest_watched_graphs(store) != self.watched_digest:
            self.refresh(store)

    def refresh(self, store: LocalStore) -> None:
        """Restore the invariant of the module docstring, changing only the triples that differ."""
        members, default_graph = _read_member_graphs(store), _read_triples(store, None)
        self._record_edits(store, members, default_graph)
        reasoner_input, stated = _unite_reasoner_input(members), frozenset().union(*members.values())
        if reasoner_input != self.reasoner_input:
            self.closure = self.close_graph(reasoner_input)
            self.reasoner_input = reasoner_input
        inferred = _read_triples(store, graphs.INFERRED)
        apply_difference(store, graphs.INFERRED, inferred, self.closure - stated)
        self.default_graph = stated | self.closure
        apply_difference(store, None, default_graph, self.default_graph)
        self.watched_digest = _digest_watched_graphs(store)

    def reset(self) -> None:
        """Forget the state; the next `prepare_write` reads it from the store."""
        self.is_ready = False

    def _record_edits(
        self, store: LocalStore, members: dict[ox.NamedNode, TripleSet], default_graph: TripleSet
    ) -> None:
        """Apply what the write did to the default graph to its members, in the store and in `members`."""
        deleted, inserted = self.default_graph - default_graph, default_graph - self.default_graph
        for graph, triples in list(members.items()):
            if deleted & triples:
                members[graph] = triples - deleted
                apply_difference(store, graph, triples, members[graph])
        new_edits = inserted.difference(*members.values())
        if new_edits:
            edits = members.get(graphs.EDITS, frozenset())
            members[graphs.EDITS] = edits | new_edits
            apply_difference(store, graphs.EDITS, edits, members[graphs.EDITS])


def apply_difference(store: LocalStore, graph: ox.NamedNode | None, old: TripleSet, new: TripleSet) -> None:
    """Change `graph` (None: the default graph) from `old` to `new`, writing only the triples that differ."""
    name = graph or ox.DefaultGraph()
    store.remove_quads(_make_quads(old - new, name))
    store.add_quads(_make_quads(new - old, name))


def _make_quads(triples: Iterable[ox.Triple], graph: ox.NamedNode | ox.DefaultGraph) -> list[ox.Quad]:
    return [ox.Quad(t.subject, t.predicate, t.object, graph) for t in triples]


def _digest_watched_graphs(store: LocalStore) -> bytes:
    watched = filter(graphs.is_in_default_graph, store.graph_names())
    return store.digest_graphs((None, *watched))


def _read_member_graphs(store: LocalStore) -> dict[ox.NamedNode, TripleSet]:
    members = filter(graphs.is_default_graph_member, store.graph_names())
    return {graph: _read_triples(store, graph) for graph in members}


def _unite_reasoner_input(members: Mapping[ox.NamedNode, TripleSet]) -> TripleSet:
    return frozenset().union(*(members[graph] for graph in graphs.select_reasoner_input(members)))


def _read_triples(store: LocalStore, graph: ox.NamedNode | None) -> TripleSet:
    return frozenset(store.read_graph(graph))


class IncrementalClosure:
    """Computes the published closure of one graph after another; each costs what it differs from the last."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Compute nothing; the first call closes from scratch by `rules`."""
        self._rules = tuple(rules)
        self._materialization: Materialization | None = None
        self._reasoner_input: TripleSet = frozenset()

    def __call__(self, reasoner_input: TripleSet) -> TripleSet:
        """Return the triples that follow from `reasoner_input` by OWL 2 RL and are published."""
        if self._materialization is None:
            self._materialization = Materialization(reasoner_input, self._rules)
        else:
            self._materialization.remove(self._reasoner_input - reasoner_input)
            self._materialization.add(reasoner_input - self._reasoner_input)
        self._reasoner_input = reasoner_input
        return select_published(self._materialization.inferred, reasoner_input)
