"""Accepted links against an imported, most often newer, version of what they point to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from kg.linking.answer_changes import AnswerChange, open_mapping_trial
from kg.linking.name_index import NameIndex, OutsideTerm
from kg.linking.name_similarity import normalize_name
from kg.linking.workbench import Workbench
from kg.model.mapping_sets import MappingRow

#: the part of a vocabulary's accepted targets an import knows if it speaks for it: its main one, or another.
_MAIN_VOCABULARY_SHARE, _OTHER_VOCABULARY_SHARE = 0.5, 0.75


@dataclass(frozen=True, slots=True)
class LinkFinding:
    """A link to look at: what is wrong (obsolete, gone, merged, relabelled) and what takes its place."""

    row: MappingRow
    mapping_file: str
    import_id: str
    problem: str
    replacement: str
    label: str
    changes: tuple[AnswerChange, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the finding and what to do in words."""
        where = self.import_id
        instead = f" Use {self.replacement}." if self.replacement else " Judge it anew."
        return {
            "obsolete": f"obsolete in {where}.{instead}",
            "merged": f"merged into {self.replacement} in {where}.{instead}",
            "gone": f"not in {where}; it was read in {self._proof_file}. Gone since, or newer than this import: "
            f"look for another with kg link {self.row.subject_id}.",
            "relabelled": f"is {self.label!r} in {where}, was {self.row.object_label!r}. Judge it anew.",
        }[self.problem]

    @property
    def _proof_file(self) -> str:
        """Return the file and version that proved the link."""
        proof = unquote(self.row.mapping_source.removeprefix("proof:"))
        return f"{proof} ({self.row.object_source_version})"

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
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


def check_links(bench: Workbench) -> tuple[int, tuple[LinkFinding, ...]]:
    """Return how many accepted links the imports can speak to, and those to look at."""
    checked, found = 0, []
    for index in bench.indexes:
        speaks = _find_covered_prefixes(bench, index)
        for mapping_set in bench.mappings.sets:
            for row in mapping_set.rows if mapping_set.verdict == "accepted" else ():
                prefix = row.object_id.partition(":")[0]
                if prefix in speaks:
                    checked += 1
                    found += list(_check_link(bench, index, row, mapping_set.file_name))
    return checked, _add_answer_changes(bench, found)


def _find_covered_prefixes(bench: Workbench, index: NameIndex) -> frozenset[str]:
    """Return the prefixes an import speaks for: that of its name, that of most of its terms, one held whole.

    A formulary of a few codes is no version of their vocabulary, nor is an ontology that borrows a part.
    """
    counts = {p: n for p, n in index.count_terms_by_prefix().items() if p in bench.prefixes.vocabularies}
    main = max(counts, key=lambda prefix: counts[prefix], default="")
    return frozenset(
        prefix
        for prefix in counts
        if (
            index.imported.id.casefold() == prefix.casefold()
            or _share_of_targets_held(bench, index, prefix)
            >= (_MAIN_VOCABULARY_SHARE if prefix == main else _OTHER_VOCABULARY_SHARE)
        )
    )


def _share_of_targets_held(bench: Workbench, index: NameIndex, prefix: str) -> float:
    """Return which part of the accepted targets of a vocabulary an import holds; 1 where none is linked."""
    linked = {row.object_id for row in bench.mappings.rows() if row.object_id.startswith(f"{prefix}:")}
    known = sum(bool(index.find_term_by_curie(target) or index.find_successors(target)) for target in linked)
    return known / len(linked) if linked else 1.0


def _check_link(
    bench: Workbench, index: NameIndex, row: MappingRow, mapping_file: str
) -> Iterator[LinkFinding]:
    """Yield what is wrong with one link."""
    term = index.find_term_by_curie(row.object_id)
    problem, replacement = _classify_problem(bench, index, row, term)
    if problem:
        label = term.label if term else ""
        yield LinkFinding(row, mapping_file, index.imported.id, problem, replacement, label)


def _classify_problem(
    bench: Workbench, index: NameIndex, row: MappingRow, term: OutsideTerm | None
) -> tuple[str, str]:
    """Return the kind of problem and the CURIE that takes the target's place, both "" when all is well."""
    merged = [bench.curies(iri) for iri in index.find_successors(row.object_id)]
    if term is None or not term.label:
        return ("merged", merged[0]) if merged else ("gone", "")
    if term.obsolete or term.label.startswith("obsolete "):
        replaced = bench.curies(term.replaced_by) if term.replaced_by else (merged[0] if merged else "")
        return "obsolete", replaced
    if row.object_label and normalize_name(term.label) != normalize_name(row.object_label):
        return "relabelled", ""
    return "", ""


def _add_answer_changes(bench: Workbench, findings: list[LinkFinding]) -> tuple[LinkFinding, ...]:
    """Return the findings with the questions that would answer otherwise without the link."""
    if not findings:
        return ()
    with open_mapping_trial(bench.settings, bench.prefixes) as tried:
        tried.exclude_unaffected_questions(
            [finding.row for finding in findings if finding.problem != "relabelled"]
        )
        return tuple(_add_answer_change(tried, finding) for finding in findings)


def _add_answer_change(trial_run: Any, finding: LinkFinding) -> LinkFinding:
    """Return a finding with the answers that change."""
    if finding.problem == "relabelled":
        return finding
    return replace(finding, changes=trial_run.without(finding.row))
