"""Answering a named question: values checked against what exists, the query run, labels fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from pyoxigraph import Literal, NamedNode
from kg.errors import BadQuery
from kg.namespaces import CLAIM, RDFS, SKOS, XSD, compress_iri
from kg.model.questions import Question, QuestionParameter
from kg.model.questions import GivenValue, ParameterValue
from sparqlhost.store.interface import Solutions, Store, Term
from collections.abc import Mapping
from kg.namespaces import KG, SKOS
from sparqlhost.store.interface import Store
from kg.errors import NotFound
from kg.model.questions import Question, find_question, load_questions
from kg.model.questions import GivenValue


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


class ParameterChoices:
    """The values parameters may take, by type, read from the store with `queries/choices/<type>.rq`."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def list_choices(self, parameter: QuestionParameter) -> tuple[ParameterChoice, ...]:
        """Return the values of a parameter in the order of their labels; none for a literal."""
        path = self._folder / f"{parameter.type}.rq"
        if not path.is_file():
            return ()
        rows = self._store.select(path.read_text("utf-8"))
        return tuple(make_choice(row["value"], row.get("label")) for row in rows)


def make_choice(value: Term, label: Term | None) -> ParameterChoice:
    """Return a value and its label as a query gives them as a choice."""
    iri = value if isinstance(value, NamedNode) else NamedNode(str(value))
    return ParameterChoice(iri, label.value if isinstance(label, Literal) else compress_iri(iri.value))


def get_choices_folder(root: Path) -> Path:
    """Return the folder of the queries that list what parameters may be."""
    return root / "queries" / "choices"


def answer_question(
    store: Store, question: Question, values: Mapping[str, GivenValue], choices: ParameterChoices
) -> QuestionAnswer:
    """Return the answer of `question` with `values`; parameters not given keep the file's example.

    Raises BadQuery for an unknown parameter, or a value that does not exist, and lists those that do.
    """
    question.bind_values(
        {name: given for name, given in values.items() if name not in {p.name for p in question.params}}
    )
    terms = {
        p.name: tuple(resolve_value(p, item, choices) for item in list_given_values(values[p.name]))
        for p in question.params
        if p.name in values
    }
    query = question.bind_values(terms)
    found = run_question(store, question, query)
    return QuestionAnswer(found.variables, found.rows, fetch_answer_labels(store, found), query)


def run_question(store: Store, question: Question, query: str) -> Solutions:
    """Return the rows of a SELECT, or one row `answer` for an ASK."""
    if question.query_form == "ASK":
        value = Literal("true" if store.ask(query) else "false", datatype=XSD["boolean"])
        return Solutions(("answer",), ((value,),))
    return store.select(query)


def resolve_value(
    parameter: QuestionParameter, given: str | ParameterValue, choices: ParameterChoices
) -> ParameterValue:
    """Return the term meant by an IRI, CURIE, local name or label; raises BadQuery listing what exists."""
    known = choices.list_choices(parameter)
    if not known:
        return parameter.parse_value(given)
    if isinstance(given, str):
        wanted = given.strip().casefold()
        for choice in known:
            if wanted in {choice.label.casefold(), _get_local_name(choice.value).casefold()}:
                return choice.value
    try:
        term = parameter.parse_value(given)
    except BadQuery:
        term = None
    if term is not None and term in {choice.value for choice in known}:
        return term
    raise BadQuery(
        f"There is no {parameter.type} {_format_given(given)!r}.",
        location=parameter.name,
        hint=_suggest_values(given, known),
    )


def describe_choices(parameter: QuestionParameter, choices: ParameterChoices) -> str:
    """Return a sentence that lists the values a parameter may be; empty for a literal."""
    return _list_values(choices.list_choices(parameter))


def _list_values(choices: Sequence[ParameterChoice]) -> str:
    """Return the sentence that lists values."""
    return f"Values: {', '.join(_get_local_name(choice.value) for choice in choices)}." if choices else ""


