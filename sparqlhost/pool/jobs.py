"""What is asked of the engine and how it travels: jobs and frames over a Unix socket.

A job is `length, JSON[, body]`; an answer is frames `kind, length, bytes`: a head (H), data (D),
then an end (E) or an error (X). A stream that stops before E or X broke.
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
from sparqlhost.errors import UserError

HEAD_FRAME, DATA_FRAME, END_FRAME, ERROR_FRAME = b"H", b"D", b"E", b"X"
_JOB_HEADER = struct.Struct(">II")
_FRAME_HEADER = struct.Struct(">cI")
_FIRST_READ_SIZE = 1 << 13  # most jobs and most answers are whole within it
_BLOCK_SIZE = 1 << 16  # asked of the kernel at a time; a larger buffer costs page faults each time


def new_job_id() -> str:
    """Return the name of one job, by which its death is told."""
    return os.urandom(8).hex()


@dataclass(frozen=True, slots=True)
class QueryJob:
    """A query as SPARQL 1.1 Protocol puts it, with the formats the client takes for each form."""

    text: str
    base: str | None = None
    results_format: str | None = "json"  # a key of sparqlhost.pool.query_runner.RESULTS for SELECT and ASK
    rdf_format: str | None = "nt"  # a key of sparqlhost.pool.query_runner.GRAPHS for CONSTRUCT and DESCRIBE
    default_graphs: tuple[str, ...] | None = None  # None: the query's own dataset, or the store's
    named_graphs: tuple[str, ...] | None = None
    row_limit: int = 0  # 0: no limit
    deadline: float = 30.0  # seconds of work
    parse_only: str = ""  # "query" or "update": nothing is evaluated over the store
    graph_to_dump: str | None = None  # a graph's IRI, "" the default graph: its triples instead of a query
    id: str = field(default_factory=new_job_id)


@dataclass(frozen=True, slots=True)
class WriteJob:
    """One write, all or nothing: an update, or a graph store operation with its body."""

    operation: str  # update | restore | put | post | delete | load
    text: str = ""  # of an update
    graph: str | None = None  # IRI; None is the default graph
    body_format: str = ""  # a key of sparqlhost.pool.query_runner.GRAPHS: the body's format
    base: str | None = None
    deadline: float = 30.0
    id: str = field(default_factory=new_job_id)


def send_job(connection: socket.socket, job: QueryJob | WriteJob, body: bytes = b"") -> None:
    """Send a job with its body."""
    kind = type(job)
    head = json.dumps([kind is QueryJob, *map(job.__getattribute__, _JOB_FIELDS[kind])]).encode()
    connection.sendall(_JOB_HEADER.pack(len(head), len(body)) + head + body)


def receive_job(connection: socket.socket) -> tuple[QueryJob | WriteJob, bytes] | None:
    """Return a job and its body, or None when the other side went away before it was whole."""
    head = _receive_at_least(connection, connection.recv(_FIRST_READ_SIZE), _JOB_HEADER.size)
    if head is None:
        return None
    head_length, body_length = _JOB_HEADER.unpack_from(head)
    start = _JOB_HEADER.size + head_length
    head = _receive_at_least(connection, head, start)
    if head is None:
        return None
    body = _receive_at_least(connection, head[start:], body_length)
    return None if body is None else (_decode_job(json.loads(head[_JOB_HEADER.size : start])), body)


def _decode_job(values: list[Any]) -> QueryJob | WriteJob:
    """Return the job whose kind and fields `raw` lists."""
    kind: Callable[..., QueryJob | WriteJob] = QueryJob if values[0] else WriteJob
    return kind(*(tuple(value) if isinstance(value, list) else value for value in values[1:]))


_JOB_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (QueryJob, WriteJob)}


def _receive_at_least(connection: socket.socket, received: bytes, length: int) -> bytes | None:
    """Return `begun` continued to `length` bytes or more, or None when the stream ends before."""
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


def make_json_frame(kind: bytes, value: dict[str, Any]) -> bytes:
    """Return one frame with a JSON payload."""
    return make_frame(kind, json.dumps(value).encode())


def make_error_frame(error: UserError) -> bytes:
    """Return the frame that carries an error with its place."""
    names = ("message", "location", "hint", "line", "column")
    return make_json_frame(
        ERROR_FRAME, {"type": type(error).__name__} | {name: getattr(error, name) for name in names}
    )


def decode_error(payload: bytes) -> UserError:
    """Return the error that an error frame carries."""
    raw = json.loads(payload)
    kind = getattr(errors, raw.pop("type"), UserError)
    message = raw.pop("message")
    error: UserError = kind(message, **raw)
    return error


def receive_frames(connection: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, payload) until the other side closes; a cut frame is not yielded."""
    buffer, asked = b"", _FIRST_READ_SIZE
    while True:
        while len(buffer) >= _FRAME_HEADER.size:
            kind, length = _FRAME_HEADER.unpack_from(buffer)
            end = _FRAME_HEADER.size + length
            if len(buffer) < end:
                break
            yield kind, buffer[_FRAME_HEADER.size : end]
            buffer = buffer[end:]
        part = connection.recv(asked)
        if not part:
            return
        buffer, asked = buffer + part if buffer else part, _BLOCK_SIZE
