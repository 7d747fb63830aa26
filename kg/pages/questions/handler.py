"""The named questions: a list, and each one as a form, an answer, its query and an address for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from kg.build.question_library import (
    ParameterChoices,
    QuestionAnswer,
    RelatedSituations,
    answer_question,
    find_related_situations,
    get_choices_folder,
)
from kg.errors import BadQuery
from kg.model.questions import Question, find_question, load_questions
from kg.pages.layout import app_settings, memoize_per_version, page_reader, render_page
from kg.pages.questions.view import question_address, question_page, questions_page
from kg.pages.representations import (
    PAGE_REPRESENTATIONS,
    Representation,
    choose_representation,
    make_page_response,
)
from sparqlhost.protocol.negotiation import MediaType
from sparqlhost.store.interface import Term

blueprint = Blueprint("questions", __name__)

_CSV_FORMAT = Representation(MediaType("csv", "text/csv", ("csv",), has_charset=True))
_QUERY_FORMAT = Representation(MediaType("rq", "application/sparql-query", ("rq",)))
_FORMATS = (*PAGE_REPRESENTATIONS, _CSV_FORMAT, _QUERY_FORMAT)
_FORMAT_OF_SUFFIX = {form.suffix: form for form in _FORMATS}
#: a cell that begins so is a formula to a spreadsheet (OWASP, CSV injection)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def question_library() -> tuple[Question, ...]:
    """Return the named questions; files do not change while a server runs."""
    return memoize_per_version(
        "questions", lambda: load_questions(app_settings().root / "queries" / "questions")
    )


@blueprint.app_context_processor
def _editor_context() -> dict[str, object]:
    """Give the query editor the library and a first query."""
    return {
        "library": question_library,
        "example": lambda: (
            question_library()[0].text if question_library() else "SELECT * WHERE { ?s ?p ?o } LIMIT 10"
        ),
    }


@blueprint.get("/questions")
def list_questions() -> Response:
    """Answer the list of questions."""
    form = choose_representation(representations=PAGE_REPRESENTATIONS)
    view = questions_page(question_library())
    return make_page_response(
        form, view, lambda: render_page("questions.html", view, title="Questions"), tuple
    )


@blueprint.get("/questions/<name>")
def show_answer(name: str) -> Response:
    """Answer a question with the values given, or else those of its example."""
    stem, dot, suffix = name.rpartition(".")
    asked = find_question(question_library(), stem if dot and suffix in _FORMAT_OF_SUFFIX else name)
    form = _choose_format(suffix if dot else "", request.args.get("format", ""))
    values = {key: tuple(v for v in found if v) for key, found in request.args.lists() if key != "format"}
    given = {key: found for key, found in values.items() if found}
    choices = ParameterChoices(page_reader().store, get_choices_folder(app_settings().root))
    try:
        answered = answer_question(page_reader().store, asked, given, choices)
    except BadQuery as error:
        if form.media_type_name != "text/html":
            raise
        return _respond_invalid_values(asked, given, choices, error)
    return _respond_answer(form, asked, given, answered, choices)


def _choose_format(suffix: str, wanted: str) -> Representation:
    for name in (suffix, wanted):
        if name in _FORMAT_OF_SUFFIX:
            return _FORMAT_OF_SUFFIX[name]
    if wanted:
        raise BadQuery(
            f"There is no format {wanted!r}.",
            location="format",
            hint=f"Formats: {', '.join(_FORMAT_OF_SUFFIX)}.",
        )
    return choose_representation(representations=_FORMATS)


def _respond_answer(
    representation: Representation,
    question: Question,
    chosen_values: Mapping[str, tuple[str, ...]],
    result: QuestionAnswer,
    choices: ParameterChoices,
) -> Response:
    if representation is _CSV_FORMAT:
        return Response(_format_csv(result), content_type=representation.media_type.content_type)
    if representation is _QUERY_FORMAT:
        return Response(result.query, content_type=representation.media_type_name)
    around = find_related_situations(page_reader().store, question, chosen_values, choices, result)
    view = question_page(
        question, chosen_values, result, choices, question_address(question, chosen_values), around
    )
    return make_page_response(
        representation, view, lambda: render_page("question.html", view, title=view.heading), tuple
    )


def _respond_invalid_values(
    question: Question,
    chosen_values: Mapping[str, tuple[str, ...]],
    choices: ParameterChoices,
    error: BadQuery,
) -> Response:
    """Answer a form whose values do not fit: the same form, with the complaint, as 400."""
    empty = QuestionAnswer((), (), {}, question.text)
    view = question_page(
        question, chosen_values, empty, choices, question_address(question, {}), RelatedSituations()
    )
    html = render_page("question.html", view, title=view.heading, problem=error)
    return Response(html, 400, content_type="text/html; charset=utf-8")


def _format_csv(result: QuestionAnswer) -> str:
    """Return the answer as CSV: beside each column of IRIs one of their labels; formulas disarmed."""
    columns = [*zip(*result.rows, strict=True)] or [()] * len(result.variables)
    shown = [
        column
        for name, terms in zip(result.variables, columns, strict=True)
        for column in _csv_columns(result, name, terms)
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(zip(*shown, strict=True))  # RFC 4180
    return out.getvalue()


def _csv_columns(result: QuestionAnswer, name: str, terms: Sequence[Term | None]) -> Iterator[list[str]]:
    """Yield a variable's column with its heading, then labels where it holds IRIs that come without."""
    yield [name, *(_escape_formula(str(getattr(term, "value", "") or "")) for term in terms)]
    beside = f"{name}_label"
    if beside not in result.variables and any(isinstance(term, NamedNode) for term in terms):
        yield [beside, *(_escape_formula(result.format_term(term)) for term in terms)]


def _escape_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
