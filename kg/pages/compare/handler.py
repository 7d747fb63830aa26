"""`/compare`: texts face to face, as a page, as JSON and as CSV; its state is its address."""

from __future__ import annotations

from flask import Blueprint, Response, request

from kg.model.questions import find_question
from kg.pages.compare.view import FACE_TO_FACE, answer_comparison, compare_page, list_fields, resolve_fields
from kg.pages.questions.handler import format_csv, load_vocabulary, question_library
from kg.pages.rendering import (
    CSV,
    HTML_AND_JSON,
    PAGE_REPRESENTATIONS,
    choose_representation,
    make_page_response,
    page_reader,
    render_page,
)
from sparqlhost.protocol.endpoint_table import FORMAT_PARAMETER, Endpoint, EndpointParameter, route

blueprint = Blueprint("compare", __name__)

_PARAMETERS = (
    EndpointParameter("situation", "the clinical situation; default: the example of the question"),
    EndpointParameter("intervention", "one thing only; default: all that some text speaks of"),
    EndpointParameter(
        "document",
        "the texts to compare, or one to compare with all others; default: all",
        schema={"type": "array", "items": {"type": "string"}},
    ),
    FORMAT_PARAMETER,
)


@route(
    blueprint,
    Endpoint(
        "/compare",
        "Texts face to face: what each says of the same things in a situation, and how they compare",
        parameters=_PARAMETERS,
        formats=(*HTML_AND_JSON, CSV.name),
    ),
)
def show_comparison() -> Response:
    """Answer the comparison; the CSV has the rows of the named question."""
    representation = choose_representation(request.args.get("format", ""), (*PAGE_REPRESENTATIONS, CSV))
    reader, vocabulary = page_reader(), load_vocabulary()
    question = find_question(question_library(), FACE_TO_FACE)
    fields = list_fields(question)
    given = {field.name: [*filter(None, request.args.getlist(field.name))] for field in fields}
    chosen = resolve_fields(question, vocabulary, given)
    answer = answer_comparison(reader.store, question, vocabulary, chosen)
    if representation == CSV:
        return Response(format_csv(answer), content_type=CSV.content_type)
    view = compare_page(reader, answer, chosen["situation"][0])

    def render_html() -> str:
        choices = {field.name: vocabulary.list_choices(field) for field in fields}
        return render_page(
            "compare/page.html", view, title="Texts face to face", choices=choices, chosen=chosen
        )

    return make_page_response(representation, view, render_html)
