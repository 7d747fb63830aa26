"""Review: the pairs that wait for a verdict, and what is said of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kg.errors import NotFound
from kg.linking.candidates import Candidate
from kg.linking.effects import AnswerChange, open_mapping_trial
from kg.linking.entities import LinkableEntity
from kg.linking.verdicts import VERDICT_PREDICATES, Verdict, record_verdict
from kg.linking.workbench import Workbench
from kg.mappings.rows import MappingRow
from kg.settings import Settings


@dataclass(frozen=True, slots=True)
class SubmittedVerdict:
    """A verdict that came in: the pair by CURIE, the word, who said it and why; `label` is the target's."""

    subject: str
    object: str
    choice: str
    author: str
    comment: str = ""
    label: str = ""


def find_unjudged_pairs(
    bench: Workbench, wanted: Sequence[str] = (), top: int = 5
) -> Iterator[tuple[LinkableEntity, Candidate]]:
    """Yield the pairs nobody judged yet, entity by entity, best first."""
    for entity in bench.pick_entities(wanted):
        if entity.curie:
            for candidate in bench.find_candidates(entity, top, lambda verdict: verdict == ""):
                yield entity, candidate


def record_submitted_verdict(
    bench: Workbench, submitted: SubmittedVerdict, day: date
) -> tuple[MappingRow, tuple[AnswerChange, ...]]:
    """Write a verdict; return the row and the questions whose answers will change with it.

    Raises NotFound for what is no entity of ours, BadData for what is no verdict or identifier.
    """
    candidate = _find_candidate(bench, submitted)
    verdict = Verdict(
        candidate,
        submitted.choice,
        submitted.author,
        day,
        submitted.comment,
        bench.find_source_file(candidate.imported),
    )
    made = record_verdict(verdict, bench.prefixes, bench.settings.root)
    return made, find_answer_changes(
        bench.settings, bench, made
    ) if submitted.choice in VERDICT_PREDICATES else ()


def find_answer_changes(
    settings: Settings, bench: Workbench, new_row: MappingRow
) -> tuple[AnswerChange, ...]:
    """Return the questions whose answers change with a new row."""
    with open_mapping_trial(settings, bench.prefixes) as tried:
        return tried.add_mapping(new_row)


def _find_candidate(bench: Workbench, submitted: SubmittedVerdict) -> Candidate:
    """Return the pair as a candidate, described by the first import that has the term."""
    entity = next((e for e in bench.entities if e.curie == submitted.subject), None)
    if entity is None:
        raise NotFound(f"The graph has no entity {submitted.subject!r}.", hint="Give its CURIE.")
    curie = str(bench.prefixes.parse_identifier(submitted.object))
    iri = bench.curies.expand_curie(curie)
    for index in bench.indexes:
        if term := index.find_term_by_curie(curie):
            about = (index.imported.id, term.iri, curie, term.label, term.definition, (), term.obsolete)
            return Candidate(entity, *about, term.replaced_by, 0.0, (), "", index.imported.version)
    return Candidate(entity, "by hand", iri, curie, submitted.label, "", (), False, "", 0.0, ())
