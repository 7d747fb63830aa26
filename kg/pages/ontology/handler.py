"""The ontology page, and the ontology itself in every RDF form."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kg.errors import NotFound
from kg.namespaces import GRAPH
from kg.pages.layout import memoize_per_version, page_reader, render_page
from kg.pages.ontology.view import draw_class_diagram, filter_terms, ontology_page
from kg.pages.page_queries import read_graph_quads
from kg.pages.representations import (
    REPRESENTATIONS,
    choose_representation,
    link_representations,
    make_page_response,
    read_filter,
)
from kg.pages.term_refs import as_json

blueprint = Blueprint("ontology", __name__)

_KNOWN_SUFFIXES = {form.suffix for form in REPRESENTATIONS}


@blueprint.get("/ont", defaults={"suffix": ""})
@blueprint.get("/ont.<suffix>")
def show_ontology(suffix: str) -> Response:
    """Answer the ontology in the form asked for."""
    if suffix and suffix not in _KNOWN_SUFFIXES:
        raise NotFound(
            f"The ontology has no form .{suffix}.", hint=f"Forms: {', '.join(sorted(_KNOWN_SUFFIXES))}."
        )
    form = choose_representation(suffix)
    asked = read_filter(form)
    view = filter_terms(memoize_per_version("ontology", lambda: ontology_page(page_reader())), asked)

    def render_html() -> str:
        return render_page(
            "ontology.html", view, title=view.title, forms=link_representations("/ont"), filter=asked
        )

    return make_page_response(
        form, view, render_html, lambda: read_graph_quads(page_reader(), GRAPH["ontology"].value)
    )


@blueprint.get("/api/ontology")
def show_class_diagram() -> Response:
    """Answer the ontology's diagram as nodes and edges."""
    view = memoize_per_version("ontology", lambda: ontology_page(page_reader()))
    return jsonify(as_json(draw_class_diagram(view)))
