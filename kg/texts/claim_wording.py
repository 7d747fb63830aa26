"""What the wording checks need of a claim: its words, placed in its segment, and what it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kg.model.source_documents import (
    CUE_PROPERTIES,
    SourceClaim,
    SourceDocument,
    SourceSpan,
    TextSegment,
)
from kg.model.triple_index import TripleIndex
from kg.namespaces import KG, PREFIXES, RDFS, SKOS, get_local_name
from kg.texts.lexicon import Interval, find_whole_forms, fold_phrase, locate_cue

#: property of a hedge's words -> property of the hedge
_HEDGES = {"cue": "hasHedge", "outcomeCue": "outcomeHedge"}
_LABELS = (RDFS["label"], SKOS["prefLabel"], SKOS["altLabel"], SKOS["hiddenLabel"])
_CLAIM_WORDS = (KG["nameGiven"], KG["adviser"], KG["addressee"], KG["datePrinted"], KG["denominatorText"])
_LIMITING = (KG["discounts"], KG["notAimedAt"], KG["concernsOutcome"])
_OFFERING = (KG["offers"], KG["offersToAll"], KG["offersIf"], KG["advisesIf"], KG["reportsPractice"])
_SUPPORTING = (*_OFFERING, KG["jointlyOffers"], KG["hasGoal"])
#: what ties an intervention to the situation of a claim
_LINKS = (*_OFFERING, KG["jointlyOffers"], KG["discounts"], KG["reportsStudy"])
#: what these link to is named in a span; that of the last ones may come from outside the sentence
_NAMED = (
    *_OFFERING,
    *(KG[name] for name in "jointlyOffers hasGoal namesExample names classifies classifiedAs".split()),
    *(KG[name] for name in "reportsStudy reportsTest riskFactor dependsOnVariable".split()),
    *(_FROM_SCOPE := tuple(KG[name] for name in "exampleClass statesProblem riskOf dependent".split())),
)
_ARTICLE = re.compile(r" (a|an|the)$")
#: how a segment stands to a claim: it holds its source span, or words that govern it, or says it again
SOURCE, GOVERNING, RESTATED = "source", "governing", "restated"


@dataclass(frozen=True, slots=True)
class HedgeWording:
    """A hedge: its rank of strength, the forms in which it is printed, folded, and the links that it fits."""

    iri: str
    rank: int
    forms: frozenset[str]
    links: frozenset[str]


@dataclass(frozen=True, slots=True)
class PlacedCue:
    """A cue: the property that carries it, its words, and where the parts of it are in the segment."""

    property: str
    text: str
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class ClaimWording:
    """A claim as one segment holds it: span and cues by their places there, and the names of its things.

    `role` is how the segment stands to the claim; a cue that is elsewhere has no place. `quotes` are the
    words of all spans of the claim, `lead_ins` those of the segments that govern it.
    """

    iri: str
    name: str
    role: str
    start: int
    end: int
    quotes: tuple[str, ...]
    lead_ins: tuple[str, ...]
    cues: tuple[PlacedCue, ...]
    hedges: Mapping[str, tuple[HedgeWording, ...]]  # property of the words -> hedges that they carry
    polarity: str
    expects: str  # the polarity that its links ask for: positive, neutral, or negative
    concerned: frozenset[str]
    forms: frozenset[str]
    links: Mapping[str, str]  # intervention -> local name of the property that links it
    needed: Mapping[str, frozenset[str]]  # thing that the spans must name -> its forms
    features: Mapping[str, frozenset[str]]  # feature that the sentence is said to name -> its forms
    led_features: Mapping[str, frozenset[str]]  # feature that a lead-in is said to name -> its forms

    def list_hedges(self) -> list[HedgeWording]:
        """Return the hedges of the claim and of its outcome."""
        return [hedge for hedges in self.hedges.values() for hedge in hedges]

    def find_places(self, forms: Iterable[str]) -> list[tuple[int, int, int]]:
        """Return where the spans have some forms: the number of the span, start and end in it."""
        return [
            (number, *place)
            for number, quote in enumerate(self.quotes)
            for place in find_whole_forms(forms, quote)
        ]

    def covers(self, interval: Interval) -> bool:
        """Return whether an interval is in the span."""
        return self.start <= interval[0] and interval[1] <= self.end

    def takes(self, interval: Interval, properties: Iterable[str] = CUE_PROPERTIES) -> bool:
        """Return whether a cue of the claim, of one of some properties, takes all of an interval."""
        return any(
            start <= interval[0] and interval[1] <= end
            for cue in self.cues
            if cue.property in properties
            for start, end in cue.intervals
        )


@dataclass(frozen=True, slots=True)
class WordingExcuse:
    """A curator's reason why no cue takes some words of a sentence; for some of its claims."""

    iri: str
    segment: str
    claims: tuple[str, ...]
    words: str
    reason: str


