"""Errors over HTTP, in one shape: problem details (RFC 9457); browsers get the same facts as a page.

The one table of errors gives each class its HTTP status, title and slug. No answer holds a stack trace.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from flask import Blueprint, Response, current_app, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from sparqlhost import errors
from sparqlhost.errors import UserError
from sparqlhost.protocol.app_context import get_host_context
from sparqlhost.protocol.negotiation import HTML_MEDIA_TYPE, PROBLEM_MEDIA_TYPE, prefers_html
from sparqlhost.protocol.request_facts import REFUSAL, get_request_id

log = logging.getLogger(__name__)
blueprint = Blueprint("errors", __name__)


@dataclass(frozen=True, slots=True)
class ProblemType:
    """What HTTP clients see of a class of errors; programs compare the slug, so it never changes."""

    status: int
    title: str
    slug: str


#: a class stands for its subclasses that are not named; an application may add subclasses of its own.
PROBLEM_TYPES: Mapping[type[UserError], ProblemType] = MappingProxyType(
    {
        errors.Unauthorized: ProblemType(401, "Token missing or wrong", "unauthorized"),
        errors.Forbidden: ProblemType(403, "Not allowed here", "forbidden"),
        errors.NotFound: ProblemType(404, "Not found", "not-found"),
        errors.BadQuery: ProblemType(400, "The query cannot be run", "bad-query"),
        errors.BadData: ProblemType(400, "The data cannot be read", "bad-data"),
        errors.Inconsistent: ProblemType(409, "The data contradict the ontology", "inconsistent"),
        errors.NotAcceptable: ProblemType(406, "No such format", "not-acceptable"),
        errors.UnsupportedMedia: ProblemType(415, "Media type not understood", "unsupported-media"),
        errors.TooSlow: ProblemType(408, "Too slow", "too-slow"),
        errors.TooLarge: ProblemType(413, "Too large", "too-large"),
        errors.HeadersTooLarge: ProblemType(431, "Headers too large", "headers-too-large"),
        errors.TooExpensive: ProblemType(503, "Stopped at a limit", "too-expensive"),
        errors.Cancelled: ProblemType(409, "Stopped", "cancelled"),
        errors.TooManyRequests: ProblemType(429, "Too many queries of one client", "too-many-requests"),
        errors.Busy: ProblemType(503, "Busy", "busy"),
        errors.StoreUnavailable: ProblemType(503, "Store unavailable", "store-unavailable"),
        UserError: ProblemType(400, "Bad request", "error"),
    }
)


def find_problem_type(
    kind: type[UserError], added: Mapping[type[UserError], ProblemType] = MappingProxyType({})
) -> ProblemType:
    """Return the entry of the nearest class that has one; `added` entries replace those of the table."""
    table = {**PROBLEM_TYPES, **added}
    return next(table[parent] for parent in kind.__mro__ if parent in table)


def find_type(error: UserError) -> ProblemType:
    """Return what HTTP clients see of an error's class: status, title and slug."""
    return find_problem_type(type(error), get_host_context().pages.problem_types)


def find_status(error: UserError) -> int:
    """Return the HTTP status of an error."""
    return find_type(error).status


@blueprint.before_app_request
def raise_refusal() -> None:
    """Raise why the request is not answered, if the server found something in its head."""
    if refusal := request.environ.get(REFUSAL):
        raise refusal


@blueprint.app_errorhandler(UserError)
def handle_user_error(error: UserError) -> Response:
    """Answer an error that the client can correct."""
    response = make_problem_response(find_type(error), error.message, error=error)
    if isinstance(error, errors.Busy):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.TooSlow):
        response.headers["Connection"] = "close"  # RFC 9110 section 15.5.9
    if isinstance(error, errors.Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="writes"'
    return response


@blueprint.app_errorhandler(HTTPException)
def handle_http_error(error: HTTPException) -> Response:
    """Answer what Flask refused: an unknown address, a method, a malformed request."""
    status, detail, hint = error.code or 500, error.description or error.name, ""
    if status == 404:
        detail, hint = f"There is no page at {request.path[:80]}.", _suggest_addresses(request.path)
    slug = error.name.lower().replace(" ", "-")
    response = make_problem_response(ProblemType(status, error.name, slug), detail, hint=hint)
    for name, value in error.get_headers(request.environ):
        if name.lower() in ("allow", "retry-after", "location", "www-authenticate"):
            response.headers[name] = value
    return response


def _suggest_addresses(path: str) -> str:
    """Return a sentence with the addresses of pages that are spelt alike."""
    rules = current_app.url_map.iter_rules()
    pages = {rule.rule for rule in rules if not rule.arguments and "GET" in (rule.methods or ())}
    pages.update(get_host_context().pages.suggested_addresses)
    similar = get_close_matches(path[:80].casefold(), sorted(pages), n=3, cutoff=0.7)
    return f"Similar addresses: {', '.join(similar)}." if similar else "Start at / or search with /search?q=."


@blueprint.app_errorhandler(MemoryError)
def handle_long_value(error: MemoryError) -> Response:
    """Answer a result that the engine's reader refuses: it takes no token of more than 16 MiB."""
    message = "The answer has a value that is too long to be shown."
    hint = "Ask for a part of it (SUBSTR), or for a format that is not shown as a page."
    return handle_user_error(errors.TooExpensive(message, hint=hint))


@blueprint.app_errorhandler(Exception)
def handle_unexpected_error(error: Exception) -> Response:
    """Answer a defect of the server; the log has the trace, the client has the request id."""
    log.error("request %s failed", get_request_id(), exc_info=error)
    detail = "The server failed at this request. The request was not at fault."
    kind = ProblemType(500, "Internal error", "internal-error")
    return make_problem_response(kind, detail, hint="Tell the operator the request id.")


def make_problem_response(
    kind: ProblemType, detail: str, *, error: UserError | None = None, hint: str = ""
) -> Response:
    """Return a problem document, or the page of it for a browser."""
    namespace = get_host_context().pages.problem_namespace or f"{request.url_root}problem/"
    members: dict[str, object] = {
        "type": f"{namespace}{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "next": (error.hint if error else "") or hint,
        "where": error.location if error else "",
        "line": error.line if error else 0,
        "column": error.column if error else 0,
        "request_id": get_request_id(),
    }
    members = {name: value for name, value in members.items() if value not in ("", 0)}
    if prefers_html(request.headers.get("Accept", "*/*")):
        response = Response(_render_problem_page(members), content_type=f"{HTML_MEDIA_TYPE}; charset=utf-8")
    else:
        response = Response(json.dumps(members, ensure_ascii=False) + "\n", content_type=PROBLEM_MEDIA_TYPE)
    response.status_code = kind.status
    response.vary.add("Accept")
    return response


def _render_problem_page(members: Mapping[str, object]) -> str:
    """Return the page of a problem: that of the application, else a bare one."""
    render = get_host_context().pages.html_problem
    if render is not None:
        return render(members)
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in members.items())
    return f"<!doctype html><html lang=en><title>{escape(members['title'])}</title><dl>{rows}</dl></html>\n"
