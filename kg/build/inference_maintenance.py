"""After each write: update the inferred graph and the default graph, incrementally.

The default graph is materialized. It holds the union of its member graphs (kg/model/graphs.py) and of
INFERRED, so that a plain query sees both without naming a graph. That makes it a view that users can write
to:

- a triple inserted into the default graph is stored in EDITS, which is a member;
- a triple deleted from the default graph is deleted from every member graph that states it;
- a triple that still follows from the remaining ones comes back.

Invariant after `refresh`, with M the union of the members and C the published closure of those that the
reasoner reads: INFERRED = C - M, default graph = M | C, WEAKEST_HEDGES says of each edge of INFERRED what it
rests on, and a claim whose assertion the write changed has the nanopublication that follows from it: none
where it has gone.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from kg.build.edge_annotations import EdgeAnnotator
from kg.build.generated_graphs import get_named_graph, make_nanopublication
from kg.build.reasoning import select_published
from kg.model import graphs
from kg.model.triple_index import TripleIndex
from kg.namespaces import OWL, RDFS
from rlreason import Materialization, Rule
from sparqlhost.store.interface import GraphName
from sparqlhost.store.local_store import LocalStore

TripleSet = frozenset[ox.Triple]
MemberGraphs = dict[ox.NamedNode, TripleSet]
EdgeDescriptions = dict[ox.Triple, TripleSet]


@dataclass(slots=True)
class InferenceMaintainer:
    """The hook that follows each write (sparqlhost.hosting.AfterWrite), for one store.

    The fields describe the store as it was after the last write; a write is understood by comparing with
    them, whatever SPARQL made it.
    """

    closure_maker: IncrementalClosure
    members: MemberGraphs = field(default_factory=dict)
    default_graph: TripleSet = frozenset()
    reasoner_input: TripleSet = frozenset()
    closure: TripleSet = frozenset()
    edges: EdgeDescriptions | None = None
    digests: dict[GraphName, bytes] = field(default_factory=dict)
    written: set[GraphName] = field(default_factory=set)
    is_ready: bool = False

    def prepare_write(self, store: LocalStore) -> None:
        """Read the state that a write starts from; does nothing after the first time."""
        if self.is_ready:
            return
        self.default_graph = _read_triples(store, None)
        self.members = _read_member_graphs(store, store.graph_names())
        self.reasoner_input = _unite_reasoner_input(self.members)
        self.closure = self.closure_maker.close(self.reasoner_input)
        self.closure_maker.describe_edges(self.closure - _unite(self.members.values()), self.members)
        self.edges = None
        self.digests = _digest_graphs(store, _list_watched_graphs(store))
        self.is_ready = True
        gc.freeze()  # these objects live as long as the process: no write need wait for a look at all of them

    def refresh_if_changed(self, store: LocalStore) -> None:
        """Refresh unless the write touched only graphs that the default graph does not show.

        The digests are computed in the engine; reading every triple into Python costs many times more.
        """
        now = _digest_graphs(store, _list_watched_graphs(store))
        changed = {g for g in now.keys() | self.digests.keys() if now.get(g) != self.digests.get(g)}
        if changed:
            self.digests = now
            self._refresh_after(store, changed)

    def refresh(self, store: LocalStore) -> None:
        """Restore the invariant of the module docstring, whatever was written."""
        self._refresh_after(store, {*_list_watched_graphs(store), *self.members})

    def _refresh_after(self, store: LocalStore, changed: set[GraphName]) -> None:
        """Restore the invariant after a write to some graphs, changing only the triples that differ."""
        self.written = set()
        members = {graph: triples for graph, triples in self.members.items() if graph not in changed}
        members |= _read_member_graphs(store, changed)
        default_graph = _read_triples(store, None) if None in changed else self.default_graph
        self._record_edits(store, members, default_graph)
        reasoner_input, stated = _unite_reasoner_input(members), _unite(members.values())
        if reasoner_input != self.reasoner_input:
            self.closure = self.closure_maker.close(reasoner_input)
            self.reasoner_input = reasoner_input
        inferred, follows = _read_triples(store, graphs.INFERRED), self.closure - stated
        self._apply_difference(store, graphs.INFERRED, inferred, follows)
        self._refresh_edges(store, self.closure_maker.describe_edges(follows, members))
        self._refresh_nanopublications(store, members)
        self.members = members
        self.default_graph = stated | self.closure
        self._apply_difference(store, None, default_graph, self.default_graph)
        watched = set(_list_watched_graphs(store))
        kept = {graph: digest for graph, digest in self.digests.items() if graph in watched}
        self.digests = kept | _digest_graphs(store, (self.written | changed) & watched)

    def _refresh_edges(self, store: LocalStore, edges: EdgeDescriptions) -> None:
        """Bring WEAKEST_HEDGES up to date; read only where it may differ from what the last write left."""
        if edges != self.edges:
            now = _unite(edges.values())
            written = _read_triples(store, graphs.WEAKEST_HEDGES)
            self._apply_difference(store, graphs.WEAKEST_HEDGES, written, now)
            self.edges = edges

    def reset(self) -> None:
        """Forget the state; the next `prepare_write` reads it from the store."""
        self.is_ready = False

    def _record_edits(self, store: LocalStore, members: MemberGraphs, default_graph: TripleSet) -> None:
        """Apply what the write did to the default graph to its members, in the store and in `members`."""
        deleted, inserted = self.default_graph - default_graph, default_graph - self.default_graph
        for graph, triples in list(members.items()):
            if deleted & triples:
                members[graph] = triples - deleted
                self._apply_difference(store, graph, triples, members[graph])
        new_edits = inserted.difference(*members.values())
        if new_edits:
            edits = members.get(graphs.EDITS, frozenset())
            members[graphs.EDITS] = edits | new_edits
            self._apply_difference(store, graphs.EDITS, edits, members[graphs.EDITS])

    def _refresh_nanopublications(self, store: LocalStore, now: MemberGraphs) -> None:
        """Make the other graphs of the claims whose assertion changed; none for a claim without one."""
        assertions = filter(graphs.is_claim_assertion, self.members.keys() | now.keys())
        changed = [graph for graph in assertions if self.members.get(graph) != now.get(graph)]
        source = TripleIndex(now.get(graphs.SOURCE, ()) if changed else ())
        for graph in changed:
            claim = (graphs.parse_claim_graph(graph) or ("",))[0]
            parts: dict[ox.NamedNode, set[ox.Triple]] = {
                graphs.name_claim_graph(claim, part): set()
                for part in graphs.CLAIM_PARTS
                if part != "assertion"
            }
            if assertion := now.get(graph):
                for quad in make_nanopublication(claim, TripleIndex(assertion), source):
                    parts[get_named_graph(quad)].add(quad.triple)
            for name, triples in parts.items():
                self._apply_difference(store, name, _read_triples(store, name), frozenset(triples))

    def _apply_difference(self, store: LocalStore, graph: GraphName, old: TripleSet, new: TripleSet) -> None:
        """Change a graph from `old` to `new`, writing only the triples that differ."""
        name = graph or ox.DefaultGraph()
        if old != new:
            store.remove_quads(_make_quads(old - new, name))
            store.add_quads(_make_quads(new - old, name))
            self.written.add(graph)


def _make_quads(triples: Iterable[ox.Triple], graph: ox.NamedNode | ox.DefaultGraph) -> list[ox.Quad]:
    return [ox.Quad(t.subject, t.predicate, t.object, graph) for t in triples]


def _list_watched_graphs(store: LocalStore) -> list[GraphName]:
    return [None, *filter(graphs.is_in_default_graph, store.graph_names())]


def _digest_graphs(store: LocalStore, names: Iterable[GraphName]) -> dict[GraphName, bytes]:
    return {name: store.digest_graphs((name,)) for name in names}


def _read_member_graphs(store: LocalStore, names: Iterable[GraphName]) -> MemberGraphs:
    """Return the triples of the default graph's members among some graphs."""
    found = (name for name in names if name is not None and store.has_graph(name))
    return {name: _read_triples(store, name) for name in found if graphs.is_default_graph_member(name)}


