"""The text as a map: what is done on the left, for what on the right, a line for each claim between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kg.views.margins import weakest_level
from kg.views.statements import Statement
from kg.views.terms import Ref

#: how far a limit's line is moved, in percent, so that it never hides the offer it limits
_ASIDE = 1.1


@dataclass(frozen=True, slots=True)
class Place:
    """A thing on the map, the claims that speak of it, and the sentences they stand in."""

    ref: Ref
    claims: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A claim from one side to the other; heights in percent of the map."""

    claim: str
    level: str
    negative: bool
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class TextMap:
    """Both sides in the order of the text, and the lines between them."""

    left: tuple[Place, ...]
    right: tuple[Place, ...]
    lines: tuple[Line, ...]


def text_map(said: Sequence[Statement]) -> TextMap:
    """Return the map of the claims of a text, which come in the order of the text."""
    left = _places(said, lambda claim: claim.interventions)
    right = _places(said, lambda claim: (*claim.situations, *claim.problems))
    return TextMap(left, right, tuple(_lines(said, _heights(left), _heights(right))))


def _places(said: Iterable[Statement], things: Callable[[Statement], Iterable[Ref]]) -> tuple[Place, ...]:
    found: dict[str, tuple[Ref, list[Statement]]] = {}
    for claim in said:
        for ref in things(claim):
            found.setdefault(ref.iri, (ref, []))[1].append(claim)
    return tuple(
        Place(
            ref,
            tuple(dict.fromkeys(claim.name for claim in claims)),
            tuple(dict.fromkeys(claim.sentence.label for claim in claims if claim.sentence)),
        )
        for ref, claims in found.values()
    )


def _heights(places: Sequence[Place]) -> dict[str, float]:
    """Return the middle of each place in percent; both sides are spread over the same height."""
    return {place.ref.iri: round(100 * (at + 0.5) / len(places), 2) for at, place in enumerate(places)}


def _lines(said: Iterable[Statement], left: dict[str, float], right: dict[str, float]) -> Iterator[Line]:
    for claim in said:
        for thing in claim.interventions:
            for target in claim.problems or claim.situations:
                aside = _ASIDE if claim.negative else 0.0
                ends = round(left[thing.iri] + aside, 2), round(right[target.iri] + aside, 2)
                yield Line(claim.name, weakest_level([claim]), claim.negative, *ends)
