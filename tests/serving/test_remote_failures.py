"""A remote store that fails in every way seen in the field gives a sentence, in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kg.errors import BadQuery, Busy, Forbidden, StoreUnavailable, TooExpensive, UserError
from kg.settings import Settings
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.jobs import QueryJob, WriteJob
from sparqlhost.pool.supervisor import SparqlEngineProcess, start_engine
from sparqlhost.remote.remote_endpoint import choose_update_address, derive_update_address
from sparqlhost.remote.remote_store import RemoteStore
from sparqlhost.store.local_store import MemoryStore
from tests.serving.servers import wait_until

SETTINGS = Settings(empty=True, query_deadline=1.0, query_slots=1, query_queue=1)
QUERY = "SELECT ?s { ?s ?p ?o }"
WHOLE = b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"http://e/1"}}]}}'
JSON = "application/sparql-results+json"

Behaviour = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """A server that behaves as it is told, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour) -> None:
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                server.asked.append(self.rfile.read(length).decode())
                behaviour(self)

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/query"


Serve = Callable[[Behaviour], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[Server] = []

    def start(behaviour: Behaviour) -> Server:
        server = Server(behaviour)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def engine() -> Iterator[SparqlEngineProcess]:
    with start_engine(SETTINGS, MemoryStore) as engine:
        yield engine


@pytest.fixture
def remote(engine: SparqlEngineProcess, tmp_path: Path) -> Callable[[str], RemoteStore]:
    """Return a function that opens a remote store as the server does: with an engine that parses."""
    return lambda address: RemoteStore(
        address, SETTINGS, EngineStore(engine.directory, SETTINGS), tmp_path / "written"
    )


def send(handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes, **more: str) -> None:
    handler.send_response(status)
    headers = {"Content-Type": kind, "Content-Length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in more.items()
    }
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def answers_well(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, JSON, WHOLE)


def is_slow(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3)


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", JSON)
    handler.end_headers()
    try:
        for byte in WHOLE:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.2)
    except OSError:
        return


def sends_a_page(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, "text/html", b"<html>Welcome to our proxy</html>")


def fails_with_a_page(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 502, "text/html", b"<html><h1>Bad gateway</h1></html>")


def sends_half(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, JSON, WHOLE[:40], Content_Length=str(len(WHOLE)))


