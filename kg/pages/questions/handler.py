"""The named questions: the list, the answer of each as HTML, JSON, CSV or query, and the example queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from kg.errors import BadData, BadQuery
from kg.model.questions import Question, find_question
from kg.pages import rendering
from kg.pages.questions.view import describe_examples, question_address, question_page, questions_page
from kg.questions import question_answers
from kg.questions.code_answers import format_rows, read_column
from kg.questions.question_answers import QuestionAnswer, QuestionVocabulary, RelatedSituations
from sparqlhost.protocol import negotiation
from sparqlhost.protocol.endpoint_table import (
    FORMAT_PARAMETER,
    GRAPH_FORMATS,
    CachePolicy,
    Endpoint,
    EndpointParameter,
    route,
)
from sparqlhost.protocol.negotiation import QUERY_MEDIA_TYPE, MediaType
from sparqlhost.protocol.service_description import make_rdf_response
from sparqlhost.sparql.csv_cells import format_spreadsheet
from sparqlhost.store.interface import Term

blueprint = Blueprint("questions", __name__)

_QUERY = MediaType("rq", QUERY_MEDIA_TYPE, ("rq",))
_ANSWER_REPRESENTATIONS = (*rendering.PAGE_REPRESENTATIONS, rendering.CSV, _QUERY)
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


@route(
    blueprint,
    Endpoint(
        "/questions",
        "The named questions",
        parameters=(EndpointParameter("q", "words that a question, its title or its group must contain"),),
        formats=rendering.HTML_AND_JSON,
    ),
)
def list_questions() -> Response:
    """Answer the list of questions."""
    view = questions_page(question_library(), rendering.read_filter(rendering.HTML))
    return rendering.answer_page("questions/list.html", view, title="Questions")


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
    store, vocabulary = rendering.page_reader().store, load_vocabulary()
    try:
        answer = question_answers.answer_question(store, question, values, vocabulary)
    except BadQuery as error:
        if representation != rendering.HTML:
            raise
        return _respond_invalid_values(question, values, vocabulary, error)
    if representation == rendering.CSV:
        return Response(format_csv(answer), content_type=rendering.CSV.content_type)
    if representation == _QUERY:
        return Response(answer.query, content_type=_QUERY.content_type)
    related = question_answers.find_related_situations(store, question, values, vocabulary, answer)
    address = question_address(question, values)
    view = question_page(question, values, answer, vocabulary, address, related)
    return rendering.make_page_response(
        representation, view, lambda: rendering.render_page("questions/page.html", view, title=view.heading)
    )


_COLUMN_BODIES = ("text/csv", "text/tab-separated-values", "application/json", "multipart/form-data")


@route(
    blueprint,
    Endpoint(
        "/questions/<name>",
        "The answer of for-codes or for-text for a column: a table, an uploaded file, or a JSON list",
        methods=("POST",),
        parameters=(
            EndpointParameter("name", "for-codes or for-text", location="path"),
            EndpointParameter("column", "the column of the table; not for a JSON list"),
            EndpointParameter("system", "the code system of bare codes, such as NDC"),
        ),
        body=_COLUMN_BODIES,
        formats=(rendering.CSV.name,),
        cache=CachePolicy.NO_STORE,
    ),
)
def answer_column(name: str) -> Response:
    """Answer a column of codes or texts as CSV, sent while it is made; a broken table is refused at once."""
    question = find_question(question_library(), rendering.split_suffix(name, _SUFFIXES)[0])
    if not question.reads_columns:
        raise BadQuery(
            f"{question.name} does not take a column.", location=request.path, hint="Ask it with GET."
        )
    cells, system = list(_read_cells()), request.args.get("system", "")
    answers = load_vocabulary().load_column_answers(question)
    return Response(format_rows(answers, cells, system), content_type=rendering.CSV.content_type)


def _read_cells() -> Iterator[str]:
    """Return the cells of the request's body; raises BadQuery or BadData for a body that has none."""
    if request.mimetype == "application/json":
        listed = request.get_json(silent=True)
        if not isinstance(listed, list) or not all(isinstance(cell, str) for cell in listed):
            raise BadQuery("The body is not a JSON list of texts.", hint='Send ["C91.0", "Z85.6"].')
        return iter(listed)
    uploaded = next(iter(request.files.values()), None)
    data = uploaded.read() if uploaded else request.get_data()
    file_name = (uploaded.filename if uploaded else "") or "the body"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadData("The line is not UTF-8.", location=file_name, line=line, hint="Convert it.") from error
    return read_column(iter(text.splitlines(keepends=True)), request.args.get("column", ""), file_name)


def load_vocabulary() -> QuestionVocabulary:
    """Return the vocabulary of the questions, kept for a version of the data."""
    store, root = rendering.page_reader().store, rendering.app_settings().root
    return rendering.memoize_per_version("question-vocabulary", lambda: QuestionVocabulary(store, root))


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
    return "".join(format_spreadsheet(zip(*printed, strict=True)))


def _csv_columns(answer: QuestionAnswer, name: str, terms: Sequence[Term | None]) -> Iterator[list[str]]:
    """Yield the column of a variable, then one of labels if it has IRIs and the query returns no labels."""
    yield [name, *(str(getattr(term, "value", "") or "") for term in terms)]
    label_name = f"{name}_label"
    if label_name not in answer.variables and any(isinstance(term, NamedNode) for term in terms):
        yield [label_name, *map(answer.format_term, terms)]


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