def _unite_reasoner_input(members: MemberGraphs) -> TripleSet:
    """Return what the reasoner reads, without the ranges of data properties.

    They only give types to literals, which no published triple has as its subject; and a deletion that takes
    such a type back makes the reasoner close the whole graph again.
    """
    ontology = members.get(graphs.ONTOLOGY, frozenset())
    literal_valued = {t.subject for t in ontology if t.object == OWL["DatatypeProperty"]}
    ranges = {t for t in ontology if t.predicate == RDFS["range"] and t.subject in literal_valued}
    return _unite(members[graph] for graph in graphs.select_reasoner_input(members)) - ranges


def _unite(sets: Iterable[TripleSet]) -> TripleSet:
    return frozenset().union(*sets)


def _read_triples(store: LocalStore, graph: GraphName) -> TripleSet:
    return frozenset(store.read_graph(graph))


class IncrementalClosure:
    """The published closure of one graph after another; each costs what it differs from the last."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Compute nothing; the first call closes from scratch by `rules`."""
        self._rules = tuple(rules)
        self._materialization: Materialization | None = None
        self._reasoner_input: TripleSet = frozenset()
        self._inferred: TripleSet = frozenset()
        self._annotator = EdgeAnnotator()

    def close(self, reasoner_input: TripleSet) -> TripleSet:
        """Return the triples that follow from `reasoner_input` by OWL 2 RL and are published."""
        if self._materialization is None:
            self._materialization = Materialization(reasoner_input, self._rules)
            self._inferred = self._materialization.inferred
        else:
            for change in (
                self._materialization.remove(self._reasoner_input - reasoner_input),
                self._materialization.add(reasoner_input - self._reasoner_input),
            ):
                self._inferred = (self._inferred - change.removed) | change.added
        self._reasoner_input = reasoner_input
        return select_published(self._inferred, reasoner_input)

    def describe_edges(self, inferred: TripleSet, members: MemberGraphs) -> EdgeDescriptions:
        """Return what each of the inferred edges rests on, by the closure that `close` was last asked for."""
        if self._materialization is None:
            return {}
        return self._annotator.describe_edges(self._materialization, inferred, members)
