"""Check accepted links against the imports, which may be newer versions of the vocabularies they point to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import unquote

from kg.linking.answer_changes import AnswerChange, MappingTrial, open_mapping_trial
from kg.linking.name_index import NameIndex, OutsideTerm
from kg.linking.name_similarity import normalize_name
from kg.linking.workbench import Workbench
from kg.model.mapping_sets import MappingRow

#: Share of the accepted targets in a vocabulary that an import must have to count as a version of it: for the
#: vocabulary of most of its terms, and for any other. The share is lower for the former, since a newer
#: version may have dropped many terms, and higher for the latter, since ontologies borrow terms from each
#: other.
_MAIN_VOCABULARY_SHARE, _OTHER_VOCABULARY_SHARE = 0.5, 0.75

LinkProblem = Literal["obsolete", "merged", "gone", "relabelled"]


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
        name = self.import_id
        advice = f"Use {self.replacement}." if self.replacement else "Review it again."
        return {
            "obsolete": f"obsolete in {name}. {advice}",
            "merged": f"merged into {self.replacement} in {name}. {advice}",
            "gone": f"not in {name}; it was read in {self._proof_file}. "
            f"Removed, or added after this version: search for another with kg link {self.row.subject_id}.",
            "relabelled": f"is {self.label!r} in {name}, was {self.row.object_label!r}. Review it again.",
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
        for prefix in counts
        if (
            index.imported.id.casefold() == prefix.casefold()
            or _share_of_targets_held(bench, index, prefix)
            >= (_MAIN_VOCABULARY_SHARE if prefix == main else _OTHER_VOCABULARY_SHARE)
        )
    )


def _share_of_targets_held(bench: Workbench, index: NameIndex, prefix: str) -> float:
    """Return the share of a vocabulary's accepted targets that an import has; 1 when there are none."""
    targets = {row.object_id for row in bench.mappings.rows() if row.object_id.startswith(f"{prefix}:")}
    held = sum(bool(index.find_term_by_curie(target) or index.find_successors(target)) for target in targets)
    return held / len(targets) if targets else 1.0


def _check_link(
    bench: Workbench, index: NameIndex, row: MappingRow, mapping_file: str
) -> Iterator[LinkFinding]:
    """Yield the problem of one link, if it has one."""
    term = index.find_term_by_curie(row.object_id)
    if found := _classify_problem(bench, index, row, term):
        problem, replacement = found
        label = term.label if term else ""
        yield LinkFinding(row, mapping_file, index.imported.id, problem, replacement, label)


def _classify_problem(
    bench: Workbench, index: NameIndex, row: MappingRow, term: OutsideTerm | None
) -> tuple[LinkProblem, str] | None:
    """Return the problem of a link and the CURIE of its target's replacement ("" if unknown), or None."""
    # `alt_id` on another term: the identifier was merged into that term
    successor = next((bench.curies(iri) for iri in index.find_successors(row.object_id)), "")
    if term is None or not term.label:
        return ("merged", successor) if successor else ("gone", "")
    if term.obsolete or term.label.startswith("obsolete "):
        return "obsolete", bench.curies(term.replaced_by) if term.replaced_by else successor
    if row.object_label and normalize_name(term.label) != normalize_name(row.object_label):
        return "relabelled", ""
    return None


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
