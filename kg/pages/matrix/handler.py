"""`/matrix`: things against situations, as a page, as JSON and as CSV; its state is its address."""

from __future__ import annotations

from flask import Blueprint, Response, request

from kg.pages.matrix.view import (
    MatrixCell,
    MatrixClaims,
    MatrixState,
    load_matrix_claims,
    matrix_page,
)
from kg.pages.rendering import (
    CSV,
    HTML_AND_JSON,
    PAGE_REPRESENTATIONS,
    choose_representation,
    make_page_response,
    memoize_per_version,
    page_reader,
    read_page_number,
    render_page,
)
from kg.pages.term_refs import ASSERTED
from sparqlhost.protocol.endpoint_table import FORMAT_PARAMETER, Endpoint, EndpointParameter, route
from sparqlhost.sparql.csv_cells import format_spreadsheet

blueprint = Blueprint("matrix", __name__)

_PARAMETERS = (
    EndpointParameter("intervention", "one intervention and its kinds, as a CURIE"),
    EndpointParameter("situation", "one situation and its narrower ones, as a CURIE"),
    EndpointParameter("document", "what one source text says, as a CURIE"),
    EndpointParameter("hedge", "cells with this wording, such as hedge:OPT-may"),
    EndpointParameter("aim", "cells with this aim, such as goal:Comfort"),
    EndpointParameter("inherited", "no: without what is said of broader situations only"),
    EndpointParameter(
        "fold",
        "an intervention or a situation that takes its kinds or narrower ones into one row or column",
        schema={"type": "array", "items": {"type": "string"}},
    ),
    EndpointParameter("cell", "the opened cell: an intervention, a space, a situation"),
    EndpointParameter("page", "the part of a matrix of many rows, from 1"),
    FORMAT_PARAMETER,
)


def cached_matrix_claims() -> MatrixClaims:
    """Return what stands in the cells of any matrix, kept for a version of the data."""
    return memoize_per_version("matrix", lambda: load_matrix_claims(page_reader()))


@route(
    blueprint,
    Endpoint(
        "/matrix",
        "Interventions against situations: the strongest wording and the limits in each cell",
        parameters=_PARAMETERS,
        formats=(*HTML_AND_JSON, CSV.name),
    ),
)
def show_matrix() -> Response:
    """Answer the matrix; the CSV has a row for each cell shown."""
    representation = choose_representation(request.args.get("format", ""), (*PAGE_REPRESENTATIONS, CSV))
    view = matrix_page(page_reader(), cached_matrix_claims(), _read_state())
    if representation == CSV:
        lines = format_spreadsheet([_COLUMNS, *map(_list_values, view.shown_cells)])
        return Response("".join(lines), content_type=CSV.content_type)
    return make_page_response(
        representation, view, lambda: render_page("matrix/page.html", view, title="The matrix")
    )


def _read_state() -> MatrixState:
    """Return the state that the query string gives; a field that a form leaves empty is not given."""
    names = ("intervention", "situation", "document", "hedge", "aim", "inherited", "cell")
    values = {name: request.args.get(name, "").strip() for name in names}
    return MatrixState(**values, fold=tuple(request.args.getlist("fold")), page=read_page_number())


_COLUMNS = (
    "intervention intervention_label situation situation_label wording limits mark gathered claims".split()
)


def _list_values(cell: MatrixCell) -> tuple[str, ...]:
    """Return a cell as a row of the CSV."""
    return (
        cell.intervention.curie,
        cell.intervention.label,
        cell.situation.curie,
        cell.situation.label,
        " + ".join(f"{wording.how}: {wording.hedge.label}" for wording in cell.offers),
        " + ".join(wording.hedge.label for wording in cell.limits),
        "stated" if cell.mark == ASSERTED else cell.mark,
        "yes" if cell.gathered else "",
        " ".join(claim.curie for claim in cell.claims),
    )
