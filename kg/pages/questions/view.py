"""A named question as a page: its form with pick lists, its answer, and the query behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from pyoxigraph import Literal, NamedNode, Triple

from kg.errors import BadQuery
from kg.model.questions import Question, QuestionParameter
from kg.namespaces import DCTERMS, RDF, RDFS, SCHEMA, SH, compress_iri
from kg.pages.start.view import QuestionLink, link_questions, question_link
from kg.pages.term_refs import Term, TermLabels, TermRef
from kg.questions.question_answers import (
    ParameterChoice,
    QuestionAnswer,
    QuestionVocabulary,
    RelatedSituations,
)

ANSWER_ROWS_SHOWN = 500


@dataclass(frozen=True, slots=True)
class FieldOption:
    """A value that the form offers."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class FormField:
    """A parameter as a field of the form, with options or to be typed; `words` are its values in words."""

    name: str
    type: str
    help: str
    value: str
    many: bool
    options: tuple[FieldOption, ...]
    words: str
    is_example: bool


@dataclass(frozen=True, slots=True)
class RelatedAnswer:
    """The same question about a broader or narrower situation for which there are rows."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """A question, its form, its answer, related situations with answers, and the address for programs.

    `heading` is the question as its file words it, or its title with the values chosen.
    """

    asked: QuestionLink
    heading: str
    returns: str
    fields: tuple[FormField, ...]
    variables: tuple[str, ...]
    rows: tuple[tuple[TermRef | None, ...], ...]
    total: int
    broader: tuple[RelatedAnswer, ...]
    narrower: tuple[RelatedAnswer, ...]
    query: str
    api: str


@dataclass(frozen=True, slots=True)
class QuestionsPage:
    """The named questions that contain the words of a filter, in the order of their groups."""

    questions: tuple[QuestionLink, ...]
    filter_text: str


def questions_page(questions: Sequence[Question], filter_text: str = "") -> QuestionsPage:
    """Return the list of questions."""
    return QuestionsPage(link_questions(questions, filter_text), filter_text)


def question_page(
    question: Question,
    chosen_values: Mapping[str, Sequence[str]],
    answer: QuestionAnswer,
    vocabulary: QuestionVocabulary,
    api: str,
    related: RelatedSituations,
) -> QuestionPage:
    """Return the page of an answered question; `chosen_values` are as they were typed, by parameter."""
    fields = tuple(_form_field(p, chosen_values.get(p.name, ()), vocabulary) for p in question.params)
    return QuestionPage(
        asked=question_link(question),
        heading=_choose_heading(question, fields),
        returns=question.returns,
        fields=fields,
        variables=answer.variables,
        rows=make_result_rows(answer),
        total=len(answer.rows),
        broader=_related_answers(question, chosen_values, related.parameter, related.broader),
        narrower=_related_answers(question, chosen_values, related.parameter, related.narrower),
        query=answer.query,
        api=api,
    )


def make_result_rows(answer: QuestionAnswer) -> tuple[tuple[TermRef | None, ...], ...]:
    """Return the rows of an answer that a page shows, as what they link to."""
    naming = TermLabels(answer.labels)
    return tuple(
        tuple(_result_cell(name, term, naming) for name, term in zip(answer.variables, row, strict=True))
        for row in answer.rows[:ANSWER_ROWS_SHOWN]
    )


def _related_answers(
    question: Question,
    chosen_values: Mapping[str, Sequence[str]],
    name: str,
    situations: Sequence[ParameterChoice],
) -> tuple[RelatedAnswer, ...]:
    """Return the address of the question for each situation, its other values unchanged."""
    values = [
        (other.label, {**chosen_values, name: (compress_iri(other.value.value),)}) for other in situations
    ]
    return tuple(RelatedAnswer(label, question_address(question, chosen)) for label, chosen in values)


def question_address(question: Question, chosen_values: Mapping[str, Sequence[str]]) -> str:
    """Return the address of the answer for some values."""
    query = urlencode([(name, value) for name, values in chosen_values.items() for value in values])
    return f"/questions/{question.name}" + (f"?{query}" if query else "")


def _choose_heading(question: Question, fields: Sequence[FormField]) -> str:
    """Return the question in words, or its title with the values: the words fit the example only."""
    if all(field.is_example for field in fields):
        return question.question
    return f"{question.title}: {', '.join(field.words for field in fields)}"


def _result_cell(variable: str, term: Term | None, naming: TermLabels) -> TermRef | None:
    """Return a cell; the number of a sentence links to the sentence."""
    if term is None:
        return None
    ref = naming.ref(term)
    if variable.startswith("sentence") and isinstance(term, Literal) and re.fullmatch(r"[\w-]+", term.value):
        return replace(ref, href=f"/sentence/{term.value}", kind="sentence")
    return ref


def _form_field(
    parameter: QuestionParameter, chosen_values: Sequence[str], vocabulary: QuestionVocabulary
) -> FormField:
    """Return a field with the chosen values, by default those of the file's example."""
    values = tuple(chosen_values) or tuple(parameter.example.split())
    chosen_spellings = {_normalize_value(value, parameter) for value in values}
    choices = [(_spell_term(choice.value), choice.label) for choice in vocabulary.list_choices(parameter)]
    options = tuple(FieldOption(value, label, value in chosen_spellings) for value, label in choices)
    example = {_normalize_value(value, parameter) for value in parameter.example.split()}
    chosen = [option.label for option in options if option.chosen]
    return FormField(
        name=parameter.name,
        type=parameter.type,
        help=parameter.help,
        value=" ".join(values),
        many=parameter.is_repeatable,
        options=options,
        words=", ".join(chosen or values),
        is_example=chosen_spellings == example,
    )


def _normalize_value(value: str, parameter: QuestionParameter) -> str:
    """Return a canonical spelling of a value, or the value where it is invalid."""
    try:
        return _spell_term(parameter.parse_value(value.strip("<>")))
    except BadQuery:
        return value


def _spell_term(term: NamedNode | Literal) -> str:
    return compress_iri(term.value) if isinstance(term, NamedNode) else term.value


#: form of a query -> the SHACL class of its executable, and the property that holds its text.
_SHACL_TERMS = {
    "SELECT": ("SPARQLSelectExecutable", "select"),
    "ASK": ("SPARQLAskExecutable", "ask"),
    "CONSTRUCT": ("SPARQLConstructExecutable", "construct"),
}


def describe_examples(questions: Iterable[Question], root: str) -> Iterator[Triple]:
    """Yield each question as an executable of the endpoint under `root`, an address that ends in `/`.

    Query editors read it: the shape is that of https://github.com/sib-swiss/sparql-examples.
    """
    for question in questions:
        subject = NamedNode(f"{root}questions/{question.name}")
        class_name, text_property = _SHACL_TERMS.get(question.query_form, _SHACL_TERMS["SELECT"])
        values: tuple[tuple[NamedNode, NamedNode | Literal], ...] = (
            (RDF["type"], SH["SPARQLExecutable"]),
            (RDF["type"], SH[class_name]),
            (SH[text_property], Literal(question.text)),
            (RDFS["label"], Literal(question.title, language="en")),
            (RDFS["comment"], Literal(question.question, language="en")),
            (DCTERMS["identifier"], Literal(question.name)),
            (SCHEMA["target"], NamedNode(f"{root}sparql")),
        )
        yield from (Triple(subject, predicate, value) for predicate, value in values)
