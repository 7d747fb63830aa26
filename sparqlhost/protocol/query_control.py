"""`POST /sparql/cancel`: stop the work on a query, by the id its asker gave it in `X-Query-Id`."""

from __future__ import annotations

import json

from flask import Blueprint, Response, current_app, request

from sparqlhost.errors import BadQuery, NotFound, TooExpensive, TooLarge
from sparqlhost.pool.jobs import QueryJob
from sparqlhost.protocol.app_context import get_sparql_service
from sparqlhost.protocol.query_operation import parse_query_id
from sparqlhost.protocol.request_parameters import FORM_MEDIA_TYPE, read_body_text, read_form_parameters
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import check_size_and_nesting

cancel_blueprint = Blueprint("cancel", __name__)
_MAX_CANCEL_BODY_BYTES = 1000


@cancel_blueprint.post("/sparql/cancel")
def cancel_query() -> Response:
    """Answer `{"cancelled": id}`; an id is known to its asker only, so no other right is needed."""
    job = parse_query_id(read_form_parameters(request, _MAX_CANCEL_BODY_BYTES).get("id", [""])[-1])
    if not job or not get_sparql_service().cancel(job):
        raise NotFound(
            "No query of that id is running.",
            location="id",
            hint="Send the 16 hexadecimal digits that went with the query as X-Query-Id.",
        )
    answer = json.dumps({"cancelled": job}) + "\n"
    return Response(answer, content_type="application/json", headers={"Cache-Control": "no-store"})


#: MERGED kg.web.validate
#: MERGED `POST /validate`: does a query or update parse? Nothing is run, nothing is kept.


validate_blueprint = Blueprint("validate", __name__)
_PARSE_DEADLINE_SECONDS = 2.0


@validate_blueprint.post("/validate")
def check_syntax() -> Response:
    """Answer `{"ok": true, "form", "variables"}` or `{"ok": false, "message", "line", "column", "next"}`."""
    settings: HostSettings = current_app.extensions["kg_settings"]
    text, kind = _read_text_and_kind(settings)
    try:
        check_size_and_nesting(text, settings.query_size)
        job = QueryJob(text, base=request.url_root, parse_only=kind, deadline=_PARSE_DEADLINE_SECONDS)
        found: dict[str, object] = {"ok": True, **get_sparql_service().answer(job).head}
        found = {name: found[name] for name in ("ok", "form", "variables", "note") if name in found}
    except (BadQuery, TooLarge, TooExpensive) as error:
        found = {
            "ok": False,
            "message": error.message,
            "line": error.line,
            "column": error.column,
            "next": error.hint,
        }
    return Response(json.dumps(found, ensure_ascii=False) + "\n", content_type="application/json")


def _read_text_and_kind(settings: HostSettings) -> tuple[str, str]:
    """Return the text to read, and whether it is a query or an update."""
    if request.mimetype == FORM_MEDIA_TYPE:
        form = read_form_parameters(request, settings.query_size * 3 + 65536)
        kind = "update" if "update" in form else "query"
        return form.get(kind, [""])[0], kind
    kind = "update" if request.mimetype == "application/sparql-update" else "query"
    return read_body_text(request, settings.query_size), kind
