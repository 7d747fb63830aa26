"""Which segments of a document have claims, which are set aside and why, which are open."""

from __future__ import annotations

from dataclasses import dataclass

from kg.model.source_documents import SourceClaim, SourceDocument, TextSegment


@dataclass(frozen=True, slots=True)
class SegmentCoverage:
    """One segment with its claims."""

    segment: TextSegment
    claims: tuple[SourceClaim, ...]

    @property
    def state(self) -> str:
        """Return `claimed`, `set aside` or `open`."""
        if self.claims:
            return "claimed"
        return "set aside" if self.segment.set_aside else "open"


@dataclass(frozen=True, slots=True)
class DocumentCoverage:
    """A document's segments in order, each with its claims."""

    document: SourceDocument
    rows: tuple[SegmentCoverage, ...]

    @property
    def claim_count(self) -> int:
        """Return the number of claims."""
        return len(self.document.claims)

    def count_segments(self, state: str) -> int:
        """Return how many segments are in a state."""
        return sum(row.state == state for row in self.rows)

    @property
    def open_segments(self) -> tuple[TextSegment, ...]:
        """Return the segments with neither claim nor reason."""
        return tuple(row.segment for row in self.rows if row.state == "open")


def measure_coverage(document: SourceDocument) -> DocumentCoverage:
    """Return the coverage of a document, segment by segment."""
    return DocumentCoverage(
        document, tuple(SegmentCoverage(s, document.find_claims(s)) for s in document.segments)
    )


def measure_span_share(document: SourceDocument, text: str) -> float:
    """Return the share (0 to 1) of the non-blank characters of `text` that are inside the span of a claim."""
    inside = {position for span in document.spans for position in range(span.start, span.end)}
    visible = [position for position, character in enumerate(text) if not character.isspace()]
    return sum(position in inside for position in visible) / len(visible) if visible else 0.0
