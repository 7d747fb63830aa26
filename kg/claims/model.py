"""A source document as the graph knows it: segments, spans, claims, decisions; never its sentences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextSegment:
    """A piece of the text (sentence, heading ...): code points [start, end), and the sha256 of its UTF-8."""

    iri: str
    notation: str
    order: int
    kind: str
    start: int
    end: int
    sha256: str
    set_aside: str


@dataclass(frozen=True, slots=True)
class SourceSpan:
    """The characters a claim rests on: code points [start, end) inside one segment."""

    iri: str
    segment: str
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SourceClaim:
    """One claim: its local name, a sentence in our words, its span, and its cues as printed."""

    iri: str
    name: str
    label: str
    span: str
    cues: tuple[str, ...]
    hedges: tuple[str, ...]
    decisions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CuratorDecision:
    """A curator's decision between readings of a segment."""

    iri: str
    name: str
    label: str
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A source document with all that is said of its text; lengths in code points and in bytes."""

    iri: str
    name: str
    title: str
    sha256: str
    characters: int
    bytes: int
    segments: tuple[TextSegment, ...]
    spans: tuple[SourceSpan, ...]
    claims: tuple[SourceClaim, ...]
    decisions: tuple[CuratorDecision, ...]

    def find_span(self, claim: SourceClaim) -> SourceSpan | None:
        """Return the span of a claim."""
        return next((span for span in self.spans if span.iri == claim.span), None)

    def find_claims(self, segment: TextSegment) -> tuple[SourceClaim, ...]:
        """Return the claims whose span lies in a segment."""
        inside = {span.iri for span in self.spans if span.segment == segment.iri}
        return tuple(claim for claim in self.claims if claim.span in inside)
