"""The named questions: the list, the answer of each as HTML, JSON, CSV or query, and the example queries."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from kg.errors import BadQuery
from kg.model.questions import Question, find_question
from kg.pages import rendering
from kg.pages.questions.view import describe_examples, question_address, question_page, questions_page
from kg.questions import question_answers
from kg.questions.question_answers import QuestionAnswer, QuestionVocabulary, RelatedSituations
from sparqlhost.protocol import negotiation
from sparqlhost.protocol.endpoint_table import (
    FORMAT_PARAMETER,
    GRAPH_FORMATS,
    Endpoint,
    EndpointParameter,
    route,
)
from sparqlhost.protocol.negotiation import QUERY_MEDIA_TYPE, MediaType
from sparqlhost.protocol.service_description import make_rdf_response
from sparqlhost.sparql.csv_cells import escape_formula
from sparqlhost.store.interface import Term

blueprint = Blueprint("questions", __name__)

_CSV = MediaType("csv", "text/csv", ("csv",), has_charset=True)  # RFC 4180
_QUERY = MediaType("rq", QUERY_MEDIA_TYPE, ("rq",))
_ANSWER_REPRESENTATIONS = (*rendering.PAGE_REPRESENTATIONS, _CSV, _QUERY)
_SUFFIXES = tuple(representation.format_key for representation in _ANSWER_REPRESENTATIONS)
_DEFAULT_QUERY = "SELECT * WHERE { ?s ?p ?o } LIMIT 10"


def question_library() -> tuple[Question, ...]:
    """Return the named questions, read again for each version of the data."""
    return rendering.memoize_per_version(
        "questions", lambda: question_answers.load_questions(rendering.app_settings().root)
    )


@blueprint.app_context_processor
def _editor_context() -> dict[str, object]:
    """Give the query editor the library and a first query."""
    return {
        "library": question_library,
        "example": lambda: next((question.text for question in question_library()), _DEFAULT_QUERY),
    }


@route(blueprint, Endpoint("/questions", "The named questions", formats=rendering.HTML_AND_JSON))
def list_questions() -> Response:
    """Answer the list of questions."""
    return rendering.answer_page("questions/list.html", questions_page(question_library()), title="Questions")


_ANSWER_ENDPOINT = Endpoint(
    "/questions/<name>",
    "The answer to a named question; its query string gives the question's own parameters",
    parameters=(
        EndpointParameter("name", "the name of the question; GET /questions lists them", location="path"),
        FORMAT_PARAMETER,
    ),
    formats=tuple(representation.name for representation in _ANSWER_REPRESENTATIONS),
    allows_other_parameters=True,
)


def describe_question_endpoint(question: Question) -> Endpoint:
    """Return the endpoint of one question, with its own parameters."""
    parameters = tuple(
        EndpointParameter(
            p.name,
            f"{p.help} ({p.type}); default: {p.example}",
            schema={"type": "array", "items": {"type": "string"}} if p.is_repeatable else {"type": "string"},
        )
        for p in question.params
    )
    return replace(
        _ANSWER_ENDPOINT,
        address=f"/questions/{question.name}",
        summary=question.question,
        parameters=(*parameters, FORMAT_PARAMETER),
    )


@route(blueprint, _ANSWER_ENDPOINT)
def show_answer(name: str) -> Response:
    """Answer a question with the values given, or else those of its example."""
    stem, suffix = rendering.split_suffix(name, _SUFFIXES)
    question = find_question(question_library(), stem)
    representation = negotiation.choose_representation(
        _ANSWER_REPRESENTATIONS,
        "answers",
        request.headers.get("Accept", ""),
        suffix or request.args.get("format", ""),
        is_checked=True,
    )
    values = _read_values()
    store, root = rendering.page_reader().store, rendering.app_settings().root
    vocabulary = QuestionVocabulary(store, root)
    try:
        answer = question_answers.answer_question(store, question, values, vocabulary)
    except BadQuery as error:
        if representation != rendering.HTML:
            raise
        return _respond_invalid_values(question, values, vocabulary, error)
    if representation == _CSV:
        return Response(format_csv(answer), content_type=_CSV.content_type)
    if representation == _QUERY:
        return Response(answer.query, content_type=_QUERY.content_type)
    related = question_answers.find_related_situations(store, question, values, vocabulary, answer)
    address = question_address(question, values)
    view = question_page(question, values, answer, vocabulary, address, related)
    return rendering.make_page_response(
        representation, view, lambda: rendering.render_page("questions/page.html", view, title=view.heading)
    )


def _read_values() -> dict[str, tuple[str, ...]]:
    """Return the values of the query string by parameter; a field that a form leaves empty is not given."""
    lists = {name: tuple(filter(None, values)) for name, values in request.args.lists() if name != "format"}
    return {name: values for name, values in lists.items() if values}


def _respond_invalid_values(
    question: Question,
    values: Mapping[str, Sequence[str]],
    vocabulary: QuestionVocabulary,
    error: BadQuery,
) -> Response:
    """Answer a form with invalid values with the same form and the error, as 400."""
    no_answer, no_related = QuestionAnswer((), (), {}, question.text), RelatedSituations()
    address = question_address(question, {})
    view = question_page(question, values, no_answer, vocabulary, address, no_related)
    html = rendering.render_page("questions/page.html", view, title=view.heading, problem=error)
    return Response(html, 400, content_type=rendering.HTML.content_type)


def format_csv(answer: QuestionAnswer) -> str:
    """Return an answer as CSV (RFC 4180) that a spreadsheet can open, with a column of labels for IRIs."""
    columns = [*zip(*answer.rows, strict=True)] or [()] * len(answer.variables)
    printed = [
        column
        for name, terms in zip(answer.variables, columns, strict=True)
        for column in _csv_columns(answer, name, terms)
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(zip(*printed, strict=True))
    return out.getvalue()


def _csv_columns(answer: QuestionAnswer, name: str, terms: Sequence[Term | None]) -> Iterator[list[str]]:
    """Yield the column of a variable, then one of labels if it has IRIs and the query returns no labels."""
    yield [name, *(escape_formula(str(getattr(term, "value", "") or "")) for term in terms)]
    label_name = f"{name}_label"
    if label_name not in answer.variables and any(isinstance(term, NamedNode) for term in terms):
        yield [label_name, *(escape_formula(answer.format_term(term)) for term in terms)]


@route(
    blueprint,
    Endpoint(
        "/.well-known/sparql-examples",
        "The named questions as example queries for editors",
        parameters=(FORMAT_PARAMETER,),
        formats=GRAPH_FORMATS,
        allows_other_parameters=True,
    ),
)
def show_sparql_examples() -> Response:
    """Answer the example queries in the RDF format the client takes; a plain store (`--empty`) has none."""
    questions = () if rendering.app_settings().empty else question_library()
    return make_rdf_response(lambda: list(describe_examples(questions, request.url_root)), "examples")
