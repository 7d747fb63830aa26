"""The source page: a text segment by segment beside its claims, and the same claims as a map.

Positions are code points [start, end) of the document. The words of the text come only from the reader's own
copy, whose sha256 must be that of the document.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from kg.pages.page_queries import PageQueryReader, QueryRow, cell_number, cell_text, terms_in_rows
from kg.pages.statements import ClaimStatement, group_claim_facts, make_statement
from kg.pages.term_refs import TermRef, find_weakest_hedge
from kg.text_files import list_text_files

#: start, end and IRI of a claim: code points [start, end) of the document
ClaimRange = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class ClaimBar:
    """One claim in the margin of its sentence: from and to in percent, in a lane free of overlap."""

    claim: str
    level: str
    negative: bool
    lane: int
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class DepthRun:
    """A run of the text under the same number of claims."""

    start: int
    length: int
    depth: int


def lay_out_bars(
    start: int, end: int, spans: Iterable[ClaimRange], claims: Mapping[str, ClaimStatement]
) -> tuple[ClaimBar, ...]:
    """Return a bar for each claim of the sentence [start, end); overlapping ones stand side by side.

    Greedy: in the order of their starts, each claim takes the first lane that is free there. So there are no
    more lanes than claims overlap at any one place.
    """
    lane_ends: list[int] = []
    bars = []
    for left, right, claim in sorted(spans, key=lambda span: (span[0], -span[1], span[2])):
        if claim not in claims:
            continue
        lane = next((lane for lane, until in enumerate(lane_ends) if until <= left), len(lane_ends))
        lane_ends[lane : lane + 1] = [right]
        inside = (min(max(at, start), end) - start for at in (left, right))
        edges = (round(100 * at / (end - start), 1) for at in inside)
        statement = claims[claim]
        bars.append(ClaimBar(statement.name, _weakest_level([statement]), statement.negative, lane, *edges))
    return tuple(bars)


def measure_depths(characters: int, spans: Sequence[ClaimRange]) -> tuple[DepthRun, ...]:
    """Return the whole text as runs, each with the number of claims over it."""
    cuts = sorted({0, characters, *(cut for span in spans for cut in span[:2] if 0 < cut < characters)})
    return tuple(
        DepthRun(left, right - left, sum(1 for begin, stop, _ in spans if begin <= left and right <= stop))
        for left, right in pairwise(cuts)
    )


def _weakest_level(claims: Iterable[ClaimStatement]) -> str:
    """Return the level of the weakest hedge among some claims; "" where none has a hedge."""
    weakest = find_weakest_hedge(hedge for claim in claims for hedge in claim.hedges)
    return weakest.level if weakest else ""


#: shift of a limit's line, in percent of the map, so that it does not hide the offer it limits
_LIMIT_OFFSET = 1.1


@dataclass(frozen=True, slots=True)
class MapEntry:
    """A thing on the map, the claims that speak of it, and the sentences they stand in."""

    ref: TermRef
    claims: tuple[str, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapLine:
    """A claim from one side to the other; heights in percent of the map."""

    claim: str
    level: str
    negative: bool
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class TextMap:
    """Both sides in the order of the text, and the lines between them."""

    left: tuple[MapEntry, ...]
    right: tuple[MapEntry, ...]
    lines: tuple[MapLine, ...]


def draw_text_map(statements: Sequence[ClaimStatement]) -> TextMap:
    """Return the map of the claims of a text, which come in the order of the text."""
    left = _map_entries(statements, lambda claim: claim.interventions)
    right = _map_entries(statements, lambda claim: (*claim.situations, *claim.problems))
    return TextMap(left, right, tuple(_map_lines(statements, _entry_heights(left), _entry_heights(right))))


def _map_entries(
    statements: Iterable[ClaimStatement], refs_of: Callable[[ClaimStatement], Iterable[TermRef]]
) -> tuple[MapEntry, ...]:
    claims_by_iri: dict[str, tuple[TermRef, list[ClaimStatement]]] = {}
    for claim in statements:
        for ref in refs_of(claim):
            claims_by_iri.setdefault(ref.iri, (ref, []))[1].append(claim)
    entries = []
    for ref, claims in claims_by_iri.values():
        names = dict.fromkeys(claim.name for claim in claims)
        sentences = dict.fromkeys(claim.sentence.label for claim in claims if claim.sentence)
        entries.append(MapEntry(ref, tuple(names), tuple(sentences)))
    return tuple(entries)


def _entry_heights(entries: Sequence[MapEntry]) -> dict[str, float]:
    """Return the height of each entry in percent; both sides spread over the same height."""
    return {entry.ref.iri: round(100 * (at + 0.5) / len(entries), 2) for at, entry in enumerate(entries)}


def _map_lines(
    statements: Iterable[ClaimStatement], left: dict[str, float], right: dict[str, float]
) -> Iterator[MapLine]:
    for claim in statements:
        for thing in claim.interventions:
            for target in claim.problems or claim.situations:
                shift = _LIMIT_OFFSET if claim.negative else 0.0
                ends = round(left[thing.iri] + shift, 2), round(right[target.iri] + shift, 2)
                yield MapLine(claim.name, _weakest_level([claim]), claim.negative, *ends)


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
    ending = f"/{document}" if document else ""
    chosen = next((row for row in documents if cell_text(row, "document").endswith(ending)), None)
    if chosen is None:
        return None
    rows = reader.select_rows("source-sentences", document=[chosen["document"]])
    span_rows = reader.select_rows("source-spans", document=[chosen["document"]])
    cited = sorted({row["claim"] for row in span_rows}, key=str)
    claim_rows = reader.select_rows("claims", claim=cited) if cited else []
    named_documents = {row["document"] for row in documents}
    naming = reader.load_labels(terms_in_rows(claim_rows) | terms_in_rows(rows) | named_documents)
    claims = {facts.claim.value: make_statement(facts, naming) for facts in group_claim_facts(claim_rows)}
    spans = _ranges_by_sentence(span_rows)
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


def _ranges_by_sentence(rows: Iterable[QueryRow]) -> Mapping[str, list[ClaimRange]]:
    ranges: dict[str, list[ClaimRange]] = defaultdict(list)
    for row in rows:
        claim_range = (cell_number(row, "start"), cell_number(row, "end"), cell_text(row, "claim"))
        ranges[cell_text(row, "sentence")].append(claim_range)
    return ranges


def _read_copy(path: Path | None, sha256: str) -> tuple[str, str]:
    """Return the text of the reader's copy and "", or "" and why the copy is not shown."""
    if path is None:
        return "", ""
    for file in list_text_files(path):
        try:
            content = file.read_bytes()
        except OSError as error:
            return "", f"The copy named by KG_SOURCE_TEXT cannot be read: {error.strerror}."
        if hashlib.sha256(content).hexdigest() == sha256:
            return content.decode("utf-8"), ""
    problem = "The copy named by KG_SOURCE_TEXT is not the text the claims were taken from"
    return "", f"{problem}; run kg coverage to see where it differs."


