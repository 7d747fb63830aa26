"""Counts rows in the bytes of a serialized result, cuts it at the row limit, and sends it as frames.

The engine serializes faster than Python could walk its rows, so rows are counted in the bytes it writes, with
bulk operations on complete blocks (up to 64 kB). Each counter knows the row boundary of one format, and keeps
what it needs to know whether the next block begins inside a string.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO, Protocol, cast

from sparqlhost.pool.jobs import END_FRAME, HEAD_FRAME, make_data_frames, make_json_frame


class RowCounter(Protocol):
    """Counts the rows of one format in serialized bytes; `total` is the number of rows that began so far."""

    total: int

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count the rows of `block`; return the offset to cut it at if row `limit` + 1 begins in it.

        The offset is negative, at least -HOLDBACK_BYTES, if the boundary between the rows began before
        `block`.
        """
        ...


#: bytes that the caller does not send yet, so that a boundary across two blocks can still be cut away;
#: no boundary is longer (`<result>`).
HOLDBACK_BYTES = 8


class LineRowCounter:
    """TSV and N-Triples: one line for each row, since line ends in values are escaped."""

    def __init__(self, header_lines: int) -> None:
        """Do not count the first `header_lines`."""
        self._lines = -header_lines
        self.total = 0

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count line ends; any byte after the last allowed one begins a row too many."""
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
    """CSV: one line for each row, except line ends between double quotes (RFC 4180, 2.6).

    A quote inside a quoted value is doubled (2.7): it closes and opens again, so parity alone tells the
    state.
    """

    def __init__(self) -> None:
        self._lines = -1
        self._quoted = False
        self.total = 0

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count line ends outside quotes; any byte after the last allowed one begins a row too many."""
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
        """Return the offset after the `nth` line end of the unquoted `parts`."""
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
    """SPARQL XML: `<result>` begins a row; it cannot occur in a value, where `<` is escaped."""

    _ROW_START = b"<result>"

    def __init__(self) -> None:
        self._tail = b""
        self.total = 0

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count the opening tags; the cut is before the one beyond the limit."""
        text = self._tail + block
        rows = text.count(self._ROW_START)
        if self.total + rows > limit:
            return _find_nth(text, self._ROW_START, limit + 1 - self.total) - len(self._tail)
        self.total += rows
        self._tail = text[1 - len(self._ROW_START) :]
        return None


class JsonRowCounter:
    """SPARQL JSON: two rows of `bindings` meet in `},{`, which within a row can only occur in a string.

    A block may begin inside a string and even after its backslash. Escaped backslashes and quotes are removed
    first; then every other part between quotes is outside strings. This runs in C over whole blocks, and only
    the block with the cut is read byte by byte.
    """

    _ROW_BOUNDARY = b"},{"

    def __init__(self) -> None:
        self._in_string = False
        self._escaped = False
        self._tail = b""
        self.total = 0
        self._boundaries = 0

    def count_rows(self, block: bytes, limit: int) -> int | None:
        """Count the boundaries outside strings; the cut is at boundary number `limit`."""
        before = (self._in_string, self._escaped, self._tail)
        text = block[1:] if self._escaped else block
        self._escaped = (len(text) - len(text.rstrip(b"\\"))) % 2 == 1
        if b"\\" in text:
            text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = text.split(b'"')
        outside = self._tail + b'"'.join(parts[int(self._in_string) :: 2])
        boundaries = outside.count(self._ROW_BOUNDARY)
        if self._boundaries + boundaries >= limit:
            return self._find_boundary(block, before, limit - self._boundaries)
        self._boundaries += boundaries
        self.total = self._boundaries + 1
        self._in_string ^= (len(parts) - 1) % 2 == 1
        self._tail = b"" if self._in_string else outside[-2:]
        return None

    def _find_boundary(self, block: bytes, state: tuple[bool, bool, bytes], nth: int) -> int:
        """Return the offset in `block` of the comma of the `nth` boundary.

        `state` is that of the counter before `block`: in a string, after a backslash, the bytes before.
        """
        in_string, escaped, tail = state
        window = tail
        for at, byte in enumerate(block):
            if escaped:
                escaped = False
            elif byte == 0x5C and in_string:  # backslash
                escaped = True
            elif byte == 0x22:  # quote
                in_string, window = not in_string, b""
            elif not in_string:
                window = window[-2:] + bytes((byte,))
                if window == self._ROW_BOUNDARY:
                    nth -= 1
                    if nth == 0:
                        self.total = self._boundaries + 1
                        return at - 1
        raise AssertionError("a boundary that was counted is in the block")


def _find_nth(text: bytes, separator: bytes, nth: int) -> int:
    """Return the offset of the `nth` `separator` in `text`, counted from 1."""
    at = -1
    for _ in range(nth):
        at = text.find(separator, at + 1)
    return at


#: more rows than any result has
NO_LIMIT = 1 << 62
_BLOCK_SIZE = 1 << 16
_FIRST_BLOCK_SIZE = 1 << 20  # bytes buffered before the head frame, so that it can still say `truncated`
_MAX_DELAY = 0.05  # seconds after which a block is sent although it is not full

SendBytes = Callable[[bytes], None]


class RowLimitReached(Exception):  # noqa: N818 - not an error: it ends the engine's loop
    """The row limit is reached; raised inside the engine's call of `write`, so that it serializes no more."""


