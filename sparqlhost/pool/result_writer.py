"""Counting rows in serialised results, a block at a time, and finding where to cut them.

The engine serialises faster than Python could walk its rows; so rows are counted in the bytes it writes, with
bulk operations on whole blocks. Each counter knows one format's row boundary and whether it lies in a string.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO, Protocol, cast

from sparqlhost.pool.jobs import DATA_FRAME, END_FRAME, HEAD_FRAME, make_frame, make_json_frame


class RowCounter(Protocol):
    """Counts rows of one format; `total` is how many began so far."""

    total: int

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count the rows of `block`; return where to cut it when row `limit` + 1 begins there.

        The place is an offset in `block`; negative, at least -HELD, when the boundary began before it.
        """
        ...


#: bytes a caller holds back, so that a boundary across two blocks can still be cut.
HOLDBACK_BYTES = 8


class LineRowCounter:
    """TSV and N-Triples: a row a line, line ends in values are escaped; `header` lines are no rows."""

    def __init__(self, header_lines: int) -> None:
        self._lines = -header_lines
        self.total = 0

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count line ends; a byte after the last allowed one is a row too many."""
        if self._lines >= limit:
            return 0 if block else None
        lines = self._lines + block.count(b"\n")
        if lines >= limit:
            at = _find_nth(block, b"\n", limit - self._lines) + 1
            self._lines = self.total = limit
            return at if at < len(block) else None
        self._lines = lines
        self.total = max(lines, 0)
        return None


class CsvRowCounter:
    """CSV: a row a line, where line ends between double quotes do not count (RFC 4180)."""

    def __init__(self) -> None:
        self._lines = -1
        self._quoted = False
        self.total = 0

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count line ends outside quotes; a byte after the last allowed one is a row too many."""
        if self._lines >= limit:
            return 0 if block else None
        parts = block.split(b'"')
        before, first = self._lines, int(self._quoted)
        self._lines += sum(part.count(b"\n") for part in parts[first::2])
        self._quoted ^= (len(parts) - 1) % 2 == 1
        if self._lines < limit:
            self.total = max(self._lines, 0)
            return None
        at = self._find_line_end(parts, first, limit - before)
        self._lines = self.total = limit
        return at if at < len(block) else None

    @staticmethod
    def _find_line_end(parts: list[bytes], first_unquoted: int, nth: int) -> int:
        """Return the offset behind the `nth` line end of the unquoted `parts`."""
        at = 0
        for index, part in enumerate(parts):
            if index % 2 == first_unquoted:
                ends = part.count(b"\n")
                if ends >= nth:
                    return at + _find_nth(part, b"\n", nth) + 1
                nth -= ends
            at += len(part) + 1
        return at


class XmlRowCounter:
    """SPARQL XML: `<result>` cannot stand in a value, where `<` is escaped."""

    _ROW_START = b"<result>"

    def __init__(self) -> None:
        self._tail = b""
        self.total = 0

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count the opening tags; the one beyond the limit is the place to cut."""
        text = self._tail + block
        found = text.count(self._ROW_START)
        if self.total + found > limit:
            return _find_nth(text, self._ROW_START, limit + 1 - self.total) - len(self._tail)
        self.total += found
        self._tail = text[1 - len(self._ROW_START) :]
        return None


class JsonRowCounter:
    """SPARQL JSON: rows of `bindings` meet in `},{`, which within one row can stand only in a string."""

    _ROW_BOUNDARY = b"},{"

    def __init__(self) -> None:
        self._in_string = False
        self._escaped = False
        self._tail = b""
        self.total = 0
        self._boundaries = 0

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count the boundaries outside strings; boundary number `limit` is the place to cut."""
        before = (self._in_string, self._escaped, self._tail)
        text = block[1:] if self._escaped else block
        self._escaped = (len(text) - len(text.rstrip(b"\\"))) % 2 == 1
        if b"\\" in text:
            text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = text.split(b'"')
        outside = self._tail + b'"'.join(parts[int(self._in_string) :: 2])
        found = outside.count(self._ROW_BOUNDARY)
        if self._boundaries + found >= limit:
            return self._find_boundary(block, before, limit - self._boundaries)
        self._boundaries += found
        self.total = self._boundaries + 1
        self._in_string ^= (len(parts) - 1) % 2 == 1
        self._tail = b"" if self._in_string else outside[-2:]
        return None

    def _find_boundary(self, block: bytes, state: tuple[bool, bool, bytes], nth: int) -> int:
        """Return the offset in `block` of the comma of the `nth` boundary, byte by byte."""
        string, escaped, tail = state
        window = tail
        for at, byte in enumerate(block):
            if escaped:
                escaped = False
            elif byte == 0x5C and string:
                escaped = True
            elif byte == 0x22:
                string, window = not string, b""
            elif not string:
                window = window[-2:] + bytes((byte,))
                if window == self._ROW_BOUNDARY:
                    nth -= 1
                    if nth == 0:
                        self.total = self._boundaries + 1
                        return at - 1
        raise AssertionError("the boundary counted is in the block")


