"""`POST /validate`: does a query or update parse? Nothing is run, nothing is kept."""

from __future__ import annotations

import json

from flask import Blueprint, Response, current_app, request

from kg.errors import BadQuery, TooExpensive, TooLarge
from kg.settings import Settings
from kg.store.jobs import QueryJob
from kg.store.lexer import check_size_and_nesting
from kg.web.endpoint import get_sparql_service
from kg.web.parameters import FORM_MEDIA_TYPE, read_body_text, read_form_parameters

validate_blueprint = Blueprint("validate", __name__)
_PARSE_DEADLINE_SECONDS = 2.0


@validate_blueprint.post("/validate")
def check_syntax() -> Response:
    """Answer `{"ok": true, "form", "variables"}` or `{"ok": false, "message", "line", "column", "next"}`."""
    settings: Settings = current_app.extensions["kg_settings"]
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


def _read_text_and_kind(settings: Settings) -> tuple[str, str]:
    """Return the text to read, and whether it is a query or an update."""
    if request.mimetype == FORM_MEDIA_TYPE:
        form = read_form_parameters(request, settings.query_size * 3 + 65536)
        kind = "update" if "update" in form else "query"
        return form.get(kind, [""])[0], kind
    kind = "update" if request.mimetype == "application/sparql-update" else "query"
    return read_body_text(request, settings.query_size), kind
