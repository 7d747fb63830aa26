"""The production server: one main process that listens and supervises, several that answer.

The main process opens nothing but the socket and the engine (`sparqlhost.pool.supervisor`), which alone holds the
data. A server process that dies is started anew; when the main process dies, all of them end.
"""

from __future__ import annotations

import ctypes
import json
import math
import signal
import socket
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from typing import Any

from granian._granian import SocketHolder
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from sparqlhost.errors import StoreUnavailable, UserError
from sparqlhost.ops.cache_middleware import CacheMiddleware
from sparqlhost.ops.connections import LISTEN_BACKLOG, MAX_CONCURRENT_BODIES, raise_connection_limit
from sparqlhost.ops.reload import ActiveEngine, follow_active_engine, open_middleware
from sparqlhost.settings import HostSettings

#: threads of a server process: those that answer, and those that wait for a body.
ANSWER_THREADS = 64
WORKER_THREADS = ANSWER_THREADS + MAX_CONCURRENT_BODIES
#: seconds a server process has to come up.
START_TIMEOUT_SECONDS = 60
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it is gone (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class GranianServer(MPServer):
    """Granian's supervisor with a socket of ours, and a start that is either whole or a sentence."""

    def __init__(self, settings: HostSettings, listener: socket.socket, active_engine: ActiveEngine) -> None:
        """Serve on `listener` what `generations` names as the engine of the moment."""
        super().__init__(
            target="kg",
            interface=Interfaces.WSGI,
            workers=settings.workers,
            blocking_threads=WORKER_THREADS,
            backlog=LISTEN_BACKLOG,
            backpressure=raise_connection_limit(),
            websockets=False,
            log_level=LogLevels.error,
            respawn_failed_workers=True,
            respawn_interval=0.1,
            workers_kill_timeout=math.ceil(settings.query_deadline) + 5,
        )
        self.settings = settings
        self.listener = listener
        self.active_engine = active_engine
        self.start_error: UserError | None = None
        self.on_ready: Callable[[], None] = lambda: None
        self._ready_receiver, self._ready_sender = Pipe(duplex=False)

    def run_until_stopped(self) -> None:
        """Serve until told to stop; raises StoreUnavailable when a server process cannot start."""
        self.serve(target_loader=self._load_application, wrap_loader=False)
        if self.start_error is not None:
            raise self.start_error

    def _init_shared_socket(self) -> None:
        """Share the one listening socket, where granian would open one a process."""
        held: Any = self
        held._ssp = None
        held._shd = SocketHolder(self.listener.fileno(), False, LISTEN_BACKLOG)  # type: ignore[call-arg]  # stub is behind
        held._sfd = self.listener.fileno()
        held._sso = self.listener

    def signal_handler_reload(self, *_: Any) -> None:
        """SIGHUP: look for a new build now; the server processes stay, so no request is dropped."""
        self.active_engine.wake_event.set()

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        """Start the server processes and wait until each has opened what it serves."""
        super()._spawn_workers(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        for _ in range(self.workers):
            told = _receive_start_error(self._ready_receiver)
            if told:
                self.start_error = StoreUnavailable(told)
                self.interrupt_signal = True
                self.main_loop_interrupt.set()
                return
        self.on_ready()

    def _load_application(self) -> CacheMiddleware:
        """Open the application; this runs in the server process, before its threads start."""
        die_with_parent()
        # The main process's handlers came along with the fork; until granian sets its own, a signal ends us.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            front = open_middleware(self.settings, self.active_engine.read_directory())
        except UserError as error:
            self._ready_sender.send(json.dumps(str(error)))
            # The main process says the sentence; it ends this one.
            signal.pause()
            raise
        # Runs when the process ends in order; atexit does not, in a process made by multiprocessing.
        Finalize(None, front.close, exitpriority=10)
        self._ready_sender.send(json.dumps(""))
        threading.Thread(
            target=follow_active_engine,
            args=(front, self.settings, self.active_engine),
            name="reload",
            daemon=True,
        ).start()
        return front


def _receive_start_error(pipe: Connection) -> str:
    """Return what a server process tells of its start: "" or a sentence."""
    if not pipe.poll(START_TIMEOUT_SECONDS):
        return f"A server process did not come up within {START_TIMEOUT_SECONDS} seconds."
    sentence: str = json.loads(pipe.recv())
    return sentence
