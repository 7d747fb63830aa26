"""The production server: one main process that listens and supervises, several that answer.

    main process      listens, forks the engine and the server processes, starts a dead one again; no threads
      engine          owns the data (sparqlhost.pool.supervisor)
      server process  granian's threads, each running the application; ends with the main process

The only module that touches granian's private API: `tests/serving/test_granian.py` names the version and the
names that are used. Its supervisor is used because it starts, stops and respawns workers in order; three
things it does differently are replaced: it opens a socket in each worker, it watches each worker from a
thread, and its main loop only waits.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import select
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer, WorkerProcess

from sparqlhost.errors import StoreUnavailable, UserError
from sparqlhost.hosting import HostedApplication
from sparqlhost.ops.connections import LISTEN_BACKLOG, MAX_CONCURRENT_BODIES, raise_connection_limit
from sparqlhost.ops.reload import EngineReloader, follow_active_engine, open_middleware
from sparqlhost.pool.sandbox import die_with_parent
from sparqlhost.settings import HostSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_Settings = TypeVar("_Settings", bound=HostSettings)

#: threads of a server process: those that answer, and those that wait for a body.
ANSWER_THREADS = 64
WORKER_THREADS = ANSWER_THREADS + MAX_CONCURRENT_BODIES
#: seconds that a server process may take to start.
START_TIMEOUT_SECONDS = 60
#: seconds that the requests in hand have when the server is stopped; then their connections break.
STOP_SECONDS = 1
#: a server process may die so often in so many seconds, then the main process ends with exit code 1.
MAX_DEATHS, DEATHS_WINDOW_SECONDS = 10, 60.0
#: seconds between two looks at the server processes, and at the data.
WORKER_CHECK_SECONDS = 0.2
DATA_CHECK_SECONDS = 1.0


class PolledEvent(threading.Event):
    """An event whose `wait` calls a function every `seconds`; `set` may be called by a signal handler.

    threading.Event is not safe there: its lock is held for a moment in `wait`, and `set` would wait for it in
    the same thread.
    """

    def __init__(self, poll: Callable[[], None], seconds: float) -> None:
        """Call `poll` while waiting."""
        super().__init__()
        self._poll, self._seconds = poll, seconds
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def is_set(self) -> bool:
        """Return whether `set` was called since the last `clear`."""
        return bool(select.select([self._reader], [], [], 0)[0])

    def set(self) -> None:
        """Set the event."""
        if not self.is_set():
            os.write(self._writer, b".")

    def clear(self) -> None:
        """Reset the event."""
        while self.is_set():
            os.read(self._reader, 64)

    def wait(self, timeout: float | None = None) -> bool:
        """Return True when the event is set, False after `timeout` seconds (None: never)."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        while not select.select([self._reader], [], [], self._seconds)[0]:
            if time.monotonic() > end:
                return False
            self._poll()
        return True


