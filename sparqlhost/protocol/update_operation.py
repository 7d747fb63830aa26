"""`/update`: updates of SPARQL 1.1 Protocol (section 2.2), for whoever has the token."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from sparqlhost.errors import BadQuery, StoreUnavailable, UnsupportedMedia
from sparqlhost.pool.jobs import QueryJob, WriteJob
from sparqlhost.protocol.app_context import get_sparql_service
from sparqlhost.protocol.query_operation import refuse_remote_calls
from sparqlhost.protocol.request_parameters import (
    FORM_MEDIA_TYPE,
    RequestParameters,
    read_body_text,
    read_form_parameters,
    read_query_parameters,
    require_single_value,
)
from sparqlhost.protocol.security import require_update_token
from sparqlhost.remote.document_loads import LoadLimits, find_allowed_loads, inline_loads, remove_loads
from sparqlhost.remote.service_calls import inline_service_calls
from sparqlhost.remote_endpoint import REMOTE_DEADLINE
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.dataset_clauses import add_using_clauses
from sparqlhost.sparql.lexer import check_size_and_nesting, find_outgoing_calls

blueprint = Blueprint("update", __name__)

UPDATE_MEDIA_TYPE = "application/sparql-update"
_ALLOWED_METHODS = "POST, OPTIONS"


@blueprint.route("/update", methods=("POST", "OPTIONS"), provide_automatic_options=False)
def handle_update_request() -> Response:
    """Run an update; 204 means it is durable and every new query sees it."""
    if request.method == "OPTIONS":
        return Response(
            status=204,
            headers={"Allow": _ALLOWED_METHODS, "Accept-Post": f"{UPDATE_MEDIA_TYPE}, {FORM_MEDIA_TYPE}"},
        )
    require_update_token()
    settings: HostSettings = current_app.extensions["kg_settings"]
    text, parameters = _read_update(settings)
    check_size_and_nesting(text, settings.body_size)
    text = add_using_clauses(
        text, parameters.get("using-graph-uri", ()), parameters.get("using-named-graph-uri", ())
    )
    text = _resolve_remote_data(text, settings)
    job = WriteJob("update", text=text, base=request.base_url, deadline=settings.query_deadline)
    get_sparql_service().write(job)
    return Response(status=204)


def _resolve_remote_data(text: str, settings: HostSettings) -> str:
    """Return the update with its allowed SERVICE and LOAD answered; raises Forbidden for any other.

    An update is all or nothing: a remote that fails, fails it. What does not parse calls nobody.
    """
    if not (find_outgoing_calls(text, "LOAD") or find_outgoing_calls(text, "SERVICE")):
        return text
    found = find_allowed_loads(text, settings.service_allow)
    refuse_remote_calls(remove_loads(text, found), "LOAD", settings.service_allow)
    job = QueryJob(text, base=request.base_url, parse_only="update", deadline=settings.query_deadline)
    get_sparql_service().answer(job).read_body()
    seconds = min(settings.query_deadline, REMOTE_DEADLINE)
    asked = inline_service_calls(text, settings.service_allow, seconds, settings.private_hosts)
    if asked.failures:
        raise StoreUnavailable(asked.failures[0], hint="Nothing was changed; try again later.")
    refuse_remote_calls(asked.text, "SERVICE", settings.service_allow)
    means = LoadLimits(seconds, settings.body_size, settings.private_hosts)
    return inline_loads(asked.text, find_allowed_loads(asked.text, settings.service_allow), means)


def _read_update(settings: HostSettings) -> tuple[str, RequestParameters]:
    """Return the text of the update and the parameters beside it (Protocol 2.2.1, 2.2.2)."""
    address = read_query_parameters(request)
    if request.mimetype == UPDATE_MEDIA_TYPE:
        if "update" in address:
            raise BadQuery("The update is given in the address and in the body.", hint="Send one of them.")
        return read_body_text(request, settings.body_size), address
    if request.mimetype == FORM_MEDIA_TYPE:
        form = read_form_parameters(request, settings.body_size)
        if "query" in form:
            raise BadQuery("This address takes updates.", hint="Send queries to /sparql.")
        return require_single_value(form, "update"), {**address, **form}
    raise UnsupportedMedia(
        f"A body of type {request.mimetype or '(none)'} is not understood here.",
        hint=f"Send {UPDATE_MEDIA_TYPE} or {FORM_MEDIA_TYPE}.",
    )
