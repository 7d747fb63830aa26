"""The ontology page, and the ontology itself in every RDF form."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kg.errors import NotFound
from kg.namespaces import GRAPH
from kg.views.description import graph_quads
from kg.views.ontology import diagram, filtered, ontology_page
from kg.views.terms import as_json
from kg.web.content import FORMS, filter_words, links, negotiate, respond
from kg.web.layout import kept, page, reader

blueprint = Blueprint("ontology", __name__)

_SUFFIXES = {form.suffix for form in FORMS}


@blueprint.get("/ont", defaults={"suffix": ""})
@blueprint.get("/ont.<suffix>")
def ontology(suffix: str) -> Response:
    """Answer the ontology in the form asked for."""
    if suffix and suffix not in _SUFFIXES:
        raise NotFound(f"The ontology has no form .{suffix}.", todo=f"Forms: {', '.join(sorted(_SUFFIXES))}.")
    form = negotiate(suffix)
    asked = filter_words(form)
    view = filtered(kept("ontology", lambda: ontology_page(reader())), asked)

    def html() -> str:
        return page("ontology.html", view, title=view.title, forms=links("/ont"), filter=asked)

    return respond(form, view, html, lambda: graph_quads(reader(), GRAPH["ontology"].value))


@blueprint.get("/api/ontology")
def api_ontology() -> Response:
    """Answer the ontology's diagram as nodes and edges."""
    view = kept("ontology", lambda: ontology_page(reader()))
    return jsonify(as_json(diagram(view)))
