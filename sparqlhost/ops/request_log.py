"""The request log: a JSON line for each request with its id and duration, one for a slow query or a write.

Never in a log: query texts, query strings, bodies, headers, tokens. A slow query is named by its digest and
its length: an operator can recognize it, and a reader of the log learns nothing about a patient.

The lines are formatted here: QueueHandler with python-json-logger took 15 µs of CPU a request, this 1.7 µs.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote_json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from flask import Blueprint, Flask, request
from flask.blueprints import BlueprintSetupState

from sparqlhost.ops.monitoring import RequestMetrics, get_request_metrics
from sparqlhost.protocol.app_context import get_host_context
from sparqlhost.protocol.request_facts import (
    QUERY_TEXT,
    ROUTE,
    ROW_COUNT,
    WRITE_ACCESS,
    assign_request_id,
    get_request_id,
)
from sparqlhost.protocol.response_headers import close_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Response

blueprint = Blueprint("logs", __name__)

#: POSIX PIPE_BUF on Linux: a write to a pipe of at most so many bytes is not mixed with other processes'
#: writes.
PIPE_BUF = 4096
#: paths of requests that run queries.
QUERY_PATHS = ("/sparql", "/questions/")
_EXTENSION = "sparqlhost_recorder"


class RequestRecord(NamedTuple):
    """What is known of a request once its last byte is sent (a frozen dataclass takes 1 µs more to make)."""

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
    write_access: Mapping[str, str] | None = None


@lru_cache(maxsize=4)
def _format_second(moment: int) -> str:
    """Return an ISO 8601 time without its fraction."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))


def _format_now() -> str:
    """Return the time of day in UTC, to the millisecond."""
    moment = time.time()
    return f"{_format_second(int(moment))}.{int(moment % 1 * 1000):03}Z"


class BufferedLineLog:
    """Writes lines to a file descriptor in a thread of its own, at most `flush_seconds` later."""

    def __init__(self, descriptor: int, flush_seconds: float = 0.25) -> None:
        """Write to `descriptor`; the thread starts with the first line, so after the process was forked."""
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
        """Write the queued lines, as many at a time as fit in PIPE_BUF bytes."""
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
        """Write a block; errors are ignored: a full disk or a closed pipe must not stop the service."""
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
    """Counts and logs requests: those that the application answered, and those answered from the cache."""

    def __init__(
        self, line_log: BufferedLineLog | None, metrics: RequestMetrics, slow_query_seconds: float
    ) -> None:
        """Log to `line_log` (None: count only); a query of `slow_query_seconds` or more gets its own line."""
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
            f'{{"time":"{_format_now()}","event":"request","id":"{request.id}","method":{quote_json(request.method)},'
            f'"path":{quote_json(request.path[:200])},"status":{request.status},'
            f'"ms":{request.seconds * 1000:.2f},"bytes":{request.size},"cache":"{request.cache}"}}'
        )
        if request.write_access is not None:
            facts = {"time": _format_now(), "event": "write-access", "id": request.id, **request.write_access}
            self.line_log.write_line(json.dumps(facts | {"status": request.status}))
        if request.query and request.seconds >= self.slow_query_seconds:
            self.line_log.write_line(self._format_slow_query(request))

    def _format_slow_query(self, request: RequestRecord) -> str:
        """Return the line of a slow query: the digest and length of its text, never the text."""
        return json.dumps(
            {
                "time": _format_now(),
                "event": "slow-query",
                "id": request.id,
                "path": request.path[:200],
                "ms": round(request.seconds * 1000, 2),
                "query_sha256": hashlib.sha256(request.query.encode()).hexdigest(),
                "query_length": len(request.query),
            }
        )


class RequestObserver:
    """WSGI middleware: records each request when its last byte is sent."""

    def __init__(self, application: WSGIApplication, recorder: RequestRecorder) -> None:
        """Wrap `application`."""
        self.application = application
        self.recorder = recorder

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        status = "500"

        def capture_status(
            line: str, headers: list[tuple[str, str]], *rest: Any
        ) -> Callable[[bytes], object]:
            nonlocal status
            status = line
            return start_response(line, headers, *rest)

        runs_query = environ.get("PATH_INFO", "").startswith(QUERY_PATHS)
        if runs_query:
            self.recorder.metrics.queries_in_flight.inc()
        body = self.application(environ, capture_status)

        def finish_request(size: int) -> None:
            if runs_query:
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
        close_body(self._body)
        if self._on_close is not None:
            self._on_close(self._size)
            self._on_close = None


def _make_request_record(environ: WSGIEnvironment, status: str, seconds: float, size: int) -> RequestRecord:
    """Return the record of a request, with what the application left in its environment."""
    return RequestRecord(
        id=assign_request_id(environ),
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO", ""),
        route=environ.get(ROUTE, "(none)"),
        status=int(status[:3]),
        seconds=seconds,
        size=size,
        query=environ.get(QUERY_TEXT, ""),
        rows=environ.get(ROW_COUNT, -1),
        write_access=environ.get(WRITE_ACCESS),
    )


@blueprint.record_once
def _install_observer(state: BlueprintSetupState) -> None:
    """Wrap the application: it counts requests, and logs them once the server sets `line_log`."""
    app = cast(Flask, state.app)
    slow_query_seconds = get_host_context(app).settings.slow_query
    recorder = RequestRecorder(None, get_request_metrics(app), slow_query_seconds)
    app.extensions[_EXTENSION] = recorder
    app.wsgi_app = RequestObserver(app.wsgi_app, recorder)  # type: ignore[method-assign]


def get_recorder(app: Flask) -> RequestRecorder:
    """Return the recorder of an application's requests."""
    recorder: RequestRecorder = app.extensions[_EXTENSION]
    return recorder


@blueprint.before_app_request
def note_route() -> None:
    """Note the route of the request for log and metrics: its Flask rule, not the address with its names."""
    request.environ[ROUTE] = request.url_rule.rule if request.url_rule else "(none)"


@blueprint.after_app_request
def add_request_id(response: Response) -> Response:
    """Send the id of the request."""
    response.headers["X-Request-Id"] = get_request_id()
    return response
