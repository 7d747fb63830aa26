"""A page for every IRI of the graph, and the lists of them by kind, in HTML, JSON and RDF.

Claims and named graphs have pages of their own (`kg.pages.claim`, `kg.pages.graph`), which answer with
`answer_entity_address` too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pyoxigraph as ox
from flask import Blueprint, Response, jsonify, request

from kg.errors import NotFound
from kg.namespaces import BASE, ENTITY_KINDS, expand_curie
from kg.pages import rendering
from kg.pages.entity.neighbourhood import draw_neighbourhood
from kg.pages.entity.view import entity_page, list_page
from kg.pages.page_queries import PageQueryReader, describe_entity
from kg.pages.questions.handler import load_vocabulary, question_library
from kg.pages.questions.view import make_result_rows
from kg.pages.search.handler import search_index
from kg.pages.search.view import suggest_similar_names
from kg.pages.term_refs import TermRef, as_json
from kg.questions.question_answers import AROUND_A_SITUATION, answer_question
from sparqlhost.protocol.endpoint_table import Endpoint, EndpointParameter, route
from sparqlhost.protocol.negotiation import MediaType

blueprint = Blueprint("entity", __name__)

#: answers for one kind of entity: (reader, IRI, representation), None where the graph has no such entity
EntityResponder = Callable[[PageQueryReader, str, MediaType], Response | None]

NAME_PARAMETER = EndpointParameter("name", "its local name", location="path")
PAGE_PARAMETER = EndpointParameter("page", "which page of a long list, from 1")

_LISTED_KINDS = [kind for kind in ENTITY_KINDS if kind != "scenario"]
_PAGED_KINDS = [kind for kind in _LISTED_KINDS if kind not in {"claim", "graph"}]


def _make_kind_parameter(kinds: list[str]) -> EndpointParameter:
    return EndpointParameter("kind", "the kind of entity", location="path", schema={"enum": kinds})


@route(
    blueprint,
    Endpoint(
        f"/<any({','.join(_LISTED_KINDS)}):kind>/",
        "The entities of one kind",
        parameters=(_make_kind_parameter(_LISTED_KINDS), PAGE_PARAMETER),
        formats=rendering.HTML_AND_JSON,
    ),
)
def list_entities(kind: str) -> Response:
    """Answer the list of the entities of a kind."""
    view = list_page(rendering.page_reader(), kind, rendering.read_page_number())
    if view is None:
        number = request.args.get("page", "")[:40]
        raise NotFound(
            f"There is no page {number} of this list.", location=request.path, hint="Start with page 1."
        )
    return rendering.answer_page("entity/list.html", view, title=view.title)


@route(
    blueprint,
    Endpoint(
        f"/<any({','.join(_PAGED_KINDS)}):kind>/<path:name>",
        "One entity; also with the suffix .ttl .jsonld .nt .rdf .trig .nq .json",
        parameters=(_make_kind_parameter(_PAGED_KINDS), NAME_PARAMETER, rendering.PROFILE_PARAMETER),
        formats=rendering.ALL_FORMATS,
    ),
)
def show_entity(kind: str, name: str) -> Response:
    """Answer the page of an entity."""
    return answer_entity_address(kind, name, respond_entity)


def answer_entity_address(kind: str, name: str, respond: EntityResponder) -> Response:
    """Answer `/kind/name`, where `name` may end in the suffix of a representation; raises NotFound."""
    local, suffix = rendering.split_suffix(name)
    representation = rendering.choose_representation(suffix)
    iri = f"{BASE}{kind}/{local}"
    response = respond(rendering.page_reader(), iri, representation) if _is_valid_iri(iri) else None
    if response is None:
        raise _entity_not_found(f"/{kind}/{local}", local)
    return response


def respond_entity(reader: PageQueryReader, iri: str, representation: MediaType) -> Response | None:
    """Return the page of any entity, or None where the graph has no statement about it."""
    view = entity_page(reader, iri)
    if view is None:
        return None
    if view.kind == "situation":
        view = replace(view, nearby=_list_nearby_statements(iri))
    return rendering.make_entity_response(
        representation,
        "entity/page.html",
        view,
        view.ref,
        lambda: describe_entity(reader, iri, rendering.read_rdf_profile(representation)),
        make_context=lambda: {
            "neighbourhood": draw_neighbourhood(view),
            "claims_query": reader.bind_query("entity-claims", entity=[ox.NamedNode(iri)]),
        },
    )


def _list_nearby_statements(iri: str) -> tuple[Mapping[str, TermRef | None], ...]:
    """Return what the text says of situations broader and narrower than one: rows of the named question."""
    question = next((q for q in question_library() if q.name == AROUND_A_SITUATION), None)
    if question is None:
        return ()
    answer = answer_question(rendering.page_reader().store, question, {"situation": [iri]}, load_vocabulary())
    rows = (dict(zip(answer.variables, row, strict=True)) for row in make_result_rows(answer))
    return tuple(row for row in rows if (situation := row["said_of"]) is None or situation.iri != iri)


def _entity_not_found(path: str, name: str) -> NotFound:
    """Return the error for an address without an entity; it names what a reader may have meant."""
    hits = suggest_similar_names(search_index(), name)
    meant = ", ".join(f"{hit.label} ({hit.href})" for hit in hits)
    return NotFound(
        f"There is no entry for {path}.",
        location=path,
        hint=f"Did you mean {meant}?" if meant else "Try the search.",
    )


@route(
    blueprint,
    Endpoint(
        "/api/neighbourhood",
        "Neighbours of an entity, as nodes and edges",
        parameters=(
            EndpointParameter("iri", "the entity", True, schema={"type": "string", "format": "uri"}),
        ),
        formats=(rendering.JSON.name,),
        response_schema={"type": "object"},
    ),
)
def show_neighbourhood() -> Response:
    """Answer the neighbours of an entity, named by IRI, CURIE or path, as nodes and edges."""
    iri = expand_curie(request.args.get("iri", ""))
    iri = BASE + iri[1:] if iri.startswith("/") else iri
    view = entity_page(rendering.page_reader(), iri) if _is_valid_iri(iri) else None
    if view is None:
        raise _entity_not_found("/api/neighbourhood", iri.rsplit("/", 1)[-1] or "iri")
    return jsonify(as_json(draw_neighbourhood(view)))


def _is_valid_iri(iri: str) -> bool:
    try:
        ox.NamedNode(iri)
    except ValueError:
        return False
    return bool(iri)
