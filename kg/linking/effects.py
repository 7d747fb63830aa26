"""Which named questions would answer otherwise with one mapping more or less."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from kg.errors import KgError
from kg.linking.registry import store_path
from kg.mappings.prefixes import Prefixes
from kg.mappings.rows import Mapping
from kg.mappings.triples import mapping_triples, term_iri
from kg.namespaces import BASE, ENTITY_KINDS, GRAPH
from kg.pipeline import open_build
from kg.pipeline.answers import solutions
from kg.pipeline.asking import library
from kg.questions import Question
from kg.settings import Settings
from kg.store.imports import cloned
from kg.store.protocol import Store

_MAPPINGS = GRAPH["mappings"]
_KINDS = {prefix: kind for kind, prefix in ENTITY_KINDS.items()}


@dataclass(frozen=True, slots=True)
class Changed:
    """A question whose answer changes: its name and title, the value asked with, rows before and after."""

    name: str
    title: str
    asked: str
    before: int
    after: int
    gained: int
    lost: int

    @property
    def sentence(self) -> str:
        """Return it in words."""
        about = f" for {self.asked}" if self.asked else ""
        return f"{self.name}{about}: {self.before} rows, then {self.after} (+{self.gained} -{self.lost})"


@dataclass(slots=True)
class Trial:
    """A clone of the served store to try mappings on; answers are kept until something is tried."""

    store: Store
    questions: tuple[Question, ...]
    prefixes: Prefixes
    _answers: dict[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)

    def add(self, row: Mapping) -> tuple[Changed, ...]:
        """Add a mapping to the clone; return the questions that answer otherwise now."""
        return self._try(row, "INSERT")

    def remove(self, row: Mapping) -> tuple[Changed, ...]:
        """Take a mapping out of the clone; return the questions that answer otherwise now."""
        return self._try(row, "DELETE")

    def _try(self, row: Mapping, act: str) -> tuple[Changed, ...]:
        """Change the clone by one mapping and compare the answers before and after."""
        asked = [(question, values) for question in self.questions for values in _values(question, row)]
        before = [self._answer(question, values) for question, values in asked]
        triples = "\n".join(f"{triple} ." for triple in mapping_triples([row], self.prefixes))
        self.store.update(f"{act} DATA {{ GRAPH {_MAPPINGS} {{ {triples} }} }}")
        self._answers.clear()
        after = [self._answer(question, values) for question, values in asked]
        return tuple(
            Changed(q.name, q.title, _shown(values), len(old), len(new), len(new - old), len(old - new))
            for (q, values), old, new in zip(asked, before, after, strict=True)
            if old != new
        )

    def _answer(self, question: Question, values: dict[str, NamedNode]) -> frozenset[tuple[str, ...]]:
        """Return the rows of a question as comparable text."""
        query = question.bind(values)
        if query not in self._answers:
            try:
                found = solutions(self.store, question, query)
                self._answers[query] = frozenset(tuple(str(term) for term in row) for row in found.rows)
            except KgError:
                self._answers[query] = frozenset()
        return self._answers[query]


@contextmanager
def trial(settings: Settings, prefixes: Prefixes) -> Iterator[Trial]:
    """Yield a trial over the questions that read the mappings, on a clone of the imports or on the build."""
    questions = tuple(q for q in library(settings.root).questions if reads_mappings(q))
    path = store_path(settings)
    if path.is_dir():
        with cloned(path) as store:
            yield Trial(store, questions, prefixes)
    else:
        yield Trial(open_build(settings), questions, prefixes)


def reads_mappings(question: Question) -> bool:
    """Say whether a question's text names the graph of mappings or a match predicate."""
    return any(word in question.text for word in ("graph:mappings", _MAPPINGS.value, "Match"))


def _values(question: Question, row: Mapping) -> Iterator[dict[str, NamedNode]]:
    """Yield the values to ask a question with: its example's, and the row's subject where it fits."""
    yield {}
    kind = _KINDS.get(row.subject_id.partition(":")[0], "")
    for parameter in question.params:
        if parameter.type in (kind, "entity"):
            yield {parameter.name: term_iri(row.subject_id)}


def _shown(values: dict[str, NamedNode]) -> str:
    """Return what a question was asked with."""
    return ", ".join(f"{name} {value.value.removeprefix(BASE)}" for name, value in values.items())
