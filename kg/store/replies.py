"""Reading the frames of an answer off a connection."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

from kg.errors import Busy, StoreUnavailable
from kg.store.client import Reply
from kg.store.jobs import DATA, END, ERROR, error_from, frames


def replied(connection: socket.socket) -> Reply:
    """Return the reply that arrives on `connection`, when its head is here; raises the error told instead."""
    stream = _items(connection)
    head = next(stream, None)
    if not isinstance(head, dict):
        raise StoreUnavailable("The answer broke off before it began.", todo="Ask again.")
    end: dict[str, Any] = {}
    return Reply(head, _blocks(stream, end), end)


def _items(connection: socket.socket) -> Iterator[dict[str, Any] | bytes]:
    """Yield the head, the blocks and the end; raises the error that came in their place."""
    with connection:
        try:
            for kind, payload in frames(connection):
                if kind == ERROR:
                    raise error_from(payload)
                yield payload if kind == DATA else json.loads(payload)
                if kind == END:
                    return
        except TimeoutError as error:
            raise Busy("The answer did not come in time.", todo="Try again later.") from error
        except ConnectionError:
            return


def _blocks(stream: Iterator[dict[str, Any] | bytes], end: dict[str, Any]) -> Iterator[bytes]:
    """Yield the blocks of the body; raises StoreUnavailable when it stops before its end."""
    for item in stream:
        if isinstance(item, dict):
            end.update(item)
            return
        yield item
    raise StoreUnavailable("The answer broke off.", todo="Ask again.")
