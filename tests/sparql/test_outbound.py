"""No query and no update reaches another host or a file: canaries stand where they would be touched."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.sparql.conftest import Site

CANARY = "canary-7f3a"


@pytest.fixture(scope="module")
def canary() -> Iterator[tuple[str, list[str]]]:
    """Return the address of a server that should never be called, and the calls it got."""
    calls: list[str] = []

    class Canary(BaseHTTPRequestHandler):
        def _note(self) -> None:
            calls.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.send_header("Content-Type", "text/turtle")
            self.end_headers()
            self.wfile.write(f'<http://e/{CANARY}> <http://e/p> "{CANARY}" .'.encode())

        do_GET = do_POST = do_HEAD = _note  # noqa: N815 - names of the base class

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", calls
    server.shutdown()
    server.server_close()
    thread.join()


QUERIES = (
    "SELECT * {{ SERVICE <{url}/sparql> {{ ?s ?p ?o }} }}",
    "SELECT * {{ SERVICE SILENT <{url}/sparql> {{ ?s ?p ?o }} }}",
    "SELECT * {{ BIND(<{url}/sparql> AS ?where) SERVICE ?where {{ ?s ?p ?o }} }}",
    "SELECT * {{ BIND(<{url}/sparql> AS ?where) SERVICE SILENT ?where {{ ?s ?p ?o }} }}",
    "SELECT * {{ \\u0053ERVICE <{url}/sparql> {{ ?s ?p ?o }} }}",
    "SELECT * FROM <{url}/data.ttl> {{ ?s ?p ?o }}",
    "SELECT * FROM NAMED <{url}/data.ttl> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    "SELECT * FROM <{file}> {{ ?s ?p ?o }}",
    "SELECT * {{ SERVICE <{file}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ FILTER(?a<?b) # >\n SERVICE <{url}/sparql> {{ ?s ?p ?o }} }}",
    "ASK {{ FILTER EXISTS {{ SERVICE SILENT <{url}/sparql> {{ ?s ?p ?o }} }} }}",
    "DESCRIBE <{url}/data.ttl>",
)
UPDATES = (
    "LOAD <{url}/data.ttl>",
    "LOAD SILENT <{url}/data.ttl>",
    "LOAD <{url}/data.ttl> INTO GRAPH <http://e/g>",
    "LOAD <{file}>",
    "LOAD SILENT <{file}> INTO GRAPH <http://e/g>",
    "INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE SILENT <{url}/sparql> {{ ?s ?p ?o }} }}",
    "INSERT {{ ?s ?p ?o }} USING <{url}/data.ttl> WHERE {{ ?s ?p ?o }}",
    "INSERT DATA {{ <http://e/a> <http://e/b> 1 }} ; LOAD <{url}/data.ttl>",
)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return the address of a file nobody may read."""
    path = tmp_path / "secret.ttl"
    path.write_text(f'<http://e/{CANARY}> <http://e/p> "{CANARY}" .', "utf-8")
    return path.as_uri()


@pytest.mark.parametrize("text", QUERIES)
def test_no_query_calls_out(writable: Site, canary: tuple[str, list[str]], file: str, text: str) -> None:
    answer = writable.query(text.format(url=canary[0], file=file))
    assert answer.status in (200, 403)
    assert canary[1] == []
    assert f'"{CANARY}"'.encode() not in answer.body
    if "SILENT" not in text and "FROM" not in text and "DESCRIBE" not in text:
        assert answer.status == 403
        assert "host" in answer.json()["detail"]


@pytest.mark.parametrize("text", UPDATES)
def test_no_update_calls_out(writable: Site, canary: tuple[str, list[str]], file: str, text: str) -> None:
    answer = writable.update(text.format(url=canary[0], file=file))
    assert answer.status in (204, 403)
    assert canary[1] == []
    found = writable.query(f'ASK {{ {{ ?s ?p "{CANARY}" }} UNION {{ GRAPH ?g {{ ?s ?p "{CANARY}" }} }} }}')
    assert found.json()["boolean"] is False


def test_a_dataset_named_in_the_address_is_not_fetched(
    writable: Site, canary: tuple[str, list[str]], file: str
) -> None:
    for name in (f"{canary[0]}/data.ttl", file):
        answer = writable.query("SELECT * { ?s ?p ?o }", f"&default-graph-uri={name}")
        assert answer.json()["results"]["bindings"] == []
    assert canary[1] == []


def test_the_canary_sings_when_it_is_called(canary: tuple[str, list[str]]) -> None:
    import urllib.request

    with urllib.request.urlopen(f"{canary[0]}/check") as response:  # noqa: S310 - our own server
        assert CANARY.encode() in response.read()
    assert canary[1] == ["GET /check"]
    canary[1].clear()
