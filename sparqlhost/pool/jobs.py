"""Jobs and frames: what is sent to the engine and what comes back, over one Unix socket a job.

    job      head length (4 bytes), body length (4 bytes), head (JSON), body (bytes, of a write only)
    answer   frames: kind (1 byte), length (4 bytes), payload
             H head (JSON), D data (bytes) any number of times, then E end (JSON) or X error (JSON)

Integers are big-endian. Each side closes the connection after one job: the worker may be killed at any
moment, so the only proof that an answer is complete is its E or X frame. A stream that stops before is
broken, and the scoreboard says why (sparqlhost/pool/engine_dir.py).
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from sparqlhost import errors
from sparqlhost.errors import Busy, StoreUnavailable, UserError

HEAD_FRAME, DATA_FRAME, END_FRAME, ERROR_FRAME = b"H", b"D", b"E", b"X"
_JOB_HEADER = struct.Struct(">II")
_FRAME_HEADER = struct.Struct(">cI")
_FIRST_READ_SIZE = 1 << 13  # bytes; most jobs and most answers fit
_MAX_DATA_LENGTH = 1 << 20  # bytes of a data frame
_BLOCK_SIZE = 1 << 16  # bytes read at a time; a larger buffer costs page faults each time


def new_job_id() -> str:
    """Return 16 hexadecimal digits, under which the scoreboard records how a job ended."""
    return os.urandom(8).hex()


@dataclass(frozen=True, slots=True)
class QueryJob:
    """A query with its dataset (SPARQL 1.1 Protocol, 2.1) and the formats that the client accepts."""

    text: str
    base: str | None = None
    results_format: str | None = "json"  # for SELECT and ASK: a key of query_runner.RESULT_FORMATS
    rdf_format: str | None = "nt"  # for CONSTRUCT and DESCRIBE: a key of query_runner.RDF_FORMATS
    default_graphs: tuple[str, ...] | None = None  # None: the query's own dataset, or the store's
    named_graphs: tuple[str, ...] | None = None
    row_limit: int = 0  # 0: no limit
    deadline: float = 30.0  # seconds of work, the time spent waiting for a slow client excluded
    parse_only: str = ""  # "query" or "update": check the syntax, evaluate nothing
    graph_to_dump: str | None = None  # instead of a query: all triples of a graph; "" is the default graph
    id: str = field(default_factory=new_job_id)


@dataclass(frozen=True, slots=True)
class WriteJob:
    """One write, all or nothing: an update, or a graph store operation, whose RDF is sent as the body."""

    operation: str  # update | restore | put | post | delete | load
    text: str = ""  # of an update
    graph: str | None = None  # IRI; None is the default graph
    body_format: str = ""  # a key of query_runner.RDF_FORMATS; for several parts "ttl:120 rdf:80"
    base: str | None = None
    deadline: float = 30.0
    id: str = field(default_factory=new_job_id)


_JOB_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (QueryJob, WriteJob)}


def send_job(connection: socket.socket, job: QueryJob | WriteJob, body: bytes = b"") -> None:
    """Send a job with its body."""
    kind = type(job)
    # a list, the fields in order: both ends run the same code, and names would double the bytes
    head = json.dumps([kind is QueryJob, *map(job.__getattribute__, _JOB_FIELDS[kind])]).encode()
    connection.sendall(_JOB_HEADER.pack(len(head), len(body)) + head + body)


def receive_job(connection: socket.socket) -> tuple[QueryJob | WriteJob, bytes] | None:
    """Return a job and its body, or None if the other side closed the connection before the end of it."""
    received = _receive_at_least(connection, connection.recv(_FIRST_READ_SIZE), _JOB_HEADER.size)
    if received is None:
        return None
    head_length, body_length = _JOB_HEADER.unpack_from(received)
    head_end = _JOB_HEADER.size + head_length
    received = _receive_at_least(connection, received, head_end)
    if received is None:
        return None
    body = _receive_at_least(connection, received[head_end:], body_length)
    return None if body is None else (_decode_job(json.loads(received[_JOB_HEADER.size : head_end])), body)


def _decode_job(values: list[Any]) -> QueryJob | WriteJob:
    kind: Callable[..., QueryJob | WriteJob] = QueryJob if values[0] else WriteJob
    return kind(*(tuple(value) if isinstance(value, list) else value for value in values[1:]))


def _receive_at_least(connection: socket.socket, received: bytes, length: int) -> bytes | None:
    """Return `received` and what follows, `length` bytes or more; None if the stream ends before."""
    missing = length - len(received)
    parts = [received]
    while missing > 0:
        part = connection.recv(min(missing, _BLOCK_SIZE))
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts) if len(parts) > 1 else received


def make_frame(kind: bytes, payload: bytes) -> bytes:
    """Return one frame."""
    return _FRAME_HEADER.pack(kind, len(payload)) + payload


def make_data_frames(payload: bytes) -> bytes:
    """Return data frames for `payload`, each short enough that its receiver needs little memory."""
    starts = range(0, len(payload), _MAX_DATA_LENGTH)
    return b"".join(make_frame(DATA_FRAME, payload[start : start + _MAX_DATA_LENGTH]) for start in starts)


def make_json_frame(kind: bytes, value: dict[str, Any]) -> bytes:
    """Return one frame with a JSON payload."""
    return make_frame(kind, json.dumps(value).encode())


def make_error_frame(error: UserError) -> bytes:
    """Return the frame that carries an error with its location."""
    names = ("message", "location", "hint", "line", "column")
    return make_json_frame(
        ERROR_FRAME, {"type": type(error).__name__} | {name: getattr(error, name) for name in names}
    )


def decode_error(payload: bytes) -> UserError:
    """Return the error in the payload of an error frame."""
    values = json.loads(payload)
    kind: type[UserError] = _ERROR_TYPES.get(values.pop("type"), UserError)
    return kind(values.pop("message"), **values)


_ERROR_TYPES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, UserError)
}


def take_frame(received: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Return kind, payload and the bytes after the first frame of `received`; None while it is incomplete."""
    if len(received) < _FRAME_HEADER.size:
        return None
    kind, length = _FRAME_HEADER.unpack_from(received)
    end = _FRAME_HEADER.size + length
    return (kind, received[_FRAME_HEADER.size : end], received[end:]) if len(received) >= end else None


