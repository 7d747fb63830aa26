"""What comes in: the listening socket, heads of requests, bodies that must arrive at a minimum rate.

The main process opens one socket for all server processes, so there is one queue of connections: those that a
process which ends did not accept are left to the others.

The HTTP server hands out a body that is still arriving, and a read of it blocks as long as the client stays.
So a slow body is read byte by byte, with a look at the clock in between, and only a limited number of threads
may wait for bodies, besides the threads that answer. The read cannot be moved to another thread: granian
hangs when the response is sent before that read has ended.

A head is checked before the application sees it, since metrics and logs have keys made of headers. A refused
request still goes through the application, which answers it as any other error, without its long headers.
"""

from __future__ import annotations

import errno
import resource
import socket
import sys
import time
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Protocol

from sparqlhost.errors import Busy, HeadersTooLarge, StoreUnavailable, TooSlow, UserError
from sparqlhost.pool.clients import CURRENT_CLIENT, RequestClient
from sparqlhost.protocol.request_facts import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from sparqlhost.settings import HostSettings


LISTEN_BACKLOG = 4096
#: connections that a server process may have; idle ones stay up to 30 seconds, without blocking others.
MAX_CONNECTIONS = 8192
_RESERVED_DESCRIPTORS = 512  # descriptors that a server process needs besides, with every thread busy


def raise_connection_limit() -> int:
    """Raise the limit of open files of this process; return how many connections it may have then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _RESERVED_DESCRIPTORS
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < ceiling:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
    return max(min(ceiling - _RESERVED_DESCRIPTORS, MAX_CONNECTIONS), 128)


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port` (0: a free one).

    Raises StoreUnavailable when the address is in use or not one of this machine.
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
    """Return the error for an address that cannot be listened on."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        message = f"Port {port} of {host} is in use by another program."
    elif number == errno.EACCES:
        message = f"Port {port} may only be opened by an administrator."
    else:
        message = f"Cannot listen on {host} port {port}: {getattr(error, 'strerror', None) or error}."
    return StoreUnavailable(message, hint="Choose another with --port; --port 0 takes a free one.")


def get_listener_url(listener: socket.socket) -> str:
    """Return the address for a browser, with the actual port."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


#: bytes of a body that must arrive in each window of `body_patience` seconds.
MIN_BYTES_PER_WINDOW = 64_000
#: bodies that may be arriving at a time in a server process; each takes a connection and a thread.
MAX_CONCURRENT_BODIES = 512
_MAX_CHUNK_BYTES = 1 << 20
_FAST_READ_SECONDS = 0.05


class WsgiInput(Protocol):
    """The request body of WSGI (PEP 3333)."""

    def read(self, size: int, /) -> bytes:
        """Return `size` bytes, fewer at the end only."""
        ...


def limit_slow_bodies(
    application: WSGIApplication, window_seconds: float, max_bodies: int = MAX_CONCURRENT_BODIES
) -> WSGIApplication:
    """Return `application` with bodies that raise TooSlow, or Busy when `max_bodies` are arriving."""
    slots = BoundedSemaphore(max_bodies)

    def handle_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"] = MinRateBody(environ["wsgi.input"], window_seconds, slots)
        return application(environ, start_response)

    return handle_request


class MinRateBody:
    """The input of one request."""

    def __init__(self, source: WsgiInput, window_seconds: float, slots: BoundedSemaphore) -> None:
        """Read `source` while MIN_BYTES_PER_WINDOW arrive in each window; `slots` limits concurrent reads."""
        self._source = source
        self._window_seconds = window_seconds
        self._slots = slots

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes (-1: all), fewer at the end only; raises TooSlow, or Busy."""
        if not self._slots.acquire(blocking=False):
            raise Busy("Too many requests are sending their bodies at once.", hint="Try again in a moment.")
        try:
            return self._read_at_min_rate(size if size >= 0 else sys.maxsize)
        finally:
            self._slots.release()

    def _read_at_min_rate(self, wanted: int) -> bytes:
        """Read in chunks that double while reads are fast, and start again at one byte after a slow read."""
        received = bytearray()
        step, before = 1, 0
        window = now = time.monotonic()
        while len(received) < wanted and (chunk := self._source.read(min(step, wanted - len(received)))):
            received += chunk
            began, now = now, time.monotonic()
            step = min(step * 2, _MAX_CHUNK_BYTES) if now - began < _FAST_READ_SECONDS else 1
            if now - window > self._window_seconds:
                if len(received) - before < MIN_BYTES_PER_WINDOW:
                    raise _make_too_slow_error(len(received), self._window_seconds)
                window, before = now, len(received)
        return bytes(received)


