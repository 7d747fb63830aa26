"""Search: the page, suggestions for the search field, and the terms that the query editor completes."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from kg.model.search_index import SearchIndex
from kg.pages.rendering import HTML_AND_JSON, JSON, answer_page, memoize_per_version, page_reader
from kg.pages.search.view import build_editor_vocabulary, build_search_index, search_page, suggest_entities
from kg.pages.term_refs import as_json
from sparqlhost.protocol.endpoint_table import Endpoint, EndpointParameter, route

blueprint = Blueprint("search", __name__)

_MAX_QUERY_LENGTH = 200  # characters


def search_index() -> SearchIndex:
    """Return the index of the current version of the data."""
    return memoize_per_version("index", lambda: build_search_index(page_reader()))


@route(
    blueprint,
    Endpoint(
        "/search",
        "Find entities by name",
        parameters=(EndpointParameter("q", "what to look for"),),
        formats=HTML_AND_JSON,
    ),
)
def show_search() -> Response:
    """Answer the entities that match a query, best first."""
    query = request.args.get("q", "")[:_MAX_QUERY_LENGTH].strip()
    view = search_page(search_index(), query)
    return answer_page("search/page.html", view, title="Search", search_text=query)


@route(
    blueprint,
    Endpoint(
        "/api/suggest",
        "Names that begin with or sound like what is typed",
        parameters=(EndpointParameter("q", "the typed text"),),
        formats=(JSON.name,),
        response_schema={"type": "array", "items": {"type": "object"}},
    ),
)
def suggest_names() -> Response:
    """Answer a few entities to choose from."""
    hits = suggest_entities(search_index(), request.args.get("q", "")[:_MAX_QUERY_LENGTH])
    return jsonify(
        [{name: getattr(hit, name) for name in ("label", "kind", "href", "match")} for hit in hits]
    )


@route(
    blueprint,
    Endpoint(
        "/api/terms",
        "Prefixes, classes, properties and entities, with use counts, for a query editor",
        formats=(JSON.name,),
        response_schema={"type": "object"},
    ),
)
def list_editor_terms() -> Response:
    """Answer the terms that the query editor completes."""
    return jsonify(memoize_per_version("terms", lambda: as_json(build_editor_vocabulary(page_reader()))))
