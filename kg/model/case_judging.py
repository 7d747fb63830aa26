"""Judge claims by a case: applies, applies if, undecided or does not apply, with the features that decide.

The table in README.md gives the status for each combination. Unknown is never treated as absent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from pyoxigraph import NamedNode

from kg.model.case_knowledge import OFFERING_KINDS, ClinicalClaim, ClinicalKnowledge
from kg.model.patient_case import FeatureTruth, PatientCase


class ClaimStatus(Enum):
    """Whether a claim applies to a case, in the order in which claims are listed."""

    APPLIES = "applies"
    APPLIES_IF = "applies if"
    UNDECIDED = "undecided"
    DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True, slots=True)
class StatusGround:
    """A feature that a status rests on; `role` is "situation", "prerequisite", "proviso" or "population"."""

    feature: NamedNode
    truth: FeatureTruth
    role: str
    excluded_by: NamedNode | None = None


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim with its status and the grounds for it."""

    claim: ClinicalClaim
    status: ClaimStatus
    grounds: tuple[StatusGround, ...]

    def list_open_grounds(self) -> tuple[StatusGround, ...]:
        """Return the grounds that are not met."""
        return tuple(ground for ground in self.grounds if ground.truth is not FeatureTruth.MET)


def judge_claim(knowledge: ClinicalKnowledge, case: PatientCase, claim: ClinicalClaim) -> JudgedClaim:
    """Return whether a claim applies to a case.

    With a feature of its situation, a prerequisite or a proviso known to be absent it does not apply, nor
    where the case says that its intervention is not feasible; else it is undecided with an unknown feature
    of its situation, and waits for an unknown prerequisite or proviso. A case outside the population of the
    document is outside the claim; a population that the case does not mention is not a ground.
    """
    situation = _choose_nearest_situation(
        [
            _collect_grounds(case, knowledge.required_features.get(s, ()), "situation")
            for s in claim.situations
        ]
    )
    needed = _collect_grounds(case, claim.prerequisites, "prerequisite")
    needed += [
        g for g in _collect_grounds(case, claim.provisos, "proviso") if g.feature not in claim.prerequisites
    ]
    needed += _find_infeasible(knowledge, case, claim)
    named = {ground.feature for ground in situation}
    whom = _collect_grounds(case, tuple(f for f in claim.population if f not in named), "population")
    situation += [ground for ground in whom if ground.truth is FeatureTruth.UNMET]
    return JudgedClaim(claim, _decide_status(situation, needed), tuple(situation + needed))


def _decide_status(situation: list[StatusGround], needed: list[StatusGround]) -> ClaimStatus:
    """Return the status by the table of README.md."""
    if _find_worst_truth(situation + needed) is FeatureTruth.UNMET:
        return ClaimStatus.DOES_NOT_APPLY
    if _find_worst_truth(situation) is FeatureTruth.UNKNOWN:
        return ClaimStatus.UNDECIDED
    return ClaimStatus.APPLIES if _find_worst_truth(needed) is FeatureTruth.MET else ClaimStatus.APPLIES_IF


def _find_infeasible(
    knowledge: ClinicalKnowledge, case: PatientCase, claim: ClinicalClaim
) -> list[StatusGround]:
    """Return the feasibility of an offered intervention as a ground, where the case denies it."""
    *_, offered = claim.decided_by
    kinds = frozenset().union(*(knowledge.broader_interventions.get(i, frozenset({i})) for i in offered))
    able = frozenset().union(*(knowledge.feasibility_features.get(i, frozenset()) for i in kinds))
    asked = tuple(sorted(able - {*claim.prerequisites, *claim.provisos}, key=str))
    return [g for g in _collect_grounds(case, asked, "prerequisite") if g.truth is FeatureTruth.UNMET]


def _collect_grounds(case: PatientCase, features: tuple[NamedNode, ...], role: str) -> list[StatusGround]:
    """Return a ground for each of some features."""
    return [StatusGround(f, case.get_truth(f), role, case.excluded_by.get(f)) for f in features]


def _find_worst_truth(grounds: list[StatusGround]) -> FeatureTruth:
    """Return UNMET if it occurs, else UNKNOWN if it occurs, else MET."""
    truths = {ground.truth for ground in grounds}
    return next((t for t in (FeatureTruth.UNMET, FeatureTruth.UNKNOWN) if t in truths), FeatureTruth.MET)


def _choose_nearest_situation(situations: list[list[StatusGround]]) -> list[StatusGround]:
    """Return the grounds of the situation nearest to holding: a claim on several applies in any of them."""
    order = {FeatureTruth.MET: 0, FeatureTruth.UNKNOWN: 1, FeatureTruth.UNMET: 2}
    return min(
        situations,
        key=lambda g: (order[_find_worst_truth(g)], sum(x.truth is not FeatureTruth.MET for x in g)),
        default=[],
    )


