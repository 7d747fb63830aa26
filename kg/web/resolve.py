"""`/resolve?curie=` and `/api/xrefs?curie=`: from an outside identifier to the graph, and both ways."""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
from flask import Blueprint, Response, jsonify, request

from kg.errors import BadQuery
from kg.mappings.triples import mapping_triples
from kg.views.mappings import judged
from kg.views.resolve import Resolution, resolve
from kg.views.xrefs import xrefs
from kg.web.content import FORMS, negotiate, respond
from kg.web.layout import page, reader
from kg.web.mappings import MAPPINGS, files, prefixes, terms

blueprint = Blueprint("resolve", __name__)


@blueprint.get("/resolve")
def resolved() -> Response:
    """Answer everything the graph holds for an outside identifier."""
    form = negotiate(request.args.get("format", ""), (FORMS[-1], *FORMS[:-1]))
    others = judged(files(), "rejected") + judged(files(), "undecided")
    view = resolve(reader(), prefixes(), _curie(), terms(), others)
    return respond(form, view, lambda: page("resolve.html", view, title=view.curie), lambda: _quads(view))


@blueprint.get("/api/xrefs")
def cross_references() -> Response:
    """Answer the identifiers on the other side of one of ours, or of an outside one, as JSON."""
    return jsonify(xrefs(_curie(), prefixes(), terms()))


def _curie() -> str:
    """Return the identifier asked for; raises BadQuery without one."""
    curie = request.args.get("curie", "").strip()
    if not curie:
        raise BadQuery(
            "No identifier is given.", where="curie", todo="Add ?curie=RXNORM:282388, for example."
        )
    return curie


def _quads(view: Resolution) -> Iterator[ox.Quad]:
    """Yield the mappings found, in their graph."""
    wanted = {(term.entity_curie, term.curie) for term in (*view.matches, *(b.mapped for b in view.below))}
    rows = (row for row in files().rows() if row.pair in wanted)
    for triple in mapping_triples(rows, prefixes()):
        yield ox.Quad(triple.subject, triple.predicate, triple.object, MAPPINGS)
