"""Judges claims by a case: applies, applies if, does not apply, undecided.

Each with the features that decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from pyoxigraph import NamedNode

from kg.cases.case import Case, Truth
from kg.cases.knowledge import OFFERING, Claim, Knowledge


class Status(Enum):
    """How a claim stands to a case, in the order of telling."""

    APPLIES = "applies"
    APPLIES_IF = "applies if"
    UNDECIDED = "undecided"
    DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True, slots=True)
class Ground:
    """A feature that a status rests on; `role` is "situation", "prerequisite", "proviso" or "population"."""

    feature: NamedNode
    truth: Truth
    role: str
    excluded_by: NamedNode | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim with its status and the grounds of it."""

    claim: Claim
    status: Status
    grounds: tuple[Ground, ...]

    def open(self) -> tuple[Ground, ...]:
        """Return the grounds that are not met."""
        return tuple(ground for ground in self.grounds if ground.truth is not Truth.MET)


def judge(known: Knowledge, case: Case, claim: Claim) -> Judged:
    """Return how a claim stands to a case.

    Its situation decides first: one feature known not to hold and it does not apply, one unknown and it is
    undecided. Where the situation holds, prerequisites and provisos that do not are named, and that what is
    offered cannot be done, if the case says so. A case outside the population of the document is outside the
    claim; of a population not stated nothing is asked.
    """
    situation = _nearest([_grounds(case, known.requires.get(s, ()), "situation") for s in claim.situations])
    needed = _grounds(case, claim.prerequisites, "prerequisite")
    needed += [g for g in _grounds(case, claim.provisos, "proviso") if g.feature not in claim.prerequisites]
    needed += _infeasible(known, case, claim)
    named = {ground.feature for ground in situation}
    whom = _grounds(case, tuple(f for f in claim.population if f not in named), "population")
    situation += [ground for ground in whom if ground.truth is Truth.UNMET]
    worst = _worst(situation)
    if worst is Truth.UNMET:
        status = Status.DOES_NOT_APPLY
    elif worst is Truth.UNKNOWN:
        status = Status.UNDECIDED
    else:
        status = Status.APPLIES if _worst(needed) is Truth.MET else Status.APPLIES_IF
    return Judged(claim, status, tuple(situation + needed))


def _infeasible(known: Knowledge, case: Case, claim: Claim) -> list[Ground]:
    """Return that an intervention offered can be done, where the case says that it cannot."""
    offered = claim.interventions if claim.kind in OFFERING else ()
    kinds = frozenset().union(*(known.kinds_of.get(i, frozenset({i})) for i in offered))
    able = frozenset().union(*(known.feasible.get(i, frozenset()) for i in kinds))
    asked = tuple(sorted(able - {*claim.prerequisites, *claim.provisos}, key=str))
    return [g for g in _grounds(case, asked, "prerequisite") if g.truth is Truth.UNMET]


def _grounds(case: Case, features: tuple[NamedNode, ...], role: str) -> list[Ground]:
    """Return what is known of some features."""
    return [Ground(f, case.truth(f), role, case.excluded.get(f)) for f in features]


def _worst(grounds: list[Ground]) -> Truth:
    """Return UNMET before UNKNOWN before MET."""
    truths = {ground.truth for ground in grounds}
    return next((t for t in (Truth.UNMET, Truth.UNKNOWN) if t in truths), Truth.MET)


def _nearest(situations: list[list[Ground]]) -> list[Ground]:
    """Return the situation that is nearest to holding: a claim on several applies in any of them."""
    order = {Truth.MET: 0, Truth.UNKNOWN: 1, Truth.UNMET: 2}
    return min(
        situations, key=lambda g: (order[_worst(g)], sum(x.truth is not Truth.MET for x in g)), default=[]
    )


def judge_all(known: Knowledge, case: Case) -> tuple[Judged, ...]:
    """Return every claim judged, in the order of telling."""
    order = list(Status)
    judged = [judge(known, case, claim) for claim in known.claims]
    return tuple(sorted(judged, key=lambda j: (order.index(j.status), *_distance(j), str(j.claim.term))))


def _distance(one: Judged) -> tuple[int, int]:
    """Return how far a situation is from holding: what is open of it, then how little of it is known."""
    situation = [ground.truth is Truth.MET for ground in one.grounds if ground.role == "situation"]
    return situation.count(False), -situation.count(True) if False in situation else 0


def cautions(known: Knowledge, judged: tuple[Judged, ...], offer: Judged) -> tuple[Claim, ...]:
    """Return the claims that limit an offer: those about the claim itself, always.

    Others unless ruled out.
    """
    if offer.claim.kind not in OFFERING:
        return ()
    wider = frozenset().union(*(known.kinds_of.get(i, frozenset({i})) for i in offer.claim.interventions))
    return tuple(
        other.claim
        for other in judged
        if other.claim.negative
        and other.claim.term != offer.claim.term
        and (
            offer.claim.term in other.claim.limits
            or (other.status is not Status.DOES_NOT_APPLY and wider & frozenset(other.claim.interventions))
        )
    )


