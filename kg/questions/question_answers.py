"""Answer a named question: values are checked against what exists, the query is run, labels are fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from kg.errors import BadQuery
from kg.model.query_binding import replace_values_line
from kg.model.questions import GivenValue, ParameterValue, Question, QuestionParameter
from kg.model.similar_names import suggest_similar_names
from kg.namespaces import CLAIM, XSD, compress_iri, get_local_name
from kg.text_files import read_text
from sparqlhost.store.interface import Solutions, Store, Term

_SITUATION_TYPE = "situation"


@dataclass(frozen=True, slots=True)
class ParameterChoice:
    """A value a parameter may take, and what it is called."""

    value: NamedNode
    label: str


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """The answer of a question: variables, rows of terms, labels by IRI, and the query that was run."""

    variables: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]
    labels: Mapping[str, str]
    query: str

    def format_term(self, term: Term | None) -> str:
        """Return what a reader sees for a term: its label, its CURIE, or its lexical form."""
        if term is None:
            return ""
        if isinstance(term, NamedNode) and term.value.startswith(CLAIM):
            return term.value.removeprefix(CLAIM)
        if isinstance(term, NamedNode):
            return self.labels.get(term.value) or compress_iri(term.value)
        return term.value if isinstance(term, Literal) else str(term)


class QuestionVocabulary:
    """What questions read of a store beside their own query: choices, labels, situations nearby.

    Each comes from a query in the folder `queries/`: `choices/<type>.rq` and `answers/*.rq`.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def list_choices(self, parameter: QuestionParameter) -> tuple[ParameterChoice, ...]:
        """Return the values of a parameter in the order of their labels; none for a literal."""
        path = self._folder / "choices" / f"{parameter.type}.rq"
        return self._select_choices(read_text(path)) if path.is_file() else ()

    def list_broader_situations(self, situation: ParameterValue) -> tuple[ParameterChoice, ...]:
        """Return the situations above one, by label."""
        return self._select_choices(self._bind_answer_query("broader-situations", "situation", [situation]))

    def list_narrower_situations(self, situation: ParameterValue) -> tuple[ParameterChoice, ...]:
        """Return the situations below one, by label."""
        return self._select_choices(self._bind_answer_query("narrower-situations", "situation", [situation]))

    def load_labels(self, iris: Iterable[NamedNode]) -> dict[str, str]:
        """Return label by IRI, for those that have one; one query for all."""
        terms = sorted(iris, key=str)
        if not terms:
            return {}
        labels: dict[str, str] = {}
        for row in self._store.select(self._bind_answer_query("labels", "term", terms)):
            if isinstance(row["term"], NamedNode) and isinstance(row["label"], Literal):
                labels.setdefault(row["term"].value, row["label"].value)
        return labels

    def _bind_answer_query(self, name: str, parameter: str, terms: Sequence[Term]) -> str:
        return replace_values_line(read_text(self._folder / "answers" / f"{name}.rq"), parameter, terms)

    def _select_choices(self, query: str) -> tuple[ParameterChoice, ...]:
        return tuple(_make_choice(row["value"], row.get("label")) for row in self._store.select(query))


def _make_choice(value: Term, label: Term | None) -> ParameterChoice:
    iri = value if isinstance(value, NamedNode) else NamedNode(str(value))
    return ParameterChoice(iri, label.value if isinstance(label, Literal) else compress_iri(iri.value))


def answer_question(
    store: Store, question: Question, values: Mapping[str, GivenValue], vocabulary: QuestionVocabulary
) -> QuestionAnswer:
    """Return the answer of `question` with `values`; parameters not given keep the file's example.

    Raises BadQuery for an unknown parameter, or a value that does not exist, and lists those that do.
    """
    query = question.bind_values(_resolve_values(question, values, vocabulary))
    solutions = run_question(store, question, query)
    iris = {term for row in solutions.rows for term in row if isinstance(term, NamedNode)}
    return QuestionAnswer(solutions.variables, solutions.rows, vocabulary.load_labels(iris), query)


