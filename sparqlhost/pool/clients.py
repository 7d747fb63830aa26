"""The clients of the engine: a fair share of its places for each, and an end to queries of those who left.

A client may read its answer as slowly, and ask as often as it likes. So what bounds the harm is how many
places one client has: a client that holds its share waits for its own queries, and others do not.

The HTTP server closes a connection whose client is gone, but does not tell: a thread that waits for the
engine learns it when it sends. So a thread of this process compares, four times a second, the waiting queries
with the TCP connections of the process. The server names the address of a client and not its port, so a query
may belong to each connection of that address on which the last bytes arrived shortly before it began. When
all of them are closed, or there was none, the client is gone. So nobody who stays is taken for one who left.

A client can hide that it hung up behind another connection of its address, at no gain: its queries count
against its share like those of a client that stays.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from threading import Condition, Lock, Thread

from sparqlhost.errors import Cancelled, TooManyRequests


@dataclass(frozen=True, slots=True)
class RequestClient:
    """Who sent a request: the name that its share counts under, and the address of its connection here.

    Both are "" for the application itself. They differ behind a proxy.
    """

    name: str = ""
    peer: str = ""


#: the client of the request that this thread handles; set by the server.
CURRENT_CLIENT: ContextVar[RequestClient] = ContextVar("CURRENT_CLIENT", default=RequestClient())  # noqa: B039
#: seconds that a query waits for its client's own queries to end.
SHARE_TIMEOUT = 5.0
#: queries of one client that may wait so; each takes a thread.
MAX_WAITING = 32


class _Share:
    """The queries of one client: how many are at the engine, how many wait, and what they wait for."""

    __slots__ = ("changed", "running", "waiting")

    def __init__(self, lock: Lock) -> None:
        self.running, self.waiting, self.changed = 0, 0, Condition(lock)


class ClientShares:
    """Counts the queries of each client in this process."""

    def __init__(self, max_queries: int, timeout: float = SHARE_TIMEOUT) -> None:
        """Let each client have `max_queries` (0: any number) at a time; more wait for `timeout` seconds."""
        self._max_queries, self._timeout = max_queries, timeout
        self._shares: dict[str, _Share] = {}
        self._lock = Lock()

    def acquire(self, client: str) -> Callable[[], None]:
        """Return the function that gives the place back; raises TooManyRequests when none became free."""
        if not client or not self._max_queries:
            return lambda: None
        with self._lock:
            share = self._shares.get(client) or self._shares.setdefault(client, _Share(self._lock))
            if share.running >= self._max_queries:
                self._wait_for_place(share)
            share.running += 1
        return lambda: self._release(client, share)

    def _wait_for_place(self, share: _Share) -> None:
        """Wait until the client has fewer queries than its share; the lock is held."""
        give_up_at = time.monotonic() + self._timeout
        share.waiting += 1
        try:
            while share.running >= self._max_queries:
                remaining = give_up_at - time.monotonic()
                if share.waiting > MAX_WAITING or remaining <= 0:
                    raise TooManyRequests(
                        f"{self._max_queries} queries of this client are running here, which is its share.",
                        hint="Wait for them, or cancel one.",
                    )
                share.changed.wait(remaining)
        finally:
            share.waiting -= 1

    def _release(self, client: str, share: _Share) -> None:
        with self._lock:
            share.running -= 1
            if share.waiting:
                share.changed.notify()
            elif not share.running:
                del self._shares[client]


class SharedConnection(socket.socket):
    """A connection to the engine that gives its client's place back when it is closed."""

    on_close: Callable[[], None] | None = None

    def close(self) -> None:
        """Close the connection; the place is given back once."""
        on_close, self.on_close = self.on_close, None
        super().close()
        if on_close is not None:
            on_close()


#: seconds between two looks, and the age from which a query is looked at.
CHECK_SECONDS = 0.25
#: seconds by which the bytes of a request may seem to arrive after its query began (the kernel counts ticks).
_CLOCK_TOLERANCE = 0.05
#: seconds that a request may wait for a thread before its query begins.
_MAX_START_DELAY = 5.0
_TCP_INFO_SIZE = 104
_LAST_DATA_RECEIVED = struct.Struct("=I")  # milliseconds since then, `tcpi_last_data_recv` of tcp(7)
_LAST_DATA_RECEIVED_OFFSET = 52


