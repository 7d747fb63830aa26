"""The source page: the reader's own copy beside the graph; never cached, never sent to another machine."""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from kg.errors import NotFound
from kg.namespaces import get_local_name
from kg.pages import rendering
from kg.pages.source.view import source_page
from kg.pages.start.view import list_documents
from sparqlhost.protocol.endpoint_table import Endpoint, EndpointParameter, forbid_storing, route

blueprint = Blueprint("source", __name__)

_KEY_COOKIE = "kg-text-key"
_COOKIE_RULES: dict[str, Any] = {"httponly": True, "samesite": "Strict"}


@route(
    blueprint,
    Endpoint(
        "/source",
        "A source document, segment by segment, beside its statements",
        other_addresses=("/source/<name>",),
        parameters=(
            EndpointParameter("name", "the local name of the document", location="path"),
            EndpointParameter("document", "the same, where the address has no name"),
            EndpointParameter("key", "the key that `kg serve` printed: with it the text is shown here"),
        ),
        formats=rendering.HTML_AND_JSON,
        statuses=(200, 302),
    ),
)
def show_source(name: str = "") -> Response:
    """Answer the source page; the JSON never holds the text."""
    form = rendering.choose_representation(representations=rendering.PAGE_REPRESENTATIONS)
    name = name or request.args.get("document", "").strip()
    if not name and len(list_documents(rendering.page_reader())) > 1:
        query = request.query_string.decode("ascii", "replace")
        return redirect(f"/document/?{query}" if query else "/document/")  # which one, the reader chooses
    copy = rendering.app_settings().source_text if form == rendering.HTML and _may_show_text() else None
    view = source_page(rendering.page_reader(), name, Path(copy) if copy else None)
    if view is None:
        documents = list_documents(rendering.page_reader())
        names = ", ".join(f"/source/{get_local_name(document.ref.iri)}" for document in documents)
        raise NotFound(
            f"There is no source document {name[:40]!r}.", location=request.path, hint=f"There are: {names}."
        )
    response = rendering.answer_page("source/page.html", view, title="The source beside the graph")
    if copy:
        forbid_storing(response)
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"  # pages elsewhere must not read it
        response.set_cookie(_KEY_COOKIE, rendering.app_settings().text_key, path="/source", **_COOKIE_RULES)
    return response


def _may_show_text() -> bool:
    """Return whether the reader has the key of this start; a silent proxy makes strangers look local."""
    key = rendering.app_settings().text_key
    given = request.args.get("key") or request.cookies.get(_KEY_COOKIE, "")
    return bool(key) and compare_digest(given.encode(), key.encode()) and _is_local_request()


def _is_local_request() -> bool:
    """Return whether the request comes from this machine and no proxy: nobody else may see the text."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"))
    try:
        return not forwarded and ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
