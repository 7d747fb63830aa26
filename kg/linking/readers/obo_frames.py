"""Parse OBO frame by frame with fastobo; broken clauses are errors, or are skipped if the reading is lenient.

fastobo parses a whole document and holds it in memory; so the file is cut before frames (OBO 1.4, section 3)
into small documents, which are parsed one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import fastobo

from kg.linking.readers.source_reading import ReadProblem, SourceReading

#: frames in one document: enough to be fast, few enough that memory does not grow with the file
FRAMES_PER_BLOCK = 200
_FRAME_HEAD = (b"[", b"id:")


@dataclass(frozen=True, slots=True)
class FrameBlock:
    """The lines of some frames, and the number of the first line in the file."""

    first_line: int
    lines: list[bytes]


def parse_frames(reading: SourceReading, stream: IO[bytes]) -> Iterator[fastobo.doc.OboDoc]:
    """Yield the file as small documents, the first with the header only; raises BadData unless lenient."""
    for block in _split_into_blocks(stream):
        yield _parse_block(reading, block)


def _split_into_blocks(stream: IO[bytes]) -> Iterator[FrameBlock]:
    """Yield the header, then FRAMES_PER_BLOCK frames at a time."""
    lines: list[bytes] = []
    first, frames, limit = 1, 0, 1
    for number, line in enumerate(stream, start=1):
        if line.startswith(b"["):
            frames += 1
            if frames >= limit:
                yield FrameBlock(first, lines)
                lines, first, frames, limit = [], number, 0, FRAMES_PER_BLOCK
        lines.append(line)
    yield FrameBlock(first, lines)


def _parse_block(reading: SourceReading, block: FrameBlock) -> fastobo.doc.OboDoc:
    """Parse one block; clauses that do not parse are skipped one by one until the rest parses."""
    lines = _decode_lines(reading, block)
    while True:
        try:
            return fastobo.loads("".join(lines))
        except SyntaxError as error:
            index = min(max(error.lineno or 1, 1), len(lines)) - 1
            reading.skip_or_raise(_describe_obo_error(block.first_line + index, error, lines[index]))
            _blank_clause(lines, index)


def _decode_lines(reading: SourceReading, block: FrameBlock) -> list[str]:
    """Return the lines of a block as text; one that is not UTF-8 is an error, or is blanked if lenient."""
    lines: list[str] = []
    for offset, line in enumerate(block.lines):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError as error:
            problem = ReadProblem(block.first_line + offset, error.start + 1, "This line is not UTF-8.")
            reading.skip_or_raise(problem)
            lines.append("\n")
    return lines


def _describe_obo_error(line: int, error: SyntaxError, text: str) -> ReadProblem:
    """Return fastobo's error as one sentence with the beginning of the line."""
    return ReadProblem(line, error.offset or 0, f"Not OBO: {error.msg}, in `{text.strip()[:80]}`.")


def _blank_clause(lines: list[str], index: int) -> None:
    """Blank the clause at `index`, or its whole frame if that is the frame's head or an empty line.

    Lines are blanked, not removed, so that the numbers of later lines stay right.
    """
    if not lines[index].encode().startswith(_FRAME_HEAD) and lines[index].strip():
        lines[index] = "\n"
        return
    start = next((i for i in range(index, -1, -1) if lines[i].startswith("[")), 0)
    stop = next((i for i in range(max(index, start) + 1, len(lines)) if lines[i].startswith("[")), len(lines))
    lines[start:stop] = ["\n"] * (stop - start)
