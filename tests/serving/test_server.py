"""The server process as an operator meets it: start, stop, health, logs, cache and reload."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from kg.build.publishing import Manifest
from tests.serving.servers import ROOT, TOKEN, WRITER, Running, environment, running, wait_until

JSON = {"Accept": "application/sparql-results+json"}
EVERYTHING = {"query": "SELECT * { ?s ?p ?o }"}


def update(server: Running, text: str) -> None:
    answer = requests.post(f"{server.address}/update", data={"update": text}, headers=WRITER, timeout=30)
    assert answer.status_code == 204, answer.text


Lines = list[dict[str, Any]]


def lines(server: Running, event: str, enough: Callable[[Lines], bool] = bool) -> Lines:
    """Return the log lines of one kind as soon as there are enough; they are written after the answers."""
    found: Lines = []

    def holds() -> bool:
        read = [json.loads(line) for line in server.printed().splitlines() if re.match(r"\{.*\}$", line)]
        found[:] = [line for line in read if line.get("event") == event]
        return enough(found)

    wait_until(holds)
    return found


def read_metrics(server: Running) -> str:
    return requests.get(f"{server.address}/metrics", timeout=10).text


def start(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to end by itself."""
    command = [sys.executable, str(ROOT / "server.py"), *options]
    return subprocess.run(
        command, env=environment(**variables), capture_output=True, text=True, timeout=60, check=False
    )


def test_port_0_takes_a_free_port_and_prints_it(writable: Running) -> None:
    assert re.search(r"^serving on http://127\.0\.0\.1:\d+/$", writable.printed(), re.MULTILINE)


def test_a_port_in_use_is_a_sentence_and_exit_code_1() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = start("--empty", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert "in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unbuilt_graph_is_a_sentence_and_exit_code_1(tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).parent / "kg"),
        "serve",
        "--port",
        "0",
        "--build-dir",
        str(tmp_path / "none"),
    ]
    ended = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "kg build" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_setting_is_a_sentence_and_exit_code_1() -> None:
    ended = start("--empty", "--port", "0", KG_QUERY_DEADLINE="soon")
    assert ended.returncode == 1
    assert "KG_QUERY_DEADLINE" in ended.stderr


def test_a_second_server_on_the_same_store_is_refused(tmp_path: Path) -> None:
    options = ("--empty", "--store", str(tmp_path / "store"))
    with running(tmp_path, *options) as first:
        ended = start("--port", "0", *options)
        assert ended.returncode == 1
        assert "Another process has the store open" in ended.stderr
        assert requests.get(f"{first.address}/health/ready", timeout=10).status_code == 200


def test_sigterm_ends_every_process_with_exit_code_0(tmp_path: Path) -> None:
    with running(tmp_path, "--empty") as server:
        family = psutil.Process(server.process.pid).children(recursive=True)
        assert len(family) >= 3
        assert server.stop(signal.SIGTERM) == 0
        _, alive = psutil.wait_procs(family, timeout=5)
        assert alive == []


def test_kill_9_of_the_main_process_leaves_no_process_behind(tmp_path: Path) -> None:
    with running(tmp_path, "--empty") as server:
        family = psutil.Process(server.process.pid).children(recursive=True)
        server.stop(signal.SIGKILL)
        _, alive = psutil.wait_procs(family, timeout=5)
        assert alive == []


def test_a_server_process_that_dies_is_started_anew(tmp_path: Path) -> None:
    with running(tmp_path, "--empty", "--workers", "2") as server:
        listeners = [p for p in psutil.Process(server.process.pid).children() if _listens(p)]
        listeners[0].kill()
        wait_until(lambda: not listeners[0].is_running())
        for _ in range(20):
            assert requests.get(f"{server.address}/health/live", timeout=10).status_code == 200


def _listens(process: psutil.Process) -> bool:
    return any(thread for thread in process.threads()) and process.num_threads() > 3


def test_health_tells_store_build_and_queue(writable: Running) -> None:
    assert requests.get(f"{writable.address}/health/live", timeout=10).json() == {"status": "live"}
    ready = requests.get(f"{writable.address}/health/ready", timeout=10)
    assert ready.status_code == 200
    assert ready.json()["checks"] == {"store": True, "build": True, "queue": True, "writes": True}


def test_an_answer_is_kept_and_a_write_empties_the_cache(writable: Running) -> None:
    update(writable, "DELETE WHERE { ?s ?p ?o } ; INSERT DATA { <http://e/a> <http://e/b> 1 }")
    for _ in range(4):
        first = requests.get(f"{writable.address}/sparql", EVERYTHING, headers=JSON, timeout=10)
        assert len(first.json()["results"]["bindings"]) == 1
    update(writable, "INSERT DATA { <http://e/a> <http://e/b> 2 }")
    for _ in range(8):
        after = requests.get(f"{writable.address}/sparql", EVERYTHING, headers=JSON, timeout=10)
        assert len(after.json()["results"]["bindings"]) == 2
    assert after.headers["ETag"] != first.headers["ETag"]
    lines(writable, "request", lambda found: any(line["cache"] == "hit" for line in found))


