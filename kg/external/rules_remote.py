"""The transport of remote reasoning: a SPARQL 1.1 server the user named, asked through the remote store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import NamedNode, Quad, Triple

from kg.namespaces import GRAPH
from kg.reasoning.dictionary import Node
from kg.reasoning.updates import Graphs
from kg.settings import Settings
from kg.store.remote import RemoteStore

GIVEN = GRAPH["reason/given"]
INFERRED = GRAPH["reason/inferred"]
AXIOMATIC = GRAPH["reason/axiomatic"]


class RuleServer:
    """A server that runs the rules: it is sent triples, queries and updates, and nothing else."""

    def __init__(self, address: str, settings: Settings) -> None:
        """Reach the query address of a server; its update address follows from it or from the settings."""
        self._store = RemoteStore(address, settings)

    def rows(self, query: str) -> Iterable[dict[str, Node]]:
        """Yield the rows of a SELECT."""
        return iter(self._store.select(query))

    def update(self, text: str) -> None:
        """Run a SPARQL update."""
        self._store.update(text)

    def send(self, triples: Iterable[Triple], graph: NamedNode = GIVEN) -> None:
        """Put triples in the place of what a graph held."""
        self._store.remove_graph(graph)
        self._store.load(Quad(t.subject, t.predicate, t.object, graph) for t in triples)

    def triples(self, graph: NamedNode) -> Iterator[Triple]:
        """Yield the triples of a graph."""
        return self._store.quads(graph)

    def close(self) -> None:
        """Let go of connections."""
        self._store.close()


def graphs(given: NamedNode = GIVEN, inferred: NamedNode = INFERRED) -> Graphs:
    """Return the graphs of a closure."""
    return Graphs(given, inferred, AXIOMATIC)
