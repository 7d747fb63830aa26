"""A source document as the graph knows it: segments, spans, claims, decisions; never its sentences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
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
class Span:
    """The characters a claim rests on: code points [start, end) inside one segment."""

    iri: str
    segment: str
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: its local name, a sentence in our words, its span, and its cues as printed."""

    iri: str
    name: str
    label: str
    span: str
    cues: tuple[str, ...]
    hedges: tuple[str, ...]
    decisions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A curator's decision between readings of a segment."""

    iri: str
    name: str
    label: str
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A source document with all that is said of its text; lengths in code points and in bytes."""

    iri: str
    name: str
    title: str
    sha256: str
    characters: int
    bytes: int
    segments: tuple[Segment, ...]
    spans: tuple[Span, ...]
    claims: tuple[Claim, ...]
    decisions: tuple[Decision, ...]

    def span_of(self, claim: Claim) -> Span | None:
        """Return the span of a claim."""
        return next((span for span in self.spans if span.iri == claim.span), None)

    def claims_in(self, segment: Segment) -> tuple[Claim, ...]:
        """Return the claims whose span lies in a segment."""
        inside = {span.iri for span in self.spans if span.segment == segment.iri}
        return tuple(claim for claim in self.claims if claim.span in inside)