class ResultWriter:
    """The file object that the engine writes a result to: counts and cuts rows, sends frames.

    Nothing is sent before _FIRST_BLOCK_SIZE bytes or _MAX_DELAY seconds, so a small result is one message,
    and an early error is only an error. The last HOLDBACK_BYTES stay here: the place to cut may lie in them.
    """

    def __init__(
        self, send: SendBytes, head: dict[str, object], row_counter: RowCounter | None, limit: int
    ) -> None:
        """Send `head`, then at most `limit` rows (0: all), counted by `row_counter` (None: not counted)."""
        self._send, self._head, self.row_counter = send, head, row_counter
        self._limit = limit or NO_LIMIT
        self.held_back = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._block_started_at = time.monotonic()
        self.is_truncated = False
        self.is_complete = False
        self.head_sent = False

    def write(self, block: bytes) -> int:
        """Add a block of the result; raises RowLimitReached if it has more rows than allowed."""
        if self.is_truncated:
            raise RowLimitReached  # the engine's buffered writer flushes once more when it is dropped
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
        """Itself, with the type that the engine asks for; it calls only `write` and `flush`."""
        return cast("IO[bytes]", self)

    def flush(self) -> None:
        """Do nothing: the engine flushes only at the end, and `finish` follows."""

    def _buffer_block(self, block: bytes) -> None:
        """Buffer a block; send the buffer if it is full or old."""
        self._parts.append(block)
        self._size += len(block)
        is_full = self._size >= (_BLOCK_SIZE if self.head_sent else _FIRST_BLOCK_SIZE)
        if is_full or time.monotonic() - self._block_started_at > _MAX_DELAY:
            self._send(self._make_head_frame() + make_data_frames(b"".join(self._parts)))
            self._parts.clear()
            self._size, self._block_started_at = 0, time.monotonic()

    def insert_after(self, anchor: bytes, text: bytes) -> None:
        """Insert `text` after the first `anchor` of the document; only before anything was sent."""
        document = b"".join(self._parts) + self.held_back
        self._parts, self.held_back = [document.replace(anchor, anchor + text, 1)], b""

    def _make_head_frame(self) -> bytes:
        """Return the head frame at the first call, nothing later."""
        if self.head_sent:
            return b""
        self.head_sent = True
        return make_json_frame(
            HEAD_FRAME, self._head | {"truncated": self.is_truncated, "complete": self.is_complete}
        )

    def finish(self, tail: bytes, total: int) -> None:
        """Send what is buffered, `tail`, and the end frame with the number of rows."""
        self.is_complete = True
        rest = b"".join(self._parts) + self.held_back + tail
        end = make_json_frame(END_FRAME, {"rows": total, "truncated": self.is_truncated})
        self._send(self._make_head_frame() + make_data_frames(rest) + end)