def test_the_client_that_has_the_answer_gets_304(writable: Running) -> None:
    first = requests.get(f"{writable.address}/sparql", EVERYTHING, headers=JSON, timeout=10)
    assert "no-cache" in first.headers["Cache-Control"]
    for _ in range(4):
        again = requests.get(
            f"{writable.address}/sparql",
            EVERYTHING,
            headers=JSON | {"If-None-Match": first.headers["ETag"]},
            timeout=10,
        )
        assert (again.status_code, again.content) == (304, b"")
    update(writable, "INSERT DATA { <http://e/new> <http://e/b> 3 }")
    changed = requests.get(
        f"{writable.address}/sparql",
        EVERYTHING,
        headers=JSON | {"If-None-Match": first.headers["ETag"]},
        timeout=10,
    )
    assert changed.status_code == 200


def test_formats_are_kept_apart(writable: Running) -> None:
    kinds = ("application/sparql-results+json", "text/csv", "application/sparql-results+xml", "text/csv")
    for kind in kinds * 2:
        answer = requests.get(f"{writable.address}/sparql", EVERYTHING, headers={"Accept": kind}, timeout=10)
        assert answer.headers["Content-Type"].startswith(kind)
        assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_answers_are_compressed_as_the_client_takes_them(writable: Running, name: str) -> None:
    values = " ".join(f"<http://e/{n}>" for n in range(300))
    query = {"query": f"SELECT ?v {{ VALUES ?v {{ {values} }} }}"}
    plain = requests.get(
        f"{writable.address}/sparql", query, headers=JSON | {"Accept-Encoding": "identity"}, timeout=10
    )
    assert "Content-Encoding" not in plain.headers
    for _ in range(3):
        packed = requests.get(
            f"{writable.address}/sparql",
            query,
            headers=JSON | {"Accept-Encoding": name},
            timeout=10,
            stream=True,
        )
        raw = packed.raw.read(decode_content=False)
        assert packed.headers["Content-Encoding"] == name
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert len(raw) < len(plain.content) / 3
        assert _unpacked(raw, name) == plain.content


def _unpacked(raw: bytes, name: str) -> bytes:
    import gzip

    import brotli  # type: ignore[import-untyped]  # it ships no types
    import zstandard

    if name == "gzip":
        return gzip.decompress(raw)
    if name == "br":
        return bytes(brotli.decompress(raw))
    return zstandard.ZstdDecompressor().decompressobj().decompress(raw)


def test_head_has_the_headers_of_get_and_no_body(writable: Running) -> None:
    got = requests.get(f"{writable.address}/sparql", EVERYTHING, headers=JSON, timeout=10)
    for _ in range(3):
        head = requests.head(f"{writable.address}/sparql", params=EVERYTHING, headers=JSON, timeout=10)
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["Content-Type"] == got.headers["Content-Type"]
        assert head.headers["ETag"] == got.headers["ETag"]


def test_every_request_has_an_id_in_the_answer_and_one_line_in_the_log(writable: Running) -> None:
    given = requests.get(f"{writable.address}/health/live", headers={"X-Request-Id": "ward-7"}, timeout=10)
    assert given.headers["X-Request-Id"] == "ward-7"
    made = requests.get(f"{writable.address}/none-such", timeout=10).headers["X-Request-Id"]
    found = lines(writable, "request", lambda found: {"ward-7", made} <= {line["id"] for line in found})
    logged = {line["id"]: line for line in found}
    assert logged["ward-7"]["status"] == 200
    assert logged[made]["status"] == 404
    assert isinstance(logged[made]["ms"], float)


def test_a_hostile_request_id_is_replaced(writable: Running) -> None:
    answer = requests.get(
        f"{writable.address}/health/live", headers={"X-Request-Id": 'x","status":0'}, timeout=10
    )
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-Id"])


def test_no_log_holds_a_query_a_patient_or_a_token(writable: Running) -> None:
    told = 'SELECT * { ?patient ?has "MrsSecretFeature" }'
    requests.get(f"{writable.address}/sparql", {"query": told}, headers=JSON, timeout=10)
    requests.post(f"{writable.address}/sparql", data={"query": told}, headers=JSON, timeout=10)
    requests.post(f"{writable.address}/update", data={"update": told}, headers=WRITER, timeout=10)
    requests.get(f"{writable.address}/sparql", {"query": told + " broken"}, timeout=10)
    requests.get(f"{writable.address}/case", {"features": "MrsSecretFeature"}, timeout=10)
    last = requests.post(f"{writable.address}/case", json={"features": ["MrsSecretFeature"]}, timeout=10)
    slow = lines(writable, "slow-query")
    lines(writable, "request", lambda found: last.headers["X-Request-Id"] in {line["id"] for line in found})
    assert {"query_sha256", "query_length", "ms", "id"} <= set(slow[-1])
    assert "MrsSecretFeature" not in writable.printed()
    assert TOKEN not in writable.printed()


