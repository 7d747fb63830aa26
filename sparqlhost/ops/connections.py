"""The listening socket, opened once by the main process and shared by the server processes.

One socket, so one queue of waiting connections: a process that ends leaves them to the others.
"""

from __future__ import annotations

import errno
import resource
import socket
import sys
import time
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Protocol

from sparqlhost.errors import Busy, StoreUnavailable, TooSlow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


LISTEN_BACKLOG = 4096
#: connections a server process holds; idle ones wait here for up to 30 seconds and keep nobody out.
MAX_CONNECTIONS = 8192
_RESERVED_DESCRIPTORS = 512  # descriptors a server process needs besides, with every thread at work


def raise_connection_limit() -> int:
    """Return how many connections a process may hold; lets it open as many files as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _RESERVED_DESCRIPTORS
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < ceiling:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
    return max(min(ceiling - _RESERVED_DESCRIPTORS, MAX_CONNECTIONS), 128)


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port` (0: a free one).

    Raises StoreUnavailable with what to do when the address is taken or not ours.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, proto)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(LISTEN_BACKLOG)
    except (OSError, OverflowError) as error:
        raise _make_listen_error(host, port, error) from error
    listener.set_inheritable(True)
    return listener


def _make_listen_error(host: str, port: int, error: OSError | OverflowError) -> StoreUnavailable:
    """Return the sentence for an address that could not be had."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        what = f"Port {port} of {host} is in use by another program."
    elif number == errno.EACCES:
        what = f"Port {port} may only be opened by an administrator."
    else:
        what = f"Cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}."
    return StoreUnavailable(what, hint="Choose another with --port or PORT; --port 0 takes a free one.")


def get_listener_url(listener: socket.socket) -> str:
    """Return the address a browser takes, with the port really used."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


#: MERGED kg.serving.bodies
#: MERGED Bodies of requests that come in time, and never from so many clients that nobody else is answered.
#: MERGED
#: MERGED The HTTP server hands out a body that is still under way, and waits in a read of it as long as the client
#: MERGED stays. So a slow body is read byte by byte, with a look at the clock between; and there are places for a
#: MERGED number of bodies only, beside the threads that answer. Another thread must not read in the request's place:
#: MERGED granian stands still when the answer leaves before that read has ended.


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
