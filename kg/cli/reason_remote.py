"""`kg reason --remote`: the rules run on another SPARQL 1.1 server, where the graph lives."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from pyoxigraph import NamedNode, Quad, Triple

from kg.build.project_rules import format_term, load_project_rules
from kg.errors import BadData, UserError
from kg.model.graphs import REASON_AXIOMATIC, REASON_GIVEN, REASON_INFERRED
from kg.settings import Settings
from rlreason import ClosureGraphs, RemoteError, RuleError, close_remotely
from rlreason.rule_engine import ProgressCallback
from sparqlhost.remote.remote_store import RemoteStore
from sparqlhost.store.interface import Term


class RemoteStoreConnection:
    """A server that runs the rules, as a connection of `close_remotely`, and the triples sent to it."""

    def __init__(self, address: str, settings: Settings) -> None:
        """Reach the query address of a server; its update address follows from it or from the settings."""
        self._store = RemoteStore(address, settings)

    def select_rows(self, query: str) -> Iterator[dict[str, Term]]:
        """Yield the rows of a SELECT."""
        with _translate_errors():
            yield from self._store.select(query)

    def run_update(self, update: str) -> None:
        """Run a SPARQL update."""
        with _translate_errors():
            self._store.update(update)

    def replace_graph(self, triples: Iterable[Triple], graph: NamedNode = REASON_GIVEN) -> None:
        """Replace the content of a graph."""
        self._store.remove_graph(graph)
        self._store.load_quads(Quad(t.subject, t.predicate, t.object, graph) for t in triples)

    def read_graph(self, graph: NamedNode) -> Iterator[Triple]:
        """Yield the triples of a graph."""
        return self._store.read_graph(graph)

    def close(self) -> None:
        """Close the connections."""
        self._store.close()


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise RemoteError, which the reasoner knows, for an error of the store."""
    try:
        yield
    except UserError as error:
        raise RemoteError(str(error)) from error


def name_closure_graphs(
    asserted: NamedNode = REASON_GIVEN, inferred: NamedNode = REASON_INFERRED
) -> ClosureGraphs:
    """Return the graphs of a closure."""
    return ClosureGraphs(asserted, inferred, REASON_AXIOMATIC)


def reason_remotely(
    address: str,
    triples: Iterable[Triple] | None,
    graph: str | None,
    output: Path | None,
    progress: ProgressCallback | None,
) -> int:
    """Reason on the server with the query address `address`; return the exit code.

    `triples` are sent first; None reasons over `graph`, which the server holds already.
    """
    settings = Settings.from_environment(os.environ)
    rules = load_project_rules(settings.root)
    server = RemoteStoreConnection(address, settings)
    asserted = NamedNode(graph) if graph else REASON_GIVEN
    try:
        if triples is not None:
            server.replace_graph(triples, asserted)
        closure = close_remotely(
            server, name_closure_graphs(asserted), rules, format_term=format_term, progress=progress
        )
        if output is not None:
            with output.open("w", encoding="utf-8") as stream:
                stream.writelines(f"{triple} .\n" for triple in server.read_graph(REASON_INFERRED))
    except RemoteError as error:
        raise error.__cause__ or error from None
    except RuleError as error:
        raise BadData(error.message) from error
    finally:
        server.close()
    count, rounds = closure.inferred, closure.rounds
    click.echo(f"kg: {count} inferred triples in {REASON_INFERRED} on {address}, {rounds} rounds.", err=True)
    for sentence in closure.inconsistencies:
        click.echo(f"inconsistent: {sentence}", err=True)
    return 3 if closure.inconsistencies else 0
