"""What a stranger, or the holder of a token, cannot do to others: each attack was tried and worked once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
import requests

from sparqlhost.pool.engine_dir import ENGINE_DIR_PREFIX, remove_stale_engine_dirs
from tests.serving.servers import TOKEN, WRITER, Running, running, wait_until

PRODUCT = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
LONG_TERMS = [f'<http://e/s{n}> <http://e/p> "{n:03}{"x" * 200_000}"' for n in range(60)]


def make_entity_bomb(depth: int) -> str:
    """Return RDF/XML with a literal of 100 * 10 ** `depth` bytes."""
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(depth))
    return (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "{"a" * 100}">{entities}]>'
        '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">'
        f'<r:Description r:about="http://e/s"><e:p>&e{depth};</e:p></r:Description></r:RDF>'
    )


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a server with 12 MB in it, whose terms may have 1 MB."""
    folder = tmp_path_factory.mktemp("attacked")
    settings = {"KG_UPDATE_TOKEN": TOKEN, "KG_TERM_SIZE": "1000000", "KG_QUERY_DEADLINE": "8"}
    with running(folder, "--empty", **settings) as server:
        body = " .\n".join((*LONG_TERMS, ""))
        headers = WRITER | {"Content-Type": "application/n-triples"}
        assert requests.put(f"{server.address}/store?default", body, headers=headers, timeout=60).ok
        yield server


def update(server: Running, text: str) -> requests.Response:
    headers = WRITER | {"Content-Type": "application/sparql-update"}
    return requests.post(f"{server.address}/update", text.encode(), headers=headers, timeout=60)


def ask(server: Running, query: str = "ASK {}", timeout: float = 5, **headers: str) -> requests.Response:
    return requests.get(f"{server.address}/sparql", {"query": query}, headers=headers, timeout=timeout)


