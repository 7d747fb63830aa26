"""Search: a page that works without scripts, suggestions while one types, and completion for the editor."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from kg.model.search_index import SearchIndex
from kg.pages.layout import memoize_per_version, page_reader, render_page
from kg.pages.representations import PAGE_REPRESENTATIONS, choose_representation, make_page_response
from kg.pages.search.view import build_editor_vocabulary, build_search_index, search_page, suggest_entities
from kg.pages.term_refs import as_json

blueprint = Blueprint("search", __name__)

_MAX_QUERY_LENGTH = 200


def search_index() -> SearchIndex:
    """Return the index of the present version of the data."""
    return memoize_per_version("index", lambda: build_search_index(page_reader()))


@blueprint.get("/search")
def show_search() -> Response:
    """Answer what a query finds, best first."""
    form = choose_representation(representations=PAGE_REPRESENTATIONS)
    query = request.args.get("q", "")[:_MAX_QUERY_LENGTH].strip()
    view = search_page(search_index(), query)
    return make_page_response(
        form, view, lambda: render_page("search.html", view, title="Search", asked=query), tuple
    )


@blueprint.get("/api/suggest")
def suggest_names() -> Response:
    """Answer a few names to choose from."""
    found = suggest_entities(search_index(), request.args.get("q", "")[:_MAX_QUERY_LENGTH])
    return jsonify([{"label": f.label, "kind": f.kind, "href": f.href, "match": f.match} for f in found])


@blueprint.get("/api/terms")
def list_editor_terms() -> Response:
    """Answer the terms an editor completes."""
    return jsonify(memoize_per_version("terms", lambda: as_json(build_editor_vocabulary(page_reader()))))
