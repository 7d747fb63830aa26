"""The source beside the graph: segments with their claims, and the reader's own copy where there is one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from kg.views.margins import ClaimBar, ClaimRange, DepthRun, lay_out_bars, measure_depths, weakest_level
from kg.views.reading import PageQueryReader, QueryRow, cell_number, cell_text, terms_in_rows
from kg.views.statements import ClaimStatement, group_claim_facts, make_statement
from kg.views.terms import TermRef
from kg.views.text_map import TextMap, draw_text_map


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A run of a sentence under the same claims; text only from the reader's own copy."""

    text: str
    claims: tuple[str, ...]
    words: str
    level: str
    negative: bool


@dataclass(frozen=True, slots=True)
class SourceSegment:
    """A segment of the text with its place, its claims and, with a copy, its words."""

    name: str
    ref: TermRef
    kind: str
    line: int
    start: int
    end: int
    set_aside: str
    claims: tuple[ClaimStatement, ...]
    bars: tuple[ClaimBar, ...]
    pieces: tuple[TextPiece, ...]

    @property
    def lanes(self) -> int:
        """Return how many bars stand side by side at most."""
        return max((bar.lane + 1 for bar in self.bars), default=0)


@dataclass(frozen=True, slots=True)
class SourceParagraph:
    """The segments that stand on one line of the text."""

    line: int
    heading: bool
    segments: tuple[SourceSegment, ...]


@dataclass(frozen=True, slots=True)
class SourcePage:
    """The document, its segments in order, and how much of it the claims cover."""

    document: TermRef
    documents: tuple[TermRef, ...]
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
    depths: tuple[DepthRun, ...]
    map: TextMap
    paragraphs: tuple[SourceParagraph, ...]

    @property
    def share(self) -> float:
        """Return the share of characters inside spans, in percent."""
        return round(100 * self.covered / self.characters, 1) if self.characters else 0.0


def source_page(reader: PageQueryReader, document: str = "", copy: Path | None = None) -> SourcePage | None:
    """Return the page of a source document (the first one by default), or None when there is none."""
    documents = reader.select_rows("documents")
    chosen = next(
        (row for row in documents if not document or cell_text(row, "document").endswith("/" + document)),
        None,
    )
    if chosen is None:
        return None
    iri = cell_text(chosen, "document")
    rows = [row for row in reader.select_rows("source-sentences") if cell_text(row, "document") == iri]
    said = reader.select_rows("claims-all")
    naming = reader.load_labels(
        terms_in_rows(said) | terms_in_rows(rows) | {row["document"] for row in documents}
    )
    claims = {facts.claim.value: make_statement(facts, naming) for facts in group_claim_facts(said)}
    spans = _ranges_by_sentence(reader)
    words, problem = _read_copy(copy, cell_text(chosen, "sha256"))
    segments = [_make_segment(row, spans, claims, naming.ref(row["sentence"]), words) for row in rows]
    ranges = [span for segment in segments for span in spans.get(segment.ref.iri, ())]
    return SourcePage(
        document=naming.ref(chosen["document"]),
        documents=tuple(naming.ref(row["document"]) for row in documents),
        title=cell_text(chosen, "title"),
        kind="document",
        revised=cell_text(chosen, "revised"),
        reviewed=cell_text(chosen, "reviewed"),
        characters=cell_number(chosen, "characters"),
        covered=_count_covered(ranges),
        open_segments=sum(1 for segment in segments if not segment.claims and not segment.set_aside),
        claim_count=len({claim.iri for segment in segments for claim in segment.claims}),
        text_shown=bool(words),
        text_problem=problem,
        depths=measure_depths(cell_number(chosen, "characters"), ranges),
        map=draw_text_map([claim for segment in segments for claim in segment.claims]),
        paragraphs=_group_paragraphs(segments),
    )


def _ranges_by_sentence(reader: PageQueryReader) -> Mapping[str, list[ClaimRange]]:
    """Return (start, end, claim) by sentence."""
    found: dict[str, list[ClaimRange]] = defaultdict(list)
    for row in reader.select_rows("source-spans"):
        span = (cell_number(row, "start"), cell_number(row, "end"), cell_text(row, "claim"))
        found[cell_text(row, "sentence")].append(span)
    return found


def _read_copy(path: Path | None, sha256: str) -> tuple[str, str]:
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


def _make_segment(
    row: QueryRow,
    ranges: Mapping[str, list[ClaimRange]],
    claims: Mapping[str, ClaimStatement],
    ref: TermRef,
    words: str,
) -> SourceSegment:
    start, end = cell_number(row, "start"), cell_number(row, "end")
    own = sorted(ranges.get(ref.iri, ()), key=lambda span: span[2])
    said = tuple(claims[span[2]] for span in own if span[2] in claims)
    return SourceSegment(
        name=cell_text(row, "number") or ref.iri.rsplit("/", 1)[-1],
        ref=ref,
        kind=cell_text(row, "kind"),
        line=cell_number(row, "line"),
        start=start,
        end=end,
        set_aside=cell_text(row, "reason"),
        claims=said,
        bars=lay_out_bars(start, end, own, claims),
        pieces=tuple(_split_segment(words, start, end, own, claims)) if words else (),
    )


def _split_segment(
    words: str, start: int, end: int, ranges: Sequence[ClaimRange], claims: Mapping[str, ClaimStatement]
) -> list[TextPiece]:
    """Return the segment cut wherever a span begins or ends, so that overlapping claims stay apart."""
    cuts = sorted({start, end, *(cut for span in ranges for cut in span[:2] if start < cut < end)})
    pieces = []
    for left, right in pairwise(cuts):
        over = [
            claims[claim]
            for begin, stop, claim in ranges
            if begin <= left and right <= stop and claim in claims
        ]
        pieces.append(_make_piece(words[left:right], over))
    return pieces


def _make_piece(words: str, claims: Sequence[ClaimStatement]) -> TextPiece:
    hedges = dict.fromkeys(hedge.label for claim in claims for hedge in claim.hedges)
    names = tuple(claim.name for claim in claims)
    return TextPiece(words, names, ", ".join(hedges), weakest_level(claims), any(c.negative for c in claims))


def _count_covered(ranges: Sequence[ClaimRange]) -> int:
    """Return how many characters lie in at least one span."""
    covered, reached = 0, 0
    for start, end, _claim in sorted(ranges):
        covered += max(0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def _group_paragraphs(segments: Sequence[SourceSegment]) -> tuple[SourceParagraph, ...]:
    lines: dict[int, list[SourceSegment]] = defaultdict(list)
    for segment in segments:
        lines[segment.line or segment.start].append(segment)
    return tuple(
        SourceParagraph(line, all(segment.kind.startswith("heading") for segment in found), tuple(found))
        for line, found in lines.items()
    )
