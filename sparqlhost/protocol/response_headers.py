"""The headers that every response gets: validators and `Cache-Control`, CORS of reads, limits for browsers.

An answer to GET is a function of the version of the data, the address and the negotiated media type; its ETag
is a digest of these. The ETag is weak (RFC 9110 section 8.8.1), since a compressed answer has the same one.
`sparqlhost.ops.cache_middleware` decides which answers are cached.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType

from flask import Blueprint, Response, current_app, request

from sparqlhost.protocol.app_context import get_host_context, get_store
from sparqlhost.protocol.endpoint_table import CachePolicy, find_current_endpoint, get_endpoint_table

blueprint = Blueprint("response_headers", __name__)
_EXPOSED_HEADERS = (
    "X-Result-Limit, X-Result-Truncated, X-Remote-Failed, X-Request-Id, Retry-After, Location, Link, ETag"
)

#: A page may load files of this server only, and may not be framed (Content Security Policy Level 3).
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        # Empty, since the name of the server would tell which vulnerabilities to try.
        "Server": "",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
)


@blueprint.after_app_request
def add_headers(response: Response) -> Response:
    """Add what every response gets, errors included."""
    return add_security_headers(allow_cross_origin_reads(add_validators(response)))


def add_security_headers(response: Response) -> Response:
    """Add SECURITY_HEADERS; a redirect never repeats the client's Host."""
    location = response.location or ""
    if 300 <= response.status_code < 400 and location.startswith(request.host_url):
        response.location = "/" + location.removeprefix(request.host_url).lstrip("/")
    response.headers.extend(SECURITY_HEADERS)
    return response


def allow_cross_origin_reads(response: Response) -> Response:
    """Let pages of other origins read what needs no token; without credentials, so no cookies are sent.

    An answer with a `Cross-Origin-Resource-Policy` of its own stays with this origin.
    """
    endpoint = find_current_endpoint()
    if (endpoint and endpoint.requires_token) or "Cross-Origin-Resource-Policy" in response.headers:
        return response
    if request.method == "OPTIONS":
        methods = _list_open_methods()
        if not methods:
            return response
        response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
        response.headers["Access-Control-Allow-Headers"] = "Accept, Content-Type, X-Query-Id"
        response.headers["Access-Control-Max-Age"] = "86400"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
    return response


def _list_open_methods() -> list[str]:
    """Return the methods that the address of the request answers without a token."""
    table, rule = get_endpoint_table(current_app), request.url_rule
    endpoints = {method: table.find(rule.rule, method) for method in ("GET", "POST")} if rule else {}
    return [method for method, endpoint in endpoints.items() if endpoint and not endpoint.requires_token]


def add_validators(response: Response) -> Response:
    """Give a GET answer its ETag and `Cache-Control`, or make it a 304 if the client's copy is current."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or _may_not_be_stored():
        response.headers.setdefault("Cache-Control", CachePolicy.NO_STORE.value)
        return response
    if response.headers.get("ETag") or "no-store" in response.headers.get("Cache-Control", ""):
        return response
    response.headers.setdefault("Cache-Control", CachePolicy.REVALIDATE.value)
    if response.headers.get("Vary") != "Accept":
        response.vary.add("Accept")
    response.headers["ETag"] = f'W/"{_compute_etag(response)}"'
    return _apply_if_none_match(response)


def _may_not_be_stored() -> bool:
    """Return whether the endpoint's answers depend on more than the data."""
    endpoint = find_current_endpoint()
    return endpoint is not None and endpoint.cache is CachePolicy.NO_STORE


def _compute_etag(response: Response) -> str:
    """Return a digest that identifies this representation of this version of the data."""
    parts = (
        get_host_context().pages.code_version,
        get_store().version,
        request.host,
        request.path,
        request.query_string.decode("latin-1"),
        response.headers.get("Content-Type", ""),
        response.headers.get("Content-Language", ""),
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _apply_if_none_match(response: Response) -> Response:
    """Make the answer a 304 if `If-None-Match` names it, and stop the work behind its body."""
    if_none_match = request.environ.get("HTTP_IF_NONE_MATCH")
    if if_none_match is not None and matches_etag(if_none_match, response.headers["ETag"]):
        response.status_code = 304
        close_body(response.response)
    return response


def matches_etag(if_none_match: str, etag: str) -> bool:
    """Return whether the header names `etag`, by weak comparison (RFC 9110 sections 8.8.3.2 and 13.1.2).

    `*` matches nothing: it asks whether the resource exists, which a GET answers with its content.
    """
    opaque = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") == opaque for tag in if_none_match.split(","))


def close_body(body: object) -> None:
    """Close a WSGI body that has a `close` (PEP 3333): stops the work behind one that is not sent."""
    close = getattr(body, "close", None)
    if close is not None:
        close()
