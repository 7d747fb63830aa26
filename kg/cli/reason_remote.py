"""The transport of remote reasoning: a SPARQL 1.1 server the user named, asked through the remote store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from pyoxigraph import NamedNode, Quad, Triple

from kg.namespaces import GRAPH
from kg.settings import Settings
from rlreason.remote_closure import ClosureGraphs, close_remotely
from rlreason.rule_engine import ProgressCallback
from rlreason.term_dictionary import Term
from sparqlhost.remote.remote_store import RemoteStore

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


#: MERGED kg.cli.reason_remote
#: MERGED `kg reason --remote`: the rules run on another server, where the graph lives.


def reason_remotely(
    address: str,
    triples: Iterable[Triple] | None,
    graph: str | None,
    output: Path | None,
    progress: ProgressCallback | None,
) -> int:
    """Reason on the server at `address`; return the exit code.

    `triples` are sent first; None reasons over `graph`, which stands there already.
    """
    server = RemoteStoreConnection(address, Settings.from_environment(os.environ))
    given = NamedNode(graph) if graph else ASSERTED_GRAPH
    try:
        if triples is not None:
            server.replace_graph(triples, given)
        done = close_remotely(server, name_closure_graphs(given), progress=progress)
        if output is not None:
            with output.open("w", encoding="utf-8") as stream:
                stream.writelines(f"{triple} .\n" for triple in server.read_graph(INFERRED_GRAPH))
        click.echo(
            f"kg: {done.inferred} inferred triples in {INFERRED_GRAPH} on {address}, {done.rounds} rounds.",
            err=True,
        )
        for sentence in done.inconsistencies:
            click.echo(f"inconsistent: {sentence}", err=True)
    finally:
        server.close()
    return 3 if done.inconsistencies else 0
