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
from rlreason.materialization import Materialization
from kg.build.reasoning import select_published
from sparqlhost.store.local_store import LocalStore

EDITS_GRAPH = GRAPH["edits"]
INFERRED_GRAPH = GRAPH["inferred"]
SOURCE_GRAPH = GRAPH["source"]
_MEMBER_GRAPHS = frozenset(
    (GRAPH["ontology"], SOURCE_GRAPH, GRAPH["asserted"], GRAPH["background"], EDITS_GRAPH)
)
_CLAIM_GRAPH_PREFIX = str(GRAPH) + "claim/"

TripleSet = frozenset[ox.Triple]
ClosureFunction = Callable[[TripleSet], TripleSet]


def is_member_graph(graph: ox.NamedNode) -> bool:
    """Say whether the default graph shows the triples of `graph`, inferences apart."""
    return graph in _MEMBER_GRAPHS or (
        graph.value.startswith(_CLAIM_GRAPH_PREFIX) and graph.value.endswith("/assertion")
    )


@dataclass(slots=True)
class InferenceMaintainer:
    """Keeps inferred and default graph in step with the member graphs of one store."""

    close_graph: ClosureFunction
    default_graph: TripleSet = frozenset()
    reasoner_input: TripleSet = frozenset()
    closure: TripleSet = frozenset()
    watched_digest: bytes = b""
    is_ready: bool = field(default=False)

    def prepare_write(self, store: LocalStore) -> None:
        """Note the state a write starts from; cheap after the first time."""
        if not self.is_ready:
            self.default_graph = _read_triples(store, None)
            self.reasoner_input = _unite_graphs(_read_member_graphs(store), excluded=SOURCE_GRAPH)
            self.closure = self.close_graph(self.reasoner_input)
            self.watched_digest = _digest_watched_graphs(store)
            self.is_ready = True

    def refresh_if_changed(self, store: LocalStore) -> None:
        """Bring edits, inferred and default graph in step with what the write left."""
        if (
            _digest_watched_graphs(store) != self.watched_digest
        ):  # else the write was elsewhere: reading every triple costs far more
            self.refresh(store)

    def refresh(self, store: LocalStore) -> None:
        """Read what there is now, and change what no longer fits it."""
        members, shown = _read_member_graphs(store), _read_triples(store, None)
        self._record_edits(store, members, shown)
        given, said = _unite_graphs(members, excluded=SOURCE_GRAPH), _unite_graphs(members)
        if given != self.reasoner_input:
            self.closure = self.close_graph(given)
            self.reasoner_input = given
        apply_difference(store, INFERRED_GRAPH, _read_triples(store, INFERRED_GRAPH), self.closure - said)
        wanted = said | self.closure
        apply_difference(store, None, shown, wanted)
        self.default_graph = wanted
        self.watched_digest = _digest_watched_graphs(store)

    def _record_edits(
        self, store: LocalStore, members: dict[ox.NamedNode, TripleSet], default_graph: TripleSet
    ) -> None:
        """Move what was changed in the default graph itself into the graphs it is made of."""
        gone, come = self.default_graph - default_graph, default_graph - self.default_graph
        for graph, triples in list(members.items()):
            if gone & triples:
                members[graph] = triples - gone
                apply_difference(store, graph, triples, members[graph])
        new = come - _unite_graphs(members)
        if new:
            edits = members.get(EDITS_GRAPH, frozenset())
            members[EDITS_GRAPH] = edits | new
            apply_difference(store, EDITS_GRAPH, edits, members[EDITS_GRAPH])


def _digest_watched_graphs(store: LocalStore) -> bytes:
    """Return a digest of the member graphs, the inferred and the default graph."""
    watched = (name for name in store.graph_names() if is_member_graph(name) or name == INFERRED_GRAPH)
    return store.digest_graphs((None, *watched))


def apply_difference(store: LocalStore, graph: ox.NamedNode | None, old: TripleSet, new: TripleSet) -> None:
    """Change `graph` from `old` to `new`, touching only what differs."""
    name = graph or ox.DefaultGraph()
    store.remove_quads(_make_quads(old - new, name))
    store.add_quads(_make_quads(new - old, name))


def _make_quads(triples: Iterable[ox.Triple], name: ox.NamedNode | ox.DefaultGraph) -> list[ox.Quad]:
    """Return `triples` as quads of a graph."""
    return [ox.Quad(t.subject, t.predicate, t.object, name) for t in triples]


def _read_member_graphs(store: LocalStore) -> dict[ox.NamedNode, TripleSet]:
    """Return the member graphs and their triples."""
    return {name: _read_triples(store, name) for name in store.graph_names() if is_member_graph(name)}


def _unite_graphs(members: dict[ox.NamedNode, TripleSet], excluded: ox.NamedNode | None = None) -> TripleSet:
    """Return the union of the graphs, one of them left out."""
    return frozenset().union(*(triples for name, triples in members.items() if name != excluded))


def _read_triples(store: LocalStore, graph: ox.NamedNode | None) -> TripleSet:
    """Return the triples of a graph."""
    return frozenset(store.read_graph(graph))


class IncrementalClosure:
    """The closure of the member graphs, kept from write to write, so that a write costs what it changes."""

    def __init__(self) -> None:
        """Close nothing yet: the first write does."""
        self._materialization: Materialization | None = None
        self._reasoner_input: TripleSet = frozenset()

    def __call__(self, reasoner_input: TripleSet) -> TripleSet:
        """Return what OWL 2 RL makes of `given`, without it and as far as it is published."""
        if self._materialization is None:
            self._materialization = Materialization(reasoner_input)
        else:
            self._materialization.remove(self._reasoner_input - reasoner_input)
            self._materialization.add(reasoner_input - self._reasoner_input)
        self._reasoner_input = reasoner_input
        return select_published(self._materialization.inferred, reasoner_input)
