"""Validators: an ETag from the version of the data, `Cache-Control`, and 304 for who has it already.

An answer to GET is a function of the data's version, the address, and the negotiated type; the ETag is a
digest of these. It is weak (RFC 9110 section 8.8.1), as a compressed answer shares it.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version

from flask import Blueprint, Response, current_app, request

blueprint = Blueprint("caching", __name__)

#: what depends on more than the data: the state of the server, or what a user typed of a patient.
VOLATILE_PATHS = ("/health/", "/metrics", "/case", "/update", "/validate", "/sparql/cancel")
REVALIDATE_DIRECTIVE = "public, no-cache"
_CODE_VERSION = version("rrall-kg")


@blueprint.after_app_request
def add_validators(response: Response) -> Response:
    """Give a GET answer its ETag and `Cache-Control`, or 304 when the client's copy is the present one."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or _is_volatile():
        response.headers.setdefault("Cache-Control", "no-store")
        return response
    if response.headers.get("ETag") or "no-store" in response.headers.get("Cache-Control", ""):
        return response
    response.headers.setdefault("Cache-Control", REVALIDATE_DIRECTIVE)
    if response.headers.get("Vary") != "Accept":
        response.vary.add("Accept")
    response.headers["ETag"] = f'W/"{_compute_etag(response)}"'
    return _apply_if_none_match(response)


def _is_volatile() -> bool:
    """Say whether this address answers more than the data."""
    return request.path.startswith(VOLATILE_PATHS)


def _compute_etag(response: Response) -> str:
    """Return what identifies this representation of this version of the data."""
    parts = (
        _CODE_VERSION,
        current_app.extensions["kg_store"].version,
        request.host,
        request.path,
        request.query_string.decode("latin-1"),
        response.headers.get("Content-Type", ""),
        response.headers.get("Content-Language", ""),
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _apply_if_none_match(response: Response) -> Response:
    """Turn the answer into 304 where `If-None-Match` names it, and stop the work behind it."""
    if "HTTP_IF_NONE_MATCH" not in request.environ:
        return response
    if not request.if_none_match.contains_weak(response.get_etag()[0] or ""):
        return response
    if "*" in request.headers.get("If-None-Match", ""):
        return response
    unread = response.response
    response.make_conditional(request)
    close = getattr(unread, "close", None)
    if response.status_code == 304 and close is not None:
        close()
    return response
