"""The source page: the reader's own copy beside the graph; never cached, never sent to another machine."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from kg.errors import NotFound
from kg.pages.layout import app_settings, page_reader, render_page
from kg.pages.representations import PAGE_REPRESENTATIONS, choose_representation, make_page_response
from kg.pages.source.view import source_page
from kg.pages.start.view import list_documents
from sparqlhost.protocol.negotiation import HTML_MEDIA_TYPE

blueprint = Blueprint("source", __name__)


@blueprint.get("/source", defaults={"name": ""})
@blueprint.get("/source/<name>")
def show_source(name: str) -> Response:
    """Answer the source page; the JSON never holds the text."""
    form = choose_representation(representations=PAGE_REPRESENTATIONS)
    name = name or request.args.get("document", "").strip()
    if not name and len(list_documents(page_reader())) > 1:
        query = request.query_string.decode("ascii", "replace")
        return redirect(f"/document/?{query}" if query else "/document/")  # which one, the reader chooses
    copy = (
        app_settings().source_text
        if form.media_type_name == HTML_MEDIA_TYPE and _is_local_request()
        else None
    )
    view = source_page(page_reader(), name, Path(copy) if copy else None)
    if view is None:
        names = ", ".join(
            f"/source/{each.ref.iri.rsplit('/', 1)[-1]}" for each in list_documents(page_reader())
        )
        raise NotFound(
            f"There is no source document {name[:40]!r}.", location=request.path, hint=f"There are: {names}."
        )
    response = make_page_response(
        form, view, lambda: render_page("source.html", view, title="The source beside the graph"), tuple
    )
    if copy:
        response.headers["Cache-Control"] = "no-store"
    return response


def _is_local_request() -> bool:
    """Say whether the reader sits at this machine: the text is for no one else's screen."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"))
    try:
        return not forwarded and ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
