"""Remotes: a real second SPARQL server, and a server that fails in every way a server can."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from kg.errors import BadData, Forbidden, NotFound, TooExpensive, UserError
from kg.linking import named_remotes as remotes
from kg.settings import Settings
from sparqlhost.http import RequestLimits
from sparqlhost.remote.remote_endpoint import select_from_remote
from sparqlhost.remote.service_calls import inline_service_calls
from sparqlhost.store.local_store import MemoryStore
from tests.external.samples import NT
from tests.oxigraph import free_port, serving

ALL = "SELECT ?s ?label { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?label }"
#: as for a remote that the user named: its address may be private.
QUICK = RequestLimits(1.0, private_hosts=None)
PATIENT = RequestLimits(5.0, private_hosts=None)
JSON = "application/sparql-results+json"
WHOLE = b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"http://a"}}]}}'


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The query address of a real Oxigraph server with a slice in it."""
    with serving(tmp_path_factory.mktemp("ox"), NT.encode()) as address:
        yield address


RESOLVE = socket.getaddrinfo


def as_loopback(host: str, *more: Any, **named: Any) -> Any:
    """Resolve every name to this machine, as a hostile name server would."""
    return RESOLVE("127.0.0.1", *more, **named)


class Faulty(BaseHTTPRequestHandler):
    """Answers each path with another fault."""

    heard: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.heard.append(self.path)
        getattr(self, self.path.strip("/").replace("-", "_"))()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, media: str, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def slow(self) -> None:
        time.sleep(3)

    def dripping(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.end_headers()
        for _ in range(40):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.1)

    def drop(self, text: bytes) -> None:
        for byte in text:
            try:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.1)

    def dripping_head(self) -> None:
        self.drop(b"HTTP/1.1 200 OK\r\nContent-Type: " + b"x" * 30)

    def dripping_complaint(self) -> None:
        self.send_response(500)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "40")
        self.end_headers()
        self.drop(b"x" * 40)

    def wrong_type(self) -> None:
        self.answer(200, "text/plain", b"rows: 1")

    def page(self) -> None:
        self.answer(200, "text/html", b"<html><body>Down for maintenance</body></html>")

    def error_page(self) -> None:
        self.answer(500, "text/html", b"<html><body>oops</body></html>")

    def half(self) -> None:
        self.answer(200, JSON, WHOLE[:40], length=len(WHOLE))

    def cut(self) -> None:
        self.answer(200, JSON, WHOLE[:40])

    def elsewhere(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"http://{self.headers['Host']}/whole")
        self.end_headers()

    def whole(self) -> None:
        self.answer(200, JSON, WHOLE)

    def blank(self) -> None:
        self.answer(200, JSON, WHOLE.replace(b'"uri","value":"http://a"', b'"bnode","value":"b0"'))

    def yes(self) -> None:
        self.answer(200, JSON, b'{"head":{},"boolean":true}')


