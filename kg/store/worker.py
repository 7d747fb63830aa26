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

from kg.errors import BadQuery, KgError, TooExpensive
from kg.store import walls
from kg.store.answers import answer
from kg.store.board import Board
from kg.store.jobs import QueryJob, error_frame, receive_job

#: ends a worker whose asker wants no answer any more; the default action, so the engine cannot put it off
CANCEL = signal.SIGUSR1
#: seconds after which a query yields to shorter ones -> by how much; its worker ends with it. By steps: with
#: 15 at once, a question of half a second of work got no processor beside steady load, and met its deadline.
YIELDS = MappingProxyType({0.2: 5, 1.5: 10, 5.0: 15})
_STALL = 30.0  # seconds a client may take no bytes before its query is given up
_IDLE = 1.0  # seconds without a query after which a spare worker leaves


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker sits: its slot on the board, the lane it listens on, and whether it may leave idle."""

    slot: int
    lane: socket.socket
    spare: bool = False


class Door:
    """Lets one query in at a time; of idle workers the first forked is woken, so its caches stay warm.

    accept(2) would wake them in turn. epoll(7) with EPOLLEXCLUSIVE wakes the first that waits.
    """

    def __init__(self, place: Place) -> None:
        self._lane = place.lane  # does not block
        self._patience = _IDLE if place.spare else None
        self._wait = _waiting(place.lane)

    def next(self) -> socket.socket | None:
        """Return the next connection; None when the lane is shut, or to a spare worker nobody needs."""
        while True:
            try:
                return self._lane.accept()[0]
            except BlockingIOError:
                seen = self._wait(self._patience)
                if not seen or seen[0][1] & select.POLLHUP:
                    return None
            except OSError:
                return None


def _waiting(lane: socket.socket) -> Callable[[float | None], list[tuple[int, int]]]:
    """Return what waits at a lane for so many seconds, without end for None, and returns what came."""
    if sys.platform == "linux":
        one_of_many = select.epoll()
        one_of_many.register(lane, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        return one_of_many.poll
    each = select.poll()
    each.register(lane, select.POLLIN)
    return lambda seconds: each.poll(None if seconds is None else seconds * 1000)


def work(engine: ox.Store, place: Place, board: Board, memory: int) -> None:
    """Answer queries until the lane is shut, or after one long query; the caller ends the process."""
    gc.freeze()
    walls.limit_memory(memory)
    pid, door, own = os.getpid(), Door(place), os.getpriority(os.PRIO_PROCESS, 0)
    board.idle(place.slot, pid)
    while (connection := door.next()) is not None:
        with connection:
            connection.settimeout(_STALL)
            _serve(engine, place, board, connection)
        board.idle(place.slot, pid)
        if os.getpriority(os.PRIO_PROCESS, 0) > own:
            return


def _serve(engine: ox.Store, place: Place, board: Board, connection: socket.socket) -> None:
    """Answer the one job of a connection."""
    try:
        received = receive_job(connection)
    except OSError:
        return
    if received is None or not isinstance(received[0], QueryJob):
        return
    job = received[0]
    board.begin(place.slot, os.getpid(), job.id)
    clock = Deadline(connection)
    signal.setitimer(signal.ITIMER_REAL, job.deadline)
    try:
        answer(engine, job, clock.send)
    except KgError as error:
        _last_word(clock, error)
    except MemoryError:
        _last_word(
            clock, TooExpensive("The query used more memory than it may.", todo="Ask for less at a time.")
        )
    except (BrokenPipeError, ConnectionError, TimeoutError):
        return
    except Exception as error:
        _last_word(
            clock, BadQuery(f"The engine refused the query: {type(error).__name__}.", todo="Change it.")
        )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _last_word(clock: Deadline, error: KgError) -> None:
    """Tell the client, if it still listens."""
    try:
        clock.send(error_frame(error))
    except OSError:
        return


class Deadline:
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


def fork_worker(engine: ox.Store, place: Place, board: Board, memory: int, close: list[int]) -> int:
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
        walls.be_quiet()
        for descriptor in close:
            os.close(descriptor)
        work(engine, place, board, memory)
    except BaseException:
        os._exit(70)
    os._exit(0)


def is_longer(since: float, seconds: float) -> bool:
    """Say whether a query that began at `since` on the monotonic clock runs for more than `seconds`."""
    return since > 0 and time.monotonic() - since > seconds
