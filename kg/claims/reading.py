"""From triples of the source, claim and ontology graphs to the documents they describe."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.claims.model import Claim, Decision, Document, Segment, Span
from kg.namespaces import CLAIM, DCTERMS, KG, OA, RDF, RDFS, SKOS

_CUES = (
    "cue",
    "prerequisiteCue",
    "provisoCue",
    "conditionCue",
    "temporalCue",
    "contrastCue",
    "concessionCue",
    "listCue",
)


class _Triples:
    """Triples by subject and predicate, as text."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._values: dict[tuple[str, str], list[str]] = {}
        self._typed: dict[str, list[str]] = {}
        for triple in triples:
            subject, value = _text(triple.subject), _text(triple.object)
            self._values.setdefault((subject, triple.predicate.value), []).append(value)
            if triple.predicate == RDF["type"]:
                self._typed.setdefault(value, []).append(subject)

    def all(self, subject: str, *predicates: NamedNode) -> tuple[str, ...]:
        """Return the values of some properties of a subject, each sorted."""
        return tuple(v for p in predicates for v in sorted(set(self._values.get((subject, p.value), ()))))

    def one(self, subject: str, *predicates: NamedNode) -> str:
        """Return a value of some properties of a subject, or an empty string."""
        return next(iter(self.all(subject, *predicates)), "")

    def number(self, subject: str, predicate: NamedNode) -> int:
        """Return a whole number, or -1 where there is none."""
        text = self.one(subject, predicate)
        return int(text) if re.fullmatch(r"\d{1,12}", text) else -1

    def typed(self, kind: NamedNode) -> list[str]:
        """Return the subjects of a class."""
        return sorted(self._typed.get(kind.value, ()))

    def with_values(self, predicate: NamedNode) -> Iterator[str]:
        """Yield the subjects that have a property."""
        return (subject for subject, used in self._values if used == predicate.value)


def documents(triples: Iterable[Triple]) -> tuple[Document, ...]:
    """Return the source documents that the triples of the source and claim graphs describe."""
    found = _Triples(triples)
    segments = [_segment(found, iri) for iri in found.typed(KG["Sentence"])]
    homes = {segment.iri: found.one(segment.iri, KG["inDocument"]) for segment in segments}
    spans = [_span(found, iri) for iri in found.typed(OA["SpecificResource"])]
    origins = {span.iri: found.one(span.iri, OA["hasSource"]) for span in spans}
    claims = [_claim(found, iri) for iri in sorted(set(found.with_values(KG["hasSourceSpan"])))]
    decisions = [_decision(found, iri) for iri in found.typed(KG["CuratorDecision"])]
    return tuple(
        Document(
            iri,
            _local(iri),
            found.one(iri, DCTERMS["title"]),
            found.one(iri, KG["sha256"]),
            found.number(iri, KG["characterLength"]),
            found.number(iri, KG["byteLength"]),
            tuple(sorted((s for s in segments if homes[s.iri] == iri), key=lambda s: (s.order, s.start))),
            tuple(sorted((s for s in spans if origins[s.iri] == iri), key=lambda s: (s.start, s.end, s.iri))),
            tuple(sorted((c for c in claims if origins.get(c.span) == iri), key=_in_order)),
            tuple(
                sorted((d for d in decisions if any(homes.get(s) == iri for s in d.segments)), key=_decided)
            ),
        )
        for iri in found.typed(KG["SourceDocument"])
    )


def _segment(found: _Triples, iri: str) -> Segment:
    return Segment(
        iri,
        found.one(iri, SKOS["notation"]) or _local(iri),
        found.number(iri, KG["order"]),
        found.one(iri, KG["segmentKind"]),
        found.number(iri, KG["start"]),
        found.number(iri, KG["end"]),
        found.one(iri, KG["sha256"]),
        found.one(iri, KG["setAsideBecause"]),
    )


def _span(found: _Triples, iri: str) -> Span:
    selector = found.one(iri, OA["hasSelector"])
    return Span(
        iri,
        found.one(iri, KG["inSentence"]),
        found.number(selector, OA["start"]),
        found.number(selector, OA["end"]),
        found.one(iri, KG["exactSha256"]),
    )


def _claim(found: _Triples, iri: str) -> Claim:
    return Claim(
        iri,
        iri.removeprefix(CLAIM),
        found.one(iri, RDFS["label"], SKOS["prefLabel"]),
        found.one(iri, KG["hasSourceSpan"]),
        found.all(iri, *(KG[name] for name in _CUES)),
        found.all(iri, KG["hasHedge"]),
        found.all(iri, KG["hasCuratorDecision"]),
    )


def _decision(found: _Triples, iri: str) -> Decision:
    label = found.one(iri, RDFS["label"], SKOS["prefLabel"])
    return Decision(iri, _local(iri), label, found.all(iri, KG["concernsSentence"]))


def _in_order(claim: Claim) -> list[int | str]:
    """Return a key that puts S10-1 behind S9-1."""
    return _natural(claim.name)


def _decided(decision: Decision) -> list[int | str]:
    """Return a key that puts A10 behind A9."""
    return _natural(decision.name)


def _natural(name: str) -> list[int | str]:
    """Return the parts of a name, numbers as numbers; text and numbers alternate, so keys compare."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _local(iri: str) -> str:
    """Return the last part of an IRI."""
    return iri.rsplit("/", 1)[-1]


def _text(term: NamedNode | BlankNode | Literal | Triple) -> str:
    """Return an IRI or lexical form as text."""
    return term.value if isinstance(term, NamedNode | Literal | BlankNode) else str(term)
