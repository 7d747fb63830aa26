"""What the wording checks need of a claim: its words, placed in its segment, and what it speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kg.model.source_documents import CUE_PROPERTIES, SourceDocument, TextSegment
from kg.model.triple_index import TripleIndex
from kg.namespaces import KG, RDFS, SKOS, get_local_name
from kg.texts.lexicon import Interval, fold_phrase, locate_cue

#: property of a hedge's words -> property of the hedge
_HEDGES = {"cue": "hasHedge", "outcomeCue": "outcomeHedge"}
_LABELS = (RDFS["label"], SKOS["prefLabel"], SKOS["altLabel"], SKOS["hiddenLabel"])
_CLAIM_WORDS = (KG["nameGiven"], KG["adviser"], KG["addressee"], KG["datePrinted"], KG["denominatorText"])
_LIMITING = (KG["discounts"], KG["notAimedAt"], KG["concernsOutcome"])
_OFFERING = (KG["offers"], KG["offersToAll"], KG["offersIf"], KG["advisesIf"], KG["reportsPractice"])
_SUPPORTING = (*_OFFERING, KG["jointlyOffers"], KG["hasGoal"])
#: what these link to is named in the span; that of the last two may come from outside the sentence
_NAMED = (
    *_OFFERING,
    *(KG[name] for name in "jointlyOffers hasGoal namesExample names classifies classifiedAs".split()),
    *(_FROM_SCOPE := (KG["exampleClass"], KG["statesProblem"])),
)


@dataclass(frozen=True, slots=True)
class HedgeWording:
    """A hedge: its rank of strength, and the forms in which it is printed, folded."""

    iri: str
    rank: int
    forms: frozenset[str]


@dataclass(frozen=True, slots=True)
class PlacedCue:
    """A cue: the property that carries it, its words, and where the parts of it are in the segment."""

    property: str
    text: str
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class ClaimWording:
    """A claim with its span and cues by their places in the segment's text, and the names of its things."""

    iri: str
    name: str
    start: int
    end: int
    cues: tuple[PlacedCue, ...]
    hedges: Mapping[str, tuple[HedgeWording, ...]]  # property of the words -> hedges that they carry
    polarity: str
    expects: str  # the polarity that its links ask for: positive, neutral, or negative
    concerned: frozenset[str]
    forms: frozenset[str]
    needed: Mapping[str, frozenset[str]]  # thing that the span must name -> its forms
    features: Mapping[str, frozenset[str]]  # feature that the sentence is said to name -> its forms

    def list_hedges(self) -> list[HedgeWording]:
        """Return the hedges of the claim and of its outcome."""
        return [hedge for hedges in self.hedges.values() for hedge in hedges]

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
        labels = (label for each in concepts.list_subjects() for label in concepts.list_texts(each, *_LABELS))
        #: names such as ALL, which are not words of the lexicon
        self.acronyms = frozenset(label for label in labels if label.isupper())

    def read_claims(
        self, document: SourceDocument, segment: TextSegment, text: str, index: TripleIndex
    ) -> list[ClaimWording]:
        """Return the claims of a segment; `text` is the segment's."""
        spans = {span.iri: span for span in document.spans if span.segment == segment.iri}
        return [
            self._read_claim(claim.iri, spans[claim.span].start, spans[claim.span].end, segment, text, index)
            for claim in document.find_claims(segment)
        ]

    def _read_claim(
        self, iri: str, start: int, end: int, segment: TextSegment, text: str, index: TripleIndex
    ) -> ClaimWording:
        start, end = start - segment.start, end - segment.start
        cues = [
            PlacedCue(name, cue, locate_cue(cue, text, start, end))
            for name in CUE_PROPERTIES
            for cue in index.list_texts(iri, KG[name])
        ]
        given = {fold_phrase(name) for name in index.list_texts(iri, KG["nameGiven"])}
        return ClaimWording(
            iri,
            get_local_name(iri),
            start,
            end,
            tuple(cues),
            {
                words: tuple(self.hedges[h] for h in index.list_texts(iri, KG[link]) if h in self.hedges)
                for words, link in _HEDGES.items()
            },
            get_local_name(index.get_text(iri, KG["polarity"]) or "none"),
            self._derive_polarity(iri, index),
            frozenset(index.list_texts(iri, KG["concerns"])),
            frozenset(self._collect_forms(iri, index)),
            self._collect_needed(iri, given, index),
            {
                feature: self.find_forms(feature)
                for feature in index.list_texts(iri, KG["featureFromSentence"])
            },
        )

    def _read_hedge(self, iri: str) -> HedgeWording:
        forms = set(map(fold_phrase, self._concepts.list_texts(iri, KG["printedAs"])))
        rank = self._concepts.parse_number(iri, KG["strengthRank"])
        return HedgeWording(iri, rank, frozenset(forms | self._printed_forms.get(iri, set())))

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
