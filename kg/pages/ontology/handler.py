"""The ontology page, and the ontology itself in every RDF form."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pyoxigraph as ox
from flask import Blueprint, Response, jsonify, redirect

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


@route(
    blueprint,
    Endpoint(
        "/ont/<name>",
        "A module of the ontology as RDF; the version that is served, by its IRI",
        other_addresses=("/ont/<name>/<version>",),
        parameters=(
            EndpointParameter(
                "name", "a module, such as claim, or the version of the whole", location="path"
            ),
            EndpointParameter("version", "the version of the module", location="path"),
        ),
        formats=tuple(name for name in rendering.ALL_FORMATS if name != rendering.JSON.name),
        statuses=(200, 302),
    ),
)
def show_module(name: str, version: str = "") -> Response:
    """Answer what the IRI of a module or of a version names; its page for people is that of the whole."""
    served = _cached_page().version
    if name == served and not version:
        return show_ontology()
    stem, suffix = rendering.split_suffix(version or name)
    module, version = (name, stem) if version else (stem, served)
    files = {path.stem: path for path in (rendering.app_settings().root / "ontology").glob("*.ttl")}
    if module not in files or version != served:
        raise NotFound(
            f"The ontology has no module or version {'/'.join(filter(None, (name, version)))}.",
            hint=f"Modules: {', '.join(sorted(files))}. The version served is {served}.",
        )
    forms = tuple(each for each in rendering.REPRESENTATIONS if each != rendering.JSON)
    representation = rendering.choose_representation(suffix, forms)
    if representation == rendering.HTML:
        return redirect("/ont")  # type: ignore[return-value]  # of werkzeug, which Flask's is one of
    return rendering.make_page_response(representation, None, str, partial(_read_module, files[module]))


def _read_module(path: Path) -> tuple[ox.Quad, ...]:
    """Return the triples of a module; kept, since each reading names the blank nodes again."""
    return rendering.memoize_per_version(
        f"ontology/{path.stem}", lambda: tuple(ox.parse(path=path, format=ox.RdfFormat.TURTLE))
    )


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
