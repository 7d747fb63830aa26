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

from kg.serving.listen import address, listen
from kg.settings import Settings


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raises KgError, a sentence, when it cannot start."""
    logging.basicConfig(level=logging.WARNING, format='{"level":"%(levelname)s","message":"%(message)s"}')
    with listen(settings.host, settings.port) as listener, _run_directory() as folder:
        # prometheus_client chooses its multi-process mode when first imported, which the next line does.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
        _supervise(settings, listener, folder)


def _supervise(settings: Settings, listener: socket.socket, folder: Path) -> None:
    """Start the engine and the server processes, and end them in order."""
    from kg.serving.engines import engine_for
    from kg.serving.reload import Generations, Reloader
    from kg.serving.server import Server

    generations = Generations(folder)
    reloader = Reloader(settings, generations, engine_for)
    try:
        server = Server(settings, listener, generations)
        threading.Thread(target=reloader.watch, name="builds", daemon=True).start()
        server.on_ready = lambda: click.echo(f"serving on {address(listener)}")
        server.run()
    finally:
        reloader.stop()


@contextlib.contextmanager
def _run_directory() -> Iterator[Path]:
    """Yield a directory of this run, readable by nobody else, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="rrall-kg-"))
    (folder / "metrics").mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
