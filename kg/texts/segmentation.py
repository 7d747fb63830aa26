"""A source text cut into segments: headings, lead-ins, list items and sentences, by position and hash.

Pure: text comes in, rows go out; no row holds a word of the text. A row is a line of
`data/sources/<document>/segments.tsv`. An edited text keeps the names of the segments that are still in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from difflib import SequenceMatcher
from typing import Any, TypeVar

from kg.errors import BadData

Row = TypeVar("Row")

_MAX_LINE = 100_000  # code points; a longer line is a text that lost its line ends, or no text
_MAX_HEADING_WORDS = 16
_BULLET = re.compile(r"\s*(?:[-*\u2022\u2023\u25e6\u2013]|\(?\d{1,2}[.)])\s+")
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|div|p|span|table)\b", re.IGNORECASE)
_INNER_MARKS = ".,;:?!"  # what a span leaves out after its last word
_PLAIN_TEXT_HINT = "Save the page as plain text, UTF-8, and give that file."
_NAME = re.compile(r"[\w.-]+")  # the first cell of a row, which becomes a part of an IRI
_TABLE_COMMENT = "# Written by `kg text`."
_TABLE_HINT = "Take back what was changed by hand, or let `kg text` write the file again."
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A segment: its name, kind, line from 1, code points, hash, and the segment that governs it, if any."""

    segment: str
    kind: str
    line: int
    start: int
    length: int
    sha256: str
    governor: str = ""

    @property
    def end(self) -> int:
        """Return the first code point after it."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """What became of a segment when its text was edited: `same`, `moved`, `changed`, `new` or `gone`."""

    state: str
    segment: str
    by: int = 0  # code points by which it moved


def hash_text(text: str) -> str:
    """Return the sha256 of a text's UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def decode_source_text(data: bytes, name: str) -> str:
    """Return the text of a file, code point for code point; raises BadData for what is not plain text."""
    for problem, hint in _find_problems(data):
        raise BadData(problem, location=name, hint=hint)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        what = f"The byte 0x{data[error.start]:02x} is not UTF-8."
        raise BadData(what, location=name, line=line, hint="Save the file as UTF-8.") from error
    for number, line_text in enumerate(text.split("\n"), 1):
        if len(line_text) > _MAX_LINE:
            what = f"This line has {len(line_text)} characters."
            raise BadData(what, location=name, line=number, hint="Break the text into its lines.")
    return text


