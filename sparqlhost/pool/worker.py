"""A query worker: a forked process that answers one query at a time and may be killed at any moment.

It accepts on a socket it inherited, so that a query goes from the web process straight to an idle worker.
Its deadline is the kernel's: SIGALRM with the default action ends the process, whatever the engine does.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import pyoxigraph as ox

from sparqlhost.errors import BadQuery, TooExpensive, UserError
from sparqlhost.pool import sandbox as walls
from sparqlhost.pool.jobs import QueryJob, make_error_frame, receive_job
from sparqlhost.pool.query_runner import run_query_job
from sparqlhost.pool.scoreboard import Scoreboard

#: ends a worker whose asker wants no answer any more; the default action, so the engine cannot put it off
CANCEL_SIGNAL = signal.SIGUSR1
#: seconds after which a query yields to shorter ones -> by how much; its worker ends with it. By steps: with
#: 15 at once, a question of half a second of work got no processor beside steady load, and met its deadline.
NICENESS_STEPS = MappingProxyType({0.2: 5, 1.5: 10, 5.0: 15})
_CLIENT_TIMEOUT = 30.0  # seconds a client may take no bytes before its query is given up
_IDLE_TIMEOUT = 1.0  # seconds without a query after which a spare worker leaves


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """Where a worker sits: its slot on the board, the lane it listens on, and whether it may leave idle."""

    slot_number: int
    queue_socket: socket.socket
    is_spare: bool = False


class Acceptor:
    """Lets one query in at a time; of idle workers the first forked is woken, so its caches stay warm.

    accept(2) would wake them in turn. epoll(7) with EPOLLEXCLUSIVE wakes the first that waits.
    """

    def __init__(self, slot: WorkerSlot) -> None:
        self._queue_socket = slot.queue_socket  # does not block
        self._idle_timeout = _IDLE_TIMEOUT if slot.is_spare else None
        self._wait_for_connection = _make_waiter(slot.queue_socket)

    def accept(self) -> socket.socket | None:
        """Return the next connection; None when the lane is shut, or to a spare worker nobody needs."""
        while True:
            try:
                return self._queue_socket.accept()[0]
            except BlockingIOError:
                seen = self._wait_for_connection(self._idle_timeout)
                if not seen or seen[0][1] & select.POLLHUP:
                    return None
            except OSError:
                return None


def _make_waiter(queue_socket: socket.socket) -> Callable[[float | None], list[tuple[int, int]]]:
    """Return what waits at a lane for so many seconds, without end for None, and returns what came."""
    if sys.platform == "linux":
        one_of_many = select.epoll()
        one_of_many.register(queue_socket, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        return one_of_many.poll
    each = select.poll()
    each.register(queue_socket, select.POLLIN)
    return lambda seconds: each.poll(None if seconds is None else seconds * 1000)


def serve_queries(
    oxigraph: ox.Store, slot: WorkerSlot, scoreboard: Scoreboard, memory_mebibytes: int
) -> None:
    """Answer queries until the lane is shut, or after one long query; the caller ends the process."""
    gc.freeze()
    walls.limit_memory(memory_mebibytes)
    pid, door, own = os.getpid(), Acceptor(slot), os.getpriority(os.PRIO_PROCESS, 0)
    scoreboard.mark_idle(slot.slot_number, pid)
    while (connection := door.accept()) is not None:
        with connection:
            connection.settimeout(_CLIENT_TIMEOUT)
            _serve_connection(oxigraph, slot, scoreboard, connection)
        scoreboard.mark_idle(slot.slot_number, pid)
        if os.getpriority(os.PRIO_PROCESS, 0) > own:
            return


def _serve_connection(
    oxigraph: ox.Store, slot: WorkerSlot, scoreboard: Scoreboard, connection: socket.socket
) -> None:
    """Answer the one job of a connection."""
    try:
        received = receive_job(connection)
    except OSError:
        return
    if received is None or not isinstance(received[0], QueryJob):
        return
    job = received[0]
    scoreboard.mark_busy(slot.slot_number, os.getpid(), job.id)
    clock = PausedDeadlineSender(connection)
    signal.setitimer(signal.ITIMER_REAL, job.deadline)
    try:
        run_query_job(oxigraph, job, clock.send)
    except UserError as error:
        _send_error(clock, error)
    except MemoryError:
        _send_error(
            clock, TooExpensive("The query used more memory than it may.", hint="Ask for less at a time.")
        )
    except (BrokenPipeError, ConnectionError, TimeoutError):
        return
    except Exception as error:
        _send_error(
            clock, BadQuery(f"The engine refused the query: {type(error).__name__}.", hint="Change it.")
        )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _send_error(sender: PausedDeadlineSender, error: UserError) -> None:
    """Tell the client, if it still listens."""
    try:
        sender.send(make_error_frame(error))
    except OSError:
        return


class PausedDeadlineSender:
    """Sending with the deadline stopped: a slow reader is not a slow query."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, data: bytes) -> None:
        """Send all of `data`; raises TimeoutError when the client takes nothing for long."""
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            self._connection.sendall(data)
        finally:
            signal.setitimer(signal.ITIMER_REAL, left)


def fork_worker(
    oxigraph: ox.Store,
    slot: WorkerSlot,
    scoreboard: Scoreboard,
    memory_mebibytes: int,
    descriptors_to_close: list[int],
) -> int:
    """Return the id of a new worker that answers on `place`; it closes the descriptors in `close`."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        walls.die_with_parent(parent)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        walls.silence_stderr()
        for descriptor in descriptors_to_close:
            os.close(descriptor)
        serve_queries(oxigraph, slot, scoreboard, memory_mebibytes)
    except BaseException:
        os._exit(70)
    os._exit(0)


def has_run_longer(started_at: float, seconds: float) -> bool:
    """Say whether a query that began at `since` on the monotonic clock runs for more than `seconds`."""
    return started_at > 0 and time.monotonic() - started_at > seconds
