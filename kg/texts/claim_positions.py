"""Where the words of a claim stand: from the numbers a curator writes to positions, hashes and places.

A claim says `kg:atWords "3-7"` (without it, all of the segment it is named for), `kg:governorAt "S54 1-6"`.
With the text, this gives a row a span, kept in `data/sources/<document>/spans.tsv`: a build needs no text.
A row for a feature of the claim's situation is where the text names it, nearest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kg.model.triple_index import TripleIndex
from kg.namespaces import CLAIM, KG, compress_iri
from kg.texts.claim_wording import WordingReader
from kg.texts.lexicon import find_whole_forms
from kg.texts.segmentation import SegmentRow, hash_text, locate_words

ITEM, GOVERNOR = "item", "governor"
#: place of a feature -> the property of the claim that says so, without its namespace
FEATURE_PLACES = {
    "sentence": "featureFromSentence",
    "lead-in": "featureFromLeadIn",
    "paragraph": "featureFromParagraph",
    "paragraph before": "featureFromParagraphBefore",
    "heading": "featureFromHeading",
    "document": "featureFromDocument",
}
_PARAGRAPH_KINDS = frozenset({"sentence", "lead-in", "list item"})


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A span of a claim: its role, the place as written or found, code points and hash.

    The role is `item`, `governor`, or the CURIE of a feature that these words name.
    """

    claim: str
    role: str
    place: str
    start: int
    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LocatedClaim:
    """The rows of a claim, or a sentence on what is wrong with the numbers it gives."""

    iri: str
    rows: tuple[SpanRow, ...]
    problem: str = ""


def name_segment_of(claim_iri: str) -> str:
    """Return the segment that a claim is named after: `S07` for `S07-1`."""
    return claim_iri.removeprefix(CLAIM).rpartition("-")[0]


def list_written_spans(index: TripleIndex, claim: str) -> list[tuple[str, str]]:
    """Return the roles and places of a claim's spans as its file gives them."""
    return [
        (ITEM, index.get_text(claim, KG["atWords"])),
        *((GOVERNOR, place) for place in index.list_texts(claim, KG["governorAt"])),
    ]


class ClaimLocator:
    """Places the claims of one document in its text."""

    def __init__(self, segments: Sequence[SegmentRow], text: str, reader: WordingReader) -> None:
        self._segments = list(segments)
        self._order = {segment.segment: number for number, segment in enumerate(segments)}
        self._text = text
        self._reader = reader

    def locate_claims(
        self, claims: TripleIndex, concepts: TripleIndex, iris: Iterable[str]
    ) -> Iterator[LocatedClaim]:
        """Yield the spans of claims, each with the places of those features that its file does not place."""
        written = [KG[name] for name in FEATURE_PLACES.values()]
        for iri in iris:
            try:
                rows = [self._locate_span(iri, *span) for span in list_written_spans(claims, iri)]
            except ValueError as error:
                yield LocatedClaim(iri, (), str(error))
                continue
            situations = claims.list_iris(iri, KG["appliesTo"])
            features = {f for s in situations for f in concepts.list_texts(s, KG["hasFeature"])}
            features -= set(claims.list_texts(iri, *written))
            led_by = [row.place.partition(" ")[0] for row in rows if row.role == GOVERNOR]
            named = [self._locate_feature(iri, feature, led_by) for feature in sorted(features)]
            yield LocatedClaim(iri, (*rows, *filter(None, named)))

    def _locate_span(self, iri: str, role: str, place: str) -> SpanRow:
        """Return the row of a span; raises ValueError when the place is not in the text."""
        name, words = (name_segment_of(iri), place) if role == ITEM else place.partition(" ")[::2]
        if name not in self._order:
            raise ValueError(f"the text has no segment {name}")
        segment = self._segments[self._order[name]]
        start, end = locate_words(self._text[segment.start : segment.end], words)
        return self._make_row(iri, role, place, segment.start + start, segment.start + end)

    def _make_row(self, iri: str, role: str, place: str, start: int, end: int) -> SpanRow:
        name = iri.removeprefix(CLAIM)
        return SpanRow(name, role, place, start, end - start, hash_text(self._text[start:end]))

    def _locate_feature(self, iri: str, feature: str, led_by: list[str]) -> SpanRow | None:
        """Return the nearest words that name a feature, or None."""
        forms = self._reader.find_forms(feature)
        for place, segment in self._list_places(self._order[name_segment_of(iri)], led_by):
            found = find_whole_forms(forms, self._text[segment.start : segment.end])
            if found:
                start, end = min(found)
                role = compress_iri(feature)
                return self._make_row(iri, role, place, segment.start + start, segment.start + end)
        return None

    def _list_places(self, number: int, led_by: list[str]) -> Iterator[tuple[str, SegmentRow]]:
        """Yield the segments that may supply a feature to the segment of a number, the nearest first."""
        own, before = self._segments[number], self._segments[:number][::-1]
        yield "sentence", own
        yield from (("lead-in", self._segments[self._order[name]]) for name in led_by)
        yield from (("paragraph", segment) for segment in before if segment.line == own.line)
        earlier = [s for s in before if s.line < own.line and s.kind in _PARAGRAPH_KINDS]
        yield from (("paragraph before", s) for s in earlier if s.line == earlier[0].line)
        yield from (("heading", s) for s in before[:-1] if s.kind.startswith("heading"))
        yield "document", self._segments[0]
