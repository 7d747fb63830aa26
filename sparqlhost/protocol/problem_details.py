"""Errors on the web: the one table of statuses and the one shape, RFC 9457 problem details.

Browsers get the same facts as a page. Nobody gets a stack trace.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from difflib import get_close_matches
from types import MappingProxyType

from flask import Blueprint, Response, current_app, g, render_template, request
from jinja2 import TemplateNotFound
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from kg.namespaces import BASE, ENTITY_KINDS
from sparqlhost import errors
from sparqlhost.errors import UserError
from sparqlhost.protocol.negotiation import HTML_MEDIA_TYPE, prefers_html

log = logging.getLogger(__name__)
blueprint = Blueprint("errors", __name__)

PROBLEM_MEDIA_TYPE = "application/problem+json"
#: the only table of statuses; a class stands for its subclasses that are not named.
STATUS_BY_ERROR: MappingProxyType[type[UserError], tuple[int, str]] = MappingProxyType(
    {
        errors.Unauthorized: (401, "Token missing or wrong"),
        errors.Forbidden: (403, "Not allowed here"),
        errors.NotFound: (404, "Not found"),
        errors.BadQuery: (400, "The query cannot be run"),
        errors.BadData: (400, "The data cannot be read"),
        errors.Inconsistent: (409, "The data contradict the ontology"),
        errors.NotAcceptable: (406, "No such format"),
        errors.UnsupportedMedia: (415, "Media type not understood"),
        errors.TooSlow: (408, "Too slow"),
        errors.TooLarge: (413, "Too large"),
        errors.TooExpensive: (503, "Stopped at a limit"),
        errors.Cancelled: (409, "Stopped"),
        errors.Busy: (503, "Busy"),
        errors.StoreUnavailable: (503, "Store unavailable"),
        UserError: (400, "Bad request"),
    }
)
_CAMEL_CASE_BOUNDARY = re.compile(r"(?<!^)(?=[A-Z])")


def find_status(error: UserError) -> tuple[int, str]:
    """Return the status and title of an error."""
    return next(STATUS_BY_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_BY_ERROR)


@blueprint.app_errorhandler(UserError)
def handle_user_error(error: UserError) -> Response:
    """Answer an error a user can mend."""
    status, title = find_status(error)
    response = make_problem_response(status, title, error.message, kind=_make_slug(type(error)), error=error)
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
    status = error.code or 500
    detail = error.description or error.name
    todo = ""
    if status == 404:
        detail, todo = f"There is no page at {request.path[:80]}.", _suggest_addresses(request.path)
    response = make_problem_response(
        status, error.name, detail, kind=error.name.lower().replace(" ", "-"), hint=todo
    )
    kept = ("allow", "retry-after", "location", "www-authenticate")
    for name, value in error.get_headers(request.environ):
        if name.lower() in kept:
            response.headers[name] = value
    return response


def _suggest_addresses(path: str) -> str:
    """Return a sentence with the addresses of pages that are spelt alike."""
    rules = current_app.url_map.iter_rules()
    pages = {rule.rule for rule in rules if not rule.arguments and "GET" in (rule.methods or ())}
    kinds = {f"/{kind}/" for kind in ENTITY_KINDS if kind != "scenario"}
    near = get_close_matches(path[:80].casefold(), sorted(pages | kinds), n=3)
    return f"Near: {', '.join(near)}." if near else "Start at / or search with /search?q=."


@blueprint.app_errorhandler(Exception)
def handle_unexpected_error(error: Exception) -> Response:
    """Answer a defect of ours; the log has the trace, the client has the request id."""
    log.error("request %s failed", get_request_id(), exc_info=error)
    detail = "The server failed at this request. Nothing you sent was at fault."
    return make_problem_response(
        500, "Internal error", detail, kind="internal-error", hint="Tell the operator the request id."
    )


def make_problem_response(
    status: int, title: str, detail: str, *, kind: str, error: UserError | None = None, hint: str = ""
) -> Response:
    """Return a problem document, or the page of it for a browser."""
    facts: dict[str, object] = {
        "type": f"{BASE}problem/{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "next": (error.hint if error else "") or hint,
        "where": error.location if error else "",
        "line": error.line if error else 0,
        "column": error.column if error else 0,
        "request_id": get_request_id(),
    }
    facts = {name: value for name, value in facts.items() if value not in ("", 0)}
    if prefers_html(request.headers.get("Accept", "*/*")):
        response = Response(
            _render_problem_page(facts), status, content_type=f"{HTML_MEDIA_TYPE}; charset=utf-8"
        )
    else:
        response = Response(
            json.dumps(facts, ensure_ascii=False) + "\n", status, content_type=PROBLEM_MEDIA_TYPE
        )
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    if status in (405, 404, 400, 406, 413, 415, 503):
        response.headers.setdefault("Access-Control-Allow-Origin", "*")
    return response


def _render_problem_page(facts: dict[str, object]) -> str:
    """Return the page of a problem: the site's template, or a bare page should that fail."""
    try:
        return render_template("error.html", problem=facts)
    except TemplateNotFound:
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
        return f"<!doctype html><html lang=en><title>{escape(facts['title'])}</title><dl>{rows}</dl></html>\n"


def get_request_id() -> str:
    """Return the id of this request, the one its log line has."""
    if "request_id" not in g:
        g.request_id = request.environ.get("kg.request_id") or secrets.token_hex(8)
    return str(g.request_id)


def _make_slug(kind: type) -> str:
    """Return `bad-query` for BadQuery."""
    return _CAMEL_CASE_BOUNDARY.sub("-", kind.__name__).lower()
