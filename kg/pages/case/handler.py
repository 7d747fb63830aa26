"""`/case`: what the text raises for the features of a case. Read, judged in memory, answered, forgotten.

Features come in the body of a POST only, never in an address, so that no log, history or proxy keeps them.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, request

from kg.errors import BadQuery, TooLarge
from kg.pages.case.case_page import CasePage
from kg.pages.case.view import CaseContext, case_page, empty_case_page
from kg.pages.layout import memoize_per_version, page_reader, render_page
from kg.pages.representations import PAGE_REPRESENTATIONS, choose_representation, make_page_response
from sparqlhost.protocol.negotiation import HTML_MEDIA_TYPE

blueprint = Blueprint("case", __name__)

#: features a request may name
MAX_FEATURES = 100


@blueprint.get("/case")
def show_case_form() -> Response:
    """Answer with the features that can be ticked."""
    return _respond_case(empty_case_page(_cached_context()))


@blueprint.post("/case")
def judge_case() -> Response:
    """Answer for a case: JSON {"yes": [...], "no": [...]}, or the fields yes and no of a form."""
    yes, no = _read_json_features() if request.is_json or not request.form else _read_form_features()
    if len(yes) + len(no) > MAX_FEATURES:
        raise TooLarge(f"A case has at most {MAX_FEATURES} features.", location="/case", hint="Give fewer.")
    try:
        return _respond_case(
            case_page(_cached_context(), [t for t in yes if t.strip()], [t for t in no if t.strip()])
        )
    except BadQuery as error:
        if choose_representation(representations=PAGE_REPRESENTATIONS).media_type_name != HTML_MEDIA_TYPE:
            raise
        return _respond_contradiction(error)


def _read_form_features() -> tuple[list[str], list[str]]:
    """Return the features of a form: fields yes and no, or a field a feature that says yes, no or unknown."""
    yes, no = request.form.getlist("yes"), request.form.getlist("no")
    for name, verdict in request.form.items():
        if name not in ("yes", "no") and verdict in ("yes", "no"):
            (yes if verdict == "yes" else no).append(name)
    return yes, no


def _respond_contradiction(error: BadQuery) -> Response:
    """Answer a form that contradicts itself: the same form with its ticks, and the complaint, as 400."""
    response = _respond_case(empty_case_page(_cached_context()), problem=error)
    response.status_code = 400
    return response


def _cached_context() -> CaseContext:
    """Return what cases are judged with, for the present data."""
    return memoize_per_version("cases", lambda: CaseContext.load(page_reader().store))


def _respond_case(view: CasePage, problem: BadQuery | None = None) -> Response:
    """Return the page; nothing may keep it."""

    def render_html() -> str:
        return render_page("case.html", view, title="A case", problem=problem, ticked=dict(request.form))

    response = make_page_response(
        choose_representation(representations=PAGE_REPRESENTATIONS), view, render_html, tuple
    )
    response.headers["Cache-Control"] = "no-store"
    return response


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
            hint='Send {"yes": [...], "no": [...]}.',
        ) from error
    if not isinstance(body, dict) or set(body) - {"yes", "no"}:
        raise BadQuery("The body is no case.", location="/case", hint='Send {"yes": [...], "no": [...]}.')
    return _read_name_list(body, "yes"), _read_name_list(body, "no")


def _read_name_list(body: dict[str, Any], key: str) -> list[str]:
    """Return one list of names."""
    found = body.get(key, [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise BadQuery(
            f"“{key}” is no list of names.", location="/case", hint='Send {"yes": [...], "no": [...]}.'
        )
    return found
