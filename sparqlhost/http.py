"""The one HTTP client of the service: every request to another host goes through `send_request`.

Whatever the server at the other end does:

- the host name is resolved once, and the connection goes to one of the addresses that were checked;
- no redirect is followed: it may lead to a host that nobody named;
- the whole exchange, from the connection to the last byte, ends at one deadline;
- a body that ends early, or has more bytes than allowed once it is decompressed, is an error;
- certificates are verified, and the request says which product sends it.

Every failure is a UserError whose sentence names the peer. Nothing here knows SPARQL or RDF.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import socket
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from sparqlhost.addresses import resolve_host
from sparqlhost.errors import StoreUnavailable, TooExpensive, UserError
from sparqlhost.settings import HostSettings

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
BLOCK_SIZE = 1 << 16  # bytes
CONNECT_SECONDS = 10.0
_COMPLAINT_LENGTH = 200  # characters of a server's explanation that are passed on
_TIMEOUT_STATUSES = frozenset({408, 504})
_TRANSPORT_ERRORS = (OSError, http.client.HTTPException, urllib3.exceptions.HTTPError, ValueError)
#: characters of an address that are sent as written; others are percent-encoded (RFC 3986, section 2).
_URL_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What one exchange may take, and where it may go."""

    #: for everything: connecting, sending, and reading to the last byte.
    seconds: float
    #: of the body, after decompression; None: any number.
    max_bytes: int | None = None
    #: host names that may resolve to private addresses. None: all may, since the user gave this very address;
    #: such a request also goes through the proxy that the environment names.
    private_hosts: tuple[str, ...] | None = ()
    #: without a byte; None: as long as the deadline lets.
    idle_seconds: float | None = None
    #: the User-Agent.
    product: str = HostSettings.PRODUCT


@dataclass(frozen=True, slots=True)
class Peer:
    """How the errors of an exchange name the server, and what they tell the user to do."""

    subject: str
    #: ends each sentence, e.g. "; nothing was changed".
    suffix: str = ""
    location: str = ""
    hint: str = "Check the address and that the server runs."
    timeout_hint: str = "Try again later."
    size_hint: str = "Ask for less."
    timeout_error: type[UserError] = TooExpensive
    timeout_location: str = ""
    size_error: type[UserError] = StoreUnavailable

    def unavailable(self, failure: str) -> StoreUnavailable:
        """Return the error of a server that cannot be reached or does not answer as it should."""
        return StoreUnavailable(
            f"{self.subject} {failure}{self.suffix}.", location=self.location, hint=self.hint
        )

    def timed_out(self) -> UserError:
        """Return the error of an exchange that did not end before its deadline."""
        sentence = f"{self.subject} did not answer in time{self.suffix}."
        location = self.timeout_location or self.location
        return self.timeout_error(sentence, location=location, hint=self.timeout_hint)

    def too_large(self, max_bytes: int) -> UserError:
        """Return the error of a body over the limit."""
        sentence = f"{self.subject} exceeds the limit of {max_bytes:,} bytes{self.suffix}."
        return self.size_error(sentence, location=self.location, hint=self.size_hint)


def send_request(
    method: str,
    url: str,
    peer: Peer,
    limits: RequestLimits,
    headers: Mapping[str, str] = NO_HEADERS,
    body: bytes | None = None,
) -> Response:
    """Send a request and return the response as soon as its head is here, whatever its status.

    A user and password in `url` are sent as basic authentication. Raises StoreUnavailable where no answer
    comes, and the peer's timeout error at the deadline.
    """
    if limits.seconds <= 0:
        raise peer.timed_out()
    deadline = _Deadline(limits.seconds)
    connection: HTTPConnection | None = None
    try:
        parts = _split_http_url(url)
        connection, target, route_headers = _prepare_connection(parts, deadline, limits)
        connection.connect()
        # A server may refuse a long body before it has read it; its answer says why.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(
                method,
                target,
                body,
                {"User-Agent": limits.product, **_make_authorization(parts), **route_headers, **headers},
                preload_content=False,
            )
        return Response(connection.getresponse(), connection, deadline, url, peer, limits)
    except _TRANSPORT_ERRORS as error:
        failure = _explain_failure(error, deadline, peer, "cannot be reached")
        deadline.cancel()
        if connection is not None:
            connection.close()
        raise failure from error