def supportive(
    known: Knowledge, case: Case, judged: tuple[Judged, ...]
) -> Iterator[tuple[NamedNode, Judged]]:
    """Yield (problem, claim) for each problem the case names and each claim that offers something for it."""
    problems = frozenset().union(
        *(known.problems.get(feature, frozenset()) for feature in _said_problems(known, case))
    )
    for problem in sorted(problems, key=str):
        for one in judged:
            fits = problem in one.claim.problems and one.claim.kind in OFFERING
            if fits and one.status is not Status.DOES_NOT_APPLY:
                yield problem, one


def _said_problems(known: Knowledge, case: Case) -> frozenset[NamedNode]:
    """Return the features of problems that are surely there: one problem each, not one of several."""
    return frozenset(f for f in case.met if len(known.problems.get(f, frozenset())) == 1)


def unlocked(case: Case, judged: tuple[Judged, ...]) -> Iterator[tuple[NamedNode, Judged]]:
    """Yield (state, claim) where the case meets a prerequisite and rules out nothing else that is needed."""
    for one in judged:
        if not any(ground.truth is Truth.UNMET for ground in one.grounds):
            for feature in one.claim.prerequisites if one.claim.interventions else ():
                if case.truth(feature) is Truth.MET:
                    yield feature, one


def ahead(known: Knowledge, case: Case, judged: tuple[Judged, ...]) -> Iterator[tuple[NamedNode, Judged]]:
    """Yield (situation, claim) for what is said of a state that is not there now but may come next."""
    coming = frozenset().union(*(known.next[s] for s in matched(known, case)))
    for one in judged:
        against = {ground.feature for ground in one.grounds if ground.truth is Truth.UNMET}
        for situation in one.claim.situations if one.status is Status.DOES_NOT_APPLY else ():
            if situation in coming and against <= set(known.requires.get(situation, ())):
                yield situation, one


def matched(known: Knowledge, case: Case) -> frozenset[NamedNode]:
    """Return the situations all of whose features the case has."""
    return frozenset(s for s, needed in known.requires.items() if needed and set(needed) <= case.met)


def ask_next(
    known: Knowledge, case: Case, judged: tuple[Judged, ...], most: int = 3
) -> list[tuple[NamedNode, int]]:
    """Return the unknown features worth asking for, best first, with the number of claims they decide.

    First what a claim of this very situation waits for, or, where none waits, what decides most of what is
    undecided; then what makes more of what is known, then the rest; among these what decides the most offers,
    then the most claims. A feature that stands in the text beside one that is met, as its alternative, is not
    asked for, nor is one that is named and described nowhere, as a write may leave it.
    """
    candidates = {
        ground.feature
        for one in judged
        if one.status in (Status.UNDECIDED, Status.APPLIES_IF)
        for ground in one.open()
        if ground.truth is Truth.UNKNOWN and ground.feature in known.brings
    }
    worth = [feature for feature in candidates if not _answered(known, case, feature)]
    changes = [(feature, _changes(known, case, feature, judged)) for feature in worth]
    most_of_it = sum(one.status is Status.UNDECIDED for one in judged) / 2
    awaited = {g.feature for one in judged if one.status is Status.APPLIES_IF for g in one.open()}

    def urgency(feature: NamedNode, decided: int) -> int:
        if feature in awaited or (decided > most_of_it and not awaited):
            return 0
        return 1 if known.brings[feature] & case.met else 2

    changes.sort(key=lambda pair: (urgency(pair[0], pair[1][1]), [-n for n in pair[1]], str(pair[0])))
    return [(feature, count) for feature, (_, count) in changes if count][:most]


def _answered(known: Knowledge, case: Case, feature: NamedNode) -> bool:
    """Say whether the case has an alternative of a feature, or of what it would bring."""
    return any(known.alternatives.get(brought, frozenset()) & case.met for brought in known.brings[feature])


def _changes(known: Knowledge, case: Case, feature: NamedNode, judged: tuple[Judged, ...]) -> tuple[int, int]:
    """Return how many offers, and how many claims, would change status by one of the two answers."""
    brought = known.brings[feature]
    lost = frozenset(f for f in known.features if feature in known.brings[f])
    answers = (replace(case, met=case.met | brought), replace(case, denied=case.denied | lost))
    touched = brought | lost
    changed = [
        one.claim.kind in OFFERING
        for one in judged
        if not touched.isdisjoint(ground.feature for ground in one.grounds)
        and any(judge(known, answer, one.claim).status is not one.status for answer in answers)
    ]
    return sum(changed), len(changed)
