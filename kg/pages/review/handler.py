"""`/mappings/review`: the page of link candidates; POST with the token records a verdict."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice

from flask import Blueprint, Response, request

from kg.errors import BadData, NotFound, UnsupportedMedia
from kg.linking.verdicts import VERDICT_KEYS, SubmittedVerdict, find_unjudged_pairs, record_submitted_verdict
from kg.linking.workbench import Workbench, open_workbench
from kg.pages import rendering
from kg.pages.review.view import RecordedVerdict, ReviewItem, ReviewPage, review_page_as_dict
from sparqlhost.protocol.endpoint_table import CachePolicy, Endpoint, EndpointParameter, JsonObject, route
from sparqlhost.protocol.negotiation import FORM_MEDIA_TYPE, JSON_MEDIA_TYPE
from sparqlhost.protocol.request_facts import read_body_text, read_form_parameters
from sparqlhost.protocol.write_access import is_writing_enabled, require_update_token

blueprint = Blueprint("review", __name__)

_PAIRS_SHOWN = 20
_MAX_BODY_BYTES = 20_000
_REQUIRED_FIELDS = ("subject", "object", "verdict", "author")
_VERDICT_FIELDS = (*_REQUIRED_FIELDS, "comment", "label")
_FIELDS_HINT = f"Send {', '.join(_VERDICT_FIELDS)}."
_VERDICT_SCHEMA: JsonObject = {
    "type": "object",
    "required": list(_REQUIRED_FIELDS),
    "properties": {name: {"type": "string"} for name in _VERDICT_FIELDS},
}


@route(
    blueprint,
    Endpoint(
        "/mappings/review",
        "Mapping candidates that wait for a verdict",
        parameters=(
            EndpointParameter("entity", "only candidates of this entity; repeatable"),
            EndpointParameter("in", "only candidates of this import; repeatable"),
        ),
        formats=rendering.HTML_AND_JSON,
        cache=CachePolicy.NO_STORE,
    ),
)
def show_review() -> Response:
    """Answer the pairs that wait for a verdict: all, or those of `entity` and of the import `in`."""
    representation = rendering.choose_representation(representations=rendering.PAGE_REPRESENTATIONS)
    view = _review_page(request.args.getlist("in"), request.args.getlist("entity"))
    if representation == rendering.HTML:
        body = rendering.render_page("review/page.html", view, title="Review of links")
    else:
        body = json.dumps(review_page_as_dict(view), ensure_ascii=False)
    response = Response(body, content_type=representation.content_type)
    response.vary.add("Accept")
    return response


def _review_page(imports: list[str], entities: list[str]) -> ReviewPage:
    """Return the first pairs; none, with a note, where nothing is imported or indexed."""
    writable = is_writing_enabled(rendering.app_settings())
    try:
        bench = open_workbench(rendering.app_settings(), imports, build_indexes=False)
    except NotFound as error:
        if imports:
            raise
        return ReviewPage((), (), writable, f"{error.message} {error.hint}")
    with bench:
        pairs = islice(find_unjudged_pairs(bench, entities), _PAIRS_SHOWN)
        items = tuple(ReviewItem(entity, candidate) for entity, candidate in pairs)
        why = "" if bench.indexes else "The names of the imports are not indexed yet: run kg link once."
        return ReviewPage(tuple(index.imported.id for index in bench.indexes), items, writable, why)


@route(
    blueprint,
    Endpoint(
        "/mappings/review",
        "Record a verdict on a mapping candidate",
        methods=("POST",),
        body={JSON_MEDIA_TYPE: _VERDICT_SCHEMA, FORM_MEDIA_TYPE: _VERDICT_SCHEMA},
        formats=(JSON_MEDIA_TYPE,),
        response_schema={"type": "object"},
        requires_token=True,
    ),
)
def record_verdict() -> Response:
    """Write a verdict into the mapping files; answer the row and the questions whose answers it changes."""
    require_update_token()
    submitted = _read_verdict()
    if submitted.choice == "skip":
        recorded = RecordedVerdict(submitted.subject, "", submitted.object, "skip", submitted.author, "", ())
    else:
        with _open_workbench() as bench:
            row, changes = record_submitted_verdict(bench, submitted, datetime.now(UTC).date())
        judged = (row.subject_id, row.predicate_id, row.object_id, submitted.choice)
        recorded = RecordedVerdict(*judged, row.author_label, row.mapping_date, changes)
    body = json.dumps(recorded.as_dict(), ensure_ascii=False)
    return Response(body, content_type=JSON_MEDIA_TYPE)


def _open_workbench() -> Workbench:
    """Return a workbench, without imports where there are none."""
    try:
        return open_workbench(rendering.app_settings(), build_indexes=False)
    except NotFound:
        return open_workbench(rendering.app_settings(), build_indexes=False, required=False)


def _read_verdict() -> SubmittedVerdict:
    """Return the verdict in the body, a form or JSON; raises BadData or UnsupportedMedia."""
    fields = _read_fields()
    for name in _REQUIRED_FIELDS:
        if not fields.get(name, "").strip():
            raise BadData(f"The verdict has no {name}.", hint=_FIELDS_HINT)
    choice, more = VERDICT_KEYS.get(fields["verdict"], fields["verdict"]), ("comment", "label")
    texts = (fields.get(name, "") for name in more)
    return SubmittedVerdict(fields["subject"], fields["object"], choice, fields["author"], *texts)


def _read_fields() -> dict[str, str]:
    if request.mimetype == FORM_MEDIA_TYPE:
        return {name: values[-1] for name, values in read_form_parameters(request, _MAX_BODY_BYTES).items()}
    if request.mimetype == JSON_MEDIA_TYPE:
        return _parse_string_object(read_body_text(request, _MAX_BODY_BYTES))
    raise UnsupportedMedia(
        f"A body of type {request.mimetype or '(none)'} is not supported here.",
        hint=f"Send {JSON_MEDIA_TYPE} or {FORM_MEDIA_TYPE}.",
    )


def _parse_string_object(text: str) -> dict[str, str]:
    """Return a JSON object of strings; raises BadData for anything else."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadData(f"The body is not JSON: {error}.", hint=_FIELDS_HINT) from error
    if not isinstance(value, dict) or not all(isinstance(member, str) for member in value.values()):
        raise BadData("The verdict is not an object of strings.", hint=_FIELDS_HINT)
    return value