class Response(io.RawIOBase):
    """An HTTP response: status, headers, and the decompressed body as a file that is read as it arrives.

    Reading raises the peer's errors at the deadline, over the size limit, and where the body breaks off.
    """

    def __init__(
        self,
        response: HTTPResponse,
        connection: HTTPConnection,
        deadline: _Deadline,
        url: str,
        peer: Peer,
        limits: RequestLimits,
    ) -> None:
        super().__init__()
        self._response, self._connection, self._deadline = response, connection, deadline
        self._url, self._peer, self._max_bytes = url, peer, limits.max_bytes
        self._byte_count = 0
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.media_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def readable(self) -> bool:
        """Return true: the body can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what has arrived; return the number of bytes, 0 at the end of the body."""
        try:
            part = self._response.read1(min(len(buffer), BLOCK_SIZE), decode_content=True)
        except _TRANSPORT_ERRORS as error:
            failure = "broke off before the end of its answer"
            raise _explain_failure(error, self._deadline, self._peer, failure) from error
        if not part:
            # The timer's shutdown looks like an end of the body where the head announced no length.
            if self._deadline.expired:
                raise self._peer.timed_out()
            self._release()
        self._byte_count += len(part)
        if self._max_bytes is not None and self._byte_count > self._max_bytes:
            raise self._peer.too_large(self._max_bytes)
        buffer[: len(part)] = part
        return len(part)

    @property
    def redirect_target(self) -> str | None:
        """The absolute address that a redirect leads to, None for any other response."""
        location = self.headers.get("Location")
        return urljoin(self._url, location) if 300 <= self.status < 400 and location else None

    def require_success(self) -> None:
        """Raise what a status outside 200 to 299 means, and close the response."""
        if 200 <= self.status < 300:
            return
        with self:
            if self.redirect_target is not None:
                host = urlsplit(self.redirect_target).netloc.rpartition("@")[2]
                raise self._peer.unavailable(f"redirects to {host}, which is not followed")
            if self.status in _TIMEOUT_STATUSES:
                raise self._peer.timed_out()
            complaint = self.read_complaint()
            reason = f": {complaint}" if complaint else " without an explanation"
            raise self._peer.unavailable(f"answered status {self.status}{reason}")

    def read_complaint(self) -> str:
        """Return the first words of a plain-text body, as far as it comes; an HTML page is only named."""
        if "html" in self.media_type:
            return "an HTML page"
        text = b""
        with contextlib.suppress(UserError):
            while len(text) < 4 * _COMPLAINT_LENGTH and (block := self.read(_COMPLAINT_LENGTH)):
                text += block
        return " ".join(text.decode("utf-8", "replace").split())[:_COMPLAINT_LENGTH]

    def close(self) -> None:
        """Close the connection."""
        self._release()
        super().close()

    def _release(self) -> None:
        self._deadline.cancel()
        self._response.close()
        self._connection.close()


class _Deadline:
    """A timer that shuts the connection down when the time for the whole exchange is over.

    A socket's own timeout starts again with every byte: a server that drips its head or its body would
    never reach it. shutdown() wakes a thread that is blocked in recv(), close() does not. It is called on a
    duplicate of the socket, since TLS replaces the original, and shutdown() acts on the connection behind
    both.
    """

    def __init__(self, seconds: float) -> None:
        self._expires_at = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.expired = False
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, sock: socket.socket) -> None:
        """Shut the connection of `sock` down at the deadline."""
        with self._lock:
            self._socket = sock.dup()

    def require_remaining_seconds(self) -> float:
        """Return the seconds left; raises TimeoutError when there are none."""
        remaining = self._expires_at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining

    def cancel(self) -> None:
        """Stop the timer: the exchange is over."""
        self._timer.cancel()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _expire(self) -> None:
        with self._lock:
            self.expired = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)


