"""The ontology page, and the ontology itself in every RDF form."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, jsonify

from kg.errors import NotFound
from kg.model.graphs import ONTOLOGY
from kg.pages import rendering
from kg.pages.ontology.view import OntologyPage, draw_class_diagram, filter_terms, ontology_page
from kg.pages.page_queries import read_graph_quads
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
            rendering.SUFFIX_PARAMETER,
            EndpointParameter("q", "words that the terms contain; not for RDF"),
        ),
        formats=rendering.ALL_FORMATS,
    ),
)
def show_ontology(suffix: str = "") -> Response:
    """Answer the ontology in the form asked for."""
    if suffix and suffix not in rendering.SUFFIXES:
        forms = ", ".join(rendering.SUFFIXES)
        raise NotFound(f"The ontology has no form .{suffix}.", hint=f"Forms: {forms}.")
    representation = rendering.choose_representation(suffix)
    words = rendering.read_filter(representation)
    view = filter_terms(_cached_page(), words)

    def render_html() -> str:
        forms = rendering.link_representations("/ont")
        return rendering.render_page("ontology/page.html", view, title=view.title, forms=forms, filter=words)

    quads = partial(read_graph_quads, rendering.page_reader(), ONTOLOGY.value)
    return rendering.make_page_response(representation, view, render_html, quads)


def _cached_page() -> OntologyPage:
    return rendering.memoize_per_version("ontology", lambda: ontology_page(rendering.page_reader()))


@route(
    blueprint,
    Endpoint(
        "/api/ontology",
        "The classes and their relations, as nodes and edges",
        formats=(rendering.JSON.name,),
        response_schema={"type": "object"},
    ),
)
def show_class_diagram() -> Response:
    """Answer the ontology's diagram as nodes and edges."""
    return jsonify(as_json(draw_class_diagram(_cached_page())))
