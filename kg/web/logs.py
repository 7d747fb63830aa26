"""One JSON line a request with its id and duration, and a line more for a slow query.

Never in a log: query texts, query strings, bodies, headers, tokens. A slow query is named by its digest
and length, so that an operator can recognise it and a reader of the log learns nothing of a patient.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Flask, g, request
from flask.blueprints import BlueprintSetupState

from kg.web.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Response

blueprint = Blueprint("logs", __name__)

#: a write of at most this many bytes to a pipe is not mixed with those of other processes (POSIX PIPE_BUF).
PIPE_BUF = 4096
#: paths behind which queries of the public run.
QUERIES = ("/sparql", "/questions/")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a request when its last byte has left."""

    id: str
    method: str
    path: str
    route: str
    status: int
    seconds: float
    size: int
    cache: str = ""
    query: str = ""
    rows: int = -1


def request_id(environ: dict[str, Any]) -> str:
    """Return the request's id: the caller's `X-Request-Id` where it is a plain word, else a new one."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if given and _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


@lru_cache(maxsize=4)
def _second(moment: int) -> str:
    """Return an ISO 8601 time without its fraction."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))


def _now() -> str:
    """Return the time of day in UTC, to the millisecond."""
    moment = time.time()
    return f"{_second(int(moment))}.{int(moment % 1 * 1000):03}Z"


class LineLog:
    """Lines written to a file descriptor by a thread of their own, a quarter of a second late at most."""

    def __init__(self, descriptor: int, delay: float = 0.25) -> None:
        """Write to `descriptor`; the thread starts with the first line, so after any fork."""
        self._descriptor = descriptor
        self._delay = delay
        self._lines: deque[bytes] = deque(maxlen=200_000)
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Queue one line."""
        self._lines.append(line.encode("utf-8", "replace"))
        if self._writer is None:
            self._start()

    def flush(self) -> None:
        """Write what is queued, whole lines together, at most PIPE_BUF bytes at a time."""
        with self._lock:
            block = b""
            while self._lines:
                line = self._lines.popleft() + b"\n"
                if block and len(block) + len(line) > PIPE_BUF:
                    self._put(block)
                    block = b""
                block += line
            self._put(block)

    def _put(self, block: bytes) -> None:
        """Write a block; a reader that went away or a full disk must not stop the service."""
        try:
            while block:
                block = block[os.write(self._descriptor, block) :]
        except OSError:
            return

    def _start(self) -> None:
        """Start the writing thread once."""
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._run, name="log", daemon=True)
                self._writer.start()

    def _run(self) -> None:
        while True:
            time.sleep(self._delay)
            self.flush()


class Recorder:
    """Counts and logs requests, those of the application and those answered from the cache."""

    def __init__(self, log: LineLog | None, metrics: Metrics, slow_query: float) -> None:
        """Log to `log` (None: count only); a query of `slow_query` seconds or more gets a line of its own."""
        self.log = log
        self.metrics = metrics
        self.slow_query = slow_query

    def record(self, request: Request) -> None:
        """Count and log one finished request."""
        self.metrics.observe(request.route, request.method, request.status, request.seconds, request.cache)
        if request.rows > 0:
            self.metrics.rows.inc(request.rows)
        if self.log is None:
            return
        self.log.write(
            f'{{"time":"{_now()}","event":"request","id":"{request.id}","method":{json.dumps(request.method)},'
            f'"path":{json.dumps(request.path[:200])},"status":{request.status},'
            f'"ms":{request.seconds * 1000:.2f},"bytes":{request.size},"cache":"{request.cache}"}}'
        )
        if request.query and request.seconds >= self.slow_query:
            self.log.write(self._slow(request))

    def _slow(self, request: Request) -> str:
        """Return the slow-query line: the text's digest and length, never the text."""
        digest = hashlib.sha256(request.query.encode()).hexdigest()
        line = {"time": _now(), "event": "slow-query", "id": request.id, "path": request.path[:200]}
        return json.dumps(
            line
            | {
                "ms": round(request.seconds * 1000, 2),
                "query_sha256": digest,
                "query_length": len(request.query),
            }
        )


class Observed:
    """WSGI middleware: gives each request its id and records it when its last byte has left."""

    def __init__(self, application: WSGIApplication, recorder: Recorder) -> None:
        """Wrap `application`."""
        self.application = application
        self.recorder = recorder

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        environ["kg.request_id"] = request_id(environ)
        status = "500"

        def begin(line: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            nonlocal status
            status = line
            return start_response(line, headers, *rest)

        asking = environ.get("PATH_INFO", "").startswith(QUERIES)
        if asking:
            self.recorder.metrics.asking.inc()
        body = self.application(environ, begin)

        def finish(size: int) -> None:
            if asking:
                self.recorder.metrics.asking.dec()
            self.recorder.record(_finished(environ, status, time.perf_counter() - started, size))

        if isinstance(body, list):
            finish(sum(map(len, body)))
            return body
        return _Counted(body, finish)


class _Counted:
    """A body that reports its length when it is closed."""

    def __init__(self, body: Iterable[bytes], finish: Callable[[int], None]) -> None:
        self._body = body
        self._chunks: Iterator[bytes] = iter(body)
        self._finish: Callable[[int], None] | None = finish
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._size += len(chunk)
        return chunk

    def close(self) -> None:
        """Close the body and report, once."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()
        if self._finish is not None:
            self._finish(self._size)
            self._finish = None


def _finished(environ: WSGIEnvironment, status: str, seconds: float, size: int) -> Request:
    """Return the record of a request from what the application left in its environment."""
    return Request(
        id=environ["kg.request_id"],
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        route=environ.get("kg.route", "(none)"),
        status=int(status[:3]),
        seconds=seconds,
        size=size,
        query=environ.get("kg.query", ""),
        rows=environ.get("kg.rows", -1),
    )


@blueprint.record_once
def _install(state: BlueprintSetupState) -> None:
    """Wrap the application; it counts, and logs once the server gives the recorder a log."""
    app = cast(Flask, state.app)
    settings = app.extensions["kg_settings"]
    metrics = app.extensions.setdefault("kg_metrics", Metrics())
    recorder = Recorder(None, metrics, settings.slow_query)
    app.extensions["kg_recorder"] = recorder
    app.wsgi_app = Observed(app.wsgi_app, recorder)  # type: ignore[method-assign]


@blueprint.before_app_request
def name_request() -> None:
    """Give the request its id and the name of its route, for problem documents, logs and metrics."""
    g.request_id = request.environ.get("kg.request_id") or secrets.token_hex(8)
    request.environ["kg.route"] = request.url_rule.rule if request.url_rule else "(none)"


@blueprint.after_app_request
def tell_request_id(response: Response) -> Response:
    """Say the request's id, and leave for the log what the handler learned of its query."""
    response.headers["X-Request-Id"] = g.get("request_id", "")
    request.environ["kg.query"] = g.get("kg_query", "")
    request.environ["kg.rows"] = g.get("kg_rows", -1)
    return response