def _resolve_values(
    question: Question, values: Mapping[str, GivenValue], vocabulary: QuestionVocabulary
) -> dict[str, tuple[ParameterValue, ...]]:
    """Return the terms meant by the given values, by parameter; raises BadQuery."""
    question.require_parameters(values)
    return {
        parameter.name: tuple(
            resolve_value(parameter, value, vocabulary) for value in list_given_values(values[parameter.name])
        )
        for parameter in question.params
        if parameter.name in values
    }


def run_question(store: Store, question: Question, query: str) -> Solutions:
    """Return the rows of a SELECT, or one row `answer` for an ASK."""
    if question.query_form == "ASK":
        value = Literal("true" if store.ask(query) else "false", datatype=XSD["boolean"])
        return Solutions(("answer",), ((value,),))
    return store.select(query)


def resolve_value(
    parameter: QuestionParameter, given: str | ParameterValue, vocabulary: QuestionVocabulary
) -> ParameterValue:
    """Return the term meant by an IRI, CURIE, local name or label; raises BadQuery listing what exists."""
    choices = vocabulary.list_choices(parameter)
    if not choices:
        return parameter.parse_value(given)
    if isinstance(given, str):
        wanted = given.strip().casefold()
        for choice in choices:
            if wanted in {choice.label.casefold(), get_local_name(choice.value.value).casefold()}:
                return choice.value
    try:
        term = parameter.parse_value(given)
    except BadQuery:
        term = None
    if term is not None and term in {choice.value for choice in choices}:
        return term
    text = given if isinstance(given, str) else given.value
    raise BadQuery(
        f"There is no {parameter.type} {text!r}.",
        location=parameter.name,
        hint=suggest_similar_names(text, _list_names(choices)) + _list_values(choices),
    )


def describe_choices(parameter: QuestionParameter, vocabulary: QuestionVocabulary) -> str:
    """Return a sentence that lists the values a parameter may be; empty for a literal."""
    return _list_values(vocabulary.list_choices(parameter))


def _list_values(choices: Sequence[ParameterChoice]) -> str:
    return f"Values: {', '.join(_list_names(choices))}." if choices else ""


def _list_names(choices: Sequence[ParameterChoice]) -> list[str]:
    return [get_local_name(choice.value.value) for choice in choices]


def list_given_values(given: GivenValue) -> Sequence[str | ParameterValue]:
    """Return a given value as a sequence of values."""
    return [given] if isinstance(given, str | NamedNode | Literal) else given


@dataclass(frozen=True, slots=True)
class RelatedSituations:
    """Other situations with rows, and the name of the parameter that holds the situation."""

    parameter: str = ""
    broader: tuple[ParameterChoice, ...] = ()
    narrower: tuple[ParameterChoice, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.broader or self.narrower)


def find_related_situations(
    store: Store,
    question: Question,
    values: Mapping[str, GivenValue],
    vocabulary: QuestionVocabulary,
    answer: QuestionAnswer,
) -> RelatedSituations:
    """Return the broader and narrower situations with rows, those left out that `answer` shows already.

    An answer speaks of exactly one situation; what the text says of another is pointed to, never mixed in. So
    there are none for questions that ask about no situation or about several.
    """
    parameter = _find_situation_parameter(question)
    if parameter is None:
        return RelatedSituations()
    given = list_given_values(values.get(parameter.name, parameter.example))[0]
    situation = resolve_value(parameter, given, vocabulary)
    others = {name: value for name, value in values.items() if name != parameter.name}
    bound = _resolve_values(question, others, vocabulary)
    shown = {term for row in answer.rows for term in row}

    def has_rows(other: ParameterChoice) -> bool:
        query = question.bind_values({**bound, parameter.name: other.value})
        return other.value not in shown and bool(run_question(store, question, query).rows)

    return RelatedSituations(
        parameter.name,
        tuple(filter(has_rows, vocabulary.list_broader_situations(situation))),
        tuple(filter(has_rows, vocabulary.list_narrower_situations(situation))),
    )


def _find_situation_parameter(question: Question) -> QuestionParameter | None:
    """Return the parameter that holds the one situation asked about."""
    of_situation = [parameter for parameter in question.params if parameter.type == _SITUATION_TYPE]
    is_one = len(of_situation) == 1 and not of_situation[0].is_repeatable
    return of_situation[0] if is_one and question.query_form == "SELECT" else None
