"""The file an engine writes an answer to: it counts, cuts, gathers into blocks and sends frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO, cast

from kg.store.jobs import DATA, END, HEAD, frame, frame_of
from kg.store.rows import HELD, RowCounter

_BLOCK = 1 << 16
_FIRST = 1 << 20  # until then, or until patience ends, the head can still tell of a cut
_PATIENCE = 0.05  # seconds a block may wait to fill
_NO_LIMIT = 1 << 62

Send = Callable[[bytes], None]


class Cut(Exception):  # noqa: N818 - not an error: the way out of the engine's push
    """The row limit is reached: the serialiser is stopped from inside its own write."""


class Sink:
    """The file object the engine writes to: counts, cuts, gathers into blocks, sends frames."""

    def __init__(self, send: Send, head: dict[str, object], rows: RowCounter | None, limit: int) -> None:
        """Send through `send`, `head` first; `limit` rows at most, counted by `rows`."""
        self._send, self._head, self.rows = send, head, rows
        self._limit = limit or _NO_LIMIT
        self.held = b""
        self._parts: list[bytes] = []
        self._size = 0
        self._since = time.monotonic()
        self.last = b""
        self.cut = False
        self.done = False
        self.sent_head = False

    def write(self, block: bytes) -> int:
        """Take a block of the answer; raises Cut at the row limit."""
        if self.cut:
            raise Cut  # the engine's buffer tries once more when it is dropped
        length = len(block)
        if self.rows is None:
            self._gather(bytes(block))
            return length
        at = self.rows.feed(block, self._limit)
        text = self.held + block
        if at is not None:
            self._gather(text[: len(self.held) + at])
            self.held = b""
            self.cut = True
            raise Cut
        self.held = text[-HELD:]
        self._gather(text[:-HELD])
        return length

    @property
    def file(self) -> IO[bytes]:
        """Return itself as the engine takes it: of a file it uses `write` and `flush` only."""
        return cast("IO[bytes]", self)

    def flush(self) -> None:
        """Leave it to the blocks: the engine flushes at its end only."""

    def _gather(self, block: bytes) -> None:
        """Keep a block, and send what is kept when it is much or old."""
        self._parts.append(block)
        self._size += len(block)
        full = self._size >= (_BLOCK if self.sent_head else _FIRST)
        if full or time.monotonic() - self._since > _PATIENCE:
            self._send(self._opening() + frame(DATA, b"".join(self._parts)))
            self._parts.clear()
            self._size, self._since = 0, time.monotonic()

    def insert(self, behind: bytes, text: bytes) -> None:
        """Put `text` behind the first bytes of a document of which nothing was sent."""
        whole = b"".join(self._parts) + self.held
        self._parts, self.held = [whole.replace(behind, behind + text, 1)], b""

    def _opening(self) -> bytes:
        """Return the head frame, once."""
        if self.sent_head:
            return b""
        self.sent_head = True
        return frame_of(HEAD, self._head | {"truncated": self.cut, "complete": self.done})

    def finish(self, tail: bytes, total: int) -> None:
        """Send what is kept, `tail`, and the end."""
        self.done = True
        rest = b"".join(self._parts) + self.held + tail
        end = frame_of(END, {"rows": total, "truncated": self.cut})
        self._send(self._opening() + (frame(DATA, rest) if rest else b"") + end)
