"""`/mappings/review`: candidates side by side, and where verdicts go of whoever has the token."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice

from flask import Blueprint, Response, request

from kg.errors import BadData, NotFound, UnsupportedMedia
from kg.linking.verdicts import VERDICT_KEYS, SubmittedVerdict, find_unjudged_pairs, record_submitted_verdict
from kg.linking.workbench import Workbench, open_workbench
from kg.pages.layout import app_settings, render_page
from kg.pages.representations import JSON_MEDIA_TYPE, PAGE_REPRESENTATIONS, choose_representation
from kg.pages.review.view import RecordedVerdict, ReviewItem, ReviewPage, review_page_as_dict
from sparqlhost.protocol.negotiation import HTML_MEDIA_TYPE
from sparqlhost.protocol.request_parameters import FORM_MEDIA_TYPE, read_body_text, read_form_parameters
from sparqlhost.protocol.security import is_writing_enabled, require_update_token

blueprint = Blueprint("review", __name__)

#: pairs a page shows, and bytes a verdict may have.
_PAIRS_SHOWN = 20
_MAX_BODY_BYTES = 20_000
_VERDICT_FIELDS = ("subject", "object", "verdict", "author", "comment", "label")


@blueprint.get("/mappings/review")
def show_review() -> Response:
    """Answer the pairs that wait for a verdict: all, or those of `entity` and of the import `in`."""
    form = choose_representation("", PAGE_REPRESENTATIONS)
    view = _review_page(request.args.getlist("in"), request.args.getlist("entity"))
    if form.media_type_name == HTML_MEDIA_TYPE:
        response = Response(
            render_page("review.html", view, title="Review of links"),
            content_type=form.media_type.content_type,
        )
    else:
        response = Response(
            json.dumps(review_page_as_dict(view), ensure_ascii=False, indent=1), content_type=JSON_MEDIA_TYPE
        )
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def _review_page(imports: list[str], wanted: list[str]) -> ReviewPage:
    """Return the first pairs; none, and why, where nothing was imported or indexed."""
    writable = is_writing_enabled(app_settings())
    try:
        bench = open_workbench(app_settings(), imports, build_indexes=False)
    except NotFound as error:
        if imports:
            raise
        return ReviewPage((), (), writable, f"{error.message} {error.hint}")
    with bench:
        found = islice(find_unjudged_pairs(bench, wanted), _PAIRS_SHOWN)
        items = tuple(ReviewItem(entity, candidate) for entity, candidate in found)
        why = "" if bench.indexes else "The names of the imports are not indexed yet: run kg link once."
        return ReviewPage(tuple(index.imported.id for index in bench.indexes), items, writable, why)


@blueprint.post("/mappings/review")
def record_verdict() -> Response:
    """Take a verdict: a row of SSSOM with author and date, and the questions whose answers will change."""
    require_update_token()
    said = _read_verdict()
    if said.choice == "skip":
        return _verdict_response(RecordedVerdict(said.subject, "", said.object, "skip", said.author, "", ()))
    with _open_workbench() as bench:
        made, changed = record_submitted_verdict(bench, said, datetime.now(UTC).date())
    about = (said.choice, made.author_label, made.mapping_date, changed)
    return _verdict_response(RecordedVerdict(made.subject_id, made.predicate_id, made.object_id, *about))


def _open_workbench() -> Workbench:
    """Return a workbench, without imports where there are none."""
    try:
        return open_workbench(app_settings(), build_indexes=False)
    except NotFound:
        return open_workbench(app_settings(), build_indexes=False, required=False)


def _verdict_response(view: RecordedVerdict) -> Response:
    """Return what was written as JSON."""
    body = json.dumps(view.as_dict(), ensure_ascii=False, indent=1)
    return Response(body, content_type=JSON_MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def _read_verdict() -> SubmittedVerdict:
    """Return the verdict in the body, a form or JSON; raises BadData or UnsupportedMedia."""
    if request.mimetype == FORM_MEDIA_TYPE:
        given = {name: values[-1] for name, values in read_form_parameters(request, _MAX_BODY_BYTES).items()}
    elif request.mimetype == JSON_MEDIA_TYPE:
        given = _parse_string_object(read_body_text(request, _MAX_BODY_BYTES))
    else:
        raise UnsupportedMedia(
            f"A body of type {request.mimetype or '(none)'} is not understood here.",
            hint=f"Send {JSON_MEDIA_TYPE} or {FORM_MEDIA_TYPE}.",
        )
    for name in ("subject", "object", "verdict", "author"):
        if not given.get(name, "").strip():
            raise BadData(f"The verdict has no {name}.", hint=f"Send {', '.join(_VERDICT_FIELDS)}.")
    word = VERDICT_KEYS.get(given["verdict"], given["verdict"])
    return SubmittedVerdict(
        given["subject"],
        given["object"],
        word,
        given["author"],
        given.get("comment", ""),
        given.get("label", ""),
    )


def _parse_string_object(text: str) -> dict[str, str]:
    """Return a JSON object of strings; raises BadData for anything else."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadData(
            f"The body is not JSON: {error}.", hint=f"Send an object with {', '.join(_VERDICT_FIELDS)}."
        ) from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise BadData("The verdict is not an object of strings.", hint=f"Send {', '.join(_VERDICT_FIELDS)}.")
    return found
