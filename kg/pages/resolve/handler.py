"""`/resolve?curie=` and `/api/xrefs?curie=`: from an outside identifier to the graph, and both ways."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
from flask import Blueprint, Response, jsonify, request

from kg.errors import BadQuery
from kg.model.mapping_triples import mappings_to_triples
from kg.pages.layout import page_reader, render_page
from kg.pages.mappings.handler import (
    MAPPINGS_GRAPH,
    cached_accepted_mappings,
    cached_mapping_files,
    cached_prefixes,
)
from kg.pages.mappings.view import find_xrefs, list_unaccepted_mappings
from kg.pages.representations import REPRESENTATIONS, choose_representation, make_page_response
from kg.pages.resolve.view import Resolution, resolve_identifier

blueprint = Blueprint("resolve", __name__)


@blueprint.get("/resolve")
def show_resolution() -> Response:
    """Answer everything the graph holds for an outside identifier."""
    form = choose_representation(request.args.get("format", ""), (REPRESENTATIONS[-1], *REPRESENTATIONS[:-1]))
    others = list_unaccepted_mappings(cached_mapping_files(), "rejected") + list_unaccepted_mappings(
        cached_mapping_files(), "undecided"
    )
    view = resolve_identifier(
        page_reader(), cached_prefixes(), _requested_identifier(), cached_accepted_mappings(), others
    )
    return make_page_response(
        form,
        view,
        lambda: render_page("resolve.html", view, title=view.curie),
        lambda: _resolution_quads(view),
    )


@blueprint.get("/api/xrefs")
def list_xrefs() -> Response:
    """Answer the identifiers on the other side of one of ours, or of an outside one, as JSON."""
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
    """Yield the mappings found, in their graph."""
    wanted = {(term.entity_curie, term.curie) for term in (*view.matches, *(b.mapped for b in view.below))}
    rows = (row for row in cached_mapping_files().rows() if row.subject_and_object in wanted)
    for triple in mappings_to_triples(rows, cached_prefixes()):
        yield ox.Quad(triple.subject, triple.predicate, triple.object, MAPPINGS_GRAPH)
