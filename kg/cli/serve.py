"""`kg serve`: the production server over the built graph, a directory, or a remote SPARQL server."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.settings import IS_INSTALLED, Settings
from kg.text_files import list_text_files
from sparqlhost.hosting import HostedApplication

if TYPE_CHECKING:
    from flask import Flask

    from sparqlhost.store.interface import Store


@click.command(
    epilog="""\b
Examples:
  kg serve                          the built graph on http://127.0.0.1:8000/
  kg serve --port 0                 any free port; the first line says which
  kg serve --store /srv/rrall       a store on disk that keeps what is written
  kg serve --empty --store memory:  an empty store, for test suites
  KG_UPDATE_TOKEN=... kg serve      allow writes with that token

Exit codes: 0 stopped, 1 cannot start, 2 wrong use."""
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

    SIGTERM or Ctrl-C ends it when running requests are answered; SIGHUP, or a new build, replaces the served
    build without a dropped request.
    """
    # The server forks: numpy must not start the threads of its linear algebra, which nothing here uses.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from kg.linking.build_overlay import prepare_serving_settings
    from sparqlhost.ops.run_server import run_server

    settings = Settings.from_environment(os.environ, **options)
    if build or IS_INSTALLED:
        from kg.build.building import build_if_missing

        build_if_missing(settings, lambda message: click.echo(message, err=True))
    if settings.source_text is not None:
        from kg.build.reader_copy import read_reader_copy

        for copy in list_text_files(settings.source_text):
            read_reader_copy(copy)  # raises, where it is not there
    if settings.source_text is not None and not settings.text_key:
        settings = replace(settings, text_key=secrets.token_urlsafe(16))

    def announce(address: str) -> None:
        click.echo(f"serving on {address}")
        if settings.source_text is not None:
            click.echo(f"the text, for this machine only: {address}source?key={settings.text_key}")

    run_server(prepare_serving_settings(settings), _describe_application(), on_ready=announce)


def _describe_application() -> HostedApplication[Settings]:
    """Return the application of this project; its pages are imported in the server processes only."""
    from kg.build.hosted_data import describe_hosted_data
    from kg.build.publishing import CURRENT_LINK
    from kg.linking.build_overlay import with_import_store

    def make_app(settings: Settings, store: Store) -> Flask:
        from kg.pages.app import create_app

        return create_app(settings, store)

    def read_build(settings: Settings) -> str:
        current = settings.build_dir / CURRENT_LINK
        return str(current.resolve()) if current.exists() and not settings.empty else ""

    return HostedApplication(make_app, describe_hosted_data, with_import_store, read_build)