def _make_too_slow_error(received: int, window_seconds: float) -> TooSlow:
    """Return the error for a body that arrives too slowly."""
    return TooSlow(
        f"The body arrives too slowly: {received} bytes so far, "
        f"less than {MIN_BYTES_PER_WINDOW} in the last {window_seconds:g} seconds.",
        hint="Send it again over a faster connection; nothing was changed.",
    )


#: headers that this software reads, as WSGI names them; the HTTP server drops the others with the request.
_READ_HEADERS = tuple(
    f"HTTP_{name}"
    for name in (
        "ACCEPT", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "AUTHORIZATION", "CACHE_CONTROL", "COOKIE", "HOST",
        "IF_NONE_MATCH", "ORIGIN", "RANGE", "X_FORWARDED_FOR", "X_QUERY_ID", "X_REQUEST_ID",
    )
)  # fmt: skip
_MAX_METHOD_LENGTH = 32


def guard_requests(application: WSGIApplication, settings: HostSettings) -> WSGIApplication:
    """Return `application` behind the checks."""
    proxies = frozenset(settings.trusted_proxies)
    hosts = frozenset(host.lower() for host in settings.allowed_hosts)

    def handle_request(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if refusal := find_refusal(environ, settings.header_size, hosts):
            environ[REFUSAL] = refusal
        CURRENT_CLIENT.set(RequestClient(find_client(environ, proxies), environ.get("REMOTE_ADDR", "")))
        return application(environ, start_response)

    return handle_request


def find_refusal(environ: WSGIEnvironment, max_bytes: int, hosts: frozenset[str]) -> UserError | None:
    """Return why a request is not answered, None if it is; what is too long is removed from `environ`."""
    get = environ.get
    if sum(len(get(name, "")) for name in _READ_HEADERS) + len(get("CONTENT_TYPE", "")) > max_bytes:
        for name in (*_READ_HEADERS, "CONTENT_TYPE"):
            environ.pop(name, None)
        return HeadersTooLarge(
            f"The headers of the request have more than {max_bytes} bytes.", hint="Send shorter ones."
        )
    if len(environ["REQUEST_METHOD"]) > _MAX_METHOD_LENGTH:
        environ["REQUEST_METHOD"] = "GET"
        return UserError("The method of the request is too long.", hint="Send GET, HEAD or POST.")
    return _check_host(get("HTTP_HOST", ""), get("SERVER_PROTOCOL", ""), hosts)


def _check_host(host: str, protocol: str, hosts: frozenset[str]) -> UserError | None:
    """Return what is wrong with the Host header (RFC 9112 section 3.2)."""
    if not host:  # HTTP/1.0 has none
        is_missing = protocol == "HTTP/1.1"
        return UserError("The request has no Host header.", hint="Send one.") if is_missing else None
    if "," in host:
        return UserError("The request has more than one Host header.", hint="Send one.")
    if hosts and host.rpartition(":")[0].lower() not in hosts and host.lower() not in hosts:
        return UserError(f"This server does not answer for {host[:80]!r}.", hint="Use its own name.")
    return None


def find_client(environ: WSGIEnvironment, proxies: frozenset[str]) -> str:
    """Return the address of the client: the last one that a trusted proxy names, else the connection's."""
    address: str = environ.get("REMOTE_ADDR", "")
    if address in proxies and (forwarded := environ.get("HTTP_X_FORWARDED_FOR", "")):
        return str(forwarded).rpartition(",")[2].strip()[:64]
    return address
