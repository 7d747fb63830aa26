"""The page that says why a statement holds: its proofs, or what is missing. Fields are stable."""

from __future__ import annotations

from dataclasses import dataclass

from kg.views.hedges import HedgeBadge
from kg.views.terms import TermRef


@dataclass(frozen=True, slots=True)
class ProofAnchor:
    """Where a leaf of a proof stands in the source."""

    claim: TermRef
    sentence: TermRef | None
    span: TermRef | None
    cue: str
    hedge: HedgeBadge | None


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One line of a proof; premises are numbers of other steps, the conclusion is the first step.

    `kind` is "derived" or "asserted"; `origin` of an asserted one: "text", "background",
    "ontology" or "data".
    """

    number: int
    depth: int
    subject: TermRef
    predicate: TermRef
    object: TermRef
    kind: str
    rule: str
    reason: str
    premises: tuple[int, ...]
    origin: str
    graph: TermRef | None
    anchor: ProofAnchor | None


@dataclass(frozen=True, slots=True)
class ProofView:
    """One proof, conclusion first; `hedge` is the weakest of the claims used, None when it uses none."""

    steps: tuple[ProofStep, ...]
    hedge: HedgeBadge | None
    caveat: str


@dataclass(frozen=True, slots=True)
class WhyNotView:
    """A rule that would derive the statement if only `premise` held.

    `instead` does link the premise's two ends.
    """

    rule: str
    reason: str
    premise: tuple[TermRef, TermRef, TermRef]
    held: tuple[tuple[TermRef, TermRef, TermRef], ...]
    instead: tuple[TermRef, ...]


@dataclass(frozen=True, slots=True)
class ExplanationPage:
    """Why a statement holds. `status` is "asserted", "inferred" or "absent"; `summary` is one sentence."""

    subject: TermRef
    predicate: TermRef
    object: TermRef
    status: str
    summary: str
    proofs: tuple[ProofView, ...]
    more: bool
    missing: tuple[WhyNotView, ...]