def _suggest_values(given: str | ParameterValue, choices: Sequence[ParameterChoice]) -> str:
    """Return a sentence with the near values, and all there are."""
    names = [_get_local_name(choice.value) for choice in choices]
    near = get_close_matches(_format_given(given), names, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    return hint + _list_values(choices)


def _format_given(given: str | ParameterValue) -> str:
    """Return a given value as the user wrote it."""
    return given if isinstance(given, str) else given.value


def list_given_values(given: GivenValue) -> Sequence[str | ParameterValue]:
    """Return a given value as a sequence of values."""
    return [given] if isinstance(given, str | NamedNode | Literal) else given


def _get_local_name(iri: NamedNode) -> str:
    """Return the last part of an IRI, as people type it."""
    return iri.value.rsplit("/", 1)[-1].rsplit("#", 1)[-1]


_LABELS_QUERY = """SELECT ?term ?label WHERE {{
  VALUES ?term {{ {terms} }}
  VALUES ?property {{ {properties} }}
  ?term ?property ?label
}}"""
_LABEL_PROPERTIES = f"{SKOS['prefLabel']} {RDFS['label']}"


def fetch_answer_labels(store: Store, solutions: Solutions) -> dict[str, str]:
    """Return the labels of every IRI in an answer, fetched with one query."""
    iris = {term for row in solutions.rows for term in row if isinstance(term, NamedNode)}
    return fetch_labels(store, iris)


def fetch_labels(store: Store, iris: Iterable[NamedNode]) -> dict[str, str]:
    """Return label by IRI, for those that have one; one query for all."""
    terms = " ".join(sorted(str(iri) for iri in iris))
    if not terms:
        return {}
    found: dict[str, str] = {}
    for row in store.select(_LABELS_QUERY.format(terms=terms, properties=_LABEL_PROPERTIES)):
        term, label = row["term"], row["label"]
        if isinstance(term, NamedNode) and isinstance(label, Literal):
            found.setdefault(term.value, label.value)
    return found


#: MERGED kg.pipeline.nearby
#: MERGED Where else a question about one situation has an answer: the broader and the narrower situations with rows.
#: MERGED 
#: MERGED An answer speaks of exactly one situation; what the text says of another is pointed to, never mixed in.


_SITUATION_TYPE = "situation"


@dataclass(frozen=True, slots=True)
class RelatedSituations:
    """The parameter that holds the situation, and the other situations for which there are rows."""

    parameter: str = ""
    broader: tuple[ParameterChoice, ...] = ()
    narrower: tuple[ParameterChoice, ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is anywhere else to look."""
        return bool(self.broader or self.narrower)


def find_related_situations(
    store: Store,
    question: Question,
    values: Mapping[str, GivenValue],
    choices: ParameterChoices,
    answer: QuestionAnswer,
) -> RelatedSituations:
    """Return where `question` has rows besides those `found` shows; only where it asks of one situation."""
    parameter = _find_situation_parameter(question)
    if parameter is None:
        return RelatedSituations()
    asked = _resolve_asked_situation(parameter, values, choices)
    others = {name: given for name, given in values.items() if name != parameter.name}
    bound = {
        each.name: tuple(resolve_value(each, item, choices) for item in list_given_values(others[each.name]))
        for each in question.params
        if each.name in others
    }
    shown = {term for row in answer.rows for term in row}

    def find_answered(inverse: str) -> tuple[ParameterChoice, ...]:
        return tuple(
            other
            for other in _select_related(store, asked, inverse)
            if other.value not in shown
            and run_question(
                store, question, question.bind_values({**bound, parameter.name: other.value})
            ).rows
        )

    return RelatedSituations(parameter.name, find_answered(""), find_answered("^"))


def _find_situation_parameter(question: Question) -> QuestionParameter | None:
    """Return the parameter that holds the one situation asked about."""
    found = [parameter for parameter in question.params if parameter.type == _SITUATION_TYPE]
    return (
        found[0]
        if len(found) == 1 and not found[0].is_repeatable and question.query_form == "SELECT"
        else None
    )


def _resolve_asked_situation(
    parameter: QuestionParameter, values: Mapping[str, GivenValue], choices: ParameterChoices
) -> ParameterValue:
    """Return the situation that was asked about: the one given, or else the file's example."""
    return resolve_value(
        parameter, list_given_values(values.get(parameter.name, parameter.example))[0], choices
    )


def _select_related(store: Store, situation: ParameterValue, inverse: str) -> tuple[ParameterChoice, ...]:
    """Return the broader situations of one, or with `^` the narrower, by label."""
    rows = store.select(
        f"SELECT DISTINCT ?value ?label WHERE {{ {situation} {inverse}{KG['broaderSituation']} ?value . "
        f"?value {SKOS['prefLabel']} ?label }} ORDER BY LCASE(?label)"
    )
    return tuple(make_choice(row["value"], row.get("label")) for row in rows)


#: MERGED kg.pipeline.asking
#: MERGED The named questions of a project folder over an open store: what `kg ask` and `/questions` both use.


@dataclass(frozen=True, slots=True)
class QuestionLibrary:
    """The questions in the order of their numbers, and the folder they were read from."""

    root: Path
    questions: tuple[Question, ...]

    def find(self, name: str) -> Question:
        """Return a question by name, number or both; raises NotFound with near names."""
        return find_question(self.questions, name)

    def ask(self, store: Store, name: str, values: Mapping[str, GivenValue]) -> QuestionAnswer:
        """Return the answer of the question called `name`; raises NotFound, BadQuery."""
        return answer_question(store, self.find(name), values, self.make_choices(store))

    def make_choices(self, store: Store) -> ParameterChoices:
        """Return what parameters may be, as the store has it."""
        return ParameterChoices(store, get_choices_folder(self.root))


def load_library(root: Path) -> QuestionLibrary:
    """Return the questions under `root`; raises NotFound, or BadData for a broken header."""
    questions = load_questions(root / "queries" / "questions")
    if not questions:
        raise NotFound(
            "There are no questions here.", location=str(root), hint="Point KG_ROOT at the project's folder."
        )
    return QuestionLibrary(root, questions)
