"""Check a reader's copy of a text against the anchors of its document: every difference, with its place.

The graph holds hashes, never the text. A difference is located by finding the segments that do match, and
by undoing changes that editors make (byte order mark, CR LF, straight quotes and dashes) until hashes fit.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, product

from kg.model.source_documents import SourceDocument, SourceSpan, TextSegment
from kg.namespaces import get_local_name
from kg.texts.lexicon import locate_cue

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: character that editors insert -> characters that may be in the original; all combinations are tried
_TYPOGRAPHY = {
    "'": "\u2019\u2018",
    '"': "\u201c\u201d",
    "-": "\u2013\u2014",
    "\u00a0": " ",
    "\u2014": "\u2013",
}
_MAX_HASH_ATTEMPTS = 20_000  # hashes tried on one segment: about 0.03 s
_SEARCH_WINDOW = 4_000  # code points by which a segment may have moved


@dataclass(frozen=True, slots=True)
class AnchorMismatch:
    """A place of the copy, counted from 1 for line and column and from 0 for byte, and what differs there."""

    line: int
    column: int
    byte_offset: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class CheckedCopy:
    """The result for a copy: its text in the code points of the document, and every difference."""

    text: str
    mismatches: tuple[AnchorMismatch, ...]

    @property
    def is_exact(self) -> bool:
        """Return whether nothing differs."""
        return not self.mismatches

    def quote_span(self, span: SourceSpan | TextSegment) -> str:
        """Return the characters of a span or segment."""
        return self.text[span.start : span.end]


class _ReaderCopy:
    """A copy without byte order mark and carriage returns, with the positions in the file as given."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.text = (
            data.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", errors="replace").replace("\r\n", "\n")
        )
        self._given = data.decode("utf-8", errors="replace")
        text_indexes = [i for i, c in enumerate(self._given) if not self._is_dropped(i, c)]
        widths = accumulate((len(c.encode("utf-8", "replace")) for c in self._given), initial=0)
        self._bytes = list(widths)
        #: index in the text -> index in the file, both in code points
        self._file_indexes = [*text_indexes, len(self._given)]
        self._lines = [i for i, c in enumerate(self._given) if c == "\n"]

    def _is_dropped(self, index: int, character: str) -> bool:
        """Return whether a character of the file is not part of the text."""
        marks = index == 0 and character == "\ufeff"
        return marks or (character == "\r" and self._given[index + 1 : index + 2] == "\n")

    def locate_in_text(self, index: int) -> tuple[int, int, int]:
        """Return line, column and byte of a code point of the text."""
        return self.locate_in_file(self._file_indexes[min(index, len(self._file_indexes) - 1)])

    def locate_in_file(self, index: int) -> tuple[int, int, int]:
        """Return line, column and byte of a code point of the copy as given."""
        line = bisect_left(self._lines, index)
        start = self._lines[line - 1] + 1 if line else 0
        return line + 1, index - start + 1, self._bytes[min(index, len(self._bytes) - 1)]

    def find_carriage_returns(self) -> list[int]:
        """Return where carriage returns stand in the copy as given."""
        return [i for i, c in enumerate(self._given) if self._is_dropped(i, c) and c == "\r"]


def check_copy(document: SourceDocument, data: bytes) -> CheckedCopy:
    """Return the copy's text and every difference from what the document's anchors say."""
    if hashlib.sha256(data).hexdigest() == document.sha256:
        text = data.decode("utf-8")
        return CheckedCopy(text, tuple(_check_segments(document, _ReaderCopy(data))))
    if not_text := _find_non_text(data):
        return CheckedCopy("", (not_text,))
    copy = _ReaderCopy(data)
    in_segments = list(_check_segments(document, copy))
    if document.segments and not any(_is_present(segment, copy.text) for segment in document.segments):
        what = f"no segment of {document.name} is in this file: this is a different text"
        return CheckedCopy("", (AnchorMismatch(1, 1, 0, what, "Give the copy of that text."),))
    mismatches = [*_check_whole_file(document, copy), *in_segments, *_check_between_segments(document, copy)]
    if not any(m.byte_offset >= 0 for m in mismatches):
        mismatches.append(_blank_mismatch(document, copy))
    return CheckedCopy(copy.text, tuple(sorted(set(mismatches), key=lambda m: (m.byte_offset, m.message))))


