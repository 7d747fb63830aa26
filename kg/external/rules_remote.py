"""The transport of remote reasoning: a SPARQL 1.1 server the user named, asked through the remote store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import NamedNode, Quad, Triple

from kg.namespaces import GRAPH
from kg.reasoning.dictionary import Term
from kg.reasoning.updates import ClosureGraphs
from kg.settings import Settings
from kg.store.remote import RemoteStore

ASSERTED_GRAPH = GRAPH["reason/given"]
INFERRED_GRAPH = GRAPH["reason/inferred"]
AXIOMATIC_GRAPH = GRAPH["reason/axiomatic"]


class RemoteStoreConnection:
    """A server that runs the rules: it is sent triples, queries and updates, and nothing else."""

    def __init__(self, address: str, settings: Settings) -> None:
        """Reach the query address of a server; its update address follows from it or from the settings."""
        self._store = RemoteStore(address, settings)

    def select_rows(self, query: str) -> Iterable[dict[str, Term]]:
        """Yield the rows of a SELECT."""
        return iter(self._store.select(query))

    def run_update(self, update: str) -> None:
        """Run a SPARQL update."""
        self._store.update(update)

    def replace_graph(self, triples: Iterable[Triple], graph: NamedNode = ASSERTED_GRAPH) -> None:
        """Put triples in the place of what a graph held."""
        self._store.remove_graph(graph)
        self._store.load_quads(Quad(t.subject, t.predicate, t.object, graph) for t in triples)

    def read_graph(self, graph: NamedNode) -> Iterator[Triple]:
        """Yield the triples of a graph."""
        return self._store.read_graph(graph)

    def close(self) -> None:
        """Let go of connections."""
        self._store.close()


def name_closure_graphs(
    asserted: NamedNode = ASSERTED_GRAPH, inferred: NamedNode = INFERRED_GRAPH
) -> ClosureGraphs:
    """Return the graphs of a closure."""
    return ClosureGraphs(asserted, inferred, AXIOMATIC_GRAPH)
