"""A query worker: a fork of the owner that answers one query at a time and may be killed at any moment.

It accepts connections on a socket that it inherited, so a query goes from the web process straight to an idle
worker, past the owner.

The engine runs in native code and cannot be interrupted. So the deadline is a timer of the kernel whose
signal, SIGALRM, has its *default* action: it ends the process whatever the engine does. A handler in Python
would run only after the engine has returned. The same holds for CANCEL_SIGNAL. For the reason the client
learns, see scoreboard.py.
"""

from __future__ import annotations

import contextlib
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

from sparqlhost.errors import BadQuery, TooExpensive, UserError
from sparqlhost.pool import sandbox
from sparqlhost.pool.engine_dir import Scoreboard
from sparqlhost.pool.jobs import QueryJob, make_error_frame, receive_job
from sparqlhost.pool.query_runner import run_query_job
from sparqlhost.settings import HostSettings
from sparqlhost.store.local_store import LocalStore

#: seconds a query has run -> by how much its niceness is raised. In steps: raised by 15 at once, a query of
#: half a second of work got no processor under steady load and ran into its deadline.
NICENESS_STEPS = MappingProxyType({0.2: 5, 1.5: 10, 5.0: 15})
_CLIENT_TIMEOUT = 30.0  # seconds a client may accept no bytes before its query is abandoned
_SLOW_GRACE = 0.5  # seconds that a client may keep its worker waiting beyond what its rate allows
_SEND_POLL = 0.1  # seconds between two looks at who waits while a client does not read
FAILED_EXIT_CODE = 70  # of a worker that ended by an error of its own
_IDLE_WINDOW = 0.002  # seconds without a change after which the threads of RocksDB count as idle
_IDLE_TIMEOUT = 1.0  # seconds without a query after which a spare worker exits


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """A worker's slot on the scoreboard, the socket it listens on, and whether it exits when idle."""

    slot_number: int
    queue_socket: socket.socket
    is_spare: bool = False


class Acceptor:
    """Accepts one connection at a time.

    Of the idle workers of a queue the kernel should always wake the same one, so that its caches stay warm
    and spare workers can exit. Blocking accept(2) wakes them in turn, and poll(2) wakes all. epoll(7) with
    EPOLLEXCLUSIVE wakes one, the first that was registered; the others that wake late find no connection
    (BlockingIOError) and wait again. With 8 workers woken in turn a query took a quarter more processor time.
    """

    def __init__(self, slot: WorkerSlot) -> None:
        self._queue_socket = slot.queue_socket  # does not block
        self._idle_timeout = _IDLE_TIMEOUT if slot.is_spare else None
        self._wait_for_connection = _make_waiter(slot.queue_socket)

    def accept(self) -> socket.socket | None:
        """Return the next connection; None if the queue is shut down, or no query came for a spare worker."""
        while True:
            try:
                return self._queue_socket.accept()[0]
            except BlockingIOError:
                events = self._wait_for_connection(self._idle_timeout)
                if not events or events[0][1] & select.POLLHUP:
                    return None
            except OSError:
                return None


