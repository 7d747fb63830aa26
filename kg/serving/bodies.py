"""Bodies of requests that come in time, and never from so many clients that nobody else is answered.

The HTTP server hands out a body that is still under way, and waits in a read of it as long as the client
stays. So a slow body is read byte by byte, with a look at the clock between; and there are places for a
number of bodies only, beside the threads that answer. Another thread must not read in the request's place:
granian stands still when the answer leaves before that read has ended.
"""

from __future__ import annotations

import sys
import time
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Protocol

from kg.errors import Busy, TooSlow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: bytes that must have come each time a request's patience is over.
MIN_BYTES_PER_WINDOW = 64_000
#: bodies of a server process that may be under way at a time; each holds a connection and a thread.
MAX_CONCURRENT_BODIES = 512
_MAX_CHUNK_BYTES = 1 << 20
_FAST_READ_SECONDS = 0.05


class WsgiInput(Protocol):
    """What WSGI calls the input (PEP 3333)."""

    def read(self, size: int, /) -> bytes:
        """Return `size` bytes, fewer at the end only."""
        ...


def limit_slow_bodies(
    application: WSGIApplication, window_seconds: float, max_bodies: int = MAX_CONCURRENT_BODIES
) -> WSGIApplication:
    """Return `application` with bodies that raise TooSlow, or Busy when `most` are under way."""
    places = BoundedSemaphore(max_bodies)

    def handle_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"] = MinRateBody(environ["wsgi.input"], window_seconds, places)
        return application(environ, start_response)

    return handle_request


class MinRateBody:
    """The input of one request."""

    def __init__(self, source: WsgiInput, window_seconds: float, slots: BoundedSemaphore) -> None:
        """Read `source` as long as each LEAST bytes of it come within `patience` seconds."""
        self._source = source
        self._window_seconds = window_seconds
        self._slots = slots

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, or all, fewer at the end only; raises TooSlow, or Busy."""
        if not self._slots.acquire(blocking=False):
            raise Busy("Too many requests are sending their bodies at once.", hint="Try again in a moment.")
        try:
            return self._read_at_min_rate(size if size >= 0 else sys.maxsize)
        finally:
            self._slots.release()

    def _read_at_min_rate(self, wanted: int) -> bytes:
        """Read in pieces that grow while they come quickly, and start again at one byte when they do not."""
        held = bytearray()
        step, before = 1, 0
        window = now = time.monotonic()
        while len(held) < wanted and (piece := self._source.read(min(step, wanted - len(held)))):
            held += piece
            began, now = now, time.monotonic()
            step = min(step * 2, _MAX_CHUNK_BYTES) if now - began < _FAST_READ_SECONDS else 1
            if now - window > self._window_seconds:
                if len(held) - before < MIN_BYTES_PER_WINDOW:
                    raise _make_too_slow_error(len(held), self._window_seconds)
                window, before = now, len(held)
        return bytes(held)


def _make_too_slow_error(received: int, window_seconds: float) -> TooSlow:
    """Return the error for a body that drips."""
    return TooSlow(
        f"The body comes too slowly: {received} bytes, less than {MIN_BYTES_PER_WINDOW} in the last {window_seconds:g} seconds.",
        hint="Send it again over a faster line; nothing was changed.",
    )