def sends_half_without_a_length(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", JSON)
    handler.end_headers()
    handler.wfile.write(WHOLE[:60])


def sends_garbage(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, JSON, b"\x00\xff not JSON at all")


FAILURES: dict[str, tuple[Behaviour, str]] = {
    "slow": (is_slow, "did not answer in time"),
    "a byte at a time": (drips, "did not answer in time"),
    "a page of HTML": (sends_a_page, "text/html"),
    "an error page": (fails_with_a_page, "status 502"),
    "half an answer": (sends_half, "remote store"),
    "half an answer without a length": (sends_half_without_a_length, "cut off or damaged"),
    "garbage": (sends_garbage, "cut off or damaged"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_remote_gives_a_sentence_in_time(
    name: str, serve: Serve, remote: Callable[[str], RemoteStore]
) -> None:
    behaviour, words = FAILURES[name]
    store = remote(serve(behaviour).address)
    for ask in (lambda: store.select(QUERY), lambda: store.answer(QueryJob(QUERY, deadline=1.0)).read_body()):
        began = time.monotonic()
        with pytest.raises((StoreUnavailable, TooExpensive)) as caught:
            ask()
        assert time.monotonic() - began < 2.5
        assert words in str(caught.value)
        assert caught.value.hint


def test_a_remote_that_is_down_gives_a_sentence(remote: Callable[[str], RemoteStore]) -> None:
    store = remote("http://127.0.0.1:9/query")
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        store.ask("ASK {}")
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        store.answer(QueryJob("ASK {}")).read_body()
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        store.update("INSERT DATA { <http://e/1> <http://e/2> 3 }")


def test_a_redirect_is_not_followed(serve: Serve, remote: Callable[[str], RemoteStore]) -> None:
    canary = serve(answers_well)
    store = remote(
        serve(lambda handler: send(handler, 307, "text/plain", b"", Location=canary.address)).address
    )
    with pytest.raises(StoreUnavailable, match="not followed"):
        store.select(QUERY)
    with pytest.raises(StoreUnavailable, match="not followed"):
        store.answer(QueryJob(QUERY)).read_body()
    with pytest.raises(StoreUnavailable, match="not followed"):
        store.update("CLEAR ALL")
    assert canary.asked == []


def test_a_good_remote_answers_in_every_format(serve: Serve, remote: Callable[[str], RemoteStore]) -> None:
    store = remote(serve(answers_well).address)
    assert len(store.select(QUERY)) == 1
    reply = store.answer(QueryJob(QUERY, results_format="csv"))
    assert reply.head["form"] == "SELECT"
    assert reply.read_body() == b"s\r\nhttp://e/1\r\n"
    assert reply.trailer == {"rows": 1, "truncated": False}


def test_an_update_in_a_query_never_reaches_the_remote(
    serve: Serve, remote: Callable[[str], RemoteStore]
) -> None:
    server = serve(answers_well)
    store = remote(server.address)
    for text in ("DROP ALL", "PREFIX e: <http://e/> INSERT DATA { e:a e:b e:c }", "# SELECT\nCLEAR ALL"):
        with pytest.raises(BadQuery):
            store.answer(QueryJob(text))
    assert server.asked == []


@pytest.mark.parametrize(
    "query",
    [
        "PREFIX e: <http://e/> # load the rest\nSELECT ?s { ?s e:p ?o }",
        "PREFIX e: <http://e/> # add e:x\nASK { e:x ?p ?o }",
        "BASE <http://e/> # CLEAR\nSELECT * { ?s ?p ?o }",
    ],
)
def test_a_word_in_a_comment_does_not_make_a_query_an_update(
    query: str, serve: Serve, remote: Callable[[str], RemoteStore]
) -> None:
    """SPARQLWrapper guesses the form from the text, and sent such a query to the update address."""
    server = serve(answers_well)
    remote(server.address).answer(QueryJob(query)).read_body()
    assert [body.partition("=")[0] for body in server.asked] == ["query"]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
        "SELECT * { SERVICE SILENT ?where { ?s ?p ?o } }",
        "SELECT * { \\u0053ERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
        'SELECT * { ?s ?p "\\u0022" . SERVICE <http://127.0.0.1:9/> { } ?x ?y "\\u0022" }',
        'SELECT * { ?s ?p "\\u0022 . SERVICE <http://127.0.0.1:9/> { } ?x ?y \\u0022" }',
    ],
)
def test_a_query_cannot_make_the_remote_call_others(
    text: str, serve: Serve, remote: Callable[[str], RemoteStore]
) -> None:
    server = serve(answers_well)
    with pytest.raises(Forbidden):
        remote(server.address).answer(QueryJob(text))
    assert server.asked == []


@pytest.mark.parametrize("keyword", ["LOAD", "load", "L\\u004fAD"])
def test_an_update_cannot_make_the_remote_call_others(
    keyword: str, serve: Serve, remote: Callable[[str], RemoteStore]
) -> None:
    server = serve(answers_well)
    with pytest.raises(Forbidden):
        remote(server.address).write(WriteJob("update", text=f"{keyword} <http://127.0.0.1:9/data.ttl>"))
    assert server.asked == []


def test_a_full_queue_is_told(serve: Serve, remote: Callable[[str], RemoteStore]) -> None:
    server = serve(is_slow)
    store = remote(server.address)
    waiting = [threading.Thread(target=_quietly, args=(store,)) for _ in range(2)]
    for thread in waiting:
        thread.start()
    wait_until(lambda: len(server.asked) == len(waiting))
    with pytest.raises(Busy):
        store.answer(QueryJob(QUERY))
    for thread in waiting:
        thread.join()


def _quietly(store: RemoteStore) -> None:
    with pytest.raises(UserError):
        store.answer(QueryJob(QUERY, deadline=1.0)).read_body()


def test_the_version_changes_with_each_write_of_ours(
    serve: Serve, remote: Callable[[str], RemoteStore]
) -> None:
    store = remote(serve(lambda handler: send(handler, 204, "text/plain", b"")).address)
    seen = {store.version}
    for _ in range(3):
        store.update("CLEAR ALL")
        seen.add(store.version)
    assert len(seen) >= 4


def test_credentials_are_sent_and_never_shown(serve: Serve, remote: Callable[[str], RemoteStore]) -> None:
    heads: list[str] = []

    def remembers(handler: BaseHTTPRequestHandler) -> None:
        heads.append(handler.headers.get("Authorization", ""))
        answers_well(handler)

    server = serve(remembers)
    address = server.address.replace("http://", "http://ward:secret@")
    store = remote(address)
    assert len(store.select(QUERY)) == 1
    assert heads[0].startswith("Basic ")
    down = remote("http://ward:secret@127.0.0.1:9/query")
    with pytest.raises(StoreUnavailable) as caught:
        down.select(QUERY)
    assert "secret" not in str(caught.value)


def test_the_remote_sees_which_product_asks(serve: Serve, remote: Callable[[str], RemoteStore]) -> None:
    agents: list[str] = []

    def remembers(handler: BaseHTTPRequestHandler) -> None:
        agents.append(handler.headers["User-Agent"])
        answers_well(handler)

    remote(serve(remembers).address).select(QUERY)
    assert agents == [Settings.PRODUCT]


@pytest.mark.parametrize(
    ("query", "update"),
    [
        ("http://h/query", "http://h/update"),
        ("https://h/ds/query", "https://h/ds/update"),
        ("http://h/sparql", "http://h/sparql"),
    ],
)
def test_the_update_address_goes_with_the_query_address(query: str, update: str) -> None:
    assert derive_update_address(query) == update


@pytest.mark.parametrize(
    ("query", "configured", "update"),
    [
        ("http://ward:secret@h/query", "", "http://ward:secret@h/update"),
        ("http://ward:secret@h/query", "http://h/write", "http://ward:secret@h/write"),
        ("http://h/query", "http://h:1/write", "http://h:1/write"),
    ],
)
def test_updates_have_the_credentials_of_the_query_address(query: str, configured: str, update: str) -> None:
    assert choose_update_address(query, configured) == update