class WordingReader:
    """Reads claims from the triples of claims and sources; names and hedges from those of the concepts."""

    def __init__(self, concepts: TripleIndex, printed_forms: Mapping[str, set[str]]) -> None:
        self._concepts = concepts
        self._printed_forms = printed_forms
        self._forms: dict[str, frozenset[str]] = {}
        self.hedges = {iri: self._read_hedge(iri) for iri in concepts.list_subjects_with(KG["strengthRank"])}
        #: intervention -> its forms
        self.interventions = {
            iri: forms for iri in concepts.list_subjects(PREFIXES["int"]) if (forms := self.find_forms(iri))
        }
        labels = (label for each in concepts.list_subjects() for label in concepts.list_texts(each, *_LABELS))
        #: names in capitals, which are not words of the lexicon
        self.acronyms = frozenset(label for label in labels if label.isupper())

    def read_claims(
        self, document: SourceDocument, segment: TextSegment, text: str, index: TripleIndex
    ) -> list[ClaimWording]:
        """Return the claims of a segment, one for each way in which it has the claim's words."""
        return [
            self._read_claim(
                claim, role, (start - segment.start, end - segment.start), segment, document, text, index
            )
            for claim in document.find_claims(segment)
            for role, start, end in _list_places(document, claim, segment)
        ]

    def _read_claim(
        self,
        claim: SourceClaim,
        role: str,
        place: Interval,
        segment: TextSegment,
        document: SourceDocument,
        text: str,
        index: TripleIndex,
    ) -> ClaimWording:
        iri, words = claim.iri, text[segment.start : segment.end]
        cues = [
            PlacedCue(name, cue, locate_cue(cue, words, *place))
            for name in CUE_PROPERTIES
            for cue in index.list_texts(iri, KG[name])
        ]
        given = {fold_phrase(name) for name in index.list_texts(iri, KG["nameGiven"])}
        governing = document.find_governing_spans(claim)
        spans = (*filter(None, (document.find_span(claim),)), *governing)
        governors = {span.segment for span in governing}
        return ClaimWording(
            iri,
            get_local_name(iri),
            role,
            *place,
            tuple(text[span.start : span.end] for span in spans),
            tuple(text[s.start : s.end] for s in document.segments if s.iri in governors),
            tuple(cues),
            {
                words: tuple(self.hedges[h] for h in index.list_texts(iri, KG[link]) if h in self.hedges)
                for words, link in _HEDGES.items()
            },
            get_local_name(index.get_text(iri, KG["polarity"]) or "none"),
            self._derive_polarity(iri, index),
            frozenset(index.list_texts(iri, KG["concerns"])),
            frozenset(self._collect_forms(iri, index)),
            {thing.value: get_local_name(p.value) for p in _LINKS for thing in index.list_iris(iri, p)},
            self._collect_needed(iri, given, index),
            *(
                {feature: self.find_forms(feature) for feature in index.list_texts(iri, KG[place])}
                for place in ("featureFromSentence", "featureFromLeadIn")
            ),
        )

    def _read_hedge(self, iri: str) -> HedgeWording:
        forms = set(map(fold_phrase, self._concepts.list_texts(iri, KG["printedAs"])))
        rank = self._concepts.parse_number(iri, KG["strengthRank"])
        links = frozenset(map(get_local_name, self._concepts.list_texts(iri, KG["fitsLink"])))
        return HedgeWording(iri, rank, frozenset(forms | self._printed_forms.get(iri, set())), links)

    def _derive_polarity(self, iri: str, index: TripleIndex) -> str:
        if any(index.list_texts(iri, *_LIMITING)):
            return "negative"
        return "positive" if any(index.list_texts(iri, *_SUPPORTING)) else "neutral"

    def _collect_forms(self, iri: str, index: TripleIndex) -> set[str]:
        """Return the forms of all that a claim speaks of: its objects, the features of its situation."""
        things = {thing for thing in index.list_linked(iri) if thing not in self.hedges}
        for thing in tuple(things):
            linked = ("hasFeature", "featureOfDisease", "featureOfProblem")
            things.update(self._concepts.list_texts(thing, *(KG[name] for name in linked)))
        forms = {form for thing in things for form in self.find_forms(thing)}
        return forms | {fold_phrase(word) for word in index.list_texts(iri, *_CLAIM_WORDS)}

    def _collect_needed(self, iri: str, given: set[str], index: TripleIndex) -> dict[str, frozenset[str]]:
        """Return what the span must name, with its forms; a name given is not a form of what it names."""
        elsewhere = set(_FROM_SCOPE if index.get_text(iri, KG["scopeBasis"]) != KG["sentence"].value else ())
        if index.list_texts(iri, KG["goalFromScope"]):
            elsewhere.add(KG["hasGoal"])
        return {
            thing.value: frozenset(
                form for form in self.find_forms(thing.value) if not any(form in name for name in given)
            )
            for link in set(_NAMED) - elsewhere
            for thing in index.list_iris(iri, link)
        }

    def find_forms(self, iri: str) -> frozenset[str]:
        """Return the labels of a thing and the forms in which a text prints it, folded."""
        if iri not in self._forms:
            labels = {fold_phrase(label) for label in self._concepts.list_texts(iri, *_LABELS)}
            self._forms[iri] = frozenset(labels | self._printed_forms.get(iri, set()))
        return self._forms[iri]

    def find_enclosing_name(self, claim: ClaimWording, thing: str) -> str:
        """Return the intervention whose longer name holds each place where a claim names a thing, or ""."""
        own = self.interventions.get(thing, frozenset())
        longer = {
            other: claim.find_places(
                form for form in forms if any(name != form and name in form for name in own)
            )
            for other, forms in self.interventions.items()
            if other not in claim.links
        }
        holders = [
            {other for other, places in longer.items() if any(_holds(place, named) for place in places)}
            for named in claim.find_places(own)
        ]
        return min(set.intersection(*holders), default="") if holders else ""

    def find_hedge_before(self, claim: ClaimWording, thing: str) -> str:
        """Return the hedge right behind whose words a thing stands, if no such hedge fits its link, or ""."""
        found = [
            self._read_hedges_before(claim.quotes[number][:start])
            for number, start, _ in claim.find_places(self.interventions.get(thing, ()))
        ]
        fits = (not hedges or any(claim.links[thing] in hedge.links for hedge in hedges) for hedges in found)
        return found[0][0].iri if found and not any(fits) else ""

    def _read_hedges_before(self, words: str) -> list[HedgeWording]:
        """Return the hedges with the longest form, of several words, that some words end with."""
        folded = _ARTICLE.sub("", f" {fold_phrase(words)}")
        found = [
            (len(form), hedge)
            for hedge in self.hedges.values()
            for form in hedge.forms
            if hedge.links and " " in form and folded.endswith(f" {form}")
        ]
        longest = max((length for length, _ in found), default=0)
        return [hedge for length, hedge in found if length == longest]


def _holds(place: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Return whether a place of a span holds another, and more words."""
    return place != other and place[0] == other[0] and place[1] <= other[1] and other[2] <= place[2]


def _list_places(
    document: SourceDocument, claim: SourceClaim, segment: TextSegment
) -> list[tuple[str, int, int]]:
    """Return how a segment stands to a claim, and its words that do: role, start and end in the text."""
    source = document.find_span(claim)
    spans: list[tuple[str, SourceSpan]] = [(SOURCE, source)] if source else []
    spans += [(GOVERNING, span) for span in document.find_governing_spans(claim)]
    places = [(role, span.start, span.end) for role, span in spans if span.segment == segment.iri]
    return places or [(RESTATED, segment.start, segment.end)]


def read_excuses(index: TripleIndex) -> list[WordingExcuse]:
    """Return the excuses among the triples of a source graph."""
    return [
        WordingExcuse(
            iri,
            index.get_text(iri, KG["concernsSentence"]),
            tuple(index.list_texts(iri, KG["excusedFor"])),
            index.get_text(iri, KG["excusesWord"]),
            index.get_text(iri, KG["excusedBecause"]),
        )
        for iri in index.list_instances(KG["WordingExcuse"])
    ]