def test_metrics_add_up_over_the_processes(writable: Running) -> None:
    def total() -> float:
        text = read_metrics(writable)
        found = re.findall(r'^kg_requests_total\{.*route="/health/live".*\} ([\d.e+]+)$', text, re.MULTILINE)
        return sum(map(float, found))

    before = total()
    for _ in range(20):
        requests.get(f"{writable.address}/health/live", timeout=10)
    assert total() == before + 20


def test_metrics_name_what_an_operator_watches(writable: Running) -> None:
    text = read_metrics(writable)
    wanted: tuple[str, ...] = (
        "kg_requests_total",
        "kg_request_seconds_bucket",
        "kg_rows_total",
        "kg_engine_timeouts_total",
    )
    wanted += ("kg_engine_kills_total", "kg_engine_waiting", "kg_engine_running", "kg_engine_quads")
    for name in wanted:
        assert re.search(rf"^{name}\b", text, re.MULTILINE), name


def test_a_request_in_hand_is_answered_before_the_server_ends(tmp_path: Path) -> None:
    slow = (
        "SELECT (COUNT(*) AS ?n) { "
        + " ".join(f"VALUES ?v{i} {{ {' '.join(map(str, range(100)))} }}" for i in range(3))
        + " }"
    )
    with running(tmp_path, "--empty") as server:
        got: list[int] = []
        asking = threading.Thread(
            target=lambda: got.append(
                requests.get(
                    f"{server.address}/sparql", {"query": slow}, headers=JSON, timeout=30
                ).status_code
            )
        )
        asking.start()
        wait_until(lambda: "kg_engine_running 1.0" in read_metrics(server))
        assert server.stop(signal.SIGTERM) == 0
        asking.join()
    assert got == [200]


def test_a_new_build_is_served_without_a_dropped_request(tmp_path: Path) -> None:
    builds = tmp_path / "build"
    publish(builds, "one")
    seen: list[str] = []
    failed: list[object] = []
    stop = threading.Event()
    with running(tmp_path, "--build-dir", str(builds)) as server:

        def ask() -> None:
            with requests.Session() as session:
                while not stop.is_set():
                    try:
                        answer = session.get(
                            f"{server.address}/sparql", params=EVERYTHING, headers=JSON, timeout=10
                        )
                        seen.append(answer.json()["results"]["bindings"][0]["o"]["value"])
                    except (requests.RequestException, ValueError, LookupError) as error:
                        failed.append(error)

        askers = [threading.Thread(target=ask) for _ in range(3)]
        for asker in askers:
            asker.start()
        wait_until(lambda: len(seen) > 20)
        publish(builds, "two")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: set(seen[-30:]) == {"two"})  # each server process switches by itself
        answered = len(seen)
        wait_until(lambda: len(seen) > answered + 20)  # none of these may come from the old build
        stop.set()
        for asker in askers:
            asker.join()
    assert failed == []
    assert seen[0] == "one"
    assert set(seen[answered + 3 :]) == {"two"}


def publish(builds: Path, word: str) -> None:
    """Publish a build of one statement, as the pipeline does: a folder, then the symlink at once."""
    line = f'<http://e/s> <http://e/p> "{word}" .\n'.encode()
    digest = hashlib.sha256(line).hexdigest()
    folder = builds / digest
    folder.mkdir(parents=True)
    (folder / "graph.nq").write_bytes(line)
    manifest = Manifest("1", digest, {}, (), 1, {}, "none")
    (folder / "manifest.json").write_text(manifest.to_json())
    fresh = builds / "current.new"
    fresh.symlink_to(digest)
    fresh.replace(builds / "current")


@pytest.mark.parametrize(
    ("request_line", "media", "body"),
    [
        ("PUT /store?graph=http://e/half", "text/turtle", "<http://e/half> <http://e/p> 1 ."),
        ("POST /update", "application/sparql-update", "INSERT DATA { <http://e/half> <http://e/p> 1 }"),
    ],
)
def test_half_a_body_is_refused_though_it_parses(
    writable: Running, request_line: str, media: str, body: str
) -> None:
    head = f"{request_line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: {media}\r\n"
    port = int(writable.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(f"{head}Content-Length: 1000\r\n\r\n{body}".encode())
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400 ")
    everywhere = "ASK { { <http://e/half> ?p ?o } UNION { GRAPH ?g { <http://e/half> ?p ?o } } }"
    found = requests.get(f"{writable.address}/sparql", params={"query": everywhere}, headers=JSON, timeout=20)
    assert found.json()["boolean"] is False


def test_idle_connections_keep_nobody_out(writable: Running) -> None:
    """More than wait in the system's queue: the server holds them itself."""
    port = int(writable.address.rpartition(":")[2])
    idle = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(600)]
    try:
        assert requests.get(f"{writable.address}/health/live", timeout=20).status_code == 200
    finally:
        for connection in idle:
            connection.close()
