"""Which outside terms an entity may be linked to: found by reasons, ranked by score, never accepted here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from kg.linking.candidate_reasons import (
    AcceptedRow,
    CandidateReason,
    ReasonCollector,
    add_broader_reasons,
    add_label_reasons,
    add_name_reasons,
    add_reference_reasons,
    add_xref_reasons,
)
from kg.linking.linkable_entities import LinkableEntity
from kg.linking.name_index import NameIndex, OutsideTerm
from kg.model.identifiers import CurieNormalizer
from kg.model.mapping_sets import BROADER_OR_EQUAL_PREDICATES, EQUIVALENCE_PREDICATES, MappingCollection

#: each further reason closes this share of the distance to 1
_FURTHER_REASON_SHARE = 0.1
_OBSOLETE_PENALTY = 0.3


@dataclass(frozen=True, slots=True)
class Candidate:
    """An outside term that an entity may be linked to.

    `score` is 0 to 1, `reasons` are sorted by weight, `path` has the labels from the term's parent up to the
    root, `verdict` is that of the mapping row with this pair ("" for none), `version` is the import's.
    """

    entity: LinkableEntity
    imported: str
    iri: str
    curie: str
    label: str
    definition: str
    path: tuple[str, ...]
    obsolete: bool
    replaced: str
    score: float
    reasons: tuple[CandidateReason, ...]
    verdict: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class JudgedMappings:
    """What the mapping files say already.

    verdicts: (subject, object) -> verdict. equivalent_targets: entity -> objects of its exact and close rows;
    their cross-references count as its own. broader_targets: entity -> objects that are equal to it or
    broader; they are broad candidates for all entities below it.
    """

    verdicts: dict[tuple[str, str], str]
    equivalent_targets: dict[str, tuple[str, ...]]
    broader_targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    accepted_rows: dict[str, tuple[AcceptedRow, ...]] = field(default_factory=dict)

    @classmethod
    def from_mappings(cls, mappings: MappingCollection) -> JudgedMappings:
        """Return what all mapping files say, gathered in one pass over the accepted rows."""
        verdicts = {
            row.subject_and_object: mapping_set.verdict
            for mapping_set in mappings.sets
            for row in mapping_set.rows
        }
        equivalent: dict[str, tuple[str, ...]] = defaultdict(tuple)
        broader: dict[str, tuple[str, ...]] = defaultdict(tuple)
        accepted: dict[str, tuple[AcceptedRow, ...]] = defaultdict(tuple)
        for row in mappings.rows():
            accepted[row.subject_id] += ((row.predicate_id, row.object_id, row.object_label),)
            if row.predicate_id in EQUIVALENCE_PREDICATES:
                equivalent[row.subject_id] += (row.object_id,)
            if row.predicate_id in BROADER_OR_EQUAL_PREDICATES:
                broader[row.subject_id] += (row.object_id,)
        return cls(verdicts, dict(equivalent), dict(broader), dict(accepted))


def find_candidates(
    entity: LinkableEntity,
    indexes: Sequence[NameIndex],
    judged: JudgedMappings,
    curies: CurieNormalizer,
    top: int = 5,
    shows_verdict: Callable[[str], bool] = lambda verdict: verdict != "rejected",
) -> list[Candidate]:
    """Return the best `top` candidates of an entity in each import, the best first.

    `shows_verdict` says for each verdict ("" for none yet) whether pairs with it are returned. A term that
    several imports have is returned once, from the first of them.
    """
    candidates: dict[str, Candidate] = {}
    for index in indexes:
        reasons = _collect_reasons(entity, index, indexes, judged, curies)
        remaining = top
        for iri in sorted(reasons, key=lambda iri: (-_score_reasons(reasons[iri].values()), iri)):
            curie = curies(iri)
            verdict = judged.verdicts.get((entity.curie, curie), "")
            if iri in candidates or not shows_verdict(verdict):
                continue
            candidates[iri] = _make_candidate(entity, index, iri, curie, reasons[iri], verdict)
            remaining -= 1
            if not remaining:
                break
    return sorted(candidates.values(), key=lambda candidate: (-candidate.score, candidate.curie))


def _make_candidate(
    entity: LinkableEntity,
    index: NameIndex,
    iri: str,
    curie: str,
    reasons: dict[str, CandidateReason],
    verdict: str,
) -> Candidate:
    """Return the candidate with what the import knows of its term."""
    term = index.find_term(iri) or OutsideTerm(iri, "", "", False, "")
    score = _score_reasons(reasons.values()) * (1 - _OBSOLETE_PENALTY if term.obsolete else 1)
    return Candidate(
        entity=entity,
        imported=index.imported.id,
        iri=iri,
        curie=curie,
        label=term.label,
        definition=term.definition,
        path=index.find_path_to_root(iri),
        obsolete=term.obsolete,
        replaced=term.replaced_by,
        score=round(score, 3),
        reasons=tuple(sorted(reasons.values(), key=lambda reason: -reason.weight)),
        verdict=verdict,
        version=index.imported.version,
    )


def _score_reasons(reasons: Iterable[CandidateReason]) -> float:
    """Return the weight of the best reason, moved towards 1 by every further reason.

    Adding up the weights would let many weak reasons beat an equal name; so each further one only closes a
    fixed share of the distance to 1, which keeps the score below 1 and in the order of the best reasons.
    """
    weights = [reason.weight for reason in reasons]
    return 1 - (1 - max(weights)) * (1 - _FURTHER_REASON_SHARE) ** (len(weights) - 1)


def _collect_reasons(
    entity: LinkableEntity,
    index: NameIndex,
    indexes: Sequence[NameIndex],
    judged: JudgedMappings,
    curies: CurieNormalizer,
) -> dict[str, dict[str, CandidateReason]]:
    """Return term -> kind of reason -> the best reason of that kind, for the terms of one import."""
    # All kinds of reasons for all terms, before any is ranked: a term with two weak ones may beat one with a
    # stronger one, and of each kind only the best counts, so that many similar synonyms do not add up.
    collector = ReasonCollector()
    targets = judged.equivalent_targets.get(entity.curie, ())
    for name, kind in entity.names:
        add_name_reasons(name, kind, index, collector)
    add_xref_reasons(targets, index, collector)
    add_label_reasons(judged.accepted_rows.get(entity.curie, ()), index, curies, collector)
    add_reference_reasons(targets, index, indexes, collector)
    for broader in entity.broader:
        add_broader_reasons(broader, judged.broader_targets.get(broader, ()), index, collector)
    return collector.by_term
