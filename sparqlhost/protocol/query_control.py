"""Two small operations on queries: `POST /sparql/cancel` stops one, `POST /validate` only parses one.

A query is cancelled by the id that its client sent in `X-Query-Id`.
"""

from __future__ import annotations

import json

from flask import Blueprint, Response, request

from sparqlhost.errors import BadQuery, NotFound, TooExpensive, TooLarge
from sparqlhost.pool.jobs import QueryJob
from sparqlhost.protocol.app_context import get_settings, get_sparql_service
from sparqlhost.protocol.endpoint_table import Endpoint, route
from sparqlhost.protocol.negotiation import (
    FORM_MEDIA_TYPE,
    JSON_MEDIA_TYPE,
    QUERY_MEDIA_TYPE,
    UPDATE_MEDIA_TYPE,
)
from sparqlhost.protocol.query_operation import parse_query_id
from sparqlhost.protocol.request_parameters import max_form_bytes, read_body_text, read_form_parameters
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import check_size_and_nesting

cancel_blueprint = Blueprint("cancel", __name__)
_MAX_CANCEL_BODY_BYTES = 1000


@route(
    cancel_blueprint,
    Endpoint(
        "/sparql/cancel",
        "Stop a query, by the 16 hexadecimal digits sent with it as X-Query-Id",
        methods=("POST",),
        body=(FORM_MEDIA_TYPE,),
        formats=(JSON_MEDIA_TYPE,),
        response_schema={"type": "object", "required": ["cancelled"]},
    ),
)
def cancel_query() -> Response:
    """Answer `{"cancelled": id}`; only the client that chose an id knows it, so no token is needed."""
    job = parse_query_id(read_form_parameters(request, _MAX_CANCEL_BODY_BYTES).get("id", [""])[-1])
    if not job or not get_sparql_service().cancel(job):
        raise NotFound(
            "No query of that id is running.",
            location="id",
            hint="Send the 16 hexadecimal digits that went with the query as X-Query-Id.",
        )
    answer = json.dumps({"cancelled": job}) + "\n"
    return Response(answer, content_type=JSON_MEDIA_TYPE)


validate_blueprint = Blueprint("validate", __name__)
_PARSE_DEADLINE_SECONDS = 2.0


@route(
    validate_blueprint,
    Endpoint(
        "/validate",
        "Check whether a query or update parses",
        methods=("POST",),
        body=(QUERY_MEDIA_TYPE, UPDATE_MEDIA_TYPE, FORM_MEDIA_TYPE),
        formats=(JSON_MEDIA_TYPE,),
        response_schema={"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}},
    ),
)
def check_syntax() -> Response:
    """Answer `{"ok": true, "form", "variables"}` or `{"ok": false, "message", "line", "column", "next"}`."""
    settings = get_settings()
    text, kind = _read_text_and_kind(settings)
    try:
        check_size_and_nesting(text, settings.query_size)
        job = QueryJob(text, base=request.url_root, parse_only=kind, deadline=_PARSE_DEADLINE_SECONDS)
        head = get_sparql_service().answer(job).head
        result: dict[str, object] = {"ok": True}
        result |= {name: head[name] for name in ("form", "variables", "note") if name in head}
    except (BadQuery, TooLarge, TooExpensive) as error:
        result = {
            "ok": False,
            "message": error.message,
            "line": error.line,
            "column": error.column,
            "next": error.hint,
        }
    return Response(json.dumps(result, ensure_ascii=False) + "\n", content_type=JSON_MEDIA_TYPE)


def _read_text_and_kind(settings: HostSettings) -> tuple[str, str]:
    """Return the text to parse, and "query" or "update"."""
    if request.mimetype == FORM_MEDIA_TYPE:
        form = read_form_parameters(request, max_form_bytes(settings))
        kind = "update" if "update" in form else "query"
        return form.get(kind, [""])[0], kind
    kind = "update" if request.mimetype == UPDATE_MEDIA_TYPE else "query"
    return read_body_text(request, settings.query_size), kind