@dataclass(frozen=True, slots=True)
class ClientConnection:
    """An open TCP connection of this process: its descriptor, its other end, seconds since a byte came."""

    descriptor: int
    address: str
    port: int
    idle_seconds: float

    @property
    def key(self) -> tuple[int, int]:
        """Names the connection, also when its descriptor is used again."""
        return self.descriptor, self.port


class WatchedQuery:
    """A query that waits for the engine or runs there, for the client at an address ("": nobody to watch)."""

    def __init__(self, address: str, cancel: Callable[[], object]) -> None:
        """Call `cancel` when the client is gone: it stops the query if a worker runs it."""
        self.address = normalize_address(address) if address else ""
        self.started_at = time.monotonic()
        #: the connections that may be the client's, once somebody looked.
        self.connections: set[tuple[int, int]] | None = None
        self._cancel = cancel
        self._engine_connection: socket.socket | None = None
        self._is_abandoned = False

    def set_engine_connection(self, connection: socket.socket) -> None:
        """Name the connection that brings the answer; raises Cancelled if the client is gone already."""
        self._engine_connection = connection
        if self._is_abandoned:
            connection.close()
            raise Cancelled("The client hung up.")

    def abandon(self) -> None:
        """End the query: its connection, so that no worker starts it and no thread waits, then the worker."""
        self._is_abandoned = True
        if self._engine_connection is not None:
            with suppress(OSError):
                self._engine_connection.shutdown(socket.SHUT_RDWR)
        self._cancel()


class HangupWatch:
    """The queries of this process whose clients are watched."""

    def __init__(self) -> None:
        """Watch nothing yet; a thread runs while there is something to watch."""
        self._lock = Lock()
        self._queries: set[WatchedQuery] = set()
        self._thread: Thread | None = None

    def add(self, query: WatchedQuery) -> None:
        """Watch the client of `query`, if it has an address."""
        if not query.address:
            return
        with self._lock:
            self._queries.add(query)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="hangups", daemon=True)
                self._thread.start()

    def remove(self, query: WatchedQuery) -> None:
        """Stop watching."""
        with self._lock:
            self._queries.discard(query)

    def _run(self) -> None:
        """Look again and again; the thread ends when it found nothing to watch for a while."""
        idle_rounds = 0
        while True:
            time.sleep(CHECK_SECONDS)
            with self._lock:
                queries = list(self._queries)
                idle_rounds = 0 if queries else idle_rounds + 1
                if idle_rounds > 40:
                    self._thread = None
                    return
            old = [query for query in queries if time.monotonic() - query.started_at > CHECK_SECONDS]
            for query in find_abandoned(old, list(list_tcp_connections())) if old else ():
                self.remove(query)
                query.abandon()


def find_abandoned(queries: list[WatchedQuery], connections: list[ClientConnection]) -> list[WatchedQuery]:
    """Return the queries whose clients are gone; new ones are given their connections."""
    now = time.monotonic()
    for query in queries:
        if query.connections is None:
            # what is a query's own got no byte since the query began, and its last one not long before
            delays = {
                connection.key: connection.idle_seconds - (now - query.started_at)
                for connection in connections
                if connection.address == query.address
            }
            silent = {key for key, delay in delays.items() if delay > -_CLOCK_TOLERANCE}
            prompt = {key for key in silent if delays[key] < _MAX_START_DELAY}
            query.connections = prompt or silent
    open_keys = {connection.key for connection in connections}
    return [query for query in queries if not (query.connections or set()) & open_keys]


def list_tcp_connections() -> Iterator[ClientConnection]:
    """Yield the TCP connections that this process has open."""
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError, ValueError):
            # The descriptor may be another one's by now; it is only asked, and never closed here.
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, int(name))
            try:
                address, port = sock.getpeername()[:2]
                facts = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
            finally:
                sock.detach()
            (milliseconds,) = _LAST_DATA_RECEIVED.unpack_from(facts, _LAST_DATA_RECEIVED_OFFSET)
            yield ClientConnection(int(name), normalize_address(address), port, milliseconds / 1000)


@lru_cache(maxsize=1000)
def normalize_address(address: str) -> str:
    """Return an IP address in one spelling, that of IPv4 also where IPv6 wraps it.

    >>> normalize_address("::ffff:127.0.0.1"), normalize_address("0::1")
    ('127.0.0.1', '::1')
    """
    with suppress(ValueError):
        parsed = ip_address(address.partition("%")[0])
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return address
