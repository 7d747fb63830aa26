"""Answers kept as bytes, bounded in bytes, and worthless as soon as the data have another version.

It must not decide what may be kept: `kg.serving.front` does, from the answer's own headers.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

CacheKey = tuple[str, ...]

#: bytes an entry is counted beside its body: key, headers and the table's own cells.
ENTRY_OVERHEAD_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """One whole answer: its status line, headers, body, and the version of the data it was made from."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    version: str
    etag: str
    route: str

    @property
    def size(self) -> int:
        """Return the bytes this answer is counted with."""
        return len(self.body) + ENTRY_OVERHEAD_BYTES


class AnswerCache:
    """Least recently used answers up to a number of bytes; safe for threads."""

    def __init__(self, max_bytes: int) -> None:
        """Keep at most `limit` bytes; 0 keeps nothing."""
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self._answers: OrderedDict[CacheKey, CachedAnswer] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """Return the number of answers kept."""
        return len(self._answers)

    @property
    def max_body_bytes(self) -> int:
        """Return the bytes a body may have to be kept: an eighth of the whole."""
        return self.max_bytes // 8

    def get(self, key: CacheKey, version: str) -> CachedAnswer | None:
        """Return the answer to `key` if it was made from `version` of the data; a stale one is dropped."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is None:
                return None
            if answer.version != version:
                self._remove_entry(key)
                return None
            self._answers.move_to_end(key)
            return answer

    def put(self, key: CacheKey, answer: CachedAnswer) -> None:
        """Keep an answer, dropping the longest unused ones to make room."""
        if len(answer.body) > self.max_body_bytes:
            return
        with self._lock:
            if key in self._answers:
                self._remove_entry(key)
            self._answers[key] = answer
            self.used_bytes += answer.size
            while self.used_bytes > self.max_bytes:
                self._remove_entry(next(iter(self._answers)))

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._answers.clear()
            self.used_bytes = 0

    def _remove_entry(self, key: CacheKey) -> None:
        """Remove one answer; the lock is held."""
        self.used_bytes -= self._answers.pop(key).size
