"""The outermost callable: answers what it has answered before from bytes, compresses, and keeps answers.

An answer is kept when it is a whole 200 answer to GET with an ETag, which `kg.web.caching` gives to what
is a function of the data alone; it is used only while the store tells the same version of the data.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.errors import KgError
from kg.serving.cache import Answer, AnswerCache, Key
from kg.serving.compression import (
    FOR_BODIES,
    FOR_STREAMS,
    SMALLEST,
    coding,
    compress,
    compress_stream,
    compressible,
)
from kg.web.logs import Recorder, Request, request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: request headers that the key holds; an answer that varies by any other is not kept.
VARIES = frozenset({"accept", "accept-encoding", "accept-language", "origin", "host"})
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Served:
    """An application over one open store, and what tells the version of its data."""

    application: WSGIApplication
    version: Callable[[], str]
    recorder: Recorder
    close: Callable[[], None]


class Front:
    """The WSGI callable of a server process; `served` may be replaced while requests run."""

    def __init__(self, served: Served, cache: AnswerCache) -> None:
        """Answer from `cache`, else from `served`."""
        self.served = served
        self.cache = cache

    def swap(self, served: Served) -> Served:
        """Serve another build from the next request on; return the one before, which may still be asked."""
        before, self.served = self.served, served
        self.cache.clear()
        return before

    def close(self) -> None:
        """Let go of the store and write out the log."""
        self.served.close()
        if self.served.recorder.log is not None:
            self.served.recorder.log.flush()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        served = self.served
        key = cache_key(environ) if self.cache.limit else None
        if key is None:
            return _Exchange(environ, start_response, None, "", self.cache).run(served.application)
        try:
            version = served.version()
        except KgError:
            version = ""
        answer = self.cache.get(key, version) if version else None
        if answer is not None:
            return _replay(served.recorder, environ, start_response, answer)
        return _Exchange(environ, start_response, key, version, self.cache, served.version).run(
            served.application
        )


def cache_key(environ: WSGIEnvironment) -> Key | None:
    """Return what an answer is kept under, None where the request must reach the application."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or "HTTP_AUTHORIZATION" in environ:
        return None
    get = environ.get
    if "no-cache" in get("HTTP_CACHE_CONTROL", "") or "HTTP_RANGE" in environ or "HTTP_COOKIE" in environ:
        return None
    return (
        environ["PATH_INFO"],
        get("QUERY_STRING", ""),
        get("HTTP_ACCEPT", ""),
        coding(get("HTTP_ACCEPT_ENCODING", ""), FOR_BODIES),
        get("HTTP_HOST", ""),
        environ["wsgi.url_scheme"],
        get("HTTP_ACCEPT_LANGUAGE", ""),
        get("HTTP_ORIGIN", ""),
    )


def _replay(
    recorder: Recorder, environ: WSGIEnvironment, start_response: StartResponse, answer: Answer
) -> list[bytes]:
    """Send a kept answer, or 304 where the client holds it."""
    started = time.perf_counter()
    name = request_id(environ)
    headers = [*answer.headers, ("X-Request-Id", name)]
    body = [answer.body]
    status = answer.status
    given = environ.get("HTTP_IF_NONE_MATCH")
    if given is not None and answer.etag in [tag.strip() for tag in given.split(",")]:
        status, body = "304 NOT MODIFIED", []
        headers = [
            pair for pair in headers if pair[0] not in ("Content-Length", "Content-Type", "Content-Encoding")
        ]
    elif environ["REQUEST_METHOD"] == "HEAD":
        body = []
    start_response(status, headers)
    size = len(body[0]) if body else 0
    seconds = time.perf_counter() - started
    recorder.record(
        Request(
            name,
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            answer.route,
            int(status[:3]),
            seconds,
            size,
            "hit",
        )
    )
    return body


