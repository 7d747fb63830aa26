"""The page of a named graph."""

from __future__ import annotations

from flask import Blueprint, Response

from kg.pages.entity.handler import NAME_PARAMETER, PAGE_PARAMETER, answer_entity_address, respond_entity
from kg.pages.graph.view import graph_page
from kg.pages.page_queries import PageQueryReader, read_graph_quads
from kg.pages.rendering import ALL_FORMATS, make_entity_response, read_page_number
from sparqlhost.protocol.endpoint_table import Endpoint, route
from sparqlhost.protocol.negotiation import MediaType

blueprint = Blueprint("graph", __name__)


@route(
    blueprint,
    Endpoint(
        "/graph/<path:name>",
        "One named graph; also with the suffix .ttl .jsonld .nt .rdf .trig .nq .json",
        parameters=(NAME_PARAMETER, PAGE_PARAMETER),
        formats=ALL_FORMATS,
    ),
)
def show_graph(name: str) -> Response:
    """Answer the triples of a named graph, or what is stated of it where it holds none."""
    return answer_entity_address("graph", name, _respond_graph)


def _respond_graph(reader: PageQueryReader, iri: str, representation: MediaType) -> Response | None:
    view = graph_page(reader, iri, read_page_number())
    if view is None:
        return respond_entity(reader, iri, representation)
    return make_entity_response(
        representation, "graph/page.html", view, view.ref, lambda: read_graph_quads(reader, iri)
    )
