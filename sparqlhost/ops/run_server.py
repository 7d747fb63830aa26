"""From settings to a running server: socket, engine, server processes, and their end in order.

This module and the `__init__` of its packages import neither prometheus_client nor what imports it: that
library decides on its multi-process mode when it is imported, by PROMETHEUS_MULTIPROC_DIR, which is set here.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sparqlhost.hosting import HostedApplication
from sparqlhost.ops.connections import get_listener_url, open_listener
from sparqlhost.pool.engine_dir import count_lane_workers, lock_engine_dir, make_engine_dir
from sparqlhost.protocol.write_access import read_write_tokens
from sparqlhost.settings import HostSettings

log = logging.getLogger(__name__)

_MAX_TRACE_LENGTH = 3000  # characters, of the end: it names the error

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
    read_write_tokens(settings)  # raises, where it is not in order
    logging.basicConfig(level=logging.WARNING, handlers=[UnblockedHandler(sys.stderr.fileno())])
    with (
        open_listener(settings.host, settings.port) as listener,
        _make_run_directory(settings.PRODUCT) as folder,
    ):
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
        _run_processes(settings, application, listener, folder, on_ready)


class UnblockedHandler(logging.Handler):
    """Writes records as JSON lines, and drops them while nobody reads: no process may wait for its log."""

    def __init__(self, descriptor: int) -> None:
        """Write to `descriptor`, in every process that is forked from this one."""
        super().__init__()
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, of at most PIPE_BUF bytes: a pipe that is writable has room for so many."""
        fields = {"level": record.levelname, "message": record.getMessage()}
        if record.exc_info:
            fields["trace"] = logging.Formatter().formatException(record.exc_info)[-_MAX_TRACE_LENGTH:]
        line = json.dumps(fields, separators=(",", ":")).encode()[: select.PIPE_BUF - 1] + b"\n"
        with contextlib.suppress(OSError):
            if select.select([], [self._descriptor], [], 0)[1]:
                os.write(self._descriptor, line)


def estimate_memory(settings: HostSettings) -> int:
    """Return the MiB that a server may use beside its data: queries, a write, the cache, a body each."""
    jobs = sum(count_lane_workers(settings).values()) + 1
    buffers = settings.cache_bytes + settings.workers * settings.body_size
    return settings.query_memory * jobs + (buffers >> 20)


def read_available_memory(limit_file: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """Return the MiB of this machine, or those of the container where that has fewer."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = limit_file.read_text().strip() if limit_file.exists() else ""
    return (min(machine, int(limit)) if limit.isdigit() else machine) >> 20


def _warn_of_memory(settings: HostSettings) -> None:
    """Log when the server may use more memory than there is."""
    worst, available = estimate_memory(settings), read_available_memory()
    if worst > available:
        log.warning(
            "This server may use %d MiB beside its data and has %d: lower query_memory or query_slots.",
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
