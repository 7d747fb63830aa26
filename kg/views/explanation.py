"""The page that says why a statement holds: its proofs, or what is missing. Fields are stable."""

from __future__ import annotations

from dataclasses import dataclass

from kg.views.hedges import Hedge
from kg.views.terms import Ref


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a leaf of a proof stands in the source."""

    claim: Ref
    sentence: Ref | None
    span: Ref | None
    cue: str
    hedge: Hedge | None


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One line of a proof; premises are numbers of other steps, the conclusion is the first step.

    `kind` is "derived" or "asserted"; `origin` of an asserted one: "text", "background",
    "ontology" or "data".
    """

    number: int
    depth: int
    subject: Ref
    predicate: Ref
    object: Ref
    kind: str
    rule: str
    reason: str
    premises: tuple[int, ...]
    origin: str
    graph: Ref | None
    anchor: Anchor | None


@dataclass(frozen=True, slots=True)
class ProofView:
    """One proof, conclusion first; `hedge` is the weakest of the claims used, None when it uses none."""

    steps: tuple[ProofStep, ...]
    hedge: Hedge | None
    caveat: str


@dataclass(frozen=True, slots=True)
class MissingView:
    """A rule that would derive the statement if only `premise` held.

    `instead` does link the premise's two ends.
    """

    rule: str
    reason: str
    premise: tuple[Ref, Ref, Ref]
    held: tuple[tuple[Ref, Ref, Ref], ...]
    instead: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class ExplanationPage:
    """Why a statement holds. `status` is "asserted", "inferred" or "absent"; `summary` is one sentence."""

    subject: Ref
    predicate: Ref
    object: Ref
    status: str
    summary: str
    proofs: tuple[ProofView, ...]
    more: bool
    missing: tuple[MissingView, ...]