def judge_all_claims(knowledge: ClinicalKnowledge, case: PatientCase) -> tuple[JudgedClaim, ...]:
    """Return every claim judged, in the order of ClaimStatus."""
    order = {status: at for at, status in enumerate(ClaimStatus)}
    examples = {claim.decided_by: claim for claim in knowledge.claims}
    judgements = {decided_by: judge_claim(knowledge, case, claim) for decided_by, claim in examples.items()}
    alike = ((claim, judgements[claim.decided_by]) for claim in knowledge.claims)
    judged = (JudgedClaim(claim, found.status, found.grounds) for claim, found in alike)
    return tuple(sorted(judged, key=lambda j: (order[j.status], *_measure_distance(j), str(j.claim.term))))


def _measure_distance(judged_claim: JudgedClaim) -> tuple[int, int]:
    """Return how far a situation is from holding: features not met, then (negated) features met."""
    situation = [
        ground.truth is FeatureTruth.MET for ground in judged_claim.grounds if ground.role == "situation"
    ]
    return situation.count(False), -situation.count(True) if False in situation else 0


@dataclass(frozen=True, slots=True)
class CautionIndex:
    """The negative claims of a judged case in its order, by the claim and by the intervention they limit.

    One that is about an offering claim itself always limits it; one about its intervention, or a broader
    one, does unless the case rules it out.
    """

    by_claim: Mapping[NamedNode, tuple[JudgedClaim, ...]]
    by_intervention: Mapping[NamedNode, tuple[JudgedClaim, ...]]

    @classmethod
    def from_judged(cls, judged: Iterable[JudgedClaim]) -> CautionIndex:
        """Return the index of a judged case."""
        by_claim: dict[NamedNode, list[JudgedClaim]] = defaultdict(list)
        by_intervention: dict[NamedNode, list[JudgedClaim]] = defaultdict(list)
        for caution in judged:
            for limited in caution.claim.limited_claims if caution.claim.negative else ():
                by_claim[limited].append(caution)
            if caution.claim.negative and caution.status is not ClaimStatus.DOES_NOT_APPLY:
                for intervention in caution.claim.interventions:
                    by_intervention[intervention].append(caution)
        return cls(
            {claim: tuple(found) for claim, found in by_claim.items()},
            {intervention: tuple(found) for intervention, found in by_intervention.items()},
        )

    def list_limited_interventions(
        self, knowledge: ClinicalKnowledge, offer: ClinicalClaim
    ) -> tuple[NamedNode, ...]:
        """Return the interventions of an offer, and broader ones, that some caution is about."""
        if offer.kind not in OFFERING_KINDS:
            return ()
        broader = {i: knowledge.broader_interventions.get(i, frozenset({i})) for i in offer.interventions}
        limited = frozenset().union(*broader.values()) & self.by_intervention.keys()
        return tuple(sorted(limited, key=lambda i: (i not in broader, str(i))))

    def list_own_cautions(self, offer: ClinicalClaim) -> tuple[JudgedClaim, ...]:
        """Return the cautions about an offering claim itself."""
        return self.by_claim.get(offer.term, ()) if offer.kind in OFFERING_KINDS else ()


def find_supportive_claims(
    knowledge: ClinicalKnowledge, case: PatientCase, judged: tuple[JudgedClaim, ...]
) -> Iterator[tuple[NamedNode, JudgedClaim]]:
    """Yield (problem, claim) for each problem the case names and each claim that offers something for it."""
    problems = frozenset().union(*(knowledge.problems_of_feature.get(f, frozenset()) for f in case.met))
    for problem in sorted(problems, key=str):
        for judgement in judged:
            fits = problem in judgement.claim.problems and judgement.claim.kind in OFFERING_KINDS
            if fits and judgement.status is not ClaimStatus.DOES_NOT_APPLY:
                yield problem, judgement


def find_unlocked_claims(
    case: PatientCase, judged: tuple[JudgedClaim, ...]
) -> Iterator[tuple[NamedNode, JudgedClaim]]:
    """Yield (state, claim) where the situation holds, a prerequisite is met and none is ruled out."""
    for judgement in judged:
        if judgement.status in (ClaimStatus.APPLIES, ClaimStatus.APPLIES_IF):
            for feature in judgement.claim.prerequisites if judgement.claim.interventions else ():
                if case.get_truth(feature) is FeatureTruth.MET:
                    yield feature, judgement


def find_upcoming_claims(
    knowledge: ClinicalKnowledge, case: PatientCase, judged: tuple[JudgedClaim, ...]
) -> Iterator[tuple[NamedNode, JudgedClaim]]:
    """Yield (situation, claim) for claims about a situation that may follow the present one."""
    coming = frozenset().union(*(knowledge.next_situations[s] for s in match_situations(knowledge, case)))
    for judgement in judged:
        against = {ground.feature for ground in judgement.grounds if ground.truth is FeatureTruth.UNMET}
        for situation in judgement.claim.situations if judgement.status is ClaimStatus.DOES_NOT_APPLY else ():
            required = set(knowledge.required_features.get(situation, ()))
            if (
                situation in coming
                and against <= required
                and not _is_out_of_reach(knowledge, case, required)
            ):
                yield situation, judgement


