"""A result on its way from a worker, or from the thread that asks a remote server, to the client."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sparqlhost.errors import Busy, StoreUnavailable
from sparqlhost.pool.jobs import (
    DATA_FRAME,
    END_FRAME,
    ERROR_FRAME,
    HEAD_FRAME,
    QueryJob,
    decode_error,
    receive_frames,
    send_job,
)


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
