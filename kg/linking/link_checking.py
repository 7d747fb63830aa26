"""Check accepted links against the imports, which may be newer versions of the vocabularies they point to.

Which named questions have another answer with one mapping more or less is tried on a clone of the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import unquote

from pyoxigraph import NamedNode

from kg.build.opening import open_build
from kg.errors import UserError
from kg.linking.name_index import NameIndex, OutsideTerm
from kg.linking.name_similarity import normalize_name
from kg.linking.workbench import Workbench
from kg.model.graphs import MAPPINGS
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MappingRow
from kg.model.mapping_triples import expand_project_curie, mappings_to_triples
from kg.model.questions import Question
from kg.namespaces import BASE, ENTITY_KINDS
from kg.questions.question_answers import load_library, run_question
from kg.settings import Settings
from sparqlhost.sparql.csv_cells import format_spreadsheet
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


# -- drift ---

#: Share of the accepted targets in a vocabulary that an import must have to count as a version of it: for the
#: vocabulary of most of its terms, and for any other. The share is lower for the former, since a newer
#: version may have dropped many terms, and higher for the latter, since ontologies borrow terms from each
#: other.
_MAIN_VOCABULARY_SHARE, _OTHER_VOCABULARY_SHARE = 0.5, 0.75

LinkProblem = Literal["moved", "merged", "retired", "gone", "relabelled", "reused"]
#: what SNOMED CT writes behind a name: its kind of concept
_SEMANTIC_TAG = re.compile(r" \([^()]+\)$")
#: the vocabulary of Athena's concepts, which stand for the codes they refer to
_CONCEPTS = "omop"


@dataclass(frozen=True, slots=True)
class LinkFinding:
    """An accepted link that needs review: the problem, and the replacement of its target ("" if unknown).

    `label` is the label that the import has for the target; `changes` are the answers that differ without the
    link.
    """

    row: MappingRow
    mapping_file: str
    import_id: str
    problem: LinkProblem
    replacement: str
    label: str
    changes: tuple[AnswerChange, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the problem and what to do about it."""
        name, old = self.import_id, self.row.object_label
        return {
            "moved": f"obsolete in {name}. Use {self.replacement}.",
            "merged": f"merged into {self.replacement} in {name}. Use {self.replacement}.",
            "retired": f"obsolete in {name}, without a successor. Review it again.",
            "gone": f"not in {name}; it was read in {self._proof_file}. "
            f"Removed, or added after this version: search for another with kg link {self.row.subject_id}.",
            "relabelled": f"is {self.label!r} in {name}, was {old!r}. Review it again.",
            "reused": f"is {self.label!r} in {name}, where nothing of it is called {old!r} any more: "
            "the code may mean another thing now. Review it again.",
        }[self.problem]

    @property
    def _proof_file(self) -> str:
        """Return the file and version that proved the link."""
        proof = unquote(self.row.mapping_source.removeprefix("proof:"))
        return f"{proof} ({self.row.object_source_version})"

    def as_dict(self) -> dict[str, Any]:
        """Return the finding for JSON."""
        return {
            "subject": self.row.subject_id,
            "predicate": self.row.predicate_id,
            "object": self.row.object_id,
            "problem": self.problem,
            "replacement": self.replacement,
            "label": self.label,
            "import": self.import_id,
            "file": self.mapping_file,
            "line": self.row.line,
            "changes": [change.sentence for change in self.changes],
        }


def format_findings(findings: Iterable[LinkFinding]) -> str:
    """Return findings as CSV, the answers that change in one cell."""
    rows = [
        {**finding.as_dict(), "changes": "; ".join(c.sentence for c in finding.changes)}
        for finding in findings
    ]
    header = [list(rows[0])] if rows else []
    return "".join(format_spreadsheet([*header, *(map(str, row.values()) for row in rows)]))


def check_links(bench: Workbench) -> tuple[int, tuple[LinkFinding, ...]]:
    """Return how many accepted links the imports cover, and those with a problem."""
    checked, findings = 0, []
    for index in bench.indexes:
        covered = _find_covered_prefixes(bench, index)
        for mapping_set in bench.mappings.sets:
            for row in mapping_set.rows if mapping_set.verdict == "accepted" else ():
                if row.object_id.partition(":")[0] in covered:
                    checked += 1
                    findings += list(_check_link(bench, index, row, mapping_set.file_name))
    return checked, _add_answer_changes(bench, findings)


