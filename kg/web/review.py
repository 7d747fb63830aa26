"""`/mappings/review`: candidates side by side, and where verdicts go of whoever has the token."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice

from flask import Blueprint, Response, request

from kg.errors import BadData, NotFound, UnsupportedMedia
from kg.linking.reviewing import Said, judge, pending
from kg.linking.verdicts import KEYS
from kg.linking.workbench import Workbench, workbench
from kg.views.review import ReviewItem, ReviewPage, Written, page_as_dict
from kg.web.content import JSON, PAGES, negotiate
from kg.web.layout import page, settings
from kg.web.negotiation import HTML
from kg.web.parameters import FORM, body_text, in_body
from kg.web.writing import is_writable, require_token

blueprint = Blueprint("review", __name__)

#: pairs a page shows, and bytes a verdict may have.
_SHOWN = 20
_BODY = 20_000
_FIELDS = ("subject", "object", "verdict", "author", "comment", "label")


@blueprint.get("/mappings/review")
def pairs() -> Response:
    """Answer the pairs that wait for a verdict: all, or those of `entity` and of the import `in`."""
    form = negotiate("", PAGES)
    view = _page(request.args.getlist("in"), request.args.getlist("entity"))
    if form.media == HTML:
        response = Response(
            page("review.html", view, title="Review of links"), content_type=form.offer.content_type
        )
    else:
        response = Response(json.dumps(page_as_dict(view), ensure_ascii=False, indent=1), content_type=JSON)
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def _page(imports: list[str], wanted: list[str]) -> ReviewPage:
    """Return the first pairs; none, and why, where nothing was imported or indexed."""
    writable = is_writable(settings())
    try:
        bench = workbench(settings(), imports, make=False)
    except NotFound as error:
        if imports:
            raise
        return ReviewPage((), (), writable, f"{error.what} {error.todo}")
    with bench:
        found = islice(pending(bench, wanted), _SHOWN)
        items = tuple(ReviewItem(entity, candidate) for entity, candidate in found)
        why = "" if bench.indexes else "The names of the imports are not indexed yet: run kg link once."
        return ReviewPage(tuple(index.imported.id for index in bench.indexes), items, writable, why)


@blueprint.post("/mappings/review")
def verdict() -> Response:
    """Take a verdict: a row of SSSOM with author and date, and the questions whose answers will change."""
    require_token()
    said = _said()
    if said.word == "skip":
        return _written(Written(said.subject, "", said.object, "skip", said.author, "", ()))
    with _bench() as bench:
        made, changed = judge(bench, said, datetime.now(UTC).date())
    about = (said.word, made.author_label, made.mapping_date, changed)
    return _written(Written(made.subject_id, made.predicate_id, made.object_id, *about))


def _bench() -> Workbench:
    """Return a workbench, without imports where there are none."""
    try:
        return workbench(settings(), make=False)
    except NotFound:
        return workbench(settings(), make=False, needed=False)


def _written(view: Written) -> Response:
    """Return what was written as JSON."""
    body = json.dumps(view.as_dict(), ensure_ascii=False, indent=1)
    return Response(body, content_type=JSON, headers={"Cache-Control": "no-store"})


def _said() -> Said:
    """Return the verdict in the body, a form or JSON; raises BadData or UnsupportedMedia."""
    if request.mimetype == FORM:
        given = {name: values[-1] for name, values in in_body(request, _BODY).items()}
    elif request.mimetype == JSON:
        given = _json(body_text(request, _BODY))
    else:
        raise UnsupportedMedia(
            f"A body of type {request.mimetype or '(none)'} is not understood here.",
            todo=f"Send {JSON} or {FORM}.",
        )
    for name in ("subject", "object", "verdict", "author"):
        if not given.get(name, "").strip():
            raise BadData(f"The verdict has no {name}.", todo=f"Send {', '.join(_FIELDS)}.")
    word = KEYS.get(given["verdict"], given["verdict"])
    return Said(
        given["subject"],
        given["object"],
        word,
        given["author"],
        given.get("comment", ""),
        given.get("label", ""),
    )


def _json(text: str) -> dict[str, str]:
    """Return a JSON object of strings; raises BadData for anything else."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadData(
            f"The body is not JSON: {error}.", todo=f"Send an object with {', '.join(_FIELDS)}."
        ) from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise BadData("The verdict is not an object of strings.", todo=f"Send {', '.join(_FIELDS)}.")
    return found
