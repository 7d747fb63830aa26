"""A source document as the graph knows it: segments, spans, claims, decisions; never its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Triple

from kg.model.triple_index import TripleIndex
from kg.namespaces import CLAIM, DCTERMS, KG, OA, RDFS, SKOS, get_local_name

#: the properties of a claim that carry words as printed, of its span or of a span that governs it
CUE_PROPERTIES = tuple(
    "cue outcomeCue prerequisiteCue provisoCue conditionCue temporalCue contrastCue concessionCue "
    "exceptionCue listCue".split()
)


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
    """The characters a claim rests on, or that govern it: code points [start, end) inside one segment."""

    iri: str
    segment: str
    start: int
    end: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SourceClaim:
    """One claim: its local name, a sentence in the curator's words, its spans, and its cues as printed.

    `governing` are the spans whose words reach it from elsewhere, `restated` the segments that repeat it.
    """

    iri: str
    name: str
    label: str
    span: str
    cues: tuple[str, ...]
    hedges: tuple[str, ...]
    decisions: tuple[str, ...]
    governing: tuple[str, ...] = ()
    restated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CuratorDecision:
    """A curator's decision between readings of a segment."""

    iri: str
    name: str
    label: str
    segments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A source document and the description of its text; lengths in code points and in bytes."""

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

    def find_governing_spans(self, claim: SourceClaim) -> tuple[SourceSpan, ...]:
        """Return the spans that govern a claim, in the order of the text."""
        return tuple(span for span in self.spans if span.iri in claim.governing)

    def find_claims(self, segment: TextSegment) -> tuple[SourceClaim, ...]:
        """Return the claims that rest on a segment, that its words govern, or that it says again."""
        inside = {span.iri for span in self.spans if span.segment == segment.iri}
        return tuple(
            claim
            for claim in self.claims
            if inside.intersection((claim.span, *claim.governing)) or segment.iri in claim.restated
        )


def read_source_documents(triples: Iterable[Triple]) -> tuple[SourceDocument, ...]:
    """Return the source documents that the triples of the source and claim graphs describe."""
    index = TripleIndex(triples)
    return tuple(_read_document(index, iri) for iri in index.list_instances(KG["SourceDocument"]))


def _read_document(index: TripleIndex, iri: str) -> SourceDocument:
    """Return one document with its segments, its spans, and the claims and decisions about them."""
    segments = [_read_segment(index, s) for s in index.list_instances(KG["Sentence"])]
    spans = [_read_span(index, s) for s in index.list_instances(OA["SpecificResource"])]
    claims = [_read_claim(index, c) for c in index.list_subjects_with(KG["hasSourceSpan"])]
    decisions = [_read_decision(index, d) for d in index.list_instances(KG["CuratorDecision"])]
    own_segments = [s for s in segments if index.get_text(s.iri, KG["inDocument"]) == iri]
    own_spans = [s for s in spans if index.get_text(s.iri, OA["hasSource"]) == iri]
    segment_iris, span_iris = {s.iri for s in own_segments}, {s.iri for s in own_spans}
    own_claims = [c for c in claims if c.span in span_iris]
    own_decisions = [d for d in decisions if segment_iris.intersection(d.segments)]
    return SourceDocument(
        iri,
        get_local_name(iri),
        index.get_text(iri, DCTERMS["title"]),
        index.get_text(iri, KG["sha256"]),
        index.parse_number(iri, KG["characterLength"]),
        index.parse_number(iri, KG["byteLength"]),
        tuple(sorted(own_segments, key=lambda s: (s.order, s.start))),
        tuple(sorted(own_spans, key=lambda s: (s.start, s.end, s.iri))),
        tuple(sorted(own_claims, key=lambda c: _natural_sort_key(c.name))),
        tuple(sorted(own_decisions, key=lambda d: _natural_sort_key(d.name))),
    )


def _read_segment(index: TripleIndex, iri: str) -> TextSegment:
    return TextSegment(
        iri,
        index.get_text(iri, SKOS["notation"]) or get_local_name(iri),
        index.parse_number(iri, KG["order"]),
        index.get_text(iri, KG["segmentKind"]),
        index.parse_number(iri, KG["start"]),
        index.parse_number(iri, KG["end"]),
        index.get_text(iri, KG["sha256"]),
        index.get_text(iri, KG["setAsideBecause"]),
    )


def _read_span(index: TripleIndex, iri: str) -> SourceSpan:
    selector = index.get_text(iri, OA["hasSelector"])
    return SourceSpan(
        iri,
        index.get_text(iri, KG["inSentence"]),
        index.parse_number(selector, OA["start"]),
        index.parse_number(selector, OA["end"]),
        index.get_text(iri, KG["exactSha256"]),
    )


def _read_claim(index: TripleIndex, iri: str) -> SourceClaim:
    return SourceClaim(
        iri,
        iri.removeprefix(CLAIM),
        index.get_text(iri, RDFS["label"], SKOS["prefLabel"]),
        index.get_text(iri, KG["hasSourceSpan"]),
        tuple(index.list_texts(iri, *(KG[name] for name in CUE_PROPERTIES))),
        tuple(index.list_texts(iri, KG["hasHedge"], KG["outcomeHedge"])),
        tuple(index.list_texts(iri, KG["hasCuratorDecision"])),
        tuple(index.list_texts(iri, KG["governingSpan"])),
        tuple(index.list_texts(iri, KG["restatedIn"])),
    )


def _read_decision(index: TripleIndex, iri: str) -> CuratorDecision:
    label = index.get_text(iri, RDFS["label"], SKOS["prefLabel"])
    segments = tuple(index.list_texts(iri, KG["concernsSentence"]))
    return CuratorDecision(iri, get_local_name(iri), label, segments)


def _natural_sort_key(name: str) -> list[int | str]:
    """Return the parts of a name, numbers as numbers, so that S10-1 comes after S9-1.

    Text and numbers alternate from a text on, so any two keys can be compared.
    """
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
