"""Search: a page that works without scripts, suggestions while one types, and completion for the editor."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from kg.search import Index
from kg.views.finding import read_index, search_page, suggestions
from kg.views.terms import as_json
from kg.views.vocabulary import vocabulary
from kg.web.content import PAGES, negotiate, respond
from kg.web.layout import kept, page, reader

blueprint = Blueprint("search", __name__)

_LONGEST = 200


def index() -> Index:
    """Return the index of the present version of the data."""
    return kept("index", lambda: read_index(reader()))


@blueprint.get("/search")
def search() -> Response:
    """Answer what a query finds, best first."""
    form = negotiate(offers=PAGES)
    query = request.args.get("q", "")[:_LONGEST].strip()
    view = search_page(index(), query)
    return respond(form, view, lambda: page("search.html", view, title="Search", asked=query), tuple)


@blueprint.get("/api/suggest")
def suggest() -> Response:
    """Answer a few names to choose from."""
    found = suggestions(index(), request.args.get("q", "")[:_LONGEST])
    return jsonify([{"label": f.label, "kind": f.kind, "href": f.href, "match": f.match} for f in found])


@blueprint.get("/api/terms")
def terms() -> Response:
    """Answer the terms an editor completes."""
    return jsonify(kept("terms", lambda: as_json(vocabulary(reader()))))
