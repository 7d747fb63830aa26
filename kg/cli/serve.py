"""`kg serve`: the production server over the built graph, a directory, or a remote SPARQL server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from kg.settings import Settings


@click.command(
    epilog="""\b
Examples:
  kg serve                          the built graph on http://127.0.0.1:8000/
  kg serve --port 0                 any free port; the first line says which
  kg serve --store /srv/rrall       a store on disk that keeps what is written
  kg serve --empty --store memory:  nothing in it, for test suites
  KG_UPDATE_TOKEN=... kg serve      writes allowed with that token

Exit codes: 0 stopped, 1 it cannot start, 2 wrong use."""
)
@click.option("--host", help="Address to listen on.  [default: KG_HOST, else 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.  [default: KG_PORT, else 8000]"
)
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Server processes.  [default: KG_WORKERS, else 2]"
)
@click.option("--store", metavar="STORE", help="memory: | a directory | https://... of a SPARQL 1.1 server.")
@click.option("--empty", is_flag=True, default=None, help="Serve an empty store: no ontology, no inference.")
@click.option("--build", is_flag=True, help="Build the graph first where there is no build yet.")
@click.option("--build-dir", type=click.Path(path_type=Path), help="Where builds are published.")
def serve(build: bool, **options: Any) -> None:
    """Serve the graph over HTTP until stopped with Ctrl-C.

    SIGTERM or Ctrl-C ends it when the requests in hand are answered; SIGHUP, or a new build, puts the new
    build in the place of the old one without a dropped request.
    """
    from kg.linking.build_overlay import prepare_serving_settings
    from sparqlhost.ops.run_server import run_server

    settings = Settings.from_environment(os.environ, **options)
    if build:
        _build_if_unbuilt(settings)
    run_server(prepare_serving_settings(settings))


def _build_if_unbuilt(settings: Settings) -> None:
    """Build the graph when none is published and one is to be served."""
    if settings.empty or (settings.build_dir / "current").exists():
        return
    from kg.build.building import build

    click.echo("No build yet: building the graph.", err=True)
    build(settings)