def receive_frames(connection: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, payload) until the other side closes; an incomplete frame is not yielded."""
    received, read_size = b"", _FIRST_READ_SIZE
    while True:
        while frame := take_frame(received):
            kind, payload, received = frame
            yield kind, payload
        block = connection.recv(read_size)
        if not block:
            return
        received, read_size = received + block if received else block, _BLOCK_SIZE


def raise_error_frame(received: bytes) -> None:
    """Raise the error of the frame in `received`, if there is one."""
    if frame := take_frame(received):
        raise decode_error(frame[1])


class NoAnswer(StoreUnavailable):
    """The connection was closed before the head of the result; nothing was sent to the client yet."""


@dataclass(slots=True)
class ResultStream:
    """The head of a result, its blocks, and after the last block the trailer: `rows` and `truncated`."""

    head: dict[str, Any]
    blocks: Iterator[bytes]
    trailer: dict[str, Any] = field(default_factory=dict)

    def read_body(self) -> bytes:
        """Return the complete body."""
        return b"".join(self.blocks)


def receive_result(
    connection: socket.socket,
    job: QueryJob | None = None,
    raise_break_reason: Callable[[], None] = lambda: None,
) -> ResultStream:
    """Return the result that arrives on `connection` as soon as its head is here; `job` is sent first.

    Raises the error that arrives instead, or NoAnswer. If the stream breaks, before its head or while the
    blocks are read, `raise_break_reason` may raise what is known of the reason.
    """
    frames = _receive_until_end(connection, job)
    kind, payload = next(frames, (b"", b""))
    if kind != HEAD_FRAME:
        raise_break_reason()
        raise NoAnswer("The result broke off before it began.", hint="Send the query again.")
    result = ResultStream(json.loads(payload), iter(()))
    result.blocks = _read_blocks(frames, result.trailer, raise_break_reason)
    return result


def _receive_until_end(connection: socket.socket, job: QueryJob | None) -> Iterator[tuple[bytes, bytes]]:
    """Yield the frames up to the end frame, raise an error frame; a broken connection just ends."""
    with connection:
        try:
            if job:
                send_job(connection, job)
            for kind, payload in receive_frames(connection):
                if kind == ERROR_FRAME:
                    raise decode_error(payload)
                yield kind, payload
                if kind == END_FRAME:
                    return
        except TimeoutError as error:
            raise Busy("The answer did not come in time.", hint="Try again later.") from error
        except ConnectionError:
            return


def _read_blocks(
    frames: Iterator[tuple[bytes, bytes]], trailer: dict[str, Any], raise_break_reason: Callable[[], None]
) -> Iterator[bytes]:
    """Yield the blocks, then fill `trailer`; raises StoreUnavailable if the stream breaks."""
    for kind, payload in frames:
        if kind == DATA_FRAME:
            yield payload
        else:
            trailer.update(json.loads(payload))
            return
    raise_break_reason()
    raise StoreUnavailable("The result broke off.", hint="Send the query again.")