def count_matching_segments(document: SourceDocument, data: bytes) -> int:
    """Return how many segments of the document stand where the copy should have them."""
    text = _ReaderCopy(data).text
    return sum(_hash_text(text[s.start : s.end]) == s.sha256 for s in document.segments)


def _find_non_text(data: bytes) -> AnchorMismatch | None:
    """Return the first byte that shows that the file is not UTF-8 text."""
    hint = "Give the plain-text copy, saved as UTF-8."
    if (zero := data.find(b"\0")) >= 0:
        line = data[:zero].count(b"\n") + 1
        return AnchorMismatch(
            line, zero - data.rfind(b"\n", 0, zero), zero, "a zero byte: this is not a text", hint
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
        line = data[:at].count(b"\n") + 1
        what = f"byte 0x{data[at]:02x} is not UTF-8"
        return AnchorMismatch(line, at - data.rfind(b"\n", 0, at), at, what, hint)
    return None


def _check_whole_file(document: SourceDocument, copy: _ReaderCopy) -> Iterator[AnchorMismatch]:
    """Yield differences of the whole file: byte order mark, line ends, length."""
    if copy.data.startswith(_BYTE_ORDER_MARK):
        yield AnchorMismatch(1, 1, 0, "a byte order mark of 3 bytes", "Save as UTF-8 without a mark.")
    for index in copy.find_carriage_returns():
        yield AnchorMismatch(
            *copy.locate_in_file(index), "a carriage return before the line end", "Save with LF line ends."
        )
    if len(copy.text) != document.characters:
        line, column, byte = copy.locate_in_text(min(len(copy.text), document.characters))
        what = f"the text has {len(copy.text)} characters, the document {document.characters}"
        yield AnchorMismatch(line, column, byte, what, "Give the whole text and nothing else.")


def _check_segments(document: SourceDocument, copy: _ReaderCopy) -> Iterator[AnchorMismatch]:
    """Yield what differs inside segments: moved, changed or missing ones."""
    drift = 0
    for segment in document.segments:
        start = segment.start + drift
        if _hash_text(copy.text[start : start + segment.end - segment.start]) == segment.sha256:
            continue
        moved = _find_moved_segment(copy.text, segment, start)
        if moved is None and start >= len(copy.text):
            line, column, byte = copy.locate_in_text(len(copy.text))
            what = f"the copy ends before {segment.notation}"
            yield AnchorMismatch(line, column, byte, what, "Give the whole text.")
            return
        if moved is None:
            yield from _describe_changes(segment, copy, start)
            continue
        line, column, byte = copy.locate_in_text(moved)
        shift = moved - segment.start
        direction = "later" if moved > start else "earlier"
        what = f"{segment.notation} stands {abs(moved - start)} characters {direction} than its anchor"
        yield AnchorMismatch(line, column, byte, what, "Text before it was added or taken away; restore it.")
        drift = shift


def _is_present(segment: TextSegment, text: str) -> bool:
    """Return whether the segment's characters are anywhere near its anchor."""
    here = _hash_text(text[segment.start : segment.end]) == segment.sha256
    return here or _find_moved_segment(text, segment, segment.start) is not None


def _find_moved_segment(text: str, segment: TextSegment, start: int) -> int | None:
    """Return the index nearest to `start` where the segment's exact characters are, or None."""
    length = segment.end - segment.start
    last = len(text) - length
    near = (start + step * sign for step in range(1, _SEARCH_WINDOW) for sign in (1, -1))
    return next(
        (i for i in near if 0 <= i <= last and _hash_text(text[i : i + length]) == segment.sha256), None
    )


def _describe_changes(segment: TextSegment, copy: _ReaderCopy, start: int) -> Iterator[AnchorMismatch]:
    """Yield the replaced characters of a segment, or the segment when they cannot be found."""
    piece = copy.text[start : start + segment.end - segment.start]
    edits = _undo_typography(piece, segment.sha256)
    for offset, was in edits:
        line, column, byte = copy.locate_in_text(start + offset)
        what = f"{segment.notation} has U+{ord(piece[offset]):04X} where the text has U+{ord(was):04X}"
        yield AnchorMismatch(line, column, byte, what, "Undo the replacement (automatic quotes or dashes).")
    if not edits:
        line, column, byte = copy.locate_in_text(min(start, len(copy.text)))
        size = len(piece.encode("utf-8"))
        cut = " and the copy ends here" if len(piece) < segment.end - segment.start else ""
        what = f"{segment.notation} differs somewhere in these {size} bytes{cut}"
        yield AnchorMismatch(line, column, byte, what, "Compare it with the publication of that date.")


def _undo_typography(piece: str, sha256: str) -> tuple[tuple[int, str], ...]:
    """Return the replacements (offset, original character) that give a piece its hash, or nothing."""
    places = [i for i, c in enumerate(piece) if c in _TYPOGRAPHY]
    options = [(piece[i], *_TYPOGRAPHY[piece[i]]) for i in places]
    for attempt, chosen in enumerate(product(*options)):
        if attempt > _MAX_HASH_ATTEMPTS:
            return ()
        trial = list(piece)
        for index, character in zip(places, chosen, strict=True):
            trial[index] = character
        if _hash_text("".join(trial)) == sha256:
            return tuple((i, c) for i, c in zip(places, chosen, strict=True) if piece[i] != c)
    return ()


def _check_between_segments(document: SourceDocument, copy: _ReaderCopy) -> Iterator[AnchorMismatch]:
    """Yield characters between segments other than blanks and line feeds, if the length is right."""
    if len(copy.text) != document.characters:
        return
    inside = {i for segment in document.segments for i in range(segment.start, segment.end)}
    for index, character in enumerate(copy.text):
        if index not in inside and character not in " \n":
            what = f"U+{ord(character):04X} stands between the segments"
            yield AnchorMismatch(*copy.locate_in_text(index), what, "Take it out.")


def _blank_mismatch(document: SourceDocument, copy: _ReaderCopy) -> AnchorMismatch:
    """Return the difference that remains when only blanks between segments can differ."""
    first = document.segments[0].start if document.segments else 0
    return AnchorMismatch(
        *copy.locate_in_text(first),
        "a blank between segments differs from the document's",
        "Restore the blanks.",
    )


def find_cue_mismatches(document: SourceDocument, copy: CheckedCopy) -> Iterator[tuple[str, str]]:
    """Yield (claim, message) for each cue that is not in exactly one span of the claim.

    An ellipsis in a cue stands for a gap.
    """
    for claim in document.claims:
        span = document.find_span(claim)
        spans = (*((span,) if span else ()), *document.find_governing_spans(claim))
        for cue in claim.cues:
            found = sum(bool(locate_cue(cue, copy.quote_span(each))) for each in spans)
            where = "the span" if len(spans) < 2 else "any span"
            if not found:
                yield claim.iri, f"the cue {cue!r} is not in {where} of claim:{claim.name}."
            elif found > 1:
                yield (
                    claim.iri,
                    f"the cue {cue!r} is in {found} spans of claim:{claim.name}; write more of it.",
                )


def find_span_mismatches(document: SourceDocument, copy: CheckedCopy) -> Iterator[tuple[str, str]]:
    """Yield (span, message) for each span whose characters do not have its hash."""
    for span in document.spans:
        if _hash_text(copy.quote_span(span)) != span.sha256:
            name = get_local_name(span.iri)
            yield span.iri, f"the characters {span.start} to {span.end} do not have the hash of span:{name}."


def _hash_text(text: str) -> str:
    """Return the sha256 of a text's UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
