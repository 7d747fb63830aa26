"""The file an engine writes an answer to: it counts, cuts, gathers into blocks and sends frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO, cast

from kg.store.jobs import DATA_FRAME, END_FRAME, HEAD_FRAME, make_frame, make_json_frame
from kg.store.rows import HOLDBACK_BYTES, RowCounter

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
