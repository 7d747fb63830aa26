"""Which named questions have another answer with one mapping more or less, tried on a clone of the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from kg.build.publishing import open_build
from kg.errors import UserError
from kg.model.graphs import MAPPINGS
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MappingRow
from kg.model.mapping_triples import expand_project_curie, mappings_to_triples
from kg.model.questions import Question
from kg.namespaces import BASE, ENTITY_KINDS
from kg.questions.question_answers import (
    load_library,
    run_question,
)
from kg.settings import Settings
from sparqlhost.store.interface import Store
from sparqlhost.store.staging import clone_store

_KIND_OF_PREFIX = {prefix: kind for kind, prefix in ENTITY_KINDS.items()}


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A question whose answer changes: name, title, parameter values, and numbers of rows."""

    name: str
    title: str
    asked_with: str
    before: int
    after: int
    gained: int
    lost: int

    @property
    def sentence(self) -> str:
        """Return the change as one line of text."""
        values = f" for {self.asked_with}" if self.asked_with else ""
        return f"{self.name}{values}: {self.before} rows, then {self.after} (+{self.gained} -{self.lost})"


@dataclass(slots=True)
class MappingTrial:
    """A clone of the served store to try mappings on.

    `_answers` maps the text of a query to its rows in the clone as it is; a change to the clone empties it.
    `_unaffected` are the questions whose example values need not be asked again.
    """

    store: Store
    questions: tuple[Question, ...]
    prefixes: PrefixTable
    _answers: dict[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)
    _unaffected: frozenset[str] = frozenset()

    def add_mapping(self, row: MappingRow) -> tuple[AnswerChange, ...]:
        """Add a mapping to the clone and leave it there; return the questions that changed."""
        changes = self._compare_answers(row, "INSERT")
        self._answers.clear()
        return changes

    def compare_without_mapping(self, row: MappingRow) -> tuple[AnswerChange, ...]:
        """Return the questions that change without a mapping; the clone has it again afterwards."""
        changes = self._compare_answers(row, "DELETE")
        self._apply_mapping(row, "INSERT")
        return changes

    def exclude_unaffected_questions(self, rows: Sequence[MappingRow]) -> None:
        """Skip the examples of questions whose answer stays the same without all of `rows` together.

        Where the rows of a question only grow with the mappings (or only shrink), what does not change
        without all of them does not change without one of them. For `kg link check` this spares most of the
        queries.
        """
        before = {question.name: self._get_cached_rows(question, {}) for question in self.questions}
        for row in rows:
            self._apply_mapping(row, "DELETE")
        self._unaffected = frozenset(
            q.name for q in self.questions if self._fetch_rows(q, {}) == before[q.name]
        )
        for row in rows:
            self._apply_mapping(row, "INSERT")

    def _apply_mapping(self, row: MappingRow, operation: str) -> None:
        """Insert a mapping's triples into the clone, or delete them."""
        triples = "\n".join(f"{triple} ." for triple in mappings_to_triples([row], self.prefixes))
        self.store.update(f"{operation} DATA {{ GRAPH {MAPPINGS} {{ {triples} }} }}")

    def _compare_answers(self, row: MappingRow, operation: str) -> tuple[AnswerChange, ...]:
        """Change the clone by one mapping and return the questions whose rows differ."""
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
        """Return the rows of a question in the clone as it is, fetched once."""
        query = question.bind_values(values)
        if query not in self._answers:
            self._answers[query] = self._fetch_rows(question, values)
        return self._answers[query]

    def _fetch_rows(self, question: Question, values: dict[str, NamedNode]) -> frozenset[tuple[str, ...]]:
        """Return the rows of a question as texts; none for a question that cannot be answered."""
        try:
            solutions = run_question(self.store, question, question.bind_values(values))
        except UserError:
            return frozenset()
        return frozenset(tuple(str(term) for term in row) for row in solutions.rows)


@contextmanager
def open_mapping_trial(settings: Settings, prefixes: PrefixTable) -> Iterator[MappingTrial]:
    """Yield a trial over the questions that read mappings: on a clone of the imports, else on the build."""
    questions = tuple(q for q in load_library(settings.root).questions if reads_mappings(q))
    path = settings.locate_import_store()
    if path.is_dir():
        with clone_store(path) as store:
            yield MappingTrial(store, questions, prefixes)
    else:
        yield MappingTrial(open_build(settings), questions, prefixes)


def reads_mappings(question: Question) -> bool:
    """Return whether a question's text names the graph of mappings or a match predicate."""
    return any(word in question.text for word in ("graph:mappings", MAPPINGS.value, "Match"))


def _generate_values(question: Question, row: MappingRow) -> Iterator[dict[str, NamedNode]]:
    """Yield the values to ask a question with: those of its examples, and the row's subject where it fits."""
    yield {}
    kind = _KIND_OF_PREFIX.get(row.subject_id.partition(":")[0], "")
    for parameter in question.params:
        if parameter.type in (kind, "entity"):
            yield {parameter.name: expand_project_curie(row.subject_id)}


def _describe_values(values: dict[str, NamedNode]) -> str:
    """Return parameter values as `name local-iri, ...`."""
    return ", ".join(f"{name} {value.value.removeprefix(BASE)}" for name, value in values.items())
