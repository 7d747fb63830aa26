"""The outermost WSGI callable: refuses requests by their heads and names the client of the others.

Caches, metrics and logs further in have keys made of headers, so those must be short here. A refused
request still goes through the application, which answers it as any other error, without its long headers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sparqlhost.errors import HeadersTooLarge, UserError
from sparqlhost.pool.client_shares import CURRENT_CLIENT
from sparqlhost.protocol.request_facts import REFUSAL

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from sparqlhost.settings import HostSettings

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
        CURRENT_CLIENT.set(find_client(environ, proxies))
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
