"""LOAD, and SERVICE in an update: from addresses on the allow-list, as they are, whole or not at all."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from kg.errors import StoreUnavailable
from kg.settings import Settings
from sparqlhost.remote.service_calls import find_allowed_loads, inline_loads
from tests.sparql.conftest import Serve, Site

TRIPLE = "<http://e/loaded> <http://e/p> 'read over there', _:b . _:b <http://e/q> <rel> ."
LISTED = (
    "data.ttl empty.ttl named.trig broken.ttl page.html plain.ttl half.ttl slow.ttl endless.ttl sent-on.ttl "
    "context.jsonld missing.ttl rows".split()
)
ROWS = b'{"head":{"vars":["o"]},"results":{"bindings":[{"o":{"type":"literal","value":"row"}}]}}'


class Shelf(BaseHTTPRequestHandler):
    """Serves a document a path, some of them badly."""

    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.heard.append(self.path)
        name = self.path[1:].partition(".")[0].replace("-", "_")
        getattr(self, name, self.missing)()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def give(self, media: str, body: bytes, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def data(self) -> None:
        self.give("text/turtle; charset=utf-8", TRIPLE.encode())

    def plain(self) -> None:
        self.give("text/plain", TRIPLE.encode())

    def empty(self) -> None:
        self.give("text/turtle", b"")

    def named(self) -> None:
        self.give("application/trig", b"<http://e/g> { <http://e/a> <http://e/b> 1 }")

    def broken(self) -> None:
        self.give("text/turtle", b"<http://e/a> <http://e/b> 1 .\n<http://e/a> nonsense")

    def page(self) -> None:
        self.give("text/html", b"<html>Please sign in</html>")

    def half(self) -> None:
        self.give("text/turtle", TRIPLE.encode(), length=1000)

    def slow(self) -> None:
        time.sleep(4)

    def endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/turtle")
        self.end_headers()
        for _ in range(200):
            try:
                self.wfile.write(b"# nothing of interest in this line\n" * 100)
            except OSError:
                return

    def sent_on(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/data.ttl")
        self.end_headers()

    def context(self) -> None:
        here = f"http://{self.headers['Host']}/canary.jsonld"
        self.give("application/ld+json", f'{{"@context": "{here}", "@id": "http://e/a", "p": 1}}'.encode())

    def rows(self) -> None:
        self.give("application/sparql-results+json", ROWS)

    def missing(self) -> None:
        self.send_error(404)


@dataclass(frozen=True, slots=True)
class Place:
    """Our server, and the address of the shelf it may read."""

    site: Site
    shelf: str

    def load(self, name: str, more: str = "", silent: str = "") -> Any:
        """LOAD a document of the shelf."""
        return self.site.update(f"LOAD {silent} <{self.shelf}/{name}>{more}")

    def has(self, pattern: str) -> bool:
        """Ask whether a pattern matches."""
        return bool(self.site.query(f"ASK {{ {pattern} }}").json()["boolean"])


@pytest.fixture(scope="module")
def place(serve: Serve) -> Iterator[Place]:
    """Return a server that may read most of the shelf."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shelf = f"http://127.0.0.1:{server.server_port}"
    allowed = " ".join(f"{shelf}/{name}" for name in LISTED)
    options = {"KG_SERVICE_ALLOW": f"{allowed} file:///etc/hostname", "KG_BODY_SIZE": "200000"}
    yield Place(serve(KG_QUERY_DEADLINE="2", **options), shelf)
    server.shutdown()
    server.server_close()


@pytest.fixture
def kept(place: Place) -> Place:
    """Return the server with one triple in it and nothing asked of the shelf."""
    assert place.site.update("DROP ALL ; INSERT DATA { <http://e/kept> <http://e/p> 1 }").status == 204
    Shelf.heard.clear()
    return place


def test_load_writes_into_the_default_graph(kept: Place) -> None:
    assert kept.load("data.ttl").status == 204
    assert kept.has(f"<http://e/loaded> <http://e/p> ?b . ?b <http://e/q> <{kept.shelf}/rel>")
    assert kept.has("<http://e/kept> ?p ?o")
    assert Shelf.heard == ["/data.ttl"]


def test_load_writes_into_a_named_graph_and_twice_makes_two_blank_nodes(kept: Place) -> None:
    twice = f"PREFIX e: <http://e/> LOAD <{kept.shelf}/data.ttl> INTO GRAPH e:g ; "
    assert kept.site.update(f"{twice} LOAD <{kept.shelf}/data.ttl> INTO GRAPH <http://e/g>").status == 204
    found = kept.site.query("SELECT (COUNT(*) AS ?n) { GRAPH <http://e/g> { ?s ?p ?o } }")
    assert found.json()["results"]["bindings"][0]["n"]["value"] == "5"


