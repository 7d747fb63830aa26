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

from kg import errors
from kg.errors import KgError
from kg.namespaces import BASE, ENTITY_KINDS
from kg.web.negotiation import HTML, prefers_html

log = logging.getLogger(__name__)
blueprint = Blueprint("errors", __name__)

PROBLEM = "application/problem+json"
#: the only table of statuses; a class stands for its subclasses that are not named.
STATUSES: MappingProxyType[type[KgError], tuple[int, str]] = MappingProxyType(
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
        KgError: (400, "Bad request"),
    }
)
_CAMEL = re.compile(r"(?<!^)(?=[A-Z])")


def status_of(error: KgError) -> tuple[int, str]:
    """Return the status and title of an error."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


@blueprint.app_errorhandler(KgError)
def on_known(error: KgError) -> Response:
    """Answer an error a user can mend."""
    status, title = status_of(error)
    response = problem(status, title, error.what, kind=_slug(type(error)), error=error)
    if isinstance(error, errors.Busy):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.TooSlow):
        response.headers["Connection"] = "close"  # RFC 9110 section 15.5.9
    if isinstance(error, errors.Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="writes"'
    return response


@blueprint.app_errorhandler(HTTPException)
def on_http(error: HTTPException) -> Response:
    """Answer what Flask refused: an unknown address, a method, a malformed request."""
    status = error.code or 500
    detail = error.description or error.name
    todo = ""
    if status == 404:
        detail, todo = f"There is no page at {request.path[:80]}.", _near_addresses(request.path)
    response = problem(status, error.name, detail, kind=error.name.lower().replace(" ", "-"), todo=todo)
    kept = ("allow", "retry-after", "location", "www-authenticate")
    for name, value in error.get_headers(request.environ):
        if name.lower() in kept:
            response.headers[name] = value
    return response


def _near_addresses(path: str) -> str:
    """Return a sentence with the addresses of pages that are spelt alike."""
    rules = current_app.url_map.iter_rules()
    pages = {rule.rule for rule in rules if not rule.arguments and "GET" in (rule.methods or ())}
    kinds = {f"/{kind}/" for kind in ENTITY_KINDS if kind != "scenario"}
    near = get_close_matches(path[:80].casefold(), sorted(pages | kinds), n=3)
    return f"Near: {', '.join(near)}." if near else "Start at / or search with /search?q=."


@blueprint.app_errorhandler(Exception)
def on_unknown(error: Exception) -> Response:
    """Answer a defect of ours; the log has the trace, the client has the request id."""
    log.error("request %s failed", request_id(), exc_info=error)
    detail = "The server failed at this request. Nothing you sent was at fault."
    return problem(
        500, "Internal error", detail, kind="internal-error", todo="Tell the operator the request id."
    )


def problem(
    status: int, title: str, detail: str, *, kind: str, error: KgError | None = None, todo: str = ""
) -> Response:
    """Return a problem document, or the page of it for a browser."""
    facts: dict[str, object] = {
        "type": f"{BASE}problem/{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "next": (error.todo if error else "") or todo,
        "where": error.where if error else "",
        "line": error.line if error else 0,
        "column": error.column if error else 0,
        "request_id": request_id(),
    }
    facts = {name: value for name, value in facts.items() if value not in ("", 0)}
    if prefers_html(request.headers.get("Accept", "*/*")):
        response = Response(_page(facts), status, content_type=f"{HTML}; charset=utf-8")
    else:
        response = Response(json.dumps(facts, ensure_ascii=False) + "\n", status, content_type=PROBLEM)
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    if status in (405, 404, 400, 406, 413, 415, 503):
        response.headers.setdefault("Access-Control-Allow-Origin", "*")
    return response


def _page(facts: dict[str, object]) -> str:
    """Return the page of a problem: the site's template, or a bare page should that fail."""
    try:
        return render_template("error.html", problem=facts)
    except TemplateNotFound:
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
        return f"<!doctype html><html lang=en><title>{escape(facts['title'])}</title><dl>{rows}</dl></html>\n"


def request_id() -> str:
    """Return the id of this request, the one its log line has."""
    if "request_id" not in g:
        g.request_id = request.environ.get("kg.request_id") or secrets.token_hex(8)
    return str(g.request_id)


def _slug(kind: type) -> str:
    """Return `bad-query` for BadQuery."""
    return _CAMEL.sub("-", kind.__name__).lower()
