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

from sparqlhost.ops.monitoring import RequestMetrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Response

blueprint = Blueprint("logs", __name__)

#: a write of at most this many bytes to a pipe is not mixed with those of other processes (POSIX PIPE_BUF).
PIPE_BUF = 4096
#: paths behind which queries of the public run.
QUERY_PATHS = ("/sparql", "/questions/")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class RequestRecord:
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


def choose_request_id(environ: dict[str, Any]) -> str:
    """Return the request's id: the caller's `X-Request-Id` where it is a plain word, else a new one."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if given and _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


@lru_cache(maxsize=4)
def _format_second(moment: int) -> str:
    """Return an ISO 8601 time without its fraction."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))


def _format_now() -> str:
    """Return the time of day in UTC, to the millisecond."""
    moment = time.time()
    return f"{_format_second(int(moment))}.{int(moment % 1 * 1000):03}Z"


class BufferedLineLog:
    """Lines written to a file descriptor by a thread of their own, a quarter of a second late at most."""

    def __init__(self, descriptor: int, flush_seconds: float = 0.25) -> None:
        """Write to `descriptor`; the thread starts with the first line, so after any fork."""
        self._descriptor = descriptor
        self._flush_seconds = flush_seconds
        self._lines: deque[bytes] = deque(maxlen=200_000)
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()

    def write_line(self, line: str) -> None:
        """Queue one line."""
        self._lines.append(line.encode("utf-8", "replace"))
        if self._writer is None:
            self._start_writer()

    def flush(self) -> None:
        """Write what is queued, whole lines together, at most PIPE_BUF bytes at a time."""
        with self._lock:
            block = b""
            while self._lines:
                line = self._lines.popleft() + b"\n"
                if block and len(block) + len(line) > PIPE_BUF:
                    self._write_block(block)
                    block = b""
                block += line
            self._write_block(block)

    def _write_block(self, block: bytes) -> None:
        """Write a block; a reader that went away or a full disk must not stop the service."""
        try:
            while block:
                block = block[os.write(self._descriptor, block) :]
        except OSError:
            return

    def _start_writer(self) -> None:
        """Start the writing thread once."""
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._flush_periodically, name="log", daemon=True)
                self._writer.start()

    def _flush_periodically(self) -> None:
        while True:
            time.sleep(self._flush_seconds)
            self.flush()


class RequestRecorder:
    """Counts and logs requests, those of the application and those answered from the cache."""

    def __init__(
        self, line_log: BufferedLineLog | None, metrics: RequestMetrics, slow_query_seconds: float
    ) -> None:
        """Log to `log` (None: count only); a query of `slow_query` seconds or more gets a line of its own."""
        self.line_log = line_log
        self.metrics = metrics
        self.slow_query_seconds = slow_query_seconds

    def record_request(self, request: RequestRecord) -> None:
        """Count and log one finished request."""
        self.metrics.observe_request(
            request.route, request.method, request.status, request.seconds, request.cache
        )
        if request.rows > 0:
            self.metrics.rows.inc(request.rows)
        if self.line_log is None:
            return
        self.line_log.write_line(
            f'{{"time":"{_format_now()}","event":"request","id":"{request.id}","method":{json.dumps(request.method)},'
            f'"path":{json.dumps(request.path[:200])},"status":{request.status},'
            f'"ms":{request.seconds * 1000:.2f},"bytes":{request.size},"cache":"{request.cache}"}}'
        )
        if request.query and request.seconds >= self.slow_query_seconds:
            self.line_log.write_line(self._format_slow_query(request))

    def _format_slow_query(self, request: RequestRecord) -> str:
        """Return the slow-query line: the text's digest and length, never the text."""
        digest = hashlib.sha256(request.query.encode()).hexdigest()
        line = {"time": _format_now(), "event": "slow-query", "id": request.id, "path": request.path[:200]}
        return json.dumps(
            line
            | {
                "ms": round(request.seconds * 1000, 2),
                "query_sha256": digest,
                "query_length": len(request.query),
            }
        )


class RequestObserver:
    """WSGI middleware: gives each request its id and records it when its last byte has left."""

    def __init__(self, application: WSGIApplication, recorder: RequestRecorder) -> None:
        """Wrap `application`."""
        self.application = application
        self.recorder = recorder

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        environ["kg.request_id"] = choose_request_id(environ)
        status = "500"

        def capture_status(
            line: str, headers: list[tuple[str, str]], *rest: Any
        ) -> Callable[[bytes], object]:
            nonlocal status
            status = line
            return start_response(line, headers, *rest)

        asking = environ.get("PATH_INFO", "").startswith(QUERY_PATHS)
        if asking:
            self.recorder.metrics.queries_in_flight.inc()
        body = self.application(environ, capture_status)

        def finish_request(size: int) -> None:
            if asking:
                self.recorder.metrics.queries_in_flight.dec()
            self.recorder.record_request(
                _make_request_record(environ, status, time.perf_counter() - started, size)
            )

        if isinstance(body, list):
            finish_request(sum(map(len, body)))
            return body
        return _CountedBody(body, finish_request)


class _CountedBody:
    """A body that reports its length when it is closed."""

    def __init__(self, body: Iterable[bytes], on_close: Callable[[int], None]) -> None:
        self._body = body
        self._chunks: Iterator[bytes] = iter(body)
        self._on_close: Callable[[int], None] | None = on_close
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
        if self._on_close is not None:
            self._on_close(self._size)
            self._on_close = None


def _make_request_record(environ: WSGIEnvironment, status: str, seconds: float, size: int) -> RequestRecord:
    """Return the record of a request from what the application left in its environment."""
    return RequestRecord(
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
def _install_observer(state: BlueprintSetupState) -> None:
    """Wrap the application; it counts, and logs once the server gives the recorder a log."""
    app = cast(Flask, state.app)
    settings = app.extensions["kg_settings"]
    metrics = app.extensions.setdefault("kg_metrics", RequestMetrics())
    recorder = RequestRecorder(None, metrics, settings.slow_query)
    app.extensions["kg_recorder"] = recorder
    app.wsgi_app = RequestObserver(app.wsgi_app, recorder)  # type: ignore[method-assign]


@blueprint.before_app_request
def assign_request_id() -> None:
    """Give the request its id and the name of its route, for problem documents, logs and metrics."""
    g.request_id = request.environ.get("kg.request_id") or secrets.token_hex(8)
    request.environ["kg.route"] = request.url_rule.rule if request.url_rule else "(none)"


@blueprint.after_app_request
def add_request_id(response: Response) -> Response:
    """Say the request's id, and leave for the log what the handler learned of its query."""
    response.headers["X-Request-Id"] = g.get("request_id", "")
    request.environ["kg.query"] = g.get("kg_query", "")
    request.environ["kg.rows"] = g.get("kg_rows", -1)
    return response
