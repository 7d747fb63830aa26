"""`POST /validate`: does a query or update parse? Nothing is run, nothing is kept."""

from __future__ import annotations

import json

from flask import Blueprint, Response, current_app, request

from kg.errors import BadQuery, TooExpensive, TooLarge
from kg.settings import Settings
from kg.store.jobs import QueryJob
from kg.store.lexer import guard
from kg.web.endpoint import endpoint
from kg.web.parameters import FORM, body_text, in_body

blueprint = Blueprint("validate", __name__)
_SECONDS = 2.0


@blueprint.post("/validate")
def validate() -> Response:
    """Answer `{"ok": true, "form", "variables"}` or `{"ok": false, "message", "line", "column", "next"}`."""
    settings: Settings = current_app.extensions["kg_settings"]
    text, kind = _text(settings)
    try:
        guard(text, settings.query_size)
        job = QueryJob(text, base=request.url_root, parse_only=kind, deadline=_SECONDS)
        found: dict[str, object] = {"ok": True, **endpoint().answer(job).head}
        found = {name: found[name] for name in ("ok", "form", "variables", "note") if name in found}
    except (BadQuery, TooLarge, TooExpensive) as error:
        found = {
            "ok": False,
            "message": error.what,
            "line": error.line,
            "column": error.column,
            "next": error.todo,
        }
    return Response(json.dumps(found, ensure_ascii=False) + "\n", content_type="application/json")


def _text(settings: Settings) -> tuple[str, str]:
    """Return the text to read, and whether it is a query or an update."""
    if request.mimetype == FORM:
        form = in_body(request, settings.query_size * 3 + 65536)
        kind = "update" if "update" in form else "query"
        return form.get(kind, [""])[0], kind
    kind = "update" if request.mimetype == "application/sparql-update" else "query"
    return body_text(request, settings.query_size), kind
