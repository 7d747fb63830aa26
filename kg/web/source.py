"""The source page: the reader's own copy beside the graph; never cached, never sent to another machine."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from kg.errors import NotFound
from kg.views.source import source_page
from kg.views.start import documents
from kg.web.content import PAGES, negotiate, respond
from kg.web.layout import page, reader, settings
from kg.web.negotiation import HTML

blueprint = Blueprint("source", __name__)


@blueprint.get("/source", defaults={"name": ""})
@blueprint.get("/source/<name>")
def source(name: str) -> Response:
    """Answer the source page; the JSON never holds the text."""
    form = negotiate(offers=PAGES)
    name = name or request.args.get("document", "").strip()
    if not name and len(documents(reader())) > 1:
        query = request.query_string.decode("ascii", "replace")
        return redirect(f"/document/?{query}" if query else "/document/")  # which one, the reader chooses
    copy = settings().source_text if form.media == HTML and _from_this_machine() else None
    view = source_page(reader(), name, Path(copy) if copy else None)
    if view is None:
        names = ", ".join(f"/source/{each.ref.iri.rsplit('/', 1)[-1]}" for each in documents(reader()))
        raise NotFound(
            f"There is no source document {name[:40]!r}.", where=request.path, todo=f"There are: {names}."
        )
    response = respond(
        form, view, lambda: page("source.html", view, title="The source beside the graph"), tuple
    )
    if copy:
        response.headers["Cache-Control"] = "no-store"
    return response


def _from_this_machine() -> bool:
    """Say whether the reader sits at this machine: the text is for no one else's screen."""
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"))
    try:
        return not forwarded and ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
