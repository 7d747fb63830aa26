"""`/update`: updates of SPARQL 1.1 Protocol (section 2.2); they need the update token."""

from __future__ import annotations

from flask import Blueprint, Response, request

from sparqlhost.errors import StoreUnavailable
from sparqlhost.pool.jobs import QueryJob, WriteJob
from sparqlhost.protocol.app_context import get_settings, get_sparql_service
from sparqlhost.protocol.endpoint_table import Endpoint, EndpointParameter, route
from sparqlhost.protocol.negotiation import FORM_MEDIA_TYPE, UPDATE_MEDIA_TYPE
from sparqlhost.protocol.query_operation import get_outgoing_policy, make_options_response
from sparqlhost.protocol.request_facts import read_operation, read_query_parameters
from sparqlhost.protocol.write_access import require_update_token
from sparqlhost.remote.service_calls import (
    answer_service_calls,
    find_allowed_loads,
    inline_loads,
    remove_loads,
)
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import add_using_clauses, check_size_and_nesting, find_outgoing_calls

blueprint = Blueprint("update", __name__)


@route(
    blueprint,
    Endpoint(
        "/update",
        "Run a SPARQL update",
        methods=("POST",),
        parameters=tuple(
            EndpointParameter(name, help, schema={"type": "string", "format": "uri"})
            for name, help in (
                ("using-graph-uri", "a graph of the default graph that WHERE reads"),
                ("using-named-graph-uri", "a named graph that WHERE reads"),
            )
        ),
        body=(UPDATE_MEDIA_TYPE, FORM_MEDIA_TYPE),
        statuses=(204, 200),
        requires_token=True,
        handles_options=True,
    ),
)
def handle_update_request() -> Response:
    """Run an update; after 204 it is durable (a directory store) and every new query sees it."""
    if request.method == "OPTIONS":
        return make_options_response("POST, OPTIONS", f"{UPDATE_MEDIA_TYPE}, {FORM_MEDIA_TYPE}")
    require_update_token()
    settings = get_settings()
    address = read_query_parameters(request)
    text, parameters = read_operation(
        "update", UPDATE_MEDIA_TYPE, address, settings.body_size, settings.body_size
    )
    check_size_and_nesting(text, settings.body_size)
    text = add_using_clauses(
        text, parameters.get("using-graph-uri", ()), parameters.get("using-named-graph-uri", ())
    )
    text = _resolve_remote_data(text, settings)
    job = WriteJob("update", text=text, base=request.base_url, deadline=settings.query_deadline)
    get_sparql_service().write(job)
    return Response(status=204)


def _resolve_remote_data(text: str, settings: HostSettings) -> str:
    """Return the update with the data of its allowed SERVICE and LOAD calls in their place.

    Any failing remote aborts the update (StoreUnavailable); a call that is not allowed raises Forbidden. The
    text is parsed first, so that an invalid one makes no outgoing request.
    """
    if not (find_outgoing_calls(text, "LOAD") or find_outgoing_calls(text, "SERVICE")):
        return text
    policy = get_outgoing_policy()

    def refuse_loads() -> None:
        policy.refuse_calls(remove_loads(text, find_allowed_loads(text, settings.service_allow)), "LOAD")

    if not policy.leaves_silent_calls:  # without a sandbox, parsing would make the calls
        refuse_loads()
    job = QueryJob(text, base=request.base_url, parse_only="update", deadline=settings.query_deadline)
    get_sparql_service().answer(job).read_body()
    refuse_loads()
    answered = answer_service_calls(text, policy)
    if answered.failures:
        raise StoreUnavailable(answered.failures[0], hint="Nothing was changed; try again later.")
    return inline_loads(answered.text, find_allowed_loads(answered.text, settings.service_allow), settings)