def test_an_empty_document_makes_an_empty_graph(kept: Place) -> None:
    assert kept.load("empty.ttl", " INTO GRAPH <http://e/nothing>").status == 204
    assert kept.site.ask("GET", "/store?graph=http://e/nothing").status == 200


def test_a_file_served_as_plain_text_is_told_by_its_name(kept: Place) -> None:
    assert kept.load("plain.ttl").status == 204
    assert kept.has("<http://e/loaded> ?p ?o")


FAULTS = {
    "named.trig": (400, "named graphs"),
    "broken.ttl": (400, "does not parse"),
    "page.html": (400, "text/html, which is not RDF"),
    "half.ttl": (503, "broke off before the end of its answer"),
    "slow.ttl": (503, "did not answer in time"),
    "endless.ttl": (413, "limit of 200,000 bytes"),
    "sent-on.ttl": (503, "which is not followed"),
    "context.jsonld": (400, "does not parse"),
    "missing.ttl": (503, "status 404"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_document_that_cannot_be_had_is_one_sentence_and_changes_nothing(kept: Place, name: str) -> None:
    status, words = FAULTS[name]
    text = f"DELETE {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }} ; LOAD <{kept.shelf}/{name}>"
    answer = kept.site.update(text)
    assert (answer.status, answer.media()) == (status, "application/problem+json")
    assert words in answer.json()["detail"]
    assert "othing was changed" in answer.json()["detail"] + answer.json()["next"]
    assert kept.has("<http://e/kept> ?p ?o")
    assert Shelf.heard == [f"/{name}"]


def test_a_silent_load_fails_silently_and_the_rest_is_done(kept: Place) -> None:
    assert kept.load("page.html", " ; INSERT DATA { <http://e/rest> <http://e/p> 2 }", "SILENT").status == 204
    assert kept.has("<http://e/rest> ?p ?o")


@pytest.mark.parametrize(
    "text",
    [
        "LOAD <{shelf}/other.ttl>",
        "LOAD <{shelf}/data.ttl?more>",
        "LOAD <{shelf}/../data.ttl>",
        "LOAD <{shelf}/data.ttl> ; LOAD <{shelf}/other.ttl>",
        "PREFIX s: <{shelf}/> LOAD s:data.ttl",
        "INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{shelf}/other> {{ ?s ?p ?o }} }}",
    ],
)
def test_an_address_that_is_not_on_the_list_letter_by_letter_is_refused(kept: Place, text: str) -> None:
    answer = kept.site.update(text.format(shelf=kept.shelf))
    assert answer.status == 403
    assert Shelf.heard == []


def test_what_does_not_parse_calls_nobody(kept: Place) -> None:
    answer = kept.load("data.ttl", " INTO GRAPH <http://e/g> ; NONSENSE")
    assert (answer.status, Shelf.heard) == (400, [])
    answer = kept.site.update(f"\\u004cOAD <{kept.shelf}/data.ttl>")
    assert (answer.status, Shelf.heard) == (400, [])


def test_a_load_without_the_token_calls_nobody(kept: Place) -> None:
    text = f"LOAD <{kept.shelf}/data.ttl>"
    answer = kept.site.ask("POST", "/update", text, Content_Type="application/sparql-update")
    assert (answer.status, Shelf.heard) == (401, [])


def test_a_scheme_but_http_and_https_is_refused_though_listed(kept: Place) -> None:
    answer = kept.site.update("LOAD <file:///etc/hostname> INTO GRAPH <http://e/file>")
    assert answer.status == 503
    assert "not an http or https address" in answer.json()["detail"]


def test_words_in_strings_and_comments_load_nothing(kept: Place) -> None:
    text = f"INSERT DATA {{ <http://e/a> <http://e/b> 'LOAD <{kept.shelf}/data.ttl>' }} # LOAD <http://e/x>"
    assert (kept.site.update(text).status, Shelf.heard) == (204, [])


def test_an_allowed_service_gives_an_update_its_rows(kept: Place) -> None:
    text = "INSERT {{ <http://e/got> <http://e/p> ?o }} WHERE {{ SERVICE <{}/{}> {{ ?s ?p ?o }} }}"
    assert kept.site.update(text.format(kept.shelf, "rows")).status == 204
    assert kept.has("<http://e/got> ?p 'row'")
    failed = kept.site.update(text.format(kept.shelf, "page.html"))
    assert failed.status == 503
    assert "text/html" in failed.json()["detail"]


def test_a_name_that_stands_for_a_private_address_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is looked up when the connection is made, and the connection goes there: no rebinding."""
    asked: list[object] = []

    def hostile(host: str, *more: Any, **named: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", hostile)
    text = "LOAD <http://rebound.example/data.ttl>"
    found = find_allowed_loads(text, ["http://rebound.example/data.ttl"])
    with pytest.raises(StoreUnavailable, match="stands for an address of a private network"):
        inline_loads(text, found, Settings(query_deadline=2))
    assert asked == ["rebound.example"]