@pytest.fixture(scope="module")
def faulty() -> Iterator[str]:
    """The address of a server whose every path fails in its own way."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Faulty)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


FAULTS = {
    "slow": "did not answer in time",
    "dripping": "did not answer in time",
    "dripping-head": "did not answer in time",
    "dripping-complaint": "status 500: xxx",
    "wrong-type": "text/plain",
    "page": "text/html",
    "error-page": "status 500",
    "half": "broke off before the end of its answer",
    "cut": "not complete SPARQL results",
    "elsewhere": "redirects to",
    "yes": "yes or no",
}


def test_a_second_server_answers(second: str) -> None:
    found = select_from_remote("zz", second, ALL, PATIENT)
    assert sorted(str(row[1]) for row in found.rows) == ['"gadget"', '"widget"']


@pytest.mark.parametrize("fault", FAULTS)
def test_every_failure_is_one_sentence_and_none_hangs(faulty: str, fault: str) -> None:
    began = time.monotonic()
    with pytest.raises(UserError, match=FAULTS[fault]) as caught:
        select_from_remote("zz", f"{faulty}/{fault}", ALL, QUICK)
    assert time.monotonic() - began < 3
    assert "zz" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_down_is_one_sentence() -> None:
    with pytest.raises(UserError, match="cannot be reached"):
        select_from_remote("zz", f"http://127.0.0.1:{free_port()}/", ALL, QUICK)


def test_a_redirect_is_never_followed(faulty: str) -> None:
    Faulty.heard.clear()
    with pytest.raises(UserError):
        select_from_remote("zz", f"{faulty}/elsewhere", ALL, QUICK)
    assert Faulty.heard == ["/elsewhere"]


# -- SERVICE ---

LOCAL = "VALUES ?here { 1 2 }"


def run(text: str) -> int:
    with MemoryStore() as store:
        return len(store.select(text))


def test_service_to_a_named_remote_joins_its_rows(second: str) -> None:
    found = inline_service_calls(
        f"SELECT * {{ {LOCAL} SERVICE <{second}> {{ ?s ?p 'widget' }} }}", [second], PATIENT
    )
    assert found.failures == ()
    assert run(found.text) == 2


def test_service_uses_the_prefixes_of_the_query(second: str) -> None:
    text = f"""PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
    SELECT ?l {{ SERVICE <{second}> {{ ?s rdfs:label ?l }} }}"""
    assert run(inline_service_calls(text, [second], PATIENT).text) == 2


@pytest.mark.parametrize("fault", ["page", "half", "elsewhere", "slow"])
def test_a_failing_service_leaves_the_local_part_and_a_sentence(faulty: str, fault: str) -> None:
    address = f"{faulty}/{fault}"
    found = inline_service_calls(
        f"SELECT * {{ {LOCAL} SERVICE <{address}> {{ ?s ?p ?o }} }}", [address], QUICK
    )
    assert run(found.text) == 2
    assert len(found.failures) == 1


def test_service_silent_fails_silently(faulty: str) -> None:
    address = f"{faulty}/page"
    found = inline_service_calls(
        f"SELECT * {{ {LOCAL} SERVICE SILENT <{address}> {{ ?s ?p ?o }} }}", [address], QUICK
    )
    assert found.failures == ()
    assert run(found.text) == 2


def test_an_address_that_is_not_named_is_left_for_refusal(faulty: str) -> None:
    Faulty.heard.clear()
    text = f"SELECT * {{ SERVICE <{faulty}/whole> {{ ?s ?p ?o }} }}"
    assert inline_service_calls(text, ["http://127.0.0.1:1/"], QUICK).text == text
    assert Faulty.heard == []


@pytest.mark.parametrize("name", ["<http://127.0.0.1:1/>", "?where"])
def test_no_remote_is_made_to_call_an_address_that_is_not_named(faulty: str, name: str) -> None:
    Faulty.heard.clear()
    address = f"{faulty}/whole"
    with pytest.raises(Forbidden, match="SERVICE inside a SERVICE"):
        inline_service_calls(
            f"SELECT * {{ SERVICE <{address}> {{ SERVICE {name} {{ ?s ?p ?o }} }} }}", [address], QUICK
        )
    assert Faulty.heard == []


def test_a_call_within_a_call_is_answered_first_and_travels_as_rows(second: str) -> None:
    text = f"SELECT * {{ SERVICE <{second}> {{ ?s ?p 'widget' SERVICE <{second}> {{ ?s ?q ?o }} }} }}"
    found = inline_service_calls(text, [second], PATIENT)
    assert (found.call_count, found.failures) == (2, ())
    assert run(found.text) >= 1


def test_a_silent_call_within_a_call_has_failed_silently(second: str) -> None:
    inner = "OPTIONAL { SERVICE SILENT <http://nowhere.invalid/sparql> { ?s ?q ?o } }"
    found = inline_service_calls(
        f"SELECT * {{ SERVICE <{second}> {{ ?s ?p 'widget' {inner} }} }}", [second], PATIENT
    )
    assert found.failures == ()
    assert run(found.text) == 1


def test_a_query_may_call_only_so_often(faulty: str) -> None:
    call = f"SERVICE SILENT <{faulty}/whole> {{ ?s ?p ?o }} "
    with pytest.raises(TooExpensive, match="more than 16 times"):
        inline_service_calls(
            f"SELECT * {{ {call * 17} }}", [f"{faulty}/whole"], RequestLimits(20, private_hosts=None)
        )


def test_blank_nodes_of_a_remote_join_with_nothing_of_ours(faulty: str) -> None:
    address = f"{faulty}/blank"
    text = f"SELECT * {{ VALUES ?s {{ <http://e/mine> }} SERVICE <{address}> {{ ?s ?p ?o }} }}"
    assert run(inline_service_calls(text, [address], PATIENT).text) == 0


def test_a_name_that_stands_for_a_private_address_is_not_called(
    faulty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server may change its mind (DNS rebinding); a host the operator calls private is reached."""
    monkeypatch.setattr(socket, "getaddrinfo", as_loopback)
    Faulty.heard.clear()
    address = f"{faulty}/whole".replace("127.0.0.1", "rebound.example")
    text = f"SELECT * {{ {LOCAL} SERVICE <{address}> {{ ?s ?p ?o }} }}"
    found = inline_service_calls(text, [address], RequestLimits(2))
    assert "stands for an address of a private network" in found.failures[0]
    assert Faulty.heard == []
    assert (
        inline_service_calls(text, [address], RequestLimits(2, private_hosts=("Rebound.Example",))).failures
        == ()
    )
    assert Faulty.heard == ["/whole"]


def test_words_in_strings_and_comments_are_no_service(faulty: str) -> None:
    text = f'SELECT * {{ ?s ?p "SERVICE <{faulty}/whole> {{ }}" # SERVICE <{faulty}/whole> {{}}\n }}'
    assert inline_service_calls(text, [f"{faulty}/whole"], QUICK).call_count == 0


# -- names ---


def test_remotes_are_kept_listed_and_forgotten(tmp_path: Path) -> None:
    settings = Settings(imports_dir=tmp_path, service_allow=("https://set.example/",))
    remotes.add_remote(settings, "zz", "https://zz.example/sparql")
    assert remotes.list_allowed_addresses(settings) == ("https://set.example/", "https://zz.example/sparql")
    remotes.remove_remote(settings, "zz")
    assert remotes.read_remotes(settings) == {}
    with pytest.raises(NotFound, match="none yet"):
        remotes.get_remote_address(settings, "zz")


@pytest.mark.parametrize(
    "address", ["ftp://a.example/", "file:///etc/passwd", "zz", "http://", "http://a b/"]
)
def test_only_web_addresses_can_be_remotes(tmp_path: Path, address: str) -> None:
    with pytest.raises(BadData, match="not the address"):
        remotes.add_remote(Settings(imports_dir=tmp_path), "zz", address)
