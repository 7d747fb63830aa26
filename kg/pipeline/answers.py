"""Answering a named question: values checked against what exists, the query run, labels fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from kg.errors import BadQuery
from kg.namespaces import CLAIM, RDFS, SKOS, XSD, shorten
from kg.questions import Parameter, Question
from kg.questions.model import Given, Value
from kg.store.protocol import Solutions, Store, Term


@dataclass(frozen=True, slots=True)
class Choice:
    """A value a parameter may take, and what it is called."""

    value: NamedNode
    label: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a question: variables, rows of terms, labels by IRI, and the query that was run."""

    variables: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]
    labels: Mapping[str, str]
    query: str

    def text(self, term: Term | None) -> str:
        """Return what a reader sees for a term: its label, its CURIE, or its lexical form."""
        if term is None:
            return ""
        if isinstance(term, NamedNode) and term.value.startswith(CLAIM):
            return term.value.removeprefix(CLAIM)
        if isinstance(term, NamedNode):
            return self.labels.get(term.value) or shorten(term.value)
        return term.value if isinstance(term, Literal) else str(term)


class Choices:
    """The values parameters may take, by type, read from the store with `queries/choices/<type>.rq`."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def of(self, parameter: Parameter) -> tuple[Choice, ...]:
        """Return the values of a parameter in the order of their labels; none for a literal."""
        path = self._folder / f"{parameter.type}.rq"
        if not path.is_file():
            return ()
        rows = self._store.select(path.read_text("utf-8"))
        return tuple(choice(row["value"], row.get("label")) for row in rows)


def choice(value: Term, label: Term | None) -> Choice:
    """Return a value and its label as a query gives them as a choice."""
    iri = value if isinstance(value, NamedNode) else NamedNode(str(value))
    return Choice(iri, label.value if isinstance(label, Literal) else shorten(iri.value))


def choices_folder(root: Path) -> Path:
    """Return the folder of the queries that list what parameters may be."""
    return root / "queries" / "choices"


def answer(store: Store, question: Question, values: Mapping[str, Given], choices: Choices) -> Answer:
    """Return the answer of `question` with `values`; parameters not given keep the file's example.

    Raises BadQuery for an unknown parameter, or a value that does not exist, and lists those that do.
    """
    question.bind(
        {name: given for name, given in values.items() if name not in {p.name for p in question.params}}
    )
    terms = {
        p.name: tuple(resolve(p, item, choices) for item in items(values[p.name]))
        for p in question.params
        if p.name in values
    }
    query = question.bind(terms)
    found = solutions(store, question, query)
    return Answer(found.variables, found.rows, labels(store, found), query)


def solutions(store: Store, question: Question, query: str) -> Solutions:
    """Return the rows of a SELECT, or one row `answer` for an ASK."""
    if question.form == "ASK":
        value = Literal("true" if store.ask(query) else "false", datatype=XSD["boolean"])
        return Solutions(("answer",), ((value,),))
    return store.select(query)


def resolve(parameter: Parameter, given: str | Value, choices: Choices) -> Value:
    """Return the term meant by an IRI, CURIE, local name or label; raises BadQuery listing what exists."""
    known = choices.of(parameter)
    if not known:
        return parameter.term(given)
    if isinstance(given, str):
        wanted = given.strip().casefold()
        for choice in known:
            if wanted in {choice.label.casefold(), _local(choice.value).casefold()}:
                return choice.value
    try:
        term = parameter.term(given)
    except BadQuery:
        term = None
    if term is not None and term in {choice.value for choice in known}:
        return term
    raise BadQuery(
        f"There is no {parameter.type} {_shown(given)!r}.", where=parameter.name, todo=_existing(given, known)
    )


def existing(parameter: Parameter, choices: Choices) -> str:
    """Return a sentence that lists the values a parameter may be; empty for a literal."""
    return _listed(choices.of(parameter))


def _listed(known: Sequence[Choice]) -> str:
    """Return the sentence that lists values."""
    return f"Values: {', '.join(_local(choice.value) for choice in known)}." if known else ""


def _existing(given: str | Value, known: Sequence[Choice]) -> str:
    """Return a sentence with the near values, and all there are."""
    names = [_local(choice.value) for choice in known]
    near = get_close_matches(_shown(given), names, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    return hint + _listed(known)


def _shown(given: str | Value) -> str:
    """Return a given value as the user wrote it."""
    return given if isinstance(given, str) else given.value


def items(given: Given) -> Sequence[str | Value]:
    """Return a given value as a sequence of values."""
    return [given] if isinstance(given, str | NamedNode | Literal) else given


def _local(iri: NamedNode) -> str:
    """Return the last part of an IRI, as people type it."""
    return iri.value.rsplit("/", 1)[-1].rsplit("#", 1)[-1]


_LABELS = """SELECT ?term ?label WHERE {{
  VALUES ?term {{ {terms} }}
  VALUES ?property {{ {properties} }}
  ?term ?property ?label
}}"""
_LABEL_PROPERTIES = f"{SKOS['prefLabel']} {RDFS['label']}"


def labels(store: Store, found: Solutions) -> dict[str, str]:
    """Return the labels of every IRI in an answer, fetched with one query."""
    iris = {term for row in found.rows for term in row if isinstance(term, NamedNode)}
    return labels_of(store, iris)


def labels_of(store: Store, iris: Iterable[NamedNode]) -> dict[str, str]:
    """Return label by IRI, for those that have one; one query for all."""
    terms = " ".join(sorted(str(iri) for iri in iris))
    if not terms:
        return {}
    found: dict[str, str] = {}
    for row in store.select(_LABELS.format(terms=terms, properties=_LABEL_PROPERTIES)):
        term, label = row["term"], row["label"]
        if isinstance(term, NamedNode) and isinstance(label, Literal):
            found.setdefault(term.value, label.value)
    return found
