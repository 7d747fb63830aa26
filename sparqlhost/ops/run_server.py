"""From settings to a running server: socket, engine, server processes, and their end in order."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import click

from sparqlhost.ops.connections import get_listener_url, open_listener
from sparqlhost.settings import HostSettings


def run_server(settings: HostSettings) -> None:
    """Serve until SIGTERM or SIGINT; raises UserError, a sentence, when it cannot start."""
    logging.basicConfig(level=logging.WARNING, format='{"level":"%(levelname)s","message":"%(message)s"}')
    with open_listener(settings.host, settings.port) as listener, _make_run_directory() as folder:
        # prometheus_client chooses its multi-process mode when first imported, which the next line does.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
        _run_processes(settings, listener, folder)


def _run_processes(settings: HostSettings, listener: socket.socket, folder: Path) -> None:
    """Start the engine and the server processes, and end them in order."""
    from sparqlhost.ops.granian_server import GranianServer
    from sparqlhost.ops.reload import ActiveEngine, EngineReloader, start_configured_engine

    generations = ActiveEngine(folder)
    reloader = EngineReloader(settings, generations, start_configured_engine)
    try:
        server = GranianServer(settings, listener, generations)
        threading.Thread(target=reloader.watch_builds, name="builds", daemon=True).start()
        server.on_ready = lambda: click.echo(f"serving on {get_listener_url(listener)}")
        server.run_until_stopped()
    finally:
        reloader.stop_engines()


@contextlib.contextmanager
def _make_run_directory() -> Iterator[Path]:
    """Yield a directory of this run, readable by nobody else, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="rrall-kg-"))
    (folder / "metrics").mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
