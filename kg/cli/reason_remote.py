"""`kg reason --remote`: the rules run on another server, where the graph lives."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click
from pyoxigraph import NamedNode, Triple

from kg.external.rules_remote import (
    ASSERTED_GRAPH,
    INFERRED_GRAPH,
    RemoteStoreConnection,
    name_closure_graphs,
)
from kg.reasoning.elsewhere import close_remotely
from kg.reasoning.engine import ProgressCallback
from kg.settings import Settings


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
