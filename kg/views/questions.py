"""A named question as a page: its form with pick lists, its answer, and the query behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from pyoxigraph import Literal, NamedNode

from kg.errors import BadQuery
from kg.pipeline.answers import Answer, Choice, Choices
from kg.pipeline.nearby import Nearby
from kg.questions import Parameter, Question
from kg.views.start import Asked, asked
from kg.views.terms import Naming, Ref, Term, curie

MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Option:
    """A value a reader may pick."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter as a field of the form; without options it is typed. `words` are the values as read."""

    name: str
    type: str
    help: str
    value: str
    many: bool
    options: tuple[Option, ...]
    words: str
    is_example: bool


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same question of a broader or narrower situation that has rows."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """A question, its form, its answer, where else there is one, and where programs get the same.

    `heading` is the question as its file words it, or its title with the values chosen.
    """

    asked: Asked
    heading: str
    returns: str
    fields: tuple[Field, ...]
    variables: tuple[str, ...]
    rows: tuple[tuple[Ref | None, ...], ...]
    total: int
    broader: tuple[Elsewhere, ...]
    narrower: tuple[Elsewhere, ...]
    query: str
    api: str


@dataclass(frozen=True, slots=True)
class QuestionsPage:
    """All named questions."""

    questions: tuple[Asked, ...]


def questions_page(questions: Sequence[Question]) -> QuestionsPage:
    """Return the list of questions."""
    return QuestionsPage(tuple(asked(question) for question in questions))


def question_page(
    question: Question,
    given: Mapping[str, Sequence[str]],
    answer: Answer,
    choices: Choices,
    api: str,
    around: Nearby,
) -> QuestionPage:
    """Return the page of an answered question; `given` are the values as they were asked for."""
    naming = Naming(answer.labels)
    fields = tuple(_field(p, given.get(p.name, ()), choices) for p in question.params)
    return QuestionPage(
        asked=asked(question),
        heading=_heading(question, fields),
        returns=question.returns,
        fields=fields,
        variables=answer.variables,
        rows=tuple(
            tuple(_cell(name, term, naming) for name, term in zip(answer.variables, row, strict=True))
            for row in answer.rows[:MOST_ROWS]
        ),
        total=len(answer.rows),
        broader=_elsewhere(question, given, around.parameter, around.broader),
        narrower=_elsewhere(question, given, around.parameter, around.narrower),
        query=answer.query,
        api=api,
    )


def _elsewhere(
    question: Question, given: Mapping[str, Sequence[str]], name: str, others: Sequence[Choice]
) -> tuple[Elsewhere, ...]:
    """Return the address of the question for each of some situations, its other values as they were given."""
    return tuple(
        Elsewhere(other.label, address(question, {**given, name: (curie(other.value.value),)}))
        for other in others
    )


def address(question: Question, given: Mapping[str, Sequence[str]]) -> str:
    """Return the address at which this answer is found."""
    query = urlencode([(name, value) for name, values in given.items() for value in values])
    return f"/questions/{question.name}" + (f"?{query}" if query else "")


def _heading(question: Question, fields: Sequence[Field]) -> str:
    """Return what is asked; a question in words speaks of its example, so other values have the title."""
    if all(field.is_example for field in fields):
        return question.question
    return f"{question.title}: {', '.join(field.words for field in fields)}"


def _cell(variable: str, term: Term | None, naming: Naming) -> Ref | None:
    """Return a cell; the number of a sentence leads to the sentence."""
    if term is None:
        return None
    ref = naming.ref(term)
    if variable.startswith("sentence") and isinstance(term, Literal) and re.fullmatch(r"[\w-]+", term.value):
        return replace(ref, href=f"/sentence/{term.value}", kind="sentence")
    return ref


def _field(parameter: Parameter, given: Sequence[str], choices: Choices) -> Field:
    """Return a field that shows what was asked for, or else the file's example."""
    values = tuple(given) or tuple(parameter.example.split())
    wanted = {_same(value, parameter) for value in values}
    options = tuple(
        Option(_spelling(choice.value), choice.label, _spelling(choice.value) in wanted)
        for choice in choices.of(parameter)
    )
    example = {_same(value, parameter) for value in parameter.example.split()}
    chosen = [option.label for option in options if option.chosen]
    return Field(
        name=parameter.name,
        type=parameter.type,
        help=parameter.help,
        value=" ".join(values),
        many=parameter.many,
        options=options,
        words=", ".join(chosen or values),
        is_example=wanted == example,
    )


def _same(value: str, parameter: Parameter) -> str:
    """Return one spelling for the ways in which a value may be written."""
    try:
        return _spelling(parameter.term(value.strip("<>")))
    except BadQuery:
        return value


def _spelling(term: NamedNode | Literal) -> str:
    return curie(term.value) if isinstance(term, NamedNode) else term.value
