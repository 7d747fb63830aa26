"""A fair share of the query workers for each client, so that one of them cannot use up the service.

The HTTP server does not tell when a client hangs up while its query runs, and a client may read its answer as
slowly as it likes. So what bounds the harm is how many places one client has: a client that holds its share
waits for its own queries, and others do not.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextvars import ContextVar
from threading import Condition, Lock

from sparqlhost.errors import TooManyRequests

#: names the client of the request that this thread handles, "" for the application itself; set by the server.
CURRENT_CLIENT: ContextVar[str] = ContextVar("CURRENT_CLIENT", default="")
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
