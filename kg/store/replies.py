"""Reading the frames of an answer off a connection."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

from kg.errors import Busy, StoreUnavailable
from kg.store.client import ResultStream
from kg.store.jobs import DATA_FRAME, END_FRAME, ERROR_FRAME, decode_error, receive_frames


def read_result_stream(connection: socket.socket) -> ResultStream:
    """Return the reply that arrives on `connection`, when its head is here; raises the error told instead."""
    stream = _read_items(connection)
    head = next(stream, None)
    if not isinstance(head, dict):
        raise StoreUnavailable("The answer broke off before it began.", hint="Ask again.")
    end: dict[str, Any] = {}
    return ResultStream(head, _read_blocks(stream, end), end)


def _read_items(connection: socket.socket) -> Iterator[dict[str, Any] | bytes]:
    """Yield the head, the blocks and the end; raises the error that came in their place."""
    with connection:
        try:
            for kind, payload in receive_frames(connection):
                if kind == ERROR_FRAME:
                    raise decode_error(payload)
                yield payload if kind == DATA_FRAME else json.loads(payload)
                if kind == END_FRAME:
                    return
        except TimeoutError as error:
            raise Busy("The answer did not come in time.", hint="Try again later.") from error
        except ConnectionError:
            return


def _read_blocks(stream: Iterator[dict[str, Any] | bytes], trailer: dict[str, Any]) -> Iterator[bytes]:
    """Yield the blocks of the body; raises StoreUnavailable when it stops before its end."""
    for item in stream:
        if isinstance(item, dict):
            trailer.update(item)
            return
        yield item
    raise StoreUnavailable("The answer broke off.", hint="Ask again.")