class GranianServer(MPServer, Generic[_Settings]):
    """Granian's supervisor over a socket that is open already; it starts completely or raises an error."""

    def __init__(
        self,
        settings: _Settings,
        application: HostedApplication[_Settings],
        listener: socket.socket,
        reloader: EngineReloader[_Settings],
    ) -> None:
        """Serve the application on `listener`, over the engine that `reloader` has in force."""
        super().__init__(
            target=settings.PRODUCT,
            interface=Interfaces.WSGI,
            workers=settings.workers,
            blocking_threads=WORKER_THREADS,
            backlog=LISTEN_BACKLOG,
            backpressure=raise_connection_limit(),
            websockets=False,
            http=HTTPModes.http1,
            log_level=LogLevels.error,
            respawn_failed_workers=True,
            respawn_interval=0.1,
            workers_kill_timeout=STOP_SECONDS,
        )
        self.settings = settings
        self.application = application
        self.listener = listener
        self.reloader = reloader
        self.start_error: UserError | None = None
        self.on_ready: Callable[[], None] = lambda: None
        self.main_loop_interrupt = PolledEvent(self._check_workers_and_data, WORKER_CHECK_SECONDS)
        self._next_data_check = 0.0
        self._deaths: deque[float] = deque([-math.inf] * MAX_DEATHS, MAX_DEATHS)
        self._is_started = False
        self._main_process = os.getpid()
        self._ready_receiver, self._ready_sender = Pipe(duplex=False)

    def run_until_stopped(self) -> None:
        """Serve until SIGTERM or SIGINT; raises StoreUnavailable when a server process cannot start."""
        # A worker gets the application and the socket by fork; since Python 3.14 that is not the default.
        multiprocessing.set_start_method("fork", force=True)
        self.serve(target_loader=self._load_application, wrap_loader=False)
        if self.start_error is not None:
            raise self.start_error

    def _init_shared_socket(self) -> None:
        """Give all workers the one listening socket (see sparqlhost.ops.connections)."""
        held: Any = self
        held._ssp = None
        held._shd = SocketHolder(self.listener.fileno(), False, LISTEN_BACKLOG)  # type: ignore[call-arg]  # stub is behind
        held._sfd = self.listener.fileno()
        held._sso = self.listener

    def signal_handler_reload(self, *_: Any) -> None:
        """SIGHUP: look for new data at the next check; server processes stay, so no request is dropped."""
        self._next_data_check = 0.0

    def _spawn_worker(self, *arguments: Any, **named: Any) -> WorkerProcess:
        """Return a worker that no thread watches: `_check_workers_and_data` does."""
        worker: WorkerProcess = super()._spawn_worker(*arguments, **named)
        worker._watch = lambda: None  # type: ignore[method-assign]
        return worker

    def _check_workers_and_data(self) -> None:
        """Have the main loop start dead workers again; put new data in force."""
        workers: list[Any] = [worker for worker in self.wrks if not worker.interrupt_by_parent]
        dead = [worker.idx for worker in workers if not worker.is_alive()]
        if dead:
            self._deaths.append(time.monotonic())
            if self._deaths[-1] - self._deaths[0] > DEATHS_WINDOW_SECONDS:
                self.respawned_wrks.clear()  # granian would end at the second death in 5.5 seconds
            self.interrupt_children.extend(dead)
            self.main_loop_interrupt.set()
        elif time.monotonic() >= self._next_data_check:
            self._next_data_check = time.monotonic() + DATA_CHECK_SECONDS
            self.reloader.serve_newest_data()

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        """Start the server processes and wait until each has opened its application."""
        super()._spawn_workers(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        for _ in range(self.workers):
            message = _receive_start_error(self._ready_receiver)
            if message:
                self.start_error = StoreUnavailable(message)
                self.interrupt_signal = True
                self.main_loop_interrupt.set()
                return
        self._is_started = True
        self.on_ready()

    def _load_application(self) -> WSGIApplication:
        """Open the application; this runs in the server process, before its threads start."""
        die_with_parent(self._main_process)
        # The fork inherited the handlers of the main process; until granian sets its own, SIGTERM ends this
        # one. Ctrl-C in a terminal is for the main process: granian's worker hangs when it gets both.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        active_engine = self.reloader.active_engine
        try:
            middleware = open_middleware(self.settings, self.application, active_engine.read_directory())
        except UserError as error:
            if self._is_started:
                raise  # the main process starts another one
            self._ready_sender.send(json.dumps(str(error)))
            signal.pause()  # the main process reports the error and ends this one
            raise
        # Not atexit, which does not run in a process that multiprocessing started.
        Finalize(None, middleware.close, exitpriority=10)
        if not self._is_started:
            self._ready_sender.send(json.dumps(""))
        threading.Thread(
            target=follow_active_engine,
            args=(middleware, self.settings, self.application, active_engine),
            name="reload",
            daemon=True,
        ).start()
        return middleware


def _receive_start_error(pipe: Connection) -> str:
    """Return what a server process reports of its start: "" or an error message."""
    if not pipe.poll(START_TIMEOUT_SECONDS):
        return f"A server process did not start within {START_TIMEOUT_SECONDS} seconds."
    message: str = json.loads(pipe.recv())
    return message