def _make_waiter(queue_socket: socket.socket) -> Callable[[float | None], list[tuple[int, int]]]:
    """Return a function that waits for events so many seconds (None: for ever) and returns (fd, events)."""
    if sys.platform == "linux":
        exclusive_poll = select.epoll()
        exclusive_poll.register(queue_socket, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        return exclusive_poll.poll
    plain_poll = select.poll()
    plain_poll.register(queue_socket, select.POLLIN)
    return lambda seconds: plain_poll.poll(None if seconds is None else seconds * 1000)


def serve_queries(
    store: LocalStore, slot: WorkerSlot, scoreboard: Scoreboard, settings: HostSettings
) -> None:
    """Answer queries until the queue is shut down or the worker's niceness was raised; the caller exits."""
    gc.freeze()  # a collection would write to objects shared with the owner, and so copy their pages
    sandbox.limit_memory(settings.query_memory)
    pid, acceptor, niceness = os.getpid(), Acceptor(slot), os.getpriority(os.PRIO_PROCESS, 0)
    scoreboard.mark_idle(slot.slot_number, pid)
    while (connection := acceptor.accept()) is not None:
        with connection:
            connection.settimeout(_CLIENT_TIMEOUT)
            sender = PausedDeadlineSender(connection, slot.queue_socket, settings.answer_rate)
            _serve_connection(store, slot, scoreboard, sender)
        scoreboard.mark_idle(slot.slot_number, pid)
        if os.getpriority(os.PRIO_PROCESS, 0) > niceness:
            return  # only root may lower it again, and the next query must not pay for this one


def _serve_connection(
    store: LocalStore, slot: WorkerSlot, scoreboard: Scoreboard, sender: PausedDeadlineSender
) -> None:
    """Answer the query that a connection brings, within its deadline."""
    try:
        received = receive_job(sender.connection)
    except OSError:
        return
    if received is None or not isinstance(received[0], QueryJob):
        return
    job = received[0]
    scoreboard.mark_busy(slot.slot_number, os.getpid(), job.id)
    if sender.has_lost_client():  # after mark_busy: from here on the client's end cancels the job
        return
    signal.setitimer(signal.ITIMER_REAL, job.deadline)
    try:
        run_query_job(store.oxigraph, job, sender.send, store.prefixes)
    except UserError as error:
        _send_error(sender, error)
    except MemoryError:
        _send_error(
            sender, TooExpensive("The query used more memory than allowed.", hint="Ask for less at a time.")
        )
    except (BrokenPipeError, ConnectionError, TimeoutError):
        return
    except Exception as error:
        _send_error(
            sender, BadQuery(f"The engine refused the query: {type(error).__name__}.", hint="Change it.")
        )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _send_error(sender: PausedDeadlineSender, error: UserError) -> None:
    """Send an error to the client, if it is still connected."""
    with contextlib.suppress(OSError):
        sender.send(make_error_frame(error))


class PausedDeadlineSender:
    """Sends with the deadline's timer stopped: the time a slow client takes is not the query's.

    A client that reads less than `min_rate` bytes a second keeps its worker only while nobody waits for it.
    """

    def __init__(self, connection: socket.socket, queue_socket: socket.socket, min_rate: int) -> None:
        self.connection = connection
        self._min_rate = max(1, min_rate)
        self._credit = _SLOW_GRACE  # seconds that the client may still keep the worker waiting
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(queue_socket, select.POLLIN)
        self._writable.register(connection, select.POLLOUT)

    def has_lost_client(self) -> bool:
        """Return whether the client closed its connection."""
        return any(event & select.POLLHUP for _, event in self._writable.poll(0))

    def send(self, data: bytes) -> None:
        """Send all of `data`; raises TimeoutError if the client reads nothing, or too slowly."""
        self.connection.setblocking(False)
        remaining, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            rest, stalled_at = memoryview(data), time.monotonic()
            while rest:
                try:
                    sent = self.connection.send(rest)
                    rest, stalled_at = rest[sent:], time.monotonic()
                    self._credit = min(_SLOW_GRACE, self._credit + sent / self._min_rate)
                except BlockingIOError:
                    self._await_reader(stalled_at)
        finally:
            signal.setitimer(signal.ITIMER_REAL, remaining)

    def _await_reader(self, stalled_at: float) -> None:
        """Wait a moment for the client to read; raises TimeoutError if it has to give up its worker."""
        began = time.monotonic()
        self._writable.poll(_SEND_POLL * 1000)
        now = time.monotonic()
        self._credit = max(-_SLOW_GRACE, self._credit - (now - began))
        if now - stalled_at > _CLIENT_TIMEOUT or (self._credit < 0 and self._is_awaited()):
            raise TimeoutError

    def _is_awaited(self) -> bool:
        """Say whether a client waits that no idle worker takes at once, or the generation is retired."""
        if self._readable.poll(0):
            time.sleep(_SEND_POLL)
        return bool(self._readable.poll(0))


def fork_worker(
    store: LocalStore,
    slot: WorkerSlot,
    scoreboard: Scoreboard,
    settings: HostSettings,
    descriptors_to_close: list[int],
) -> int:
    """Fork a worker that answers on `slot`, and return its process id."""
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    # The child must never return into the owner's stack: every path below ends in os._exit.
    try:
        sandbox.die_with_parent(parent)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        sandbox.silence_stderr()
        for descriptor in descriptors_to_close:
            os.close(descriptor)
        serve_queries(store, slot, scoreboard, settings)
    except BaseException:
        os._exit(FAILED_EXIT_CODE)
    os._exit(0)


def wait_for_idle_threads(timeout: float) -> bool:
    """Return True once no other thread of this process runs, False after `timeout` seconds.

    A fork has only the thread that forked. A lock that a thread of RocksDB holds at that moment, to compact
    or to remove files, is never released in the child, and what it protects may be half changed there: such
    a worker hangs at its first query, or the engine crashes in it.
    """
    give_up_at = time.monotonic() + timeout
    before = _read_time_of_other_threads()
    while before != 0:
        time.sleep(_IDLE_WINDOW)
        now = _read_time_of_other_threads()
        if now == before and now is not None:
            return True
        if time.monotonic() > give_up_at:
            return False
        before = now
    return True


def _read_time_of_other_threads() -> int | None:
    """Return the nanoseconds that the other threads of this process have run; None while one of them runs."""
    total = 0
    for task in sandbox.list_other_threads():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            if (task / "stat").read_bytes().rpartition(b") ")[2][:1] != b"S":
                return None
            total += int((task / "schedstat").read_bytes().split()[0])
    return total


def has_run_longer(started_at: float, seconds: float) -> bool:
    """Say whether a query that started at `started_at` (0: none) has run for more than `seconds`."""
    return started_at > 0 and time.monotonic() - started_at > seconds
