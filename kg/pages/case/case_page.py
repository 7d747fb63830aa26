"""The page of a case: what the text raises for some features, and what it leaves open. Fields are stable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kg.pages.term_refs import HedgeBadge, TermRef


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """A feature that can be ticked; `group` is the label of its class, `excludes` what it contradicts."""

    feature: TermRef
    definition: str
    group: str
    excludes: tuple[TermRef, ...]


@dataclass(frozen=True, slots=True)
class CaseFeature:
    """A feature of the case. `state` is "stated", "follows" (from `because`) or "no"."""

    feature: TermRef
    state: str
    because: tuple[TermRef, ...]


@dataclass(frozen=True, slots=True)
class StatusReason:
    """A feature that decides a claim. `state` is "met", "unmet" (said not to hold), "unknown" or "excluded".

    `role` is "situation", "prerequisite", "proviso" or "population"; "excluded": `by` contradicts it.
    """

    feature: TermRef
    state: str
    role: str
    by: TermRef | None


@dataclass(frozen=True, slots=True)
class CaseCaution:
    """A claim that limits, and its own status; `later` when it is about a state that may come next."""

    claim: TermRef
    status: str
    later: bool


@dataclass(frozen=True, slots=True)
class InterventionCautions:
    """What limits an intervention: every offer of it, or of a narrower one."""

    intervention: TermRef
    cautions: tuple[CaseCaution, ...]


@dataclass(frozen=True, slots=True)
class CaseClaim:
    """A claim with its status: "applies", "applies if", "does not apply" or "undecided", and why.

    `kind` is "offer", "conditional offer", "advice", "practice", "caution", "collective" or "statement".
    `hedge` is the weakest of `hedges`; `cautions` are about this claim itself, those about its interventions
    stand once in `CasePage.cautions`, at the interventions that `limited_through` names.
    """

    claim: TermRef
    summary: str
    status: str
    why: str
    reasons: tuple[StatusReason, ...]
    kind: str
    interventions: tuple[TermRef, ...]
    problems: tuple[TermRef, ...]
    situations: tuple[TermRef, ...]
    cautions: tuple[CaseCaution, ...]
    limited_through: tuple[TermRef, ...]
    hedge: HedgeBadge | None
    hedges: tuple[HedgeBadge, ...]
    cue: str
    cues: tuple[str, ...]
    sentence: TermRef | None


@dataclass(frozen=True, slots=True)
class CaseSituation:
    """A situation that the case matches; `direct` when its own features do, else by a narrower one."""

    situation: TermRef
    direct: bool
    features: tuple[TermRef, ...]


@dataclass(frozen=True, slots=True)
class SupportiveOption:
    """What a claim raises for problems named; `conditional` when under a prerequisite.

    `together`: a set for a set; which of the interventions serves which of the problems is not said.
    """

    problems: tuple[TermRef, ...]
    interventions: tuple[TermRef, ...]
    together: bool
    conditional: bool
    claim: TermRef
    status: str


@dataclass(frozen=True, slots=True)
class UnlockedClaim:
    """A claim whose prerequisite the case meets, and the state that meets it."""

    state: TermRef
    claim: TermRef
    interventions: tuple[TermRef, ...]
    status: str


@dataclass(frozen=True, slots=True)
class UpcomingClaim:
    """A claim about a situation that does not hold now and may come next."""

    situation: TermRef
    claim: TermRef
    summary: str
    hedges: tuple[HedgeBadge, ...]
    negative: bool


@dataclass(frozen=True, slots=True)
class FallbackOption:
    """What a claim raises in its situation where something is ruled out, in its own words."""

    interventions: tuple[TermRef, ...]
    claim: TermRef
    hedges: tuple[HedgeBadge, ...]
    cues: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class NextQuestion:
    """A feature worth asking for, and how many claims its answer would decide."""

    feature: TermRef
    question: str
    decides: int


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything the case page shows; `asked` is False for the empty form.

    `claims` come in the order applies, applies if, undecided, does not apply; `range` says which of how many
    they are; the case sent to `previous` or `next` gives the others. `counts` is by status, of all claims.
    """

    notice: str
    asked: bool
    choices: tuple[FeatureChoice, ...]
    features: tuple[CaseFeature, ...]
    situations: tuple[CaseSituation, ...]
    claims: tuple[CaseClaim, ...]
    counts: Mapping[str, int]
    range: str
    previous: str
    next: str
    cautions: tuple[InterventionCautions, ...]
    supportive: tuple[SupportiveOption, ...]
    unlocked: tuple[UnlockedClaim, ...]
    ahead: tuple[UpcomingClaim, ...]
    fallbacks: tuple[FallbackOption, ...]
    ask_next: tuple[NextQuestion, ...]

    def list_cautions(self, claim: CaseClaim) -> tuple[CaseCaution, ...]:
        """Return the cautions about a claim, then those about its interventions; itself left out."""
        through = {ref.iri for ref in claim.limited_through}
        of_interventions = (group for group in self.cautions if group.intervention.iri in through)
        all_cautions = (*claim.cautions, *(one for group in of_interventions for one in group.cautions))
        return tuple(
            {one.claim.iri: one for one in all_cautions if one.claim.iri != claim.claim.iri}.values()
        )
