"""Read OBO frame by frame with fastobo; broken clauses are refused, or dropped if lenient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import fastobo

from kg.external.reading import Problem, Reading

#: frames handed to fastobo at a time: large enough to be fast, small enough to keep memory flat.
BLOCK = 200
_FRAME_HEAD = (b"[", b"id:")


@dataclass(frozen=True, slots=True)
class Block:
    """Some frames' lines and the line number of the first."""

    first: int
    lines: list[bytes]


def documents(reading: Reading, stream: IO[bytes]) -> Iterator[fastobo.doc.OboDoc]:
    """Yield the file as small documents, the header alone in the first; raises BadData when strict."""
    for block in _blocks(stream):
        yield _parse(reading, block)


def _blocks(stream: IO[bytes]) -> Iterator[Block]:
    """Cut the file before frames: first the header, then BLOCK frames at a time."""
    lines: list[bytes] = []
    first, frames, limit = 1, 0, 1
    for number, line in enumerate(stream, start=1):
        if line.startswith(b"["):
            frames += 1
            if frames >= limit:
                yield Block(first, lines)
                lines, first, frames, limit = [], number, 0, BLOCK
        lines.append(line)
    yield Block(first, lines)


def _parse(reading: Reading, block: Block) -> fastobo.doc.OboDoc:
    """Parse one block, dropping what is broken until the rest is whole."""
    lines = _decoded(reading, block)
    while True:
        try:
            return fastobo.loads("".join(lines))
        except SyntaxError as error:
            at = min(max(error.lineno or 1, 1), len(lines)) - 1
            reading.skip(_problem(block.first + at, error, lines[at]))
            _drop(lines, at)


def _decoded(reading: Reading, block: Block) -> list[str]:
    """Return the block's lines as text; a line that is not UTF-8 is refused or blanked."""
    lines: list[str] = []
    for offset, line in enumerate(block.lines):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError as error:
            problem = Problem(block.first + offset, error.start + 1, "This line is not UTF-8.")
            reading.skip(problem)
            lines.append("\n")
    return lines


def _problem(line: int, error: SyntaxError, text: str) -> Problem:
    """Return what fastobo found wrong as one sentence with the line's beginning."""
    shown = text.strip()[:80]
    return Problem(line, error.offset or 0, f"Not OBO: {error.msg}, in `{shown}`.")


def _drop(lines: list[str], at: int) -> None:
    """Blank the clause at `at`, or its whole frame when the frame's head is what is broken.

    Blanked lines keep later line numbers true.
    """
    if not lines[at].encode().startswith(_FRAME_HEAD) and lines[at].strip():
        lines[at] = "\n"
        return
    start = next((i for i in range(at, -1, -1) if lines[i].startswith("[")), 0)
    stop = next((i for i in range(max(at, start) + 1, len(lines)) if lines[i].startswith("[")), len(lines))
    lines[start:stop] = ["\n"] * (stop - start)
