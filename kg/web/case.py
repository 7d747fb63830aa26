"""`/case`: what the text raises for the features of a case. Read, judged in memory, answered, forgotten.

Features come in the body of a POST only, never in an address, so that no log, history or proxy keeps them.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, request

from kg.errors import BadQuery, TooLarge
from kg.views.case import CasePage
from kg.views.casing import Cases, case_page, empty_page
from kg.web.content import PAGES, negotiate, respond
from kg.web.layout import kept, page, reader
from kg.web.negotiation import HTML

blueprint = Blueprint("case", __name__)

#: features a request may name
MOST = 100


@blueprint.get("/case")
def form() -> Response:
    """Answer with the features that can be ticked."""
    return _answer(empty_page(_cases()))


@blueprint.post("/case")
def case() -> Response:
    """Answer for a case: JSON {"yes": [...], "no": [...]}, or the fields yes and no of a form."""
    yes, no = _body() if request.is_json or not request.form else _ticked()
    if len(yes) + len(no) > MOST:
        raise TooLarge(f"A case has at most {MOST} features.", where="/case", todo="Give fewer.")
    try:
        return _answer(case_page(_cases(), [t for t in yes if t.strip()], [t for t in no if t.strip()]))
    except BadQuery as error:
        if negotiate(offers=PAGES).media != HTML:
            raise
        return _refused(error)


def _ticked() -> tuple[list[str], list[str]]:
    """Return the features of a form: fields yes and no, or a field a feature that says yes, no or unknown."""
    yes, no = request.form.getlist("yes"), request.form.getlist("no")
    for name, verdict in request.form.items():
        if name not in ("yes", "no") and verdict in ("yes", "no"):
            (yes if verdict == "yes" else no).append(name)
    return yes, no


def _refused(error: BadQuery) -> Response:
    """Answer a form that contradicts itself: the same form with its ticks, and the complaint, as 400."""
    response = _answer(empty_page(_cases()), problem=error)
    response.status_code = 400
    return response


def _cases() -> Cases:
    """Return what cases are judged with, for the present data."""
    return kept("cases", lambda: Cases.of(reader().store))


def _answer(view: CasePage, problem: BadQuery | None = None) -> Response:
    """Return the page; nothing may keep it."""

    def html() -> str:
        return page("case.html", view, title="A case", problem=problem, ticked=dict(request.form))

    response = respond(negotiate(offers=PAGES), view, html, tuple)
    response.headers["Cache-Control"] = "no-store"
    return response


def _body() -> tuple[list[str], list[str]]:
    """Return the features of a JSON body; raises BadQuery that says what is wrong with it."""
    try:
        body = json.loads(request.get_data(cache=False) or b"{}")
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", 0), getattr(error, "colno", 0)
        raise BadQuery(
            "The body is not JSON.",
            where="/case",
            line=line,
            column=column,
            todo='Send {"yes": [...], "no": [...]}.',
        ) from error
    if not isinstance(body, dict) or set(body) - {"yes", "no"}:
        raise BadQuery("The body is no case.", where="/case", todo='Send {"yes": [...], "no": [...]}.')
    return _names(body, "yes"), _names(body, "no")


def _names(body: dict[str, Any], key: str) -> list[str]:
    """Return one list of names."""
    found = body.get(key, [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise BadQuery(
            f"“{key}” is no list of names.", where="/case", todo='Send {"yes": [...], "no": [...]}.'
        )
    return found
