"""The page of a claim; what depends on the claim alone is computed on request."""

from __future__ import annotations

from flask import Blueprint, Response, request

from kg.pages.claim.view import claim_page
from kg.pages.entity.handler import NAME_PARAMETER, answer_entity_address
from kg.pages.explain.handler import cached_reasoner_input
from kg.pages.page_queries import PageQueryReader, describe_entity
from kg.pages.rendering import (
    ALL_FORMATS,
    PROFILE_PARAMETER,
    make_entity_response,
    memoize_per_version,
    read_rdf_profile,
)
from kg.pages.term_refs import TermTriple
from sparqlhost.protocol.endpoint_table import Endpoint, EndpointParameter, route
from sparqlhost.protocol.negotiation import MediaType

blueprint = Blueprint("claim", __name__)


@route(
    blueprint,
    Endpoint(
        "/claim/<path:name>",
        "One claim; also with the suffix .ttl .jsonld .nt .rdf .trig .nq .json",
        parameters=(
            NAME_PARAMETER,
            EndpointParameter("without", "1: what would no longer follow without the claim"),
            PROFILE_PARAMETER,
        ),
        formats=ALL_FORMATS,
    ),
)
def show_claim(name: str) -> Response:
    """Answer the page of a claim."""
    return answer_entity_address("claim", name, _respond_claim)


def _respond_claim(reader: PageQueryReader, iri: str, representation: MediaType) -> Response | None:
    wants_impact = request.args.get("without", "") not in {"", "0"}
    view = claim_page(reader, iri, _cached_retraction_impact if wants_impact else None)
    if view is None:
        return None
    return make_entity_response(
        representation,
        "claim/page.html",
        view,
        view.ref,
        lambda: describe_entity(reader, iri, read_rdf_profile(representation)),
        title=f"Claim {view.statement.name}",
    )


def _cached_retraction_impact(iri: str) -> list[TermTriple]:
    """Return what depends on a claim alone; some tenths of a second at the first call per version."""
    reasoner_input = cached_reasoner_input()
    closure = memoize_per_version("closure", reasoner_input.close)
    return memoize_per_version(
        f"retraction impact {iri}", lambda: reasoner_input.find_retraction_impact(closure, iri)
    )
