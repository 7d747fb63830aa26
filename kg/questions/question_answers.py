"""The questions of a project, `queries/questions/*.rq`, and their answers.

For an answer values are checked against what exists, the query is run, and labels are fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from kg.errors import BadQuery, NotFound
from kg.model import questions
from kg.model.questions import GivenValue, ParameterValue, Question, QuestionParameter, list_given_values
from kg.model.term_names import TermNames, find_similar_names
from kg.namespaces import CLAIM, XSD, compress_iri, get_local_name
from kg.questions.code_answers import CodeAnswers
from kg.questions.text_candidates import TextAnswers
from kg.text_files import read_text
from sparqlhost.store.interface import Solutions, Store, Term, get_term_text

_SITUATION_TYPE = "situation"
#: the question whose answer has what is said of broader and narrower situations too, each row marked
AROUND_A_SITUATION = "around-a-situation"
_SELECT = re.compile(r"^SELECT (DISTINCT )?", re.MULTILINE)


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

    Each comes from a query of the project at `root`: `queries/choices/<type>.rq` and `queries/answers/*.rq`.
    """

    def __init__(self, store: Store, root: Path) -> None:
        self._store, self._root, self._folder = store, root, root / "queries"
        self._column_answers: dict[str, CodeAnswers | TextAnswers] = {}
        self._term_names: TermNames | None = None

    def load_term_names(self) -> TermNames:
        """Return what every labelled term may be called; read once."""
        if self._term_names is None:
            rows = self._store.select(read_text(self._folder / "answers" / "term-names.rq")).rows
            self._term_names = TermNames.from_rows(
                (term, get_term_text(label), get_term_text(is_preferred) == "true")
                for term, label, is_preferred in rows
                if isinstance(term, NamedNode)
            )
        return self._term_names

    def load_column_answers(self, question: Question) -> CodeAnswers | TextAnswers:
        """Return the answers of a question about codes or local text; what they read of the store is kept."""
        if question.name not in self._column_answers:
            self._column_answers[question.name] = (
                CodeAnswers(self._store, self._root, question)
                if question.reads_codes
                else TextAnswers(self._store, self._root)
            )
        return self._column_answers[question.name]

    def list_choices(self, parameter: QuestionParameter) -> tuple[ParameterChoice, ...]:
        """Return the values of a parameter in the order of their labels; none for a literal."""
        path = self._folder / "choices" / f"{parameter.type}.rq"
        return self._select_choices(read_text(path)) if path.is_file() else ()

    def list_nearby_situations(self, direction: str, situation: Term) -> tuple[ParameterChoice, ...]:
        """Return the situations above (`direction` broader) or below (narrower) one, by label."""
        return self._select_choices(
            self._bind_answer_query(f"{direction}-situations", "situation", [situation])
        )

    def load_labels(self, iris: Iterable[NamedNode]) -> dict[str, str]:
        """Return label by IRI, for those that have one; one query for all."""
        labels: dict[str, str] = {}
        if terms := sorted(iris, key=str):
            for row in self._store.select(self._bind_answer_query("labels", "term", terms)):
                labels.setdefault(get_term_text(row["term"]), get_term_text(row["label"]))
        return labels

    def add_sources(self, solutions: Solutions) -> Solutions:
        """Return rows that have a claim with the document it is from and the day of that one's last revision.

        Rows of a query that names its document itself stay as they are.
        """
        if "claim" not in solutions.variables or "document" in solutions.variables:
            return solutions
        claims = {row["claim"] for row in solutions if isinstance(row.get("claim"), NamedNode)}
        query = self._bind_answer_query("claim-sources", "claim", sorted(claims, key=str))
        sources = {row["claim"]: row for row in self._store.select(query)} if claims else {}
        at = solutions.variables.index("claim")
        added = [sources.get(claim, {}) if (claim := row[at]) else {} for row in solutions.rows]
        rows = (
            (*row, source.get("document"), source.get("revised"))
            for row, source in zip(solutions.rows, added, strict=True)
        )
        return Solutions((*solutions.variables, "document", "revised"), tuple(rows))

    def _bind_answer_query(self, name: str, parameter: str, terms: Sequence[Term]) -> str:
        query = read_text(self._folder / "answers" / f"{name}.rq")
        return questions.replace_values_line(query, parameter, terms)

    def _select_choices(self, query: str) -> tuple[ParameterChoice, ...]:
        rows = [(get_term_text(row["value"]), row.get("label")) for row in self._store.select(query)]
        return tuple(
            ParameterChoice(NamedNode(iri), get_term_text(label) or compress_iri(iri)) for iri, label in rows
        )


def answer_question(
    store: Store, question: Question, values: Mapping[str, GivenValue], vocabulary: QuestionVocabulary
) -> QuestionAnswer:
    """Return the answer of `question` with `values`; parameters not given keep the file's example.

    Raises BadQuery for an unknown parameter, or a value that does not exist, and lists those that do.
    """
    query = question.bind_values(_resolve_values(question, values, vocabulary))
    solutions = _answer_column(question, values, vocabulary) if question.reads_columns else None
    solutions = vocabulary.add_sources(solutions or run_question(store, question, query))
    iris = {term for row in solutions.rows for term in row if isinstance(term, NamedNode)}
    return QuestionAnswer(solutions.variables, solutions.rows, vocabulary.load_labels(iris), query)


