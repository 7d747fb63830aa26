"""Where claims lie along the text: bars beside a sentence, and the depth of claims over the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kg.views.hedges import HEDGE_LEVELS
from kg.views.statements import ClaimStatement

#: start, end and IRI of a claim: code points [start, end) of the document
ClaimRange = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class ClaimBar:
    """One claim in the margin of its sentence: from and to in percent, in a lane free of overlap."""

    claim: str
    level: str
    negative: bool
    lane: int
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class DepthRun:
    """A run of the text under the same number of claims."""

    start: int
    length: int
    depth: int


def lay_out_bars(
    start: int, end: int, spans: Iterable[ClaimRange], claims: Mapping[str, ClaimStatement]
) -> tuple[ClaimBar, ...]:
    """Return a bar for each claim of the sentence [start, end); overlapping ones stand side by side."""
    free: list[int] = []
    drawn = []
    for left, right, claim in sorted(spans, key=lambda span: (span[0], -span[1], span[2])):
        if claim not in claims:
            continue
        lane = next((lane for lane, until in enumerate(free) if until <= left), len(free))
        free[lane : lane + 1] = [right]
        top, bottom = (
            round(100 * (min(max(at, start), end) - start) / (end - start), 1) for at in (left, right)
        )
        said = claims[claim]
        drawn.append(ClaimBar(said.name, weakest_level([said]), said.negative, lane, top, bottom))
    return tuple(drawn)


def measure_depths(characters: int, spans: Sequence[ClaimRange]) -> tuple[DepthRun, ...]:
    """Return the whole text as runs, each with the number of claims over it."""
    cuts = sorted({0, characters, *(cut for span in spans for cut in span[:2] if 0 < cut < characters)})
    return tuple(
        DepthRun(left, right - left, sum(1 for begin, stop, _ in spans if begin <= left and right <= stop))
        for left, right in pairwise(cuts)
    )


def weakest_level(claims: Iterable[ClaimStatement]) -> str:
    """Return the weakest wording among some claims: words never look stronger than their weakest hedge."""
    return min(
        (hedge.level for claim in claims for hedge in claim.hedges), key=HEDGE_LEVELS.index, default=""
    )
