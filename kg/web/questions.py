"""The named questions: a list, and each one as a form, an answer, its query and an address for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from kg.errors import BadQuery
from kg.pipeline.answers import Answer, Choices, answer, choices_folder
from kg.pipeline.nearby import Nearby, nearby
from kg.questions import Question, find, load
from kg.store.protocol import Term
from kg.views.questions import address, question_page, questions_page
from kg.web.content import PAGES, Form, negotiate, respond
from kg.web.layout import kept, page, reader, settings
from kg.web.negotiation import Offer

blueprint = Blueprint("questions", __name__)

_CSV = Form(Offer("csv", "text/csv", ("csv",), charset=True))
_QUERY = Form(Offer("rq", "application/sparql-query", ("rq",)))
_OFFERS = (*PAGES, _CSV, _QUERY)
_BY_SUFFIX = {form.suffix: form for form in _OFFERS}
#: a cell that begins so is a formula to a spreadsheet (OWASP, CSV injection)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def library() -> tuple[Question, ...]:
    """Return the named questions; files do not change while a server runs."""
    return kept("questions", lambda: load(settings().root / "queries" / "questions"))


@blueprint.app_context_processor
def _library() -> dict[str, object]:
    """Give the query editor the library and a first query."""
    return {
        "library": library,
        "example": lambda: library()[0].text if library() else "SELECT * WHERE { ?s ?p ?o } LIMIT 10",
    }


@blueprint.get("/questions")
def questions() -> Response:
    """Answer the list of questions."""
    form = negotiate(offers=PAGES)
    view = questions_page(library())
    return respond(form, view, lambda: page("questions.html", view, title="Questions"), tuple)


@blueprint.get("/questions/<name>")
def question(name: str) -> Response:
    """Answer a question with the values given, or else those of its example."""
    stem, dot, suffix = name.rpartition(".")
    asked = find(library(), stem if dot and suffix in _BY_SUFFIX else name)
    form = _form(suffix if dot else "", request.args.get("format", ""))
    values = {key: tuple(v for v in found if v) for key, found in request.args.lists() if key != "format"}
    given = {key: found for key, found in values.items() if found}
    choices = Choices(reader().store, choices_folder(settings().root))
    try:
        answered = answer(reader().store, asked, given, choices)
    except BadQuery as error:
        if form.media != "text/html":
            raise
        return _refused(asked, given, choices, error)
    return _answered(form, asked, given, answered, choices)


def _form(suffix: str, wanted: str) -> Form:
    for name in (suffix, wanted):
        if name in _BY_SUFFIX:
            return _BY_SUFFIX[name]
    if wanted:
        raise BadQuery(
            f"There is no format {wanted!r}.", where="format", todo=f"Formats: {', '.join(_BY_SUFFIX)}."
        )
    return negotiate(offers=_OFFERS)


def _answered(
    form: Form, asked: Question, given: Mapping[str, tuple[str, ...]], answered: Answer, choices: Choices
) -> Response:
    if form is _CSV:
        return Response(_csv(answered), content_type=form.offer.content_type)
    if form is _QUERY:
        return Response(answered.query, content_type=form.media)
    around = nearby(reader().store, asked, given, choices, answered)
    view = question_page(asked, given, answered, choices, address(asked, given), around)
    return respond(form, view, lambda: page("question.html", view, title=view.heading), tuple)


def _refused(
    asked: Question, given: Mapping[str, tuple[str, ...]], choices: Choices, error: BadQuery
) -> Response:
    """Answer a form whose values do not fit: the same form, with the complaint, as 400."""
    empty = Answer((), (), {}, asked.text)
    view = question_page(asked, given, empty, choices, address(asked, {}), Nearby())
    html = page("question.html", view, title=view.heading, problem=error)
    return Response(html, 400, content_type="text/html; charset=utf-8")


def _csv(answered: Answer) -> str:
    """Return the answer as CSV: beside each column of IRIs one of their labels; formulas disarmed."""
    columns = [*zip(*answered.rows, strict=True)] or [()] * len(answered.variables)
    shown = [
        column
        for name, terms in zip(answered.variables, columns, strict=True)
        for column in _columns(answered, name, terms)
    ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(zip(*shown, strict=True))  # RFC 4180
    return out.getvalue()


def _columns(answered: Answer, name: str, terms: Sequence[Term | None]) -> Iterator[list[str]]:
    """Yield a variable's column with its heading, then labels where it holds IRIs that come without."""
    yield [name, *(_safe(str(getattr(term, "value", "") or "")) for term in terms)]
    beside = f"{name}_label"
    if beside not in answered.variables and any(isinstance(term, NamedNode) for term in terms):
        yield [beside, *(_safe(answered.text(term)) for term in terms)]


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
