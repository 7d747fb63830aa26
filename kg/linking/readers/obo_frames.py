"""Read OBO frame by frame with fastobo; broken clauses are refused, or dropped if lenient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import fastobo

from kg.linking.readers.source_reading import ReadProblem, SourceReading

#: frames handed to fastobo at a time: large enough to be fast, small enough to keep memory flat.
FRAMES_PER_BLOCK = 200
_FRAME_HEAD = (b"[", b"id:")


@dataclass(frozen=True, slots=True)
class FrameBlock:
    """Some frames' lines and the line number of the first."""

    first_line: int
    lines: list[bytes]


def parse_frames(reading: SourceReading, stream: IO[bytes]) -> Iterator[fastobo.doc.OboDoc]:
    """Yield the file as small documents, the header alone in the first; raises BadData when strict."""
    for block in _split_into_blocks(stream):
        yield _parse_block(reading, block)


def _split_into_blocks(stream: IO[bytes]) -> Iterator[FrameBlock]:
    """Cut the file before frames: first the header, then BLOCK frames at a time."""
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
    """Parse one block, dropping what is broken until the rest is whole."""
    lines = _decode_lines(reading, block)
    while True:
        try:
            return fastobo.loads("".join(lines))
        except SyntaxError as error:
            at = min(max(error.lineno or 1, 1), len(lines)) - 1
            reading.skip_or_raise(_describe_obo_error(block.first_line + at, error, lines[at]))
            _blank_clause(lines, at)


def _decode_lines(reading: SourceReading, block: FrameBlock) -> list[str]:
    """Return the block's lines as text; a line that is not UTF-8 is refused or blanked."""
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
    """Return what fastobo found wrong as one sentence with the line's beginning."""
    shown = text.strip()[:80]
    return ReadProblem(line, error.offset or 0, f"Not OBO: {error.msg}, in `{shown}`.")


def _blank_clause(lines: list[str], index: int) -> None:
    """Blank the clause at `at`, or its whole frame when the frame's head is what is broken.

    Blanked lines keep later line numbers true.
    """
    if not lines[index].encode().startswith(_FRAME_HEAD) and lines[index].strip():
        lines[index] = "\n"
        return
    start = next((i for i in range(index, -1, -1) if lines[i].startswith("[")), 0)
    stop = next((i for i in range(max(index, start) + 1, len(lines)) if lines[i].startswith("[")), len(lines))
    lines[start:stop] = ["\n"] * (stop - start)
