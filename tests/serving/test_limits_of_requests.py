"""The limits of a server process, tried without one: heads, shares, counters, what does not read back."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pyoxigraph as ox
import pytest

from sparqlhost.errors import BadData, Cancelled, HeadersTooLarge, StoreUnavailable, TooManyRequests
from sparqlhost.ops.backup_format import parse_backup, serialize_backup, verify_backup
from sparqlhost.ops.backup_restore import BackupSpool
from sparqlhost.ops.cache_middleware import MAX_CACHED_ADDRESS, make_cache_key
from sparqlhost.ops.connections import find_client, find_refusal
from sparqlhost.ops.monitoring import RequestMetrics
from sparqlhost.pool import clients
from sparqlhost.pool.clients import (
    MAX_WAITING,
    ClientConnection,
    ClientShares,
    WatchedQuery,
    find_abandoned,
)
from sparqlhost.pool.jobs import DATA_FRAME, make_data_frames, take_frame
from sparqlhost.settings import HostSettings

QUADS = [
    ox.Quad(ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p"), term, ox.NamedNode("http://e/g"))
    for term in (
        ox.Literal('ü\n"x"', language="de"),
        ox.BlankNode("b"),
        ox.Literal("1.50", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal")),
    )
]


def make_environ(**more: str) -> dict[str, str]:
    names = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "kg.example:80"}
    return names | {"PATH_INFO": "/", "wsgi.url_scheme": "http"} | more


def test_headers_over_the_limit_are_refused_and_removed() -> None:
    environ = make_environ(HTTP_ACCEPT="a" * 600, HTTP_COOKIE="a" * 600)
    assert find_refusal(environ, 2000, frozenset()) is None
    assert isinstance(find_refusal(environ, 1000, frozenset()), HeadersTooLarge)
    assert "HTTP_ACCEPT" not in environ


@pytest.mark.parametrize(
    ("host", "is_allowed"), [("KG.example:80", True), ("kg.example", True), ("evil", False)]
)
def test_only_the_hosts_of_the_setting_are_answered(host: str, is_allowed: bool) -> None:
    refusal = find_refusal(make_environ(HTTP_HOST=host), 1000, frozenset({"kg.example"}))
    assert (refusal is None) is is_allowed


def test_a_forwarded_address_counts_from_a_trusted_proxy_only() -> None:
    environ = make_environ(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="1.1.1.1, 2.2.2.2")
    assert find_client(environ, frozenset()) == "10.0.0.1"
    assert find_client(environ, frozenset({"10.0.0.1"})) == "2.2.2.2"


def test_an_allowed_address_may_stand_in_angle_brackets() -> None:
    settings = HostSettings.from_environment(
        {"SPARQLHOST_SERVICE_ALLOW": "<https://a/sparql> https://b/sparql"}
    )
    assert settings.service_allow == ("https://a/sparql", "https://b/sparql")


def test_an_address_that_is_too_long_is_not_a_key_of_the_cache() -> None:
    assert make_cache_key(make_environ(QUERY_STRING="a" * 100))
    assert make_cache_key(make_environ(QUERY_STRING="a" * MAX_CACHED_ADDRESS)) is None


def test_methods_that_nobody_knows_share_one_counter() -> None:
    metrics = RequestMetrics("test_methods_")
    for number in range(50):
        metrics.observe_request("/", f"METHOD{number}", 405, 0.1, "")
    assert len(metrics._children_by_labels) == 1


def test_a_client_waits_for_its_own_queries_and_not_for_those_of_others() -> None:
    shares = ClientShares(2, timeout=0.2)
    give_back = shares.acquire("a")
    shares.acquire("a")
    shares.acquire("b")
    with pytest.raises(TooManyRequests):
        shares.acquire("a")
    threading.Timer(0.05, give_back).start()
    shares.acquire("a")
    assert ClientShares(0).acquire("a")() is None


def test_few_queries_of_a_client_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes a thread that answers others."""
    monkeypatch.setattr(clients, "MAX_WAITING", 3)
    assert MAX_WAITING < 64
    shares, refused = ClientShares(1, timeout=2), []
    shares.acquire("a")

    def try_once() -> None:
        began = time.monotonic()
        try:
            shares.acquire("a")
        except TooManyRequests:
            refused.append(time.monotonic() - began < 1)

    threads = [threading.Thread(target=try_once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(refused) == [False] * 3 + [True] * 3


def test_a_backup_that_does_not_read_back_as_written_is_none() -> None:
    body = b"".join(serialize_backup(QUADS, "1", "test"))
    assert verify_backup(iter([body[:50], body[50:]]), "x.nq") == 3
    for damaged in (body[:-80], body.replace(b"1.50", b"1.5"), body.replace(b"quads=3", b"quads=2"), b""):
        with pytest.raises(BadData):
            verify_backup(iter([damaged]), "x.nq")


def test_a_statement_that_no_reader_takes_ends_a_backup_and_a_restore() -> None:
    long = ox.Quad(ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p"), ox.Literal("x" * 17_000_000))
    with pytest.raises(StoreUnavailable, match="about <http://e/s> has 17000"):
        list(serialize_backup([long], "1", "test"))
    with pytest.raises(BadData, match="16 MiB"):
        parse_backup(f"{long} .\n".encode(), "x.nq")


@pytest.mark.parametrize("start", [b"\n", b"\xef\xbb\xbf", b" \t\n"])
def test_half_a_backup_stays_half_whatever_stands_before_it(start: bytes) -> None:
    body = b"".join(serialize_backup(QUADS, "1", "test"))
    with pytest.raises(BadData):
        parse_backup(start + body[: body.index(b"# end")], "x.nq")


def test_readers_share_one_backup_of_each_version() -> None:
    made = []

    def make_blocks() -> Iterator[bytes]:
        made.append(1)
        yield b"x" * 100_000

    spool = BackupSpool()
    files = [spool.open_backup(version, make_blocks) for version in ("1", "1", "2")]
    assert [sum(map(len, file)) for file in files] == [100_000] * 3
    assert len(made) == 2


def test_a_long_value_travels_in_short_frames() -> None:
    """A literal of 64 MiB took a server process 24 seconds and 839 MiB."""
    rest, lengths = make_data_frames(b"x" * 5_000_000), []
    while frame := take_frame(rest):
        kind, payload, rest = frame
        assert kind == DATA_FRAME
        lengths.append(len(payload))
    assert (sum(lengths), max(lengths), rest) == (5_000_000, 1 << 20, b"")


def test_a_limit_of_the_operator_does_not_keep_a_worker_from_starting() -> None:
    code = (
        "import resource; from sparqlhost.pool import sandbox;"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30));"
        "sandbox.limit_memory(1 << 20); print(resource.getrlimit(resource.RLIMIT_AS))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == f"{(2 << 30, 2 << 30)}\n"


def make_connection(port: int, idle_seconds: float, address: str = "10.0.0.1") -> ClientConnection:
    return ClientConnection(port, address, port, idle_seconds)


def test_a_query_whose_possible_connections_are_all_closed_is_abandoned() -> None:
    query = WatchedQuery("::ffff:10.0.0.1", lambda: None)
    query.started_at -= 1  # began a second ago
    own, sibling, idle, busy = (make_connection(n, idle) for n, idle in enumerate((1.01, 1.2, 60, 0.1)))
    stranger = make_connection(9, 1.01, "10.0.0.2")
    assert find_abandoned([query], [own, sibling, idle, busy, stranger]) == []
    assert find_abandoned([query], [sibling, idle, busy, stranger]) == []  # it may be the sibling's
    assert find_abandoned([query], [idle, busy, stranger]) == [query]


def test_a_query_of_a_client_that_was_gone_before_anybody_looked_is_abandoned() -> None:
    gone, staying = WatchedQuery("10.0.0.1", lambda: None), WatchedQuery("10.0.0.2", lambda: None)
    assert find_abandoned([gone, staying], [make_connection(1, 0.5, "10.0.0.2")]) == [gone]


def test_an_abandoned_query_gets_no_connection_to_the_engine() -> None:
    cancelled: list[int] = []
    query = WatchedQuery("10.0.0.1", lambda: cancelled.append(1))
    here, there = socket.socketpair()
    query.set_engine_connection(here)
    query.abandon()
    assert (cancelled, there.recv(1)) == ([1], b"")
    with pytest.raises(Cancelled):
        query.set_engine_connection(here)
    there.close()