def _find_covered_prefixes(bench: Workbench, index: NameIndex) -> frozenset[str]:
    """Return the prefixes of the vocabularies that an import is a version of.

    Those are the one in its id, and those of which it has enough accepted targets. A formulary with a few
    codes is not a version of their vocabulary, nor is an ontology that borrows some terms: a term that these
    lack says nothing about the link.
    """
    vocabularies = bench.prefixes.vocabularies
    counts = {p: n for p, n in index.count_terms_by_prefix().items() if p in vocabularies}
    main = max(counts, key=lambda prefix: counts[prefix], default="")
    return frozenset(
        prefix
        for prefix in (vocabularies if _CONCEPTS in counts else counts)
        if (
            index.imported.id.casefold() == prefix.casefold()
            or _share_of_targets_held(bench, index, prefix)
            >= (_MAIN_VOCABULARY_SHARE if prefix == main else _OTHER_VOCABULARY_SHARE)
        )
    )


def _share_of_targets_held(bench: Workbench, index: NameIndex, prefix: str) -> float:
    """Return the share of a vocabulary's accepted targets that an import has; 1 when there are none."""
    targets = {row.object_id for row in bench.mappings.rows() if row.object_id.startswith(f"{prefix}:")}
    held = sum(bool(_find_term(bench, index, t) or index.find_successors(t)) for t in targets)
    return held / len(targets) if targets else 1.0


def _find_term(bench: Workbench, index: NameIndex, curie: str) -> OutsideTerm | None:
    """Return the term with a CURIE, or the concept of an Athena download that stands for the code.

    The successor of such a concept is given as the code that it stands for in turn.
    """
    if term := index.find_term_by_curie(curie):
        return term
    for iri in index.find_terms_by_xref(curie):
        if bench.curies(iri).startswith(f"{_CONCEPTS}:") and (term := index.find_term(iri)):
            successors = index.get_xrefs(term.replaced_by) if term.replaced_by else []
            same_system = (code for code in successors if code.partition(":")[0] == curie.partition(":")[0])
            return replace(term, replaced_by=next(same_system, term.replaced_by))
    return None


def _check_link(
    bench: Workbench, index: NameIndex, row: MappingRow, mapping_file: str
) -> Iterator[LinkFinding]:
    """Yield the problem of one link, if it has one."""
    term = _find_term(bench, index, row.object_id)
    if found := _classify_problem(bench, index, row, term):
        problem, replacement = found
        label = term.label if term else ""
        yield LinkFinding(row, mapping_file, index.imported.id, problem, replacement, label)


def _classify_problem(
    bench: Workbench, index: NameIndex, row: MappingRow, term: OutsideTerm | None
) -> tuple[LinkProblem, str] | None:
    """Return the problem of a link and the CURIE of its target's replacement ("" if unknown), or None."""
    # `alt_id` on another term: the identifier was merged into that term
    former = next((bench.curies(iri) for iri in index.find_successors(row.object_id)), "")
    successor = (bench.curies(term.replaced_by) if term and term.replaced_by else "") or former
    if term is None or not term.label:
        return ("merged", successor) if successor else ("gone", "")
    if term.obsolete or term.label.startswith("obsolete "):
        return ("moved", successor) if successor else ("retired", "")
    known = normalize_name(row.object_label)
    if not known or known in (normalize_name(term.label), normalize_name(_SEMANTIC_TAG.sub("", term.label))):
        return None
    names = {normalize_name(name) for name in index.list_names(term.iri)}
    shares_words = bool(set(known.split()) & set(" ".join(names).split()))
    return ("relabelled" if known in names or shares_words else "reused"), ""


def _add_answer_changes(bench: Workbench, findings: list[LinkFinding]) -> tuple[LinkFinding, ...]:
    """Return the findings with the questions that change without the link."""
    if not findings:
        return ()
    with open_mapping_trial(bench.settings, bench.prefixes) as trial:
        trial.exclude_unaffected_questions(
            [finding.row for finding in findings if finding.problem != "relabelled"]
        )
        return tuple(_add_answer_change(trial, finding) for finding in findings)


def _add_answer_change(trial: MappingTrial, finding: LinkFinding) -> LinkFinding:
    """Return a finding with the answers that change; none for a new label, which needs no other target."""
    if finding.problem == "relabelled":
        return finding
    return replace(finding, changes=trial.compare_without_mapping(finding.row))
