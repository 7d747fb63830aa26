"""Which segments of a document have claims, which are set aside and why, which are open."""

from __future__ import annotations

from dataclasses import dataclass

from kg.claims.model import Claim, Document, Segment


@dataclass(frozen=True, slots=True)
class Row:
    """One segment with its claims."""

    segment: Segment
    claims: tuple[Claim, ...]

    @property
    def state(self) -> str:
        """Return `claimed`, `set aside` or `open`."""
        if self.claims:
            return "claimed"
        return "set aside" if self.segment.set_aside else "open"


@dataclass(frozen=True, slots=True)
class Coverage:
    """A document's segments in order; `inside` and `visible` count characters that are not blank."""

    document: Document
    rows: tuple[Row, ...]

    @property
    def claims(self) -> int:
        """Return the number of claims."""
        return len(self.document.claims)

    def count(self, state: str) -> int:
        """Return how many segments are in a state."""
        return sum(row.state == state for row in self.rows)

    @property
    def open(self) -> tuple[Segment, ...]:
        """Return the segments with neither claim nor reason."""
        return tuple(row.segment for row in self.rows if row.state == "open")


def coverage(document: Document) -> Coverage:
    """Return the coverage of a document, segment by segment."""
    return Coverage(document, tuple(Row(s, document.claims_in(s)) for s in document.segments))


def share_inside(document: Document, text: str) -> float:
    """Return the share of the characters of `text`, blanks aside, that stand inside the span of a claim."""
    inside = {position for span in document.spans for position in range(span.start, span.end)}
    visible = [position for position, character in enumerate(text) if not character.isspace()]
    return sum(position in inside for position in visible) / len(visible) if visible else 0.0