def send(server: Running, head: str, source: str = "127.0.0.1") -> socket.socket:
    """Return a connection that has sent the head of a request, and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.bind((source, 0))
    client.settimeout(10)
    client.connect(("127.0.0.1", int(server.address.rpartition(":")[2])))
    client.sendall(head.encode())
    return client


def get_head(path: str, *headers: str) -> str:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""))


def test_readers_of_a_backup_that_read_nothing_keep_nobody_waiting(attacked: Running) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(send(attacked, get_head("/backup")))
        time.sleep(2)
        for path in ("/health/ready", "/"):
            answer = requests.get(attacked.address + path, timeout=3)
            assert answer.status_code == 200, (path, answer.text)
        assert len(requests.get(f"{attacked.address}/backup", timeout=20).content) > 12_000_000


def test_readers_that_read_nothing_give_up_their_places_when_others_wait(attacked: Running) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(12):
            head = get_head(f"/sparql?query={quote(PRODUCT)}", "Accept: text/csv")
            stack.enter_context(send(attacked, head, source=f"127.0.0.{number + 2}"))
        time.sleep(2)
        assert ask(attacked).status_code == 200


def test_a_client_that_hangs_up_on_its_queries_takes_only_its_share(attacked: Running) -> None:
    query = quote("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }")
    for _ in range(40):
        send(attacked, get_head(f"/sparql?query={query}"), source="127.0.0.3").close()
    time.sleep(0.5)
    for _ in range(5):
        started = time.monotonic()
        assert ask(attacked).status_code == 200
        assert time.monotonic() - started < 2


def test_the_places_of_clients_that_hang_up_are_free_in_a_second(attacked: Running) -> None:
    """Issue 17, finding 8: each ran to its deadline. The clients are many, so no share bounds them."""
    query = quote("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }")
    head = get_head(f"/sparql?query={query}")
    staying = send(attacked, head, source="127.0.1.1")
    clients = [send(attacked, head, source=f"127.0.1.{number + 1}") for number in range(40)]
    time.sleep(1)
    for client in clients:
        client.close()
    wait_until(lambda: ask(attacked).status_code == 200, seconds=1.5)
    staying.settimeout(1)
    with staying, pytest.raises(TimeoutError):  # of the address of one that left
        staying.recv(1)


def test_headers_methods_and_hosts_are_refused_before_anything_is_kept(attacked: Running) -> None:
    heads = {
        431: get_head("/", f"Accept: {'text/a,' * 6000}"),
        400: f"{'X' * 3000} / HTTP/1.1\r\nHost: x\r\n\r\n",
        400.1: "GET / HTTP/1.1\r\n\r\n",
        400.2: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        200: get_head("/health/live"),
        200.1: "GET /health/live HTTP/1.0\r\n\r\n",
    }
    for status, head in heads.items():
        with send(attacked, head) as client:
            assert client.recv(4096).split()[1] == str(int(status)).encode(), head[:80]


def test_cleartext_http_2_is_not_spoken(attacked: Running) -> None:
    with send(attacked, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") as client:
        client.sendall(bytes.fromhex("000000040000000000"))
        assert not client.recv(4096).startswith(b"\x00\x00")


def test_a_redirect_does_not_repeat_the_host_of_the_request(attacked: Running) -> None:
    with send(
        attacked, "GET /intervention HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    ) as client:
        head = client.makefile("rb").read().partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 308 ")
    assert b"evil.example" not in head


def test_a_body_that_a_page_reads_by_itself_has_a_limit(attacked: Running) -> None:
    answer = requests.post(
        f"{attacked.address}/case",
        data=b" " * 3_000_000,
        headers={"Content-Type": "application/json"},
        timeout=20,
    )
    assert answer.status_code == 413


def test_a_term_that_no_backup_could_bring_back_is_refused_where_it_is_written(attacked: Running) -> None:
    term = f'<http://e/s> <http://e/long> "{"x" * 1_000_001}"'
    kinds = {"text/turtle": f"{term} .", "application/rdf+xml": make_entity_bomb(4)}
    answers = [update(attacked, f"INSERT DATA {{ {term} }}")]
    for kind, body in kinds.items():
        headers = WRITER | {"Content-Type": kind}
        address = f"{attacked.address}/store?graph=urn:x"
        answers.append(requests.put(address, body.encode(), headers=headers, timeout=30))
    assert [answer.status_code for answer in answers] == [413] * 3
    assert all("1000000" in answer.json()["detail"] for answer in answers), answers[0].text


def test_an_answer_too_long_for_a_page_is_an_error_with_a_sentence(attacked: Running) -> None:
    doubled = " ".join(f"BIND(CONCAT(?a{n}, ?a{n}) AS ?a{n + 1})" for n in range(21))
    query = f'SELECT ?a21 {{ BIND("{"x" * 10}" AS ?a0) {doubled} }}'
    answer = ask(attacked, query, timeout=30, Accept="text/html")
    assert answer.status_code == 503
    assert "too long" in answer.text


def test_a_term_that_an_update_computes_ends_a_backup_with_a_sentence(tmp_path: Path) -> None:
    doubled = " ".join(f"BIND(CONCAT(?a{n}, ?a{n}) AS ?a{n + 1})" for n in range(21))
    text = f'INSERT {{ <http://e/s> <http://e/p> ?a21 }} WHERE {{ BIND("{"x" * 10}" AS ?a0) {doubled} }}'
    with running(tmp_path, "--empty", KG_UPDATE_TOKEN=TOKEN) as server:
        assert update(server, text).status_code == 204
        answer = requests.get(f"{server.address}/backup", timeout=30)
        assert answer.status_code == 503
        assert "16 MiB" in answer.json()["detail"]


def find_supervisor(server: Running) -> psutil.Process:
    """Return the child of the main process that has children: the others answer HTTP."""
    return next(child for child in psutil.Process(server.process.pid).children() if child.children())


def test_each_kind_of_process_comes_back_after_kill_9(tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "store"))
    with running(tmp_path, "--empty", *store, KG_UPDATE_TOKEN=TOKEN) as server:
        assert update(server, "INSERT DATA { <http://e/s> <http://e/p> 1 }").status_code == 204
        for generations in (1, 2, 3):  # the supervisor, the owner, a worker
            victim = find_supervisor(server)
            for _ in range(generations - 1):
                victim = victim.children()[0]
            os.kill(victim.pid, signal.SIGKILL)
            _await_answer(server)
        assert server.printed().count("was started again") == 1
        assert update(server, "INSERT DATA { <http://e/s> <http://e/p> 2 }").status_code == 204


def _await_answer(server: Running) -> None:
    """Return when the store answers with what was written; raises AssertionError after 15 seconds."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        time.sleep(0.1)
        with contextlib.suppress(requests.RequestException):
            if "true" in ask(server, "ASK { <http://e/s> <http://e/p> 1 }").text:
                return
    raise AssertionError(server.printed())


