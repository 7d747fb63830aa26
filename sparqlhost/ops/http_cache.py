"""Answers kept as bytes, bounded in bytes, and worthless as soon as the data have another version.

It must not decide what may be kept: `sparqlhost.ops.cache_middleware` does, from the answer's own headers.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from importlib.metadata import version
from threading import Lock

from flask import Blueprint, Response, current_app, request

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


#: MERGED kg.web.caching
#: MERGED Validators: an ETag from the version of the data, `Cache-Control`, and 304 for who has it already.
#: MERGED
#: MERGED An answer to GET is a function of the data's version, the address, and the negotiated type; the ETag is a
#: MERGED digest of these. It is weak (RFC 9110 section 8.8.1), as a compressed answer shares it.


blueprint = Blueprint("caching", __name__)

#: what depends on more than the data: the state of the server, or what a user typed of a patient.
VOLATILE_PATHS = ("/health/", "/metrics", "/case", "/update", "/validate", "/sparql/cancel")
REVALIDATE_DIRECTIVE = "public, no-cache"
_CODE_VERSION = version("rrall-kg")


@blueprint.after_app_request
def add_validators(response: Response) -> Response:
    """Give a GET answer its ETag and `Cache-Control`, or 304 when the client's copy is the present one."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or _is_volatile():
        response.headers.setdefault("Cache-Control", "no-store")
        return response
    if response.headers.get("ETag") or "no-store" in response.headers.get("Cache-Control", ""):
        return response
    response.headers.setdefault("Cache-Control", REVALIDATE_DIRECTIVE)
    if response.headers.get("Vary") != "Accept":
        response.vary.add("Accept")
    response.headers["ETag"] = f'W/"{_compute_etag(response)}"'
    return _apply_if_none_match(response)


def _is_volatile() -> bool:
    """Say whether this address answers more than the data."""
    return request.path.startswith(VOLATILE_PATHS)


def _compute_etag(response: Response) -> str:
    """Return what identifies this representation of this version of the data."""
    parts = (
        _CODE_VERSION,
        current_app.extensions["kg_store"].version,
        request.host,
        request.path,
        request.query_string.decode("latin-1"),
        response.headers.get("Content-Type", ""),
        response.headers.get("Content-Language", ""),
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def _apply_if_none_match(response: Response) -> Response:
    """Turn the answer into 304 where `If-None-Match` names it, and stop the work behind it."""
    if "HTTP_IF_NONE_MATCH" not in request.environ:
        return response
    if not request.if_none_match.contains_weak(response.get_etag()[0] or ""):
        return response
    if "*" in request.headers.get("If-None-Match", ""):
        return response
    unread = response.response
    response.make_conditional(request)
    close = getattr(unread, "close", None)
    if response.status_code == 304 and close is not None:
        close()
    return response
