"""The text as a map: what is done on the left, for what on the right, a line for each claim between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kg.views.margins import weakest_level
from kg.views.statements import ClaimStatement
from kg.views.terms import TermRef

#: how far a limit's line is moved, in percent, so that it never hides the offer it limits
_LIMIT_OFFSET = 1.1


@dataclass(frozen=True, slots=True)
class MapEntry:
    """A thing on the map, the claims that speak of it, and the sentences they stand in."""

    ref: TermRef
    claims: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapLine:
    """A claim from one side to the other; heights in percent of the map."""

    claim: str
    level: str
    negative: bool
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class TextMap:
    """Both sides in the order of the text, and the lines between them."""

    left: tuple[MapEntry, ...]
    right: tuple[MapEntry, ...]
    lines: tuple[MapLine, ...]


def draw_text_map(statements: Sequence[ClaimStatement]) -> TextMap:
    """Return the map of the claims of a text, which come in the order of the text."""
    left = _map_entries(statements, lambda claim: claim.interventions)
    right = _map_entries(statements, lambda claim: (*claim.situations, *claim.problems))
    return TextMap(left, right, tuple(_map_lines(statements, _entry_heights(left), _entry_heights(right))))


def _map_entries(
    statements: Iterable[ClaimStatement], refs_of: Callable[[ClaimStatement], Iterable[TermRef]]
) -> tuple[MapEntry, ...]:
    found: dict[str, tuple[TermRef, list[ClaimStatement]]] = {}
    for claim in statements:
        for ref in refs_of(claim):
            found.setdefault(ref.iri, (ref, []))[1].append(claim)
    return tuple(
        MapEntry(
            ref,
            tuple(dict.fromkeys(claim.name for claim in claims)),
            tuple(dict.fromkeys(claim.sentence.label for claim in claims if claim.sentence)),
        )
        for ref, claims in found.values()
    )


def _entry_heights(places: Sequence[MapEntry]) -> dict[str, float]:
    """Return the middle of each place in percent; both sides are spread over the same height."""
    return {place.ref.iri: round(100 * (at + 0.5) / len(places), 2) for at, place in enumerate(places)}


def _map_lines(
    statements: Iterable[ClaimStatement], left: dict[str, float], right: dict[str, float]
) -> Iterator[MapLine]:
    for claim in statements:
        for thing in claim.interventions:
            for target in claim.problems or claim.situations:
                aside = _LIMIT_OFFSET if claim.negative else 0.0
                ends = round(left[thing.iri] + aside, 2), round(right[target.iri] + aside, 2)
                yield MapLine(claim.name, weakest_level([claim]), claim.negative, *ends)
