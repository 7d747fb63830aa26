"""Which named questions would answer otherwise with one mapping more or less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from kg.build.publishing import open_build
from kg.build.question_library import load_library, run_question
from kg.errors import UserError
from kg.model.identifiers import PrefixTable
from kg.model.import_registry import locate_import_store
from kg.model.mapping_sets import MappingRow
from kg.model.mapping_triples import expand_project_curie, mappings_to_triples
from kg.model.questions import Question
from kg.namespaces import BASE, ENTITY_KINDS, GRAPH
from kg.settings import Settings
from sparqlhost.store.interface import Store
from sparqlhost.store.staging import clone_store

_MAPPINGS_GRAPH = GRAPH["mappings"]
_KIND_OF_PREFIX = {prefix: kind for kind, prefix in ENTITY_KINDS.items()}


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A question whose answer changes: its name and title, the value asked with, rows before and after."""

    name: str
    title: str
    asked_with: str
    before: int
    after: int
    gained: int
    lost: int

    @property
    def sentence(self) -> str:
        """Return it in words."""
        about = f" for {self.asked_with}" if self.asked_with else ""
        return f"{self.name}{about}: {self.before} rows, then {self.after} (+{self.gained} -{self.lost})"


@dataclass(slots=True)
class MappingTrial:
    """A clone of the served store to try mappings on; answers are kept until something is tried."""

    store: Store
    questions: tuple[Question, ...]
    prefixes: PrefixTable
    _answers: dict[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)
    _unaffected: frozenset[str] = frozenset()

    def add_mapping(self, row: MappingRow) -> tuple[AnswerChange, ...]:
        """Add a mapping to the clone for good; return the questions that answer otherwise now."""
        changed = self._compare_answers(row, "INSERT")
        self._answers.clear()
        return changed

    def compare_without_mapping(self, row: MappingRow) -> tuple[AnswerChange, ...]:
        """Return the questions that would answer otherwise without a mapping; the clone stays as it is."""
        changed = self._compare_answers(row, "DELETE")
        self._apply_mapping(row, "INSERT")
        return changed

    def exclude_unaffected_questions(self, rows: Sequence[MappingRow]) -> None:
        """Leave out the examples that answer alike even without all of `rows`: no need to ask them again."""
        before = {question.name: self._get_cached_rows(question, {}) for question in self.questions}
        for row in rows:
            self._apply_mapping(row, "DELETE")
        self._unaffected = frozenset(
            q.name for q in self.questions if self._fetch_rows(q, {}) == before[q.name]
        )
        for row in rows:
            self._apply_mapping(row, "INSERT")

    def _apply_mapping(self, row: MappingRow, operation: str) -> None:
        """Put a mapping into the clone, or take it out."""
        triples = "\n".join(f"{triple} ." for triple in mappings_to_triples([row], self.prefixes))
        self.store.update(f"{operation} DATA {{ GRAPH {_MAPPINGS_GRAPH} {{ {triples} }} }}")

    def _compare_answers(self, row: MappingRow, operation: str) -> tuple[AnswerChange, ...]:
        """Change the clone by one mapping and compare the answers before and after."""
        asked = [
            (question, values)
            for question in self.questions
            for values in _generate_values(question, row)
            if values or question.name not in self._unaffected
        ]
        before = [self._get_cached_rows(question, values) for question, values in asked]
        self._apply_mapping(row, operation)
        after = [self._fetch_rows(question, values) for question, values in asked]
        return tuple(
            AnswerChange(
                q.name, q.title, _describe_values(values), len(old), len(new), len(new - old), len(old - new)
            )
            for (q, values), old, new in zip(asked, before, after, strict=True)
            if old != new
        )

    def _get_cached_rows(
        self, question: Question, values: dict[str, NamedNode]
    ) -> frozenset[tuple[str, ...]]:
        """Return the rows of a question before anything is tried, asked once."""
        query = question.bind_values(values)
        if query not in self._answers:
            self._answers[query] = self._fetch_rows(question, values)
        return self._answers[query]

    def _fetch_rows(self, question: Question, values: dict[str, NamedNode]) -> frozenset[tuple[str, ...]]:
        """Return the rows of a question as comparable text."""
        try:
            found = run_question(self.store, question, question.bind_values(values))
        except UserError:
            return frozenset()
        return frozenset(tuple(str(term) for term in row) for row in found.rows)


@contextmanager
def open_mapping_trial(settings: Settings, prefixes: PrefixTable) -> Iterator[MappingTrial]:
    """Yield a trial over the questions that read the mappings, on a clone of the imports or on the build."""
    questions = tuple(q for q in load_library(settings.root).questions if reads_mappings(q))
    path = locate_import_store(settings)
    if path.is_dir():
        with clone_store(path) as store:
            yield MappingTrial(store, questions, prefixes)
    else:
        yield MappingTrial(open_build(settings), questions, prefixes)


def reads_mappings(question: Question) -> bool:
    """Say whether a question's text names the graph of mappings or a match predicate."""
    return any(word in question.text for word in ("graph:mappings", _MAPPINGS_GRAPH.value, "Match"))


def _generate_values(question: Question, row: MappingRow) -> Iterator[dict[str, NamedNode]]:
    """Yield the values to ask a question with: its example's, and the row's subject where it fits."""
    yield {}
    kind = _KIND_OF_PREFIX.get(row.subject_id.partition(":")[0], "")
    for parameter in question.params:
        if parameter.type in (kind, "entity"):
            yield {parameter.name: expand_project_curie(row.subject_id)}


def _describe_values(values: dict[str, NamedNode]) -> str:
    """Return what a question was asked with."""
    return ", ".join(f"{name} {value.value.removeprefix(BASE)}" for name, value in values.items())
