"""The source beside the graph: segments with their claims, and the reader's own copy where there is one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from kg.views.margins import Bar, Span, Stretch, bars, depths, weakest_level
from kg.views.reading import Reader, Row, number, terms_of, text
from kg.views.statements import Statement, claim_facts, statement
from kg.views.terms import Ref
from kg.views.text_map import TextMap, text_map


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a sentence under the same claims; text only from the reader's own copy."""

    text: str
    claims: tuple[str, ...]
    words: str
    level: str
    negative: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of the text with its place, its claims and, with a copy, its words."""

    name: str
    ref: Ref
    kind: str
    line: int
    start: int
    end: int
    set_aside: str
    claims: tuple[Statement, ...]
    bars: tuple[Bar, ...]
    pieces: tuple[Piece, ...]

    @property
    def lanes(self) -> int:
        """Return how many bars stand side by side at most."""
        return max((bar.lane + 1 for bar in self.bars), default=0)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The segments that stand on one line of the text."""

    line: int
    heading: bool
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class SourcePage:
    """The document, its segments in order, and how much of it the claims cover."""

    document: Ref
    documents: tuple[Ref, ...]
    title: str
    kind: str
    revised: str
    reviewed: str
    characters: int
    covered: int
    open_segments: int
    claim_count: int
    text_shown: bool
    text_problem: str
    depths: tuple[Stretch, ...]
    map: TextMap
    paragraphs: tuple[Paragraph, ...]

    @property
    def share(self) -> float:
        """Return the share of characters inside spans, in percent."""
        return round(100 * self.covered / self.characters, 1) if self.characters else 0.0


def source_page(reader: Reader, document: str = "", copy: Path | None = None) -> SourcePage | None:
    """Return the page of a source document (the first one by default), or None when there is none."""
    documents = reader.rows("documents")
    chosen = next(
        (row for row in documents if not document or text(row, "document").endswith("/" + document)), None
    )
    if chosen is None:
        return None
    iri = text(chosen, "document")
    rows = [row for row in reader.rows("source-sentences") if text(row, "document") == iri]
    said = reader.rows("claims-all")
    naming = reader.naming(terms_of(said) | terms_of(rows) | {row["document"] for row in documents})
    claims = {facts.claim.value: statement(facts, naming) for facts in claim_facts(said)}
    spans = _spans(reader)
    words, problem = _copy(copy, text(chosen, "sha256"))
    segments = [_segment(row, spans, claims, naming.ref(row["sentence"]), words) for row in rows]
    ranges = [span for segment in segments for span in spans.get(segment.ref.iri, ())]
    return SourcePage(
        document=naming.ref(chosen["document"]),
        documents=tuple(naming.ref(row["document"]) for row in documents),
        title=text(chosen, "title"),
        kind="document",
        revised=text(chosen, "revised"),
        reviewed=text(chosen, "reviewed"),
        characters=number(chosen, "characters"),
        covered=_covered(ranges),
        open_segments=sum(1 for segment in segments if not segment.claims and not segment.set_aside),
        claim_count=len({claim.iri for segment in segments for claim in segment.claims}),
        text_shown=bool(words),
        text_problem=problem,
        depths=depths(number(chosen, "characters"), ranges),
        map=text_map([claim for segment in segments for claim in segment.claims]),
        paragraphs=_paragraphs(segments),
    )


def _spans(reader: Reader) -> Mapping[str, list[Span]]:
    """Return (start, end, claim) by sentence."""
    found: dict[str, list[Span]] = defaultdict(list)
    for row in reader.rows("source-spans"):
        span = (number(row, "start"), number(row, "end"), text(row, "claim"))
        found[text(row, "sentence")].append(span)
    return found


def _copy(path: Path | None, sha256: str) -> tuple[str, str]:
    """Return the text of the reader's copy, or why it is not shown."""
    if path is None:
        return "", ""
    try:
        content = path.read_bytes()
    except OSError as error:
        return "", f"The copy named by KG_SOURCE_TEXT cannot be read: {error.strerror}."
    if hashlib.sha256(content).hexdigest() != sha256:
        return (
            "",
            "The copy named by KG_SOURCE_TEXT is not the text the claims were taken from; "
            "run kg coverage to see where it differs.",
        )
    return content.decode("utf-8"), ""


def _segment(
    row: Row, spans: Mapping[str, list[Span]], claims: Mapping[str, Statement], ref: Ref, words: str
) -> Segment:
    start, end = number(row, "start"), number(row, "end")
    own = sorted(spans.get(ref.iri, ()), key=lambda span: span[2])
    said = tuple(claims[span[2]] for span in own if span[2] in claims)
    return Segment(
        name=text(row, "number") or ref.iri.rsplit("/", 1)[-1],
        ref=ref,
        kind=text(row, "kind"),
        line=number(row, "line"),
        start=start,
        end=end,
        set_aside=text(row, "reason"),
        claims=said,
        bars=bars(start, end, own, claims),
        pieces=tuple(_pieces(words, start, end, own, claims)) if words else (),
    )


def _pieces(
    words: str, start: int, end: int, spans: Sequence[Span], claims: Mapping[str, Statement]
) -> list[Piece]:
    """Return the segment cut wherever a span begins or ends, so that overlapping claims stay apart."""
    cuts = sorted({start, end, *(cut for span in spans for cut in span[:2] if start < cut < end)})
    pieces = []
    for left, right in pairwise(cuts):
        over = [
            claims[claim]
            for begin, stop, claim in spans
            if begin <= left and right <= stop and claim in claims
        ]
        pieces.append(_piece(words[left:right], over))
    return pieces


def _piece(words: str, over: Sequence[Statement]) -> Piece:
    hedges = dict.fromkeys(hedge.label for claim in over for hedge in claim.hedges)
    names = tuple(claim.name for claim in over)
    return Piece(words, names, ", ".join(hedges), weakest_level(over), any(c.negative for c in over))


def _covered(spans: Sequence[Span]) -> int:
    """Return how many characters lie in at least one span."""
    covered, reached = 0, 0
    for start, end, _claim in sorted(spans):
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def _paragraphs(segments: Sequence[Segment]) -> tuple[Paragraph, ...]:
    lines: dict[int, list[Segment]] = defaultdict(list)
    for segment in segments:
        lines[segment.line or segment.start].append(segment)
    return tuple(
        Paragraph(line, all(segment.kind.startswith("heading") for segment in found), tuple(found))
        for line, found in lines.items()
    )