def _find_nth(text: bytes, separator: bytes, nth: int) -> int:
    """Return where the `nth` (from 1) `mark` of `text` begins."""
    at = -1
    for _ in range(nth):
        at = text.find(separator, at + 1)
    return at


#: MERGED kg.store.sink
#: MERGED The file an engine writes an answer to: it counts, cuts, gathers into blocks and sends frames.


_BLOCK_SIZE = 1 << 16
_FIRST_BLOCK_SIZE = 1 << 20  # until then, or until patience ends, the head can still tell of a cut
_MAX_DELAY = 0.05  # seconds a block may wait to fill
_NO_LIMIT = 1 << 62

SendBytes = Callable[[bytes], None]


class RowLimitReached(Exception):  # noqa: N818 - not an error: the way out of the engine's push
    """The row limit is reached: the serialiser is stopped from inside its own write."""


class ResultWriter:
    """The file object the engine writes to: counts, cuts, gathers into blocks, sends frames."""

    def __init__(
        self, send: SendBytes, head: dict[str, object], row_counter: RowCounter | None, limit: int
    ) -> None:
        """Send through `send`, `head` first; `limit` rows at most, counted by `rows`."""
        self._send, self._head, self.row_counter = send, head, row_counter
        self._limit = limit or _NO_LIMIT
        self.held_back = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._block_started_at = time.monotonic()
        self.last = b""
        self.is_truncated = False
        self.is_complete = False
        self.head_sent = False

    def write(self, block: bytes) -> int:
        """Take a block of the answer; raises Cut at the row limit."""
        if self.is_truncated:
            raise RowLimitReached  # the engine's buffer tries once more when it is dropped
        length = len(block)
        if self.row_counter is None:
            self._buffer_block(bytes(block))
            return length
        at = self.row_counter.count_rows(block, self._limit)
        text = self.held_back + block
        if at is not None:
            self._buffer_block(text[: len(self.held_back) + at])
            self.held_back = b""
            self.is_truncated = True
            raise RowLimitReached
        self.held_back = text[-HOLDBACK_BYTES:]
        self._buffer_block(text[:-HOLDBACK_BYTES])
        return length

    @property
    def file(self) -> IO[bytes]:
        """Return itself as the engine takes it: of a file it uses `write` and `flush` only."""
        return cast("IO[bytes]", self)

    def flush(self) -> None:
        """Leave it to the blocks: the engine flushes at its end only."""

    def _buffer_block(self, block: bytes) -> None:
        """Keep a block, and send what is kept when it is much or old."""
        self._parts.append(block)
        self._size += len(block)
        full = self._size >= (_BLOCK_SIZE if self.head_sent else _FIRST_BLOCK_SIZE)
        if full or time.monotonic() - self._block_started_at > _MAX_DELAY:
            self._send(self._make_head_frame() + make_frame(DATA_FRAME, b"".join(self._parts)))
            self._parts.clear()
            self._size, self._block_started_at = 0, time.monotonic()

    def insert_after(self, anchor: bytes, text: bytes) -> None:
        """Put `text` behind the first bytes of a document of which nothing was sent."""
        whole = b"".join(self._parts) + self.held_back
        self._parts, self.held_back = [whole.replace(anchor, anchor + text, 1)], b""

    def _make_head_frame(self) -> bytes:
        """Return the head frame, once."""
        if self.head_sent:
            return b""
        self.head_sent = True
        return make_json_frame(
            HEAD_FRAME, self._head | {"truncated": self.is_truncated, "complete": self.is_complete}
        )

    def finish(self, tail: bytes, total: int) -> None:
        """Send what is kept, `tail`, and the end."""
        self.is_complete = True
        rest = b"".join(self._parts) + self.held_back + tail
        end = make_json_frame(END_FRAME, {"rows": total, "truncated": self.is_truncated})
        self._send(self._make_head_frame() + (make_frame(DATA_FRAME, rest) if rest else b"") + end)