class _PinnedHTTPConnection(HTTPConnection):
    """A connection over a socket that `open_socket` opened.

    `_new_conn` is where urllib3 2 opens its socket. Replacing it leaves the host name in place for the Host
    header, SNI and the certificate check, while the connection goes to the address that was checked.
    """

    open_socket: Callable[[], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.open_socket()


class _PinnedHTTPSConnection(HTTPSConnection):
    """The same with TLS."""

    open_socket: Callable[[], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.open_socket()


def _prepare_connection(
    parts: SplitResult, deadline: _Deadline, limits: RequestLimits
) -> tuple[HTTPConnection, str, Mapping[str, str]]:
    """Return the connection to open, the target of the request line and headers for the way there."""
    encrypted = parts.scheme == "https"
    proxy = _find_proxy(parts) if limits.private_hosts is None else None
    proxy_headers = _make_authorization(proxy, "Proxy-Authorization") if proxy else NO_HEADERS
    host, port = _get_host_and_port(proxy or parts)
    connection_class = _PinnedHTTPSConnection if encrypted else _PinnedHTTPConnection
    connection = connection_class(host, port, timeout=limits.idle_seconds or limits.seconds)
    connection.open_socket = functools.partial(_open_socket, host, port, deadline, limits.private_hosts)
    target = quote(urlunsplit(("", "", parts.path or "/", parts.query, "")), safe=_URL_CHARACTERS)
    if proxy and encrypted:
        connection.set_tunnel(*_get_host_and_port(parts), headers=proxy_headers)
    elif proxy:
        # A proxy is given the whole address (RFC 9112, section 3.2.2).
        return connection, f"http://{parts.netloc.rpartition('@')[2]}{target}", proxy_headers
    return connection, target, NO_HEADERS


def _open_socket(
    host: str, port: int, deadline: _Deadline, private_hosts: tuple[str, ...] | None
) -> socket.socket:
    """Return a socket connected to the first address of `host` that answers."""
    failure: OSError | None = None
    for family, kind, protocol, _, address in resolve_host(host, port, private_hosts):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(min(CONNECT_SECONDS, deadline.require_remaining_seconds()))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(deadline.require_remaining_seconds())
            deadline.watch(sock)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure or OSError(f"the name {host} has no address")


def remove_credentials(url: str) -> str:
    """Return an address without user and password, as messages may show it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _split_http_url(url: str) -> SplitResult:
    """Return the parts of an address; raises ValueError where it is not http or https, or has no host."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an http or https address")
    return parts


def _get_host_and_port(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _make_authorization(parts: SplitResult, header: str = "Authorization") -> dict[str, str]:
    """Return the header of basic authentication for the user and password in an address."""
    if not parts.username:
        return {}
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {header: f"Basic {b64encode(credentials.encode()).decode()}"}


def _find_proxy(parts: SplitResult) -> SplitResult | None:
    """Return the proxy that the environment (http_proxy, https_proxy, no_proxy) names for an address."""
    address = urllib.request.getproxies().get(parts.scheme)
    if not address or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return urlsplit(address if "://" in address else f"http://{address}")


def _explain_failure(error: Exception, deadline: _Deadline, peer: Peer, failure: str) -> UserError:
    """Return the peer's error for what went wrong below HTTP."""
    timeouts = (TimeoutError, urllib3.exceptions.TimeoutError)
    if deadline.expired or isinstance(error, timeouts):
        return peer.timed_out()
    cause = error.args[-1] if error.args and isinstance(error.args[-1], Exception) else error
    if isinstance(cause, http.client.IncompleteRead):
        return peer.unavailable(failure)
    reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return peer.unavailable(f"{failure} ({' '.join(reason.split())})")
