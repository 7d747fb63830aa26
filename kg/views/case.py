"""The page of a case: what the text raises for some features, and what it leaves open. Fields are stable."""

from __future__ import annotations

from dataclasses import dataclass

from kg.views.hedges import Hedge
from kg.views.terms import Ref


@dataclass(frozen=True, slots=True)
class FeatureChoice:
    """A feature that can be ticked; `group` is the label of its class, `excludes` what it contradicts."""

    feature: Ref
    definition: str
    group: str
    excludes: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class CaseFeature:
    """A feature of the case. `state` is "stated", "follows" (from `because`) or "no"."""

    feature: Ref
    state: str
    because: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A feature that decides a claim. `state` is "met", "unmet" (said not to hold), "unknown" or "excluded".

    `role` is "situation", "prerequisite", "proviso" or "population"; "excluded": `by` contradicts it.
    """

    feature: Ref
    state: str
    role: str
    by: Ref | None


@dataclass(frozen=True, slots=True)
class CaseClaim:
    """A claim with its status: "applies", "applies if", "does not apply" or "undecided", and why.

    `kind` is "offer", "conditional offer", "advice", "practice", "caution", "collective" or "statement".
    `hedge` is the weakest of `hedges`; `open_cautions` are those of `cautions` of which it is not known
    whether they apply, `later_cautions` those about a state that may come next.
    """

    claim: Ref
    summary: str
    status: str
    why: str
    reasons: tuple[Reason, ...]
    kind: str
    interventions: tuple[Ref, ...]
    problems: tuple[Ref, ...]
    situations: tuple[Ref, ...]
    cautions: tuple[Ref, ...]
    open_cautions: tuple[Ref, ...]
    later_cautions: tuple[Ref, ...]
    hedge: Hedge | None
    hedges: tuple[Hedge, ...]
    cue: str
    cues: tuple[str, ...]
    sentence: Ref | None


@dataclass(frozen=True, slots=True)
class CaseSituation:
    """A situation that the case matches; `direct` when its own features do, else by a narrower one."""

    situation: Ref
    direct: bool
    features: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class SupportiveOption:
    """What a claim raises for problems named; `conditional` when under a prerequisite.

    `together`: a set for a set; which of the interventions serves which of the problems is not said.
    """

    problems: tuple[Ref, ...]
    interventions: tuple[Ref, ...]
    together: bool
    conditional: bool
    claim: Ref
    status: str


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A claim whose prerequisite the case meets, and the state that meets it."""

    state: Ref
    claim: Ref
    interventions: tuple[Ref, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """A claim about a situation that does not hold now and may come next."""

    situation: Ref
    claim: Ref
    summary: str
    hedges: tuple[Hedge, ...]
    negative: bool


@dataclass(frozen=True, slots=True)
class NextQuestion:
    """A feature worth asking for, and how many claims its answer would decide."""

    feature: Ref
    question: str
    decides: int


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything the case page shows; `asked` is False for the empty form.

    `claims` come in the order applies, applies if, undecided, does not apply.
    """

    notice: str
    asked: bool
    choices: tuple[FeatureChoice, ...]
    features: tuple[CaseFeature, ...]
    situations: tuple[CaseSituation, ...]
    claims: tuple[CaseClaim, ...]
    supportive: tuple[SupportiveOption, ...]
    unlocked: tuple[Unlocked, ...]
    ahead: tuple[Ahead, ...]
    fallbacks: tuple[Ref, ...]
    ask_next: tuple[NextQuestion, ...]
