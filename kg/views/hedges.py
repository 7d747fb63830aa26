"""The hedge scale: words of the text in the order of their strength; numbers would be invention."""

from __future__ import annotations

from dataclasses import dataclass

from kg.views.terms import Term, TermLabels

#: weakest to plainly stated, in the order of `kg:strengthRank`; the line under a badge has the same name
HEDGE_LEVELS = ("weakest", "weak", "middle", "strong", "fact")


@dataclass(frozen=True, slots=True)
class HedgeBadge:
    """How strongly a claim is worded: the hedge's name and its place on the scale."""

    label: str
    href: str
    iri: str
    level: str


def make_hedge_badge(term: Term, naming: TermLabels) -> HedgeBadge:
    """Return the badge of a hedge; one without a rank counts as the weakest."""
    ref = naming.ref(term)
    return HedgeBadge(ref.label, ref.href, ref.iri, hedge_level(naming.ranks.get(ref.iri, 1)))


def hedge_level(rank: int) -> str:
    """Return the name of a place on the scale."""
    return HEDGE_LEVELS[min(max(rank, 1), len(HEDGE_LEVELS)) - 1]