def test_a_bomb_written_to_a_disk_ends_at_the_limit_of_memory(tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "store"))
    nested = '{"http://e/p":' * 20_000 + "1" + "}" * 20_000
    bombs = {"application/rdf+xml": make_entity_bomb(9), "application/ld+json": nested}
    settings = {"KG_UPDATE_TOKEN": TOKEN, "KG_QUERY_MEMORY": "256", "KG_QUERY_DEADLINE": "5"}
    with running(tmp_path, "--empty", *store, **settings) as server:
        tree = psutil.Process(server.process.pid)
        for kind, body in bombs.items():
            answers: list[requests.Response] = []
            address, headers = f"{server.address}/store?graph=urn:bomb", WRITER | {"Content-Type": kind}
            writer = threading.Thread(
                target=lambda: answers.append(requests.put(address, body, headers=headers, timeout=60))  # noqa: B023
            )
            writer.start()
            while writer.is_alive():
                assert _measure(tree) < 900 * 2**20
                writer.join(0.1)
            assert answers[0].status_code in (413, 503), answers[0].text
        # the owner may just be coming back, which is a 503 with Retry-After
        wait_until(lambda: ask(server, timeout=20).status_code == 200)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 40 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)], check=False)
    if made.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["/bin/umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_by_readiness_until_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(22_000_000))
    store = ("--store", str(small_disk / "store"))
    with running(tmp_path, "--empty", *store, KG_UPDATE_TOKEN=TOKEN) as server:
        written = [
            update(server, f'INSERT DATA {{ <http://e/s{n}> <http://e/p> "{os.urandom(900_000).hex()}" }}')
            for n in range(20)
        ]
        assert {answer.status_code for answer in written} == {204, 503}
        ready = requests.get(f"{server.address}/health/ready", timeout=5)
        assert (ready.status_code, ready.json()["checks"]["writes"]) == (503, False)
        assert ask(server).status_code == 200
        (small_disk / "ballast").unlink()
        until = time.monotonic() + 10
        while requests.get(f"{server.address}/health/ready", timeout=5).status_code != 200:
            assert time.monotonic() < until, server.printed()
            time.sleep(0.1)
        assert update(server, "INSERT DATA { <http://e/s> <http://e/p> 1 }").status_code == 204
        assert "true" in ask(server, "ASK { <http://e/s0> ?p ?o }").text


def _measure(tree: psutil.Process) -> int:
    """Return the largest resident size of a process below `tree`, in bytes."""
    sizes = [0]
    for child in tree.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            sizes.append(child.memory_info().rss)
    return max(sizes)


@pytest.mark.parametrize(
    ("address", "text", "words"),
    [
        ("/sparql", "SELECT * { ?s ?p ?o FILTER(<http://e/f>(?s)) }", "custom function"),
        ("/sparql", "SELECT * { ?s ?p ?o BIND(<http://connect/dns>(?s) AS ?x) }", "custom function"),
        ("/update", "LOAD http://127.0.0.1/x", "prefix of `http:`"),
        ("/update", "LOAD", ""),
    ],
)
def test_what_calls_nobody_is_not_refused_as_a_call(
    attacked: Running, address: str, text: str, words: str
) -> None:
    kind = {"Content-Type": f"application/sparql-{'update' if address == '/update' else 'query'}"}
    answer = requests.post(attacked.address + address, text, headers=WRITER | kind, timeout=20)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["detail"]


def test_a_planted_fifo_does_not_stop_a_start(tmp_path: Path) -> None:
    planted = tmp_path / f"{ENGINE_DIR_PREFIX}evil"
    planted.mkdir()
    os.mkfifo(planted / "alive")
    os.utime(planted, (0, 0))
    cleaning = threading.Thread(target=remove_stale_engine_dirs, args=(tmp_path,), daemon=True)
    cleaning.start()
    cleaning.join(5)
    assert not cleaning.is_alive()


def test_the_folder_of_a_killed_server_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="kg-") as short:  # a socket's path has at most 107 bytes
        monkeypatch.setenv("TMPDIR", short)
        _check_folders(tmp_path, Path(short))


def _check_folders(tmp_path: Path, temporary: Path) -> None:
    with running(tmp_path, "--empty") as server:
        processes = psutil.Process(server.process.pid).children(recursive=True)
        server.stop(signal.SIGKILL)
        psutil.wait_procs(processes, 10)
    left = list(temporary.glob("rrall-kg-run-*"))
    assert len(left) == 1
    os.utime(left[0], (0, 0))
    with running(tmp_path, "--empty"):
        assert not left[0].exists()
        assert len(list(temporary.glob("rrall-kg-run-*"))) == 1
