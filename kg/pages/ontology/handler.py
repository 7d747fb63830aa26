"""The ontology page, and the ontology itself in every RDF form."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kg.errors import NotFound
from kg.model.graphs import ONTOLOGY
from kg.pages.layout import memoize_per_version, page_reader, render_page
from kg.pages.ontology.view import draw_class_diagram, filter_terms, ontology_page
from kg.pages.page_queries import read_graph_quads
from kg.pages.representations import (
    ALL_FORMATS,
    JSON,
    SUFFIXES,
    choose_representation,
    link_representations,
    make_page_response,
    read_filter,
)
from kg.pages.term_refs import as_json
from sparqlhost.protocol.endpoint_table import Endpoint, EndpointParameter, route

blueprint = Blueprint("ontology", __name__)


@route(
    blueprint,
    Endpoint(
        "/ont",
        "The ontology: classes and properties",
        other_addresses=("/ont.<suffix>",),
        parameters=(
            EndpointParameter(
                "suffix",
                "the format, in the place of Accept",
                location="path",
                schema={"enum": list(SUFFIXES)},
            ),
            EndpointParameter("q", "words that the terms contain; not for RDF"),
        ),
        formats=ALL_FORMATS,
    ),
)
def show_ontology(suffix: str = "") -> Response:
    """Answer the ontology in the form asked for."""
    if suffix and suffix not in SUFFIXES:
        raise NotFound(f"The ontology has no form .{suffix}.", hint=f"Forms: {', '.join(SUFFIXES)}.")
    representation = choose_representation(suffix)
    words = read_filter(representation)
    view = filter_terms(memoize_per_version("ontology", lambda: ontology_page(page_reader())), words)

    def render_html() -> str:
        return render_page(
            "ontology/page.html", view, title=view.title, forms=link_representations("/ont"), filter=words
        )

    return make_page_response(
        representation, view, render_html, lambda: read_graph_quads(page_reader(), ONTOLOGY.value)
    )


@route(
    blueprint,
    Endpoint(
        "/api/ontology",
        "The classes and their relations, as nodes and edges",
        formats=(JSON.name,),
        response_schema={"type": "object"},
    ),
)
def show_class_diagram() -> Response:
    """Answer the ontology's diagram as nodes and edges."""
    view = memoize_per_version("ontology", lambda: ontology_page(page_reader()))
    return jsonify(as_json(draw_class_diagram(view)))
