"""Answers kept as bytes, bounded in bytes, and worthless as soon as the data have another version.

It must not decide what may be kept: `kg.serving.front` does, from the answer's own headers.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

Key = tuple[str, ...]

#: bytes an entry is counted beside its body: key, headers and the table's own cells.
OVERHEAD = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
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
        return len(self.body) + OVERHEAD


class AnswerCache:
    """Least recently used answers up to a number of bytes; safe for threads."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` bytes; 0 keeps nothing."""
        self.limit = limit
        self.size = 0
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        """Return the number of answers kept."""
        return len(self._answers)

    @property
    def largest(self) -> int:
        """Return the bytes a body may have to be kept: an eighth of the whole."""
        return self.limit // 8

    def get(self, key: Key, version: str) -> Answer | None:
        """Return the answer to `key` if it was made from `version` of the data; a stale one is dropped."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is None:
                return None
            if answer.version != version:
                self._drop(key)
                return None
            self._answers.move_to_end(key)
            return answer

    def put(self, key: Key, answer: Answer) -> None:
        """Keep an answer, dropping the longest unused ones to make room."""
        if len(answer.body) > self.largest:
            return
        with self._lock:
            if key in self._answers:
                self._drop(key)
            self._answers[key] = answer
            self.size += answer.size
            while self.size > self.limit:
                self._drop(next(iter(self._answers)))

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._answers.clear()
            self.size = 0

    def _drop(self, key: Key) -> None:
        """Remove one answer; the lock is held."""
        self.size -= self._answers.pop(key).size