def _is_out_of_reach(knowledge: ClinicalKnowledge, case: PatientCase, required: set[NamedNode]) -> bool:
    """Return whether the case denies what some feature implies, such as that it can be reached."""
    return any((knowledge.implied_features.get(f, frozenset()) - {f}) & case.stated_absent for f in required)


def match_situations(knowledge: ClinicalKnowledge, case: PatientCase) -> frozenset[NamedNode]:
    """Return the situations all of whose features the case has."""
    return frozenset(
        s for s, needed in knowledge.required_features.items() if needed and set(needed) <= case.met
    )


def choose_next_questions(
    knowledge: ClinicalKnowledge, case: PatientCase, judged: tuple[JudgedClaim, ...], limit: int = 3
) -> list[tuple[NamedNode, int]]:
    """Return the unknown features worth asking for, best first, with the number of claims they decide.

    First features that alone decide an offer of the present situation, or of one narrower by that feature,
    such as a lineage; where there is none, those that decide most of the undecided claims; then those that
    refine a met feature; then the rest. Within each group, those that decide the most offers come first,
    then the most claims. Alternatives of a met feature are not asked for, nor are features that nothing
    describes, as a write may leave them.
    """
    candidates = {
        ground.feature
        for judgement in judged
        if judgement.status in (ClaimStatus.UNDECIDED, ClaimStatus.APPLIES_IF)
        for ground in judgement.list_open_grounds()
        if ground.truth is FeatureTruth.UNKNOWN and ground.feature in knowledge.implied_features
    }
    alike: dict[object, list[JudgedClaim]] = defaultdict(list)
    for judgement in judged:
        alike[judgement.claim.decided_by].append(judgement)
    changes = [
        (feature, _count_status_changes(knowledge, case, feature, alike.values()))
        for feature in candidates
        if not _has_alternative(knowledge, case, feature)
    ]
    half_of_undecided = sum(judgement.status is ClaimStatus.UNDECIDED for judgement in judged) / 2
    present = {frozenset(knowledge.required_features[s]) for s in match_situations(knowledge, case)}
    decisive = {_find_decisive_feature(knowledge, judgement, present) for judgement in judged} - {None}

    def rank_urgency(feature: NamedNode, decided: int) -> int:
        if feature in decisive or (decided > half_of_undecided and not decisive):
            return 0
        return 1 if knowledge.implied_features[feature] & case.met else 2

    changes.sort(key=lambda pair: (rank_urgency(pair[0], pair[1][1]), [-n for n in pair[1]], str(pair[0])))
    return [(feature, count) for feature, (_, count) in changes if count][:limit]


def _find_decisive_feature(
    knowledge: ClinicalKnowledge, judgement: JudgedClaim, present: Collection[frozenset[NamedNode]]
) -> NamedNode | None:
    """Return the one feature that an offer of a present situation, or of one narrower by it, waits for."""
    waits = {ground.feature for ground in judgement.list_open_grounds()}
    if len(waits) != 1 or judgement.claim.kind not in OFFERING_KINDS:
        return None
    situations = [frozenset(knowledge.required_features.get(s, ())) for s in judgement.claim.situations]
    narrows = any(situation - waits in present for situation in situations)
    return next(iter(waits)) if judgement.status is ClaimStatus.APPLIES_IF or narrows else None


def _has_alternative(knowledge: ClinicalKnowledge, case: PatientCase, feature: NamedNode) -> bool:
    """Return whether the case has an alternative of a feature, or of one that it implies."""
    return any(
        knowledge.alternative_features.get(implied, frozenset()) & case.met
        for implied in knowledge.implied_features[feature]
    )


def _count_status_changes(
    knowledge: ClinicalKnowledge,
    case: PatientCase,
    feature: NamedNode,
    alike: Iterable[Sequence[JudgedClaim]],
) -> tuple[int, int]:
    """Return how many offers, and how many claims, change status if the feature is present or absent.

    `alike` are the judged claims in groups of one `decided_by`.
    """
    implied = knowledge.implied_features[feature]
    denied = frozenset(f for f in knowledge.features if feature in knowledge.implied_features[f])
    answers = (replace(case, met=case.met | implied), replace(case, denied=case.denied | denied))
    touched = implied | denied
    changed = [
        judgement.claim.kind in OFFERING_KINDS
        for first, *others in alike
        if not touched.isdisjoint(ground.feature for ground in first.grounds)
        and any(judge_claim(knowledge, answer, first.claim).status is not first.status for answer in answers)
        for judgement in (first, *others)
    ]
    return sum(changed), len(changed)
