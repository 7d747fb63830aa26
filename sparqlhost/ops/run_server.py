"""From settings to a running server: socket, engine, server processes, and their end in order.

This module and the `__init__` of its packages import neither prometheus_client nor what imports it: that
library decides on its multi-process mode when it is imported, by PROMETHEUS_MULTIPROC_DIR, which is set here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sparqlhost.hosting import HostedApplication
from sparqlhost.ops.connections import get_listener_url, open_listener
from sparqlhost.pool.engine_dir import lock_engine_dir, make_engine_dir
from sparqlhost.pool.scoreboard import count_lane_workers
from sparqlhost.settings import HostSettings

log = logging.getLogger(__name__)

_Settings = TypeVar("_Settings", bound=HostSettings)


def run_server(
    settings: _Settings,
    application: HostedApplication[_Settings],
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` is called with the address when every process can answer.

    Raises UserError when it cannot start. The process forks while it serves, so it must have no other
    threads.
    """
    logging.basicConfig(level=logging.WARNING, format='{"level":"%(levelname)s","message":"%(message)s"}')
    with (
        open_listener(settings.host, settings.port) as listener,
        _make_run_directory(settings.PRODUCT) as folder,
    ):
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
        _run_processes(settings, application, listener, folder, on_ready)


def _warn_of_memory(settings: HostSettings) -> None:
    """Log that all queries and a write together may use more memory than the machine has."""
    worst = settings.query_memory * (sum(count_lane_workers(settings).values()) + 1)
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    if worst > available:
        log.warning(
            "Queries together may use %d MiB and this machine has %d: lower query_memory or query_slots.",
            worst,
            available,
        )


def _run_processes(
    settings: _Settings,
    application: HostedApplication[_Settings],
    listener: socket.socket,
    folder: Path,
    on_ready: Callable[[str], None],
) -> None:
    """Start the engine and the server processes, and end them in order."""
    from sparqlhost.ops.granian_server import GranianServer
    from sparqlhost.ops.reload import ActiveEngine, EngineReloader

    active_engine = ActiveEngine(folder)
    reloader = EngineReloader(settings, application, active_engine)
    try:
        server = GranianServer(settings, application, listener, reloader)

        def report_ready() -> None:
            _warn_of_memory(settings)
            on_ready(get_listener_url(listener))

        server.on_ready = report_ready
        server.run_until_stopped()
    finally:
        reloader.stop_engines()


@contextlib.contextmanager
def _make_run_directory(product: str) -> Iterator[Path]:
    """Yield a directory that only its user may read; the end of this run or the next run removes it."""
    folder = make_engine_dir(f"{product}-run-")
    lock_engine_dir(folder)
    (folder / "metrics").mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
