"""The start page, and a page for every IRI of the graph, in HTML, JSON and RDF."""

from __future__ import annotations

from collections.abc import Callable

import pyoxigraph as ox
from flask import Blueprint, Response, jsonify, request

from kg.errors import NotFound
from kg.namespaces import BASE, ENTITY_KINDS
from kg.pages.claim.view import claim_page, find_retraction_impact, load_closure
from kg.pages.entity.neighbourhood import draw_neighbourhood
from kg.pages.entity.view import entity_page, list_page
from kg.pages.explain.handler import cached_proof_hedge
from kg.pages.graph.view import graph_page
from kg.pages.layout import memoize_per_version, page_reader, render_page
from kg.pages.page_queries import PageQueryReader, describe_entity, read_graph_quads
from kg.pages.questions.handler import question_library
from kg.pages.representations import (
    PAGE_REPRESENTATIONS,
    Representation,
    choose_representation,
    link_representations,
    make_entity_iri,
    make_page_response,
    read_page_number,
    split_suffix,
)
from kg.pages.search.handler import search_index
from kg.pages.search.view import suggest_similar_names
from kg.pages.start.view import start_page
from kg.pages.term_refs import Term, as_json, expand_curie

blueprint = Blueprint("pages", __name__)

_ROUTED_KINDS = ",".join(kind for kind in ENTITY_KINDS if kind != "scenario")


@blueprint.get("/")
def show_start() -> Response:
    """Answer the start page."""
    form = choose_representation(representations=PAGE_REPRESENTATIONS)
    view = start_page(page_reader(), question_library())
    return make_page_response(
        form, view, lambda: render_page("start.html", view, title="What is said, and where"), tuple
    )


@blueprint.get(f"/<any({_ROUTED_KINDS}):kind>/")
def list_entities(kind: str) -> Response:
    """Answer the list of the entities of a kind."""
    form = choose_representation(representations=PAGE_REPRESENTATIONS)
    view = list_page(page_reader(), kind, read_page_number())
    if view is None:
        number = request.args.get("page", "")[:40]
        raise NotFound(
            f"There is no page {number} of this list.", location=request.path, hint="Start with page 1."
        )
    return make_page_response(form, view, lambda: render_page("list.html", view, title=view.title), tuple)


@blueprint.get(f"/<any({_ROUTED_KINDS}):kind>/<path:name>")
def show_entity(kind: str, name: str) -> Response:
    """Answer the page of an IRI in the form asked for."""
    local, suffix = split_suffix(name)
    form = choose_representation(suffix)
    iri = make_entity_iri(f"/{kind}/{local}")
    read = page_reader()
    answer = _RESPONDER_OF_KIND.get(kind, _respond_entity)(read, iri, form) if _is_valid_iri(iri) else None
    if answer is None:
        raise entity_not_found(f"/{kind}/{local}", local)
    return answer


def entity_not_found(path: str, name: str) -> NotFound:
    """Return the error that names what a reader may have meant."""
    found = suggest_similar_names(search_index(), name)
    hint = (
        f"Did you mean {', '.join(f'{hit.label} ({hit.href})' for hit in found)}?"
        if found
        else "Try the search."
    )
    return NotFound(f"The graph says nothing of {path}.", location=path, hint=hint)


def _respond_entity(reader: PageQueryReader, iri: str, representation: Representation) -> Response | None:
    view = entity_page(reader, iri, cached_proof_hedge)
    if view is None:
        return None

    def render_html() -> str:
        around = draw_neighbourhood(view)
        return render_page(
            "entity.html", view, title=view.title, around=around, forms=link_representations(view.ref.href)
        )

    return make_page_response(
        representation, view, render_html, lambda: describe_entity(reader, iri), canonical=iri
    )


def _respond_claim(reader: PageQueryReader, iri: str, representation: Representation) -> Response | None:
    worked_out = request.args.get("without", "") not in {"", "0"}
    view = claim_page(reader, iri, _cached_retraction_impact if worked_out else None)
    if view is None:
        return None

    def render_html() -> str:
        return render_page(
            "claim.html",
            view,
            title=f"Claim {view.statement.name}",
            forms=link_representations(view.ref.href),
        )

    return make_page_response(
        representation, view, render_html, lambda: describe_entity(reader, iri), canonical=iri
    )


def _cached_retraction_impact(iri: str) -> list[tuple[Term, Term, Term]]:
    """Return what would fall without a claim; some tenths of a second, so only on request."""
    store = page_reader().store
    closure = memoize_per_version("closure", lambda: load_closure(store))
    return memoize_per_version(f"falling {iri}", lambda: list(find_retraction_impact(store, closure, iri)))


def _respond_graph(reader: PageQueryReader, iri: str, representation: Representation) -> Response | None:
    view = graph_page(reader, iri, read_page_number())
    if view is None:
        return _respond_entity(reader, iri, representation)

    def render_html() -> str:
        return render_page("graph.html", view, title=view.title, forms=link_representations(view.ref.href))

    return make_page_response(
        representation, view, render_html, lambda: read_graph_quads(reader, iri), canonical=iri
    )


_RESPONDER_OF_KIND: dict[str, Callable[[PageQueryReader, str, Representation], Response | None]] = {
    "claim": _respond_claim,
    "graph": _respond_graph,
}


@blueprint.get("/api/neighbourhood")
def show_neighbourhood() -> Response:
    """Answer what stands around an entity as nodes and edges."""
    iri = expand_curie(request.args.get("iri", ""))
    iri = BASE + iri.removeprefix("/") if iri.startswith("/") else iri
    view = entity_page(page_reader(), iri) if _is_valid_iri(iri) else None
    if view is None:
        raise entity_not_found("/api/neighbourhood", iri.rsplit("/", 1)[-1] or "iri")
    return jsonify(as_json(draw_neighbourhood(view)))


def _is_valid_iri(iri: str) -> bool:
    """Say whether a text can be an IRI at all."""
    try:
        ox.NamedNode(iri)
    except ValueError:
        return False
    return bool(iri)
