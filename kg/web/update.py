"""`/update`: updates of SPARQL 1.1 Protocol (section 2.2), for whoever has the token."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from kg.errors import BadQuery, StoreUnavailable, UnsupportedMedia
from kg.external.federation import joined
from kg.external.loading import Means, loaded, loads, without
from kg.external.remote_endpoint import DEADLINE as REMOTE_DEADLINE
from kg.settings import Settings
from kg.store.jobs import QueryJob, WriteJob
from kg.store.lexer import calls_out, guard
from kg.store.using import with_using
from kg.web.endpoint import endpoint
from kg.web.parameters import FORM, Parameters, body_text, in_address, in_body, one
from kg.web.sparql import refuse_calls
from kg.web.writing import require_token

blueprint = Blueprint("update", __name__)

DIRECT = "application/sparql-update"
_ALLOW = "POST, OPTIONS"


@blueprint.route("/update", methods=("POST", "OPTIONS"), provide_automatic_options=False)
def update() -> Response:
    """Run an update; 204 means it is durable and every new query sees it."""
    if request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": _ALLOW, "Accept-Post": f"{DIRECT}, {FORM}"})
    require_token()
    settings: Settings = current_app.extensions["kg_settings"]
    text, parameters = _update(settings)
    guard(text, settings.body_size)
    text = with_using(
        text, parameters.get("using-graph-uri", ()), parameters.get("using-named-graph-uri", ())
    )
    text = _with_what_is_elsewhere(text, settings)
    job = WriteJob("update", text=text, base=request.base_url, deadline=settings.query_deadline)
    endpoint().write(job)
    return Response(status=204)


def _with_what_is_elsewhere(text: str, settings: Settings) -> str:
    """Return the update with its allowed SERVICE and LOAD answered; raises Forbidden for any other.

    An update is all or nothing: a remote that fails, fails it. What does not parse calls nobody.
    """
    if not (calls_out(text, "LOAD") or calls_out(text, "SERVICE")):
        return text
    found = loads(text, settings.service_allow)
    refuse_calls(without(text, found), "LOAD", settings.service_allow)
    job = QueryJob(text, base=request.base_url, parse_only="update", deadline=settings.query_deadline)
    endpoint().answer(job).body()
    seconds = min(settings.query_deadline, REMOTE_DEADLINE)
    asked = joined(text, settings.service_allow, seconds, settings.private_hosts)
    if asked.notes:
        raise StoreUnavailable(asked.notes[0], todo="Nothing was changed; try again later.")
    refuse_calls(asked.text, "SERVICE", settings.service_allow)
    means = Means(seconds, settings.body_size, settings.private_hosts)
    return loaded(asked.text, loads(asked.text, settings.service_allow), means)


def _update(settings: Settings) -> tuple[str, Parameters]:
    """Return the text of the update and the parameters beside it (Protocol 2.2.1, 2.2.2)."""
    address = in_address(request)
    if request.mimetype == DIRECT:
        if "update" in address:
            raise BadQuery("The update is given in the address and in the body.", todo="Send one of them.")
        return body_text(request, settings.body_size), address
    if request.mimetype == FORM:
        form = in_body(request, settings.body_size)
        if "query" in form:
            raise BadQuery("This address takes updates.", todo="Send queries to /sparql.")
        return one(form, "update"), {**address, **form}
    raise UnsupportedMedia(
        f"A body of type {request.mimetype or '(none)'} is not understood here.",
        todo=f"Send {DIRECT} or {FORM}.",
    )
