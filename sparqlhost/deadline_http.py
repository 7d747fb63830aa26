"""HTTP connections whose answers keep one deadline as a whole: `timeout` alone begins anew with every byte.

So a server that sends its head, or the words of an error, a byte at a time cannot hold anybody up.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
import urllib.request
from typing import Any


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until a moment of the monotonic clock; raises TimeoutError after it."""

    def __init__(self, sock: socket.socket, expires_at: float) -> None:
        """Read from `sock` until `until`."""
        super().__init__()
        self._sock = sock
        self._expires_at = expires_at
        self._socket_file = sock.makefile("rb", buffering=0)  # keeps the socket open for as long as this is

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what comes in the time that is left."""
        left = self._expires_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket_file.close()
        super().close()


class _DeadlineResponse(http.client.HTTPResponse):
    """An answer that is read through such a reader."""

    def __init__(self, sock: socket.socket, *, until: float, **more: Any) -> None:
        """Read the answer on `sock`."""
        super().__init__(sock, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock, until))


def with_total_deadline(connection: http.client.HTTPConnection) -> http.client.HTTPConnection:
    """Return the connection, its timeout being the time its whole answer may take from now on."""
    until = time.monotonic() + (connection.timeout or 0.0)
    connection.response_class = lambda sock, **more: _DeadlineResponse(sock, until=until, **more)  # type: ignore[assignment]
    return connection


class DeadlineHTTPHandler(urllib.request.HTTPHandler):
    """Opens http addresses so."""

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open."""
        return self.do_open(
            lambda host, **more: with_total_deadline(http.client.HTTPConnection(host, **more)), req
        )


class DeadlineHTTPSHandler(urllib.request.HTTPSHandler):
    """Opens https addresses so."""

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open."""
        return self.do_open(
            lambda host, **more: with_total_deadline(http.client.HTTPSConnection(host, **more)), req
        )