def _find_problems(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield what shows that bytes are not a plain text, each with what to do."""
    head = data[:4000]
    if not data.strip():
        yield "The file is empty.", _PLAIN_TEXT_HINT
    if head.startswith(b"%PDF"):
        yield "This is a PDF, not plain text.", _PLAIN_TEXT_HINT
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        yield "This is UTF-16 or a binary file, not UTF-8.", _PLAIN_TEXT_HINT
    if head.startswith(b"\xef\xbb\xbf"):
        yield "The file begins with a byte order mark.", "Save it as UTF-8 without the mark."
    if _MARKUP.search(head):
        yield "This is HTML, not plain text.", _PLAIN_TEXT_HINT
    if b"\r" in data:
        yield "The file has carriage returns.", "Save it with LF line ends."


def segment_text(text: str, prefix: str) -> list[SegmentRow]:
    """Return the segments of an English text in order, named `<prefix>S01` and so on."""
    pieces = list(_cut_lines(text))
    width = max(2, len(str(len(pieces))))
    rows: list[SegmentRow] = []
    governor, last_line = "", 0
    for number, (line, start, piece, is_item, is_alone) in enumerate(pieces, 1):
        name = f"{prefix}S{number:0{width}}"
        kind = _choose_kind(piece, is_item, is_alone)
        if not is_item or line > last_line + 1:
            governor = ""
        rows.append(SegmentRow(name, kind, line, start, len(piece), hash_text(piece), governor))
        if piece.endswith(":"):
            governor = name
        last_line = line
    led = {row.governor for row in rows}
    return [
        replace(row, kind="lead-in") if row.kind == "sentence" and row.segment in led else row for row in rows
    ]


def _cut_lines(text: str) -> Iterator[tuple[int, int, str, bool, bool]]:
    """Yield line, start, sentence, whether it is of a list item, and whether it is alone in its line."""
    from sentencex import segment  # type: ignore[import-untyped]  # only these commands need it

    offset = 0
    for number, line in enumerate(text.split("\n"), 1):
        found = [piece.strip() for piece in segment("en", line)] if line.strip() else []
        pieces = [piece for piece in found if piece]
        at = 0
        for piece in pieces:
            at = line.index(piece, at)
            yield number, offset + at, piece, bool(_BULLET.match(line)), len(pieces) == 1
            at += len(piece)
        offset += len(line) + 1


def _choose_kind(piece: str, is_item: bool, is_alone: bool) -> str:
    """Return the kind of a piece; which sentences are lead-ins is known when the next line was read."""
    if is_item:
        return "list item"
    if is_alone and piece.endswith("?"):
        return "heading (question)"
    is_short = len(piece.split()) <= _MAX_HEADING_WORDS
    return "heading" if is_alone and is_short and piece[-1] not in ".!:;,\u201d" else "sentence"


def align_segments(
    old: Sequence[SegmentRow], new: Sequence[SegmentRow], prefix: str, used: Iterable[str] = ()
) -> tuple[list[SegmentRow], list[SegmentChange]]:
    """Return the new rows under the names of the old ones that they continue, and what changed.

    Segments are matched by hash. In a stretch where hashes differ, the segments are paired in order; one
    without a partner is new, and gets a number above those of `old` and of the names `used`, or is gone.
    """
    names: dict[int, str] = {}
    changes: list[SegmentChange] = []
    hashes = [row.sha256 for row in old], [row.sha256 for row in new]
    for tag, a, b, c, d in SequenceMatcher(None, *hashes, autojunk=False).get_opcodes():
        for i, j in zip(range(a, b), range(c, d), strict=False):
            names[j] = old[i].segment
            by = new[j].start - old[i].start
            state = "changed" if tag != "equal" else "moved" if by else "same"
            changes.append(SegmentChange(state, old[i].segment, by))
        changes += [SegmentChange("gone", old[i].segment) for i in range(a + min(b - a, d - c), b)]
    numbered = re.compile(rf"{re.escape(prefix)}S(\d+)")
    found = [match[1] for name in (*used, *(row.segment for row in old)) if (match := numbered.match(name))]
    free, width = max(map(int, found), default=0), max(map(len, found), default=2)
    for index in range(len(new)):
        if index not in names:
            free += 1
            names[index] = f"{prefix}S{free:0{width}}"
            changes.append(SegmentChange("new", names[index]))
    renamed = {row.segment: names[index] for index, row in enumerate(new)}
    rows = [replace(row, segment=renamed[row.segment], governor=renamed.get(row.governor, "")) for row in new]
    return rows, changes


def locate_words(segment: str, words: str) -> tuple[int, int]:
    """Return where the words "3-7" of a segment, or with "" all, stand in it: code points [start, end).

    Words are numbered from 1 and parted by blanks; the mark after the last one is left out. Raises ValueError
    with a sentence.

    >>> locate_words("It may help, if at all.", "2-3")
    (3, 11)
    """
    if not words:
        return 0, len(segment)
    numbers = _RANGE.fullmatch(words)
    if numbers is None:
        raise ValueError(f"{words!r} is not a range of words such as 3-7")
    first, last = int(numbers[1]), int(numbers[2] or numbers[1])
    places = [match.span() for match in re.finditer(r"\S+", segment)]
    if not 1 <= first <= last <= len(places):
        raise ValueError(f"words {words} of a segment that has {len(places)}")
    start, end = places[first - 1][0], places[last - 1][1]
    return start, start + len(segment[start:end].rstrip(_INNER_MARKS))


def number_words(segment: str, start: int, end: int) -> str:
    """Return the word numbers of `segment[start:end]`, "" for the whole; ValueError where words are cut."""
    if (start, end) == (0, len(segment)):
        return ""
    places = [match.span() for match in re.finditer(r"\S+", segment)]
    inside = [number for number, (a, b) in enumerate(places, 1) if a < end and start < b]
    words = "-".join(str(number) for number in dict.fromkeys((inside[0], inside[-1]))) if inside else ""
    if not words or locate_words(segment, words) != (start, end):
        raise ValueError(f"the characters {start} to {end} are not whole words")
    return words


# -- tables of rows: the generated files beside a document's description ---


def format_table(kind: type[Any], rows: Iterable[Any]) -> str:
    """Return rows of a dataclass as a table, under a line that names the commands that write it."""
    lines = [_TABLE_COMMENT, "\t".join(field.name for field in fields(kind))]
    return "\n".join([*lines, *("\t".join(map(str, astuple(row))) for row in rows)]) + "\n"


def parse_table(kind: type[Row], text: str, name: str) -> list[tuple[int, Row]]:
    """Return line number and row of each line; raises BadData for the first that is not a row of `kind`."""
    columns = fields(kind)  # type: ignore[arg-type]  # a dataclass, which no bound can say
    found: list[tuple[int, Row]] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("\t")
        if line.startswith("#") or cells == [column.name for column in columns]:
            continue
        try:
            pairs = zip(columns, cells, strict=True)
            values = [int(cell) if column.type == "int" else cell for column, cell in pairs]
            if not _NAME.fullmatch(cells[0]):
                raise ValueError(cells[0])
        except ValueError as error:
            what = f"A row here has the cells {', '.join(column.name for column in columns)}."
            raise BadData(what, location=name, line=number, hint=_TABLE_HINT) from error
        found.append((number, kind(*values)))
    return found
