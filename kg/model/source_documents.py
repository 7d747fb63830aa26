"""A source document as the graph knows it: segments, spans, claims, decisions; never its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.namespaces import CLAIM, DCTERMS, KG, OA, RDF, RDFS, SKOS


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


#: MERGED kg.claims.reading
#: MERGED From triples of the source, claim and ontology graphs to the documents they describe.


_CUE_PROPERTIES = (
    "cue",
    "prerequisiteCue",
    "provisoCue",
    "conditionCue",
    "temporalCue",
    "contrastCue",
    "concessionCue",
    "listCue",
)


class _TripleTexts:
    """Triples by subject and predicate, as text."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._values: dict[tuple[str, str], list[str]] = {}
        self._typed: dict[str, list[str]] = {}
        for triple in triples:
            subject, value = _term_to_text(triple.subject), _term_to_text(triple.object)
            self._values.setdefault((subject, triple.predicate.value), []).append(value)
            if triple.predicate == RDF["type"]:
                self._typed.setdefault(value, []).append(subject)

    def list_values(self, subject: str, *predicates: NamedNode) -> tuple[str, ...]:
        """Return the values of some properties of a subject, each sorted."""
        return tuple(v for p in predicates for v in sorted(set(self._values.get((subject, p.value), ()))))

    def first_value(self, subject: str, *predicates: NamedNode) -> str:
        """Return a value of some properties of a subject, or an empty string."""
        return next(iter(self.list_values(subject, *predicates)), "")

    def parse_number(self, subject: str, predicate: NamedNode) -> int:
        """Return a whole number, or -1 where there is none."""
        text = self.first_value(subject, predicate)
        return int(text) if re.fullmatch(r"\d{1,12}", text) else -1

    def list_instances(self, class_iri: NamedNode) -> list[str]:
        """Return the subjects of a class."""
        return sorted(self._typed.get(class_iri.value, ()))

    def list_subjects_with(self, predicate: NamedNode) -> Iterator[str]:
        """Yield the subjects that have a property."""
        return (subject for subject, used in self._values if used == predicate.value)


def read_source_documents(triples: Iterable[Triple]) -> tuple[SourceDocument, ...]:
    """Return the source documents that the triples of the source and claim graphs describe."""
    found = _TripleTexts(triples)
    segments = [_read_segment(found, iri) for iri in found.list_instances(KG["Sentence"])]
    homes = {segment.iri: found.first_value(segment.iri, KG["inDocument"]) for segment in segments}
    spans = [_read_span(found, iri) for iri in found.list_instances(OA["SpecificResource"])]
    origins = {span.iri: found.first_value(span.iri, OA["hasSource"]) for span in spans}
    claims = [_read_claim(found, iri) for iri in sorted(set(found.list_subjects_with(KG["hasSourceSpan"])))]
    decisions = [_read_decision(found, iri) for iri in found.list_instances(KG["CuratorDecision"])]
    return tuple(
        SourceDocument(
            iri,
            _get_local_name(iri),
            found.first_value(iri, DCTERMS["title"]),
            found.first_value(iri, KG["sha256"]),
            found.parse_number(iri, KG["characterLength"]),
            found.parse_number(iri, KG["byteLength"]),
            tuple(sorted((s for s in segments if homes[s.iri] == iri), key=lambda s: (s.order, s.start))),
            tuple(sorted((s for s in spans if origins[s.iri] == iri), key=lambda s: (s.start, s.end, s.iri))),
            tuple(sorted((c for c in claims if origins.get(c.span) == iri), key=_claim_sort_key)),
            tuple(
                sorted(
                    (d for d in decisions if any(homes.get(s) == iri for s in d.segments)),
                    key=_decision_sort_key,
                )
            ),
        )
        for iri in found.list_instances(KG["SourceDocument"])
    )


def _read_segment(texts: _TripleTexts, iri: str) -> TextSegment:
    return TextSegment(
        iri,
        texts.first_value(iri, SKOS["notation"]) or _get_local_name(iri),
        texts.parse_number(iri, KG["order"]),
        texts.first_value(iri, KG["segmentKind"]),
        texts.parse_number(iri, KG["start"]),
        texts.parse_number(iri, KG["end"]),
        texts.first_value(iri, KG["sha256"]),
        texts.first_value(iri, KG["setAsideBecause"]),
    )


def _read_span(texts: _TripleTexts, iri: str) -> SourceSpan:
    selector = texts.first_value(iri, OA["hasSelector"])
    return SourceSpan(
        iri,
        texts.first_value(iri, KG["inSentence"]),
        texts.parse_number(selector, OA["start"]),
        texts.parse_number(selector, OA["end"]),
        texts.first_value(iri, KG["exactSha256"]),
    )


def _read_claim(texts: _TripleTexts, iri: str) -> SourceClaim:
    return SourceClaim(
        iri,
        iri.removeprefix(CLAIM),
        texts.first_value(iri, RDFS["label"], SKOS["prefLabel"]),
        texts.first_value(iri, KG["hasSourceSpan"]),
        texts.list_values(iri, *(KG[name] for name in _CUE_PROPERTIES)),
        texts.list_values(iri, KG["hasHedge"]),
        texts.list_values(iri, KG["hasCuratorDecision"]),
    )


def _read_decision(texts: _TripleTexts, iri: str) -> CuratorDecision:
    label = texts.first_value(iri, RDFS["label"], SKOS["prefLabel"])
    return CuratorDecision(iri, _get_local_name(iri), label, texts.list_values(iri, KG["concernsSentence"]))


def _claim_sort_key(claim: SourceClaim) -> list[int | str]:
    """Return a key that puts S10-1 behind S9-1."""
    return _natural_sort_key(claim.name)


def _decision_sort_key(decision: CuratorDecision) -> list[int | str]:
    """Return a key that puts A10 behind A9."""
    return _natural_sort_key(decision.name)


def _natural_sort_key(name: str) -> list[int | str]:
    """Return the parts of a name, numbers as numbers; text and numbers alternate, so keys compare."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _get_local_name(iri: str) -> str:
    """Return the last part of an IRI."""
    return iri.rsplit("/", 1)[-1]


def _term_to_text(term: NamedNode | BlankNode | Literal | Triple) -> str:
    """Return an IRI or lexical form as text."""
    return term.value if isinstance(term, NamedNode | Literal | BlankNode) else str(term)
