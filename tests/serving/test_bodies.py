"""Bodies that drip, stall or come in pieces: each ends in time and keeps nobody else waiting."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import BoundedSemaphore

import pytest
import requests

from kg.errors import Busy, TooSlow
from sparqlhost.ops.connections import MinRateBody
from tests.serving.servers import TOKEN, Running, running

DRIPPING = 300
HEAD = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nAuthorization: Bearer " + TOKEN
SENT_AS = {
    "with a length": ("Content-Length: 100000", b"A"),
    "chunked": ("Transfer-Encoding: chunked", b"1\r\nA\r\n"),
}


class Dripping:
    """A body that never ends and gives a byte at a time."""

    def read(self, _size: int, /) -> bytes:
        """Return a byte, slowly."""
        time.sleep(0.06)
        return b"A"


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a server that waits long enough for a test to look at it meanwhile."""
    folder: Path = tmp_path_factory.mktemp("patient")
    with running(folder, "--empty", KG_UPDATE_TOKEN=TOKEN, KG_BODY_PATIENCE="2") as server:
        yield server


def _connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])), 20)


def test_others_are_answered_while_hundreds_of_bodies_are_under_way(patient: Running) -> None:
    """More than the threads that answer, in both processes together."""
    head = HEAD.format("/sparql", "application/sparql-query")
    with ExitStack() as stack:
        for _ in range(DRIPPING):
            client = stack.enter_context(_connect(patient))
            client.sendall(f"{head}\r\nContent-Length: 100000\r\n\r\nA".encode())
        for _ in range(20):
            assert requests.post(f"{patient.address}/sparql", data={"query": "ASK { }"}, timeout=10).ok
            assert requests.get(f"{patient.address}/health/ready", timeout=10).ok


@pytest.mark.parametrize("name", SENT_AS)
def test_a_body_that_drips_gets_408_and_its_connection_ends(patient: Running, name: str) -> None:
    field, drop = SENT_AS[name]
    head = HEAD.format("/update", "application/sparql-update")
    with _connect(patient) as client:
        client.sendall(f"{head}\r\n{field}\r\n\r\n".encode())
        client.settimeout(0.2)
        assert _dripped(client, drop).startswith(b"HTTP/1.1 408 ")


def _dripped(client: socket.socket, drop: bytes) -> bytes:
    """Send drops until the server ends the connection; return what it said."""
    said = bytearray()
    for _ in range(100):
        try:
            client.sendall(drop)
            piece = client.recv(4096)
        except TimeoutError:
            continue
        except ConnectionError:
            return bytes(said)
        if not piece:
            return bytes(said)
        said += piece
    raise AssertionError(f"The connection is still open after {bytes(said)!r}.")


def test_a_body_in_time_is_read_whole_and_only_as_far_as_asked() -> None:
    body = MinRateBody(io.BytesIO(b"x" * 200_001), 5, BoundedSemaphore(1))
    assert [len(body.read(150_000)), len(body.read()), len(body.read())] == [150_000, 50_001, 0]


def test_a_body_that_drips_is_given_up_with_a_sentence() -> None:
    with pytest.raises(TooSlow, match=r"less than 64000 in the last 0\.2 seconds"):
        MinRateBody(Dripping(), 0.2, BoundedSemaphore(1)).read()


def test_there_are_places_for_a_number_of_bodies_only() -> None:
    places = BoundedSemaphore(1)
    with places, pytest.raises(Busy):
        MinRateBody(io.BytesIO(), 5, places).read()
    assert MinRateBody(io.BytesIO(b"x"), 5, places).read() == b"x"


def test_what_the_server_says_of_a_broken_body_reaches_the_reader() -> None:
    class Broken:
        def read(self, _size: int, /) -> bytes:
            raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        MinRateBody(Broken(), 5, BoundedSemaphore(1)).read()