def _make_segment(
    row: QueryRow,
    ranges: Mapping[str, list[ClaimRange]],
    claims: Mapping[str, ClaimStatement],
    ref: TermRef,
    words: str,
) -> SourceSegment:
    start, end = cell_number(row, "start"), cell_number(row, "end")
    own = sorted(ranges.get(ref.iri, ()), key=lambda span: span[2])
    segment_claims = tuple(claims[iri] for iri in dict.fromkeys(span[2] for span in own) if iri in claims)
    return SourceSegment(
        name=cell_text(row, "number") or ref.iri.rsplit("/", 1)[-1],
        ref=ref,
        kind=cell_text(row, "kind"),
        line=cell_number(row, "line"),
        start=start,
        end=end,
        set_aside=cell_text(row, "reason"),
        claims=segment_claims,
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
        iris = [iri for begin, stop, iri in ranges if begin <= left and right <= stop]
        over = [claims[iri] for iri in iris if iri in claims]
        names = tuple(claim.name for claim in over)
        hedges = ", ".join(dict.fromkeys(hedge.label for claim in over for hedge in claim.hedges))
        is_negative = any(claim.negative for claim in over)
        pieces.append(TextPiece(words[left:right], names, hedges, _weakest_level(over), is_negative))
    return pieces


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
        SourceParagraph(line, all(segment.kind.startswith("heading") for segment in on_line), tuple(on_line))
        for line, on_line in lines.items()
    )