def _answer_column(
    question: Question, values: Mapping[str, GivenValue], vocabulary: QuestionVocabulary
) -> Solutions:
    """Return the rows of a question about a column, each cell once; default: those of its example."""
    (parameter,) = question.params
    examples = [text.strip('"') for text in parameter.example.split('" "')]
    given = values.get(parameter.name, examples)
    cells = dict.fromkeys(text if isinstance(text, str) else text.value for text in list_given_values(given))
    answers = vocabulary.load_column_answers(question)
    return Solutions(answers.columns, tuple(answers.iterate_rows(cells)))


def _resolve_values(
    question: Question, values: Mapping[str, GivenValue], vocabulary: QuestionVocabulary
) -> dict[str, tuple[ParameterValue, ...]]:
    """Return the terms meant by the given values, by parameter; raises BadQuery."""
    question.require_parameters(values)
    return {
        p.name: tuple(resolve_value(p, value, vocabulary) for value in list_given_values(values[p.name]))
        for p in question.params
        if p.name in values
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
    """Return the term meant by an IRI, CURIE, local name, label, brand or other name.

    Raises BadQuery that lists what exists, or the terms that share an ambiguous name.
    """
    choices = vocabulary.list_choices(parameter)
    if not choices:
        return parameter.parse_value(given)
    text = given if isinstance(given, str) else given.value
    terms = {choice.value for choice in choices}
    if not isinstance(given, str) and given in terms:
        return given
    wanted = text.strip().casefold()
    labeled = [choice.value for choice in choices if choice.label.casefold() == wanted]
    if not labeled:
        labeled = [term for term in terms if get_local_name(term.value).casefold() == wanted]
    if len(labeled) == 1:
        return labeled[0]
    names = vocabulary.load_term_names().restrict_to(terms.__contains__)
    with suppress(NotFound):
        if (term := names.find_term(text, parameter.name)) in terms:
            return term
    called = {label: get_local_name(named[0].value) for label, named in names.labels.items()}
    called |= {name: name for name in _list_names(choices)}
    similar = dict.fromkeys(called[name] for name in find_similar_names(text, called))
    meant = f"Did you mean {', '.join(similar)}? " if similar else ""
    raise BadQuery(
        f"There is no {parameter.type} {text!r}.",
        location=parameter.name,
        hint=meant + _list_values(choices),
    )


def describe_choices(parameter: QuestionParameter, vocabulary: QuestionVocabulary) -> str:
    """Return a sentence that lists the values a parameter may be; empty for a literal."""
    return _list_values(vocabulary.list_choices(parameter))


def _list_values(choices: Sequence[ParameterChoice]) -> str:
    return f"Values: {', '.join(_list_names(choices))}." if choices else ""


def _list_names(choices: Sequence[ParameterChoice]) -> list[str]:
    return [get_local_name(choice.value.value) for choice in choices]


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

    nearby = [vocabulary.list_nearby_situations(way, situation) for way in ("broader", "narrower")]
    asked = [choice.value for choices in nearby for choice in choices if choice.value not in shown]
    query = questions.replace_values_line(question.bind_values(bound), parameter.name, asked)
    query = _SELECT.sub(rf"\g<0>?{parameter.name} ", query, count=1)
    found = {row[parameter.name] for row in store.select(query)} if asked else set()
    return RelatedSituations(
        parameter.name, *(tuple(c for c in choices if c.value in found) for choices in nearby)
    )


def _find_situation_parameter(question: Question) -> QuestionParameter | None:
    """Return the parameter that holds the one situation asked about."""
    of_situation = [parameter for parameter in question.params if parameter.type == _SITUATION_TYPE]
    is_one = len(of_situation) == 1 and not of_situation[0].is_repeatable
    is_of_one = is_one and question.query_form == "SELECT" and question.name != AROUND_A_SITUATION
    return of_situation[0] if is_of_one else None


@dataclass(frozen=True, slots=True)
class QuestionLibrary:
    """The questions in the order of their numbers, and the project they were read from."""

    root: Path
    questions: tuple[Question, ...]

    def find(self, name: str) -> Question:
        """Return a question by name, number or both; raises NotFound that proposes similar names."""
        return questions.find_question(self.questions, name)

    def ask(self, store: Store, name: str, values: Mapping[str, GivenValue]) -> QuestionAnswer:
        """Return the answer of the question called `name`; raises NotFound, BadQuery."""
        return answer_question(store, self.find(name), values, self.make_vocabulary(store))

    def make_vocabulary(self, store: Store) -> QuestionVocabulary:
        """Return the values that parameters may take, as the store has them."""
        return QuestionVocabulary(store, self.root)


def load_library(root: Path) -> QuestionLibrary:
    """Return the questions under `root`; raises NotFound when there are none, BadData for a broken one."""
    loaded = load_questions(root)
    if not loaded:
        hint = "Point KG_ROOT at the project's folder."
        raise NotFound("There are no questions here.", location=str(root), hint=hint)
    return QuestionLibrary(root, loaded)


def load_questions(root: Path) -> tuple[Question, ...]:
    """Return the questions of a project in the order of their file names; raises BadData."""
    paths = sorted((root / "queries" / "questions").glob("*.rq"))
    files = ((path.stem, read_text(path), path.relative_to(root).as_posix()) for path in paths)
    return tuple(questions.parse_question(*file) for file in files)