class _Exchange:
    """One request through the application: its head is held back until it is known how the body goes out."""

    def __init__(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        key: Key | None,
        version: str,
        cache: AnswerCache,
        now: Callable[[], str] | None = None,
    ) -> None:
        self.environ = environ
        self.start_response = start_response
        self.key = key
        self.version = version
        self.cache = cache
        self.now = now
        self.status = ""
        self.headers: Headers = []

    def run(self, application: WSGIApplication) -> Iterable[bytes]:
        """Return the body as it goes out."""
        body = application(self.environ, self._begin)
        accepted = self.environ.get("HTTP_ACCEPT_ENCODING", "")
        if isinstance(body, list):
            return self._whole(b"".join(body), accepted)
        if self._header("content-length"):
            return self._whole(_drained(body), accepted)
        return self._stream(body, coding(accepted, FOR_STREAMS))

    def _begin(self, status: str, headers: Headers, *_: Any) -> Callable[[bytes], object]:
        """Hold the head back."""
        self.status = status
        self.headers = headers
        return _no_write

    def _header(self, name: str) -> str:
        """Return a header of the answer, "" when it has none such."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def _compressible(self) -> bool:
        """Say whether the answer may be put in a content coding."""
        return (
            self.status.startswith("200")
            and not self._header("content-encoding")
            and compressible(self._header("content-type"))
            and "no-transform" not in self._header("cache-control")
        )

    def _encode(self, name: str, length: int | None) -> None:
        """Put coding and length in the head; `Vary` tells caches in between."""
        dropped = {"content-length", "vary"}
        vary = self._header("vary")
        self.headers = [pair for pair in self.headers if pair[0].lower() not in dropped]
        self.headers.append(("Vary", f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"))
        if name:
            self.headers.append(("Content-Encoding", name))
        if length is not None:
            self.headers.append(("Content-Length", str(length)))

    def _whole(self, body: bytes, accepted: str) -> list[bytes]:
        """Send a whole body, compressed where that helps, and keep it where that is right."""
        if self._compressible() and self.environ["REQUEST_METHOD"] != "HEAD":
            name = coding(accepted, FOR_BODIES) if len(body) >= SMALLEST else ""
            body = compress(body, name) if name else body
            self._encode(name, len(body))
        self.start_response(self.status, self.headers)
        self._keep(body)
        return [body]

    def _stream(self, chunks: Iterable[bytes], name: str) -> Iterable[bytes]:
        """Send a body piece by piece; one that turns out short is kept too."""
        source = chunks
        if name and self._compressible() and self.environ["REQUEST_METHOD"] != "HEAD":
            self._encode(name, None)
            chunks = compress_stream(chunks, name)
        self.start_response(self.status, self.headers)
        return _Tee(chunks, source, self._keep, self.cache.largest if self.key else -1)

    def _keep(self, body: bytes) -> None:
        """Keep the answer if nothing speaks against it."""
        if self.key is None or self.now is None or not self._lasting() or self.now() != self.version:
            return
        head = [
            pair for pair in self.headers if pair[0].lower() not in ("x-request-id", "content-length", "date")
        ]
        head.append(("Content-Length", str(len(body))))
        route = self.environ.get("kg.route", "(none)")
        answer = Answer(self.status, tuple(head), body, self.version, self._header("etag"), route)
        self.cache.put(self.key, answer)

    def _lasting(self) -> bool:
        """Say whether the answer is whole and a function of the data and the key alone."""
        vary = {word.strip().lower() for word in self._header("vary").split(",") if word.strip()}
        control = self._header("cache-control")
        return (
            self.status.startswith("200")
            and self.environ["REQUEST_METHOD"] == "GET"
            and bool(self._header("etag"))
            and vary <= VARIES
            and not any(word in control for word in ("no-store", "private"))
            and not self._header("set-cookie")
            and not self.environ.get("kg.broken")
        )


def _drained(body: Iterable[bytes]) -> bytes:
    """Return a body of known length, which the application holds whole already."""
    try:
        return b"".join(body)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()


def _no_write(_: bytes) -> None:
    """Refuse the imperative `write` of WSGI, which Flask does not use."""
    raise NotImplementedError("This application answers with iterables.")


class _Tee:
    """Passes chunks on and hands the whole over at the end, unless it grew past `limit` or broke."""

    def __init__(
        self, chunks: Iterable[bytes], source: object, keep: Callable[[bytes], None], limit: int
    ) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._closables = (chunks, source)
        self._keep = keep
        self._held: list[bytes] | None = [] if limit > 0 else None
        self._room = limit

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except StopIteration:
            if self._held is not None:
                self._keep(b"".join(self._held))
                self._held = None
            raise
        if self._held is not None:
            self._room -= len(chunk)
            self._held.append(chunk)
            if self._room < 0:
                self._held = None
        return chunk

    def close(self) -> None:
        """Stop the work behind the body."""
        for body in dict.fromkeys(map(id, self._closables)):
            target = next(item for item in self._closables if id(item) == body)
            close = getattr(target, "close", None)
            if close is not None:
                close()
