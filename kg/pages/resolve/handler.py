"""`/resolve?curie=`: what the graph holds for an external identifier; `/api/xrefs?curie=`: its mappings."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
from flask import Blueprint, Response, jsonify, request

from kg.errors import BadQuery
from kg.model.graphs import MAPPINGS
from kg.model.mapping_triples import mappings_to_triples
from kg.pages.mappings.handler import (
    cached_accepted_mappings,
    cached_code_index,
    cached_mapping_files,
    cached_prefixes,
)
from kg.pages.mappings.view import MATCH_TYPES, find_xrefs, list_unaccepted_mappings
from kg.pages.rendering import (
    ALL_FORMATS,
    JSON,
    choose_representation,
    make_page_response,
    page_reader,
    render_page,
)
from kg.pages.resolve.view import Resolution, resolve_identifier
from sparqlhost.protocol.endpoint_table import (
    FORMAT_PARAMETER,
    Endpoint,
    EndpointParameter,
    JsonObject,
    route,
)

blueprint = Blueprint("resolve", __name__)


_XREF_LIST_SCHEMA: JsonObject = {
    "type": "array",
    "items": {"type": "object", "required": ["curie", "label", "subject", "predicate", "object", "proof"]},
}
#: members by match type; `others`: every non-exact match, `beyond`: further mappings of the same entity.
_XREFS_SCHEMA: JsonObject = {
    "type": "object",
    "required": ["curie", *MATCH_TYPES, "others"],
    "properties": {
        "curie": {"type": "string"},
        **{name: _XREF_LIST_SCHEMA for name in (*MATCH_TYPES, "others")},
        "beyond": {"type": "array", "items": {"type": "object"}},
    },
}


@route(
    blueprint,
    Endpoint(
        "/resolve",
        "Which entity an external identifier stands for",
        parameters=(EndpointParameter("curie", "a CURIE or IRI", True), FORMAT_PARAMETER),
        formats=ALL_FORMATS,
    ),
)
def show_resolution() -> Response:
    """Answer everything the graph holds for an external identifier."""
    representation = choose_representation(request.args.get("format", ""), default=JSON)
    unaccepted = list_unaccepted_mappings(cached_mapping_files(), "rejected") + list_unaccepted_mappings(
        cached_mapping_files(), "undecided"
    )
    view = resolve_identifier(
        page_reader(),
        cached_prefixes(),
        _requested_identifier(),
        cached_accepted_mappings(),
        unaccepted,
        cached_code_index(),
    )
    return make_page_response(
        representation,
        view,
        lambda: render_page("resolve/page.html", view, title=view.curie),
        lambda: _resolution_quads(view),
    )


@route(
    blueprint,
    Endpoint(
        "/api/xrefs",
        "Mappings of an entity or an external identifier, by the five match types",
        parameters=(EndpointParameter("curie", "a CURIE of this graph or of an external vocabulary", True),),
        formats=(JSON.name,),
        response_schema=_XREFS_SCHEMA,
    ),
)
def list_xrefs() -> Response:
    """Answer the external identifiers of an entity, or the entities of an external identifier, as JSON."""
    return jsonify(find_xrefs(_requested_identifier(), cached_prefixes(), cached_accepted_mappings()))


def _requested_identifier() -> str:
    """Return the identifier asked for; raises BadQuery without one."""
    curie = request.args.get("curie", "").strip()
    if not curie:
        raise BadQuery(
            "No identifier is given.", location="curie", hint="Add ?curie=RXNORM:282388, for example."
        )
    return curie


def _resolution_quads(view: Resolution) -> Iterator[ox.Quad]:
    """Yield the mappings that the page shows, in their graph."""
    shown = (*view.matches, *(item.mapped for item in view.below))
    pairs = {(mapping.entity_curie, mapping.curie) for mapping in shown}
    rows = (row for row in cached_mapping_files().rows() if row.subject_and_object in pairs)
    for triple in mappings_to_triples(rows, cached_prefixes()):
        yield ox.Quad(triple.subject, triple.predicate, triple.object, MAPPINGS)
