"""Which named questions would answer otherwise with one mapping more or less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    _same: frozenset[str] = frozenset()

    def add(self, row: Mapping) -> tuple[Changed, ...]:
        """Add a mapping to the clone for good; return the questions that answer otherwise now."""
        changed = self._try(row, "INSERT")
        self._answers.clear()
        return changed

    def without(self, row: Mapping) -> tuple[Changed, ...]:
        """Return the questions that would answer otherwise without a mapping; the clone stays as it is."""
        changed = self._try(row, "DELETE")
        self._change(row, "INSERT")
        return changed

    def screen(self, rows: Sequence[Mapping]) -> None:
        """Leave out the examples that answer alike even without all of `rows`: no need to ask them again."""
        before = {question.name: self._answer(question, {}) for question in self.questions}
        for row in rows:
            self._change(row, "DELETE")
        self._same = frozenset(q.name for q in self.questions if self._rows(q, {}) == before[q.name])
        for row in rows:
            self._change(row, "INSERT")

    def _change(self, row: Mapping, act: str) -> None:
        """Put a mapping into the clone, or take it out."""
        triples = "\n".join(f"{triple} ." for triple in mapping_triples([row], self.prefixes))
        self.store.update(f"{act} DATA {{ GRAPH {_MAPPINGS} {{ {triples} }} }}")

    def _try(self, row: Mapping, act: str) -> tuple[Changed, ...]:
        """Change the clone by one mapping and compare the answers before and after."""
        asked = [
            (question, values)
            for question in self.questions
            for values in _values(question, row)
            if values or question.name not in self._same
        ]
        before = [self._answer(question, values) for question, values in asked]
        self._change(row, act)
        after = [self._rows(question, values) for question, values in asked]
        return tuple(
            Changed(q.name, q.title, _shown(values), len(old), len(new), len(new - old), len(old - new))
            for (q, values), old, new in zip(asked, before, after, strict=True)
            if old != new
        )

    def _answer(self, question: Question, values: dict[str, NamedNode]) -> frozenset[tuple[str, ...]]:
        """Return the rows of a question before anything is tried, asked once."""
        query = question.bind(values)
        if query not in self._answers:
            self._answers[query] = self._rows(question, values)
        return self._answers[query]

    def _rows(self, question: Question, values: dict[str, NamedNode]) -> frozenset[tuple[str, ...]]:
        """Return the rows of a question as comparable text."""
        try:
            found = solutions(self.store, question, question.bind(values))
        except KgError:
            return frozenset()
        return frozenset(tuple(str(term) for term in row) for row in found.rows)


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
