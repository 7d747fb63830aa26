"""The start page, and a page for every IRI of the graph, in HTML, JSON and RDF."""

from __future__ import annotations

from collections.abc import Callable

import pyoxigraph as ox
from flask import Blueprint, Response, jsonify, request

from kg.errors import NotFound
from kg.namespaces import BASE, ENTITY_KINDS
from kg.views.claim import claim_page
from kg.views.description import description, graph_quads
from kg.views.entity import entity_page
from kg.views.falling import falling, materialisation
from kg.views.finding import near
from kg.views.graph import graph_page
from kg.views.listing import list_page
from kg.views.neighbourhood import neighbourhood
from kg.views.reading import Reader
from kg.views.start import start_page
from kg.views.terms import Term, as_json, expand
from kg.web.content import PAGES, Form, links, negotiate, ours, page_number, respond, split
from kg.web.explain import wording
from kg.web.layout import kept, page, reader
from kg.web.questions import library
from kg.web.search import index

blueprint = Blueprint("pages", __name__)

_KINDS = ",".join(kind for kind in ENTITY_KINDS if kind != "scenario")


@blueprint.get("/")
def start() -> Response:
    """Answer the start page."""
    form = negotiate(offers=PAGES)
    view = start_page(reader(), library())
    return respond(form, view, lambda: page("start.html", view, title="What is said, and where"), tuple)


@blueprint.get(f"/<any({_KINDS}):kind>/")
def entities(kind: str) -> Response:
    """Answer the list of the entities of a kind."""
    form = negotiate(offers=PAGES)
    view = list_page(reader(), kind, page_number())
    if view is None:
        number = request.args.get("page", "")[:40]
        raise NotFound(
            f"There is no page {number} of this list.", where=request.path, todo="Start with page 1."
        )
    return respond(form, view, lambda: page("list.html", view, title=view.title), tuple)


@blueprint.get(f"/<any({_KINDS}):kind>/<path:name>")
def entity(kind: str, name: str) -> Response:
    """Answer the page of an IRI in the form asked for."""
    local, suffix = split(name)
    form = negotiate(suffix)
    iri = ours(f"/{kind}/{local}")
    read = reader()
    answer = _PAGES_BY_KIND.get(kind, _entity)(read, iri, form) if _readable(iri) else None
    if answer is None:
        raise not_found(f"/{kind}/{local}", local)
    return answer


def not_found(path: str, name: str) -> NotFound:
    """Return the error that names what a reader may have meant."""
    found = near(index(), name)
    hint = (
        f"Did you mean {', '.join(f'{hit.label} ({hit.href})' for hit in found)}?"
        if found
        else "Try the search."
    )
    return NotFound(f"The graph says nothing of {path}.", where=path, todo=hint)


def _entity(read: Reader, iri: str, form: Form) -> Response | None:
    view = entity_page(read, iri, wording)
    if view is None:
        return None

    def html() -> str:
        around = neighbourhood(view)
        return page("entity.html", view, title=view.title, around=around, forms=links(view.ref.href))

    return respond(form, view, html, lambda: description(read, iri), canonical=iri)


def _claim(read: Reader, iri: str, form: Form) -> Response | None:
    worked_out = request.args.get("without", "") not in {"", "0"}
    view = claim_page(read, iri, _falling if worked_out else None)
    if view is None:
        return None

    def html() -> str:
        return page("claim.html", view, title=f"Claim {view.statement.name}", forms=links(view.ref.href))

    return respond(form, view, html, lambda: description(read, iri), canonical=iri)


def _falling(iri: str) -> list[tuple[Term, Term, Term]]:
    """Return what would fall without a claim; some tenths of a second, so only on request."""
    store = reader().store
    closure = kept("closure", lambda: materialisation(store))
    return kept(f"falling {iri}", lambda: list(falling(store, closure, iri)))


def _graph(read: Reader, iri: str, form: Form) -> Response | None:
    view = graph_page(read, iri, page_number())
    if view is None:
        return _entity(read, iri, form)

    def html() -> str:
        return page("graph.html", view, title=view.title, forms=links(view.ref.href))

    return respond(form, view, html, lambda: graph_quads(read, iri), canonical=iri)


_PAGES_BY_KIND: dict[str, Callable[[Reader, str, Form], Response | None]] = {"claim": _claim, "graph": _graph}


@blueprint.get("/api/neighbourhood")
def api_neighbourhood() -> Response:
    """Answer what stands around an entity as nodes and edges."""
    iri = expand(request.args.get("iri", ""))
    iri = BASE + iri.removeprefix("/") if iri.startswith("/") else iri
    view = entity_page(reader(), iri) if _readable(iri) else None
    if view is None:
        raise not_found("/api/neighbourhood", iri.rsplit("/", 1)[-1] or "iri")
    return jsonify(as_json(neighbourhood(view)))


def _readable(iri: str) -> bool:
    """Say whether a text can be an IRI at all."""
    try:
        ox.NamedNode(iri)
    except ValueError:
        return False
    return bool(iri)
