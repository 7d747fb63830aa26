"""`/case`: what the text says for the features of a case, judged in memory and forgotten with the answer.

Features come in the body of a POST only, never in an address, so that no log, history or proxy keeps them.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, request

from kg.errors import BadQuery, TooLarge
from kg.pages.case.case_page import CasePage
from kg.pages.case.view import CaseContext, case_page, empty_case_page
from kg.pages.explain.handler import cached_reasoner_input
from kg.pages.rendering import (
    HTML,
    HTML_AND_JSON,
    PAGE_REPRESENTATIONS,
    choose_representation,
    make_page_response,
    memoize_per_version,
    page_reader,
    read_page_number,
    render_page,
)
from sparqlhost.protocol.endpoint_table import CachePolicy, Endpoint, EndpointParameter, JsonObject, route
from sparqlhost.protocol.negotiation import FORM_MEDIA_TYPE, JSON_MEDIA_TYPE

blueprint = Blueprint("case", __name__)

#: features a request may name
MAX_FEATURES = 100
_BODY_HINT = 'Send {"yes": [...], "no": [...]}.'


_STRING_LIST_SCHEMA: JsonObject = {"type": "array", "items": {"type": "string"}}
_FEATURES_SCHEMA: JsonObject = {
    **_STRING_LIST_SCHEMA,
    "description": "features as labels, CURIEs or IRIs; GET /case lists them",
}
_BODY_SCHEMAS: dict[str, JsonObject] = {
    JSON_MEDIA_TYPE: {
        "type": "object",
        "properties": {"yes": _FEATURES_SCHEMA, "no": _FEATURES_SCHEMA},
        "additionalProperties": False,
    },
    FORM_MEDIA_TYPE: {
        "type": "object",
        "description": "fields yes and no, or a field a feature, which says yes, no or unknown",
        "properties": {"yes": _STRING_LIST_SCHEMA, "no": _STRING_LIST_SCHEMA},
        "additionalProperties": {"enum": ["yes", "no", "unknown"]},
    },
}
_ANSWER_SCHEMA: JsonObject = {
    "type": "object",
    "required": ["asked", "choices", "claims", "ask_next"],
    "properties": {
        "choices": {"type": "array", "description": "the features that may be named"},
        "claims": {"type": "array", "description": "each with its status and why, a hundred a page"},
        "ask_next": {"type": "array", "description": "features whose answer decides most claims"},
    },
}


def _make_parameter_error() -> BadQuery:
    """Return the error for features in an address; it repeats nothing, for they may be a patient's."""
    return BadQuery(
        "A case cannot be sent in an address.",
        location="/case",
        hint="POST the features, as JSON or as a form: an address is kept in logs. See /openapi.json.",
    )


@route(
    blueprint,
    Endpoint(
        "/case",
        "The features that a case may name",
        formats=HTML_AND_JSON,
        response_schema=_ANSWER_SCHEMA,
        cache=CachePolicy.NO_STORE,
        parameter_error=_make_parameter_error,
    ),
)
def show_case_form() -> Response:
    """Answer with the features that can be ticked."""
    return _respond_case(empty_case_page(_cached_context()))


@route(
    blueprint,
    Endpoint(
        "/case",
        "What the text says for a case: features that hold and that do not; the rest is unknown",
        methods=("POST",),
        parameters=(
            EndpointParameter("page", "the page of claims, from 1", schema={"type": "integer", "minimum": 1}),
        ),
        body=_BODY_SCHEMAS,
        formats=HTML_AND_JSON,
        response_schema=_ANSWER_SCHEMA,
        cache=CachePolicy.NO_STORE,
    ),
)
def judge_case() -> Response:
    """Answer for a case: JSON {"yes": [...], "no": [...]}, or the fields yes and no of a form."""
    yes, no = _read_json_features() if request.is_json or not request.form else _read_form_features()
    if len(yes) + len(no) > MAX_FEATURES:
        raise TooLarge(f"A case has at most {MAX_FEATURES} features.", location="/case", hint="Give fewer.")
    try:
        return _respond_case(
            case_page(
                _cached_context(),
                [t for t in yes if t.strip()],
                [t for t in no if t.strip()],
                read_page_number(),
            )
        )
    except BadQuery as error:
        if choose_representation(representations=PAGE_REPRESENTATIONS) != HTML:
            raise
        return _respond_contradiction(error)


def _read_form_features() -> tuple[list[str], list[str]]:
    """Return the features of a form: fields `yes` and `no`, or a field per feature: yes, no or unknown."""
    yes, no = request.form.getlist("yes"), request.form.getlist("no")
    for name, verdict in request.form.items():
        if name not in ("yes", "no") and verdict in ("yes", "no"):
            (yes if verdict == "yes" else no).append(name)
    return yes, no


def _respond_contradiction(error: BadQuery) -> Response:
    """Answer a form that contradicts itself: the same form with its ticks and the error, as 400."""
    response = _respond_case(empty_case_page(_cached_context()), problem=error)
    response.status_code = 400
    return response


def _cached_context() -> CaseContext:
    """Return what cases are judged with, for the present data."""
    return memoize_per_version("cases", lambda: CaseContext.load(page_reader(), cached_reasoner_input()))


def _respond_case(view: CasePage, problem: BadQuery | None = None) -> Response:
    def render_html() -> str:
        return render_page("case/page.html", view, title="A case", problem=problem, ticked=dict(request.form))

    return make_page_response(
        choose_representation(representations=PAGE_REPRESENTATIONS), view, render_html, tuple
    )


def _read_json_features() -> tuple[list[str], list[str]]:
    """Return the features of a JSON body; raises BadQuery that says what is wrong with it."""
    try:
        body = json.loads(request.get_data(cache=False) or b"{}")
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", 0), getattr(error, "colno", 0)
        raise BadQuery(
            "The body is not JSON.",
            location="/case",
            line=line,
            column=column,
            hint=_BODY_HINT,
        ) from error
    if not isinstance(body, dict) or set(body) - {"yes", "no"}:
        raise BadQuery("The body is not a valid case.", location="/case", hint=_BODY_HINT)
    return _read_name_list(body, "yes"), _read_name_list(body, "no")


def _read_name_list(body: dict[str, Any], key: str) -> list[str]:
    names = body.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadQuery(f"“{key}” must be a list of names.", location="/case", hint=_BODY_HINT)
    return names
