"""The whole application over another SPARQL server: pages, questions, limits and writes are the same."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.serving.servers import TOKEN, WRITER, Running, running

JSON = {"Accept": "application/sparql-results+json"}


@pytest.fixture(scope="module")
def over_remote(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return our server over a real Oxigraph server that holds the build."""
    command = shutil.which("oxigraph", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the package oxigraph is absent: no second server to test against")
    folder = tmp_path_factory.mktemp("remote")
    location, graph = str(folder / "db"), str(built / "current" / "graph.nq")
    subprocess.run([command, "load", "-l", location, "-f", graph], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    there = subprocess.Popen(
        [command, "serve", "-l", location, "-b", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL
    )
    try:
        settings = {"KG_BUILD_DIR": str(built), "KG_UPDATE_TOKEN": TOKEN, "KG_QUERY_ROWS": "50"}
        _await(f"http://127.0.0.1:{port}/query?query=ASK%7B%7D")
        with running(folder, "--store", f"http://127.0.0.1:{port}/query", **settings) as server:
            yield server
    finally:
        there.kill()
        there.wait()


def _await(address: str) -> None:
    for _ in range(200):
        try:
            requests.get(address, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"{address} does not answer")


@pytest.mark.parametrize(
    "path", ["/", "/questions", "/intervention/Blinatumomab", "/claim/S07-1", "/about", "/ont"]
)
def test_pages_are_those_of_the_built_graph(over_remote: Running, live_server: str, path: str) -> None:
    head = {"Accept": "text/html"}
    here = requests.get(over_remote.address + path, headers=head, timeout=60)
    there = requests.get(live_server + path, headers=head, timeout=60)
    assert (here.status_code, there.status_code) == (200, 200)
    assert abs(len(here.text) - len(there.text)) < len(there.text) / 5


def test_a_question_has_the_same_rows(over_remote: Running, live_server: str) -> None:
    answers = [
        requests.get(f"{base}/questions/raised-for.csv", timeout=60)
        for base in (over_remote.address, live_server)
    ]
    assert answers[0].status_code == 200
    assert sorted(answers[0].text.splitlines()) == sorted(answers[1].text.splitlines())


def test_the_row_limit_cuts_and_says_so(over_remote: Running) -> None:
    query = {"query": "SELECT * { ?s ?p ?o }"}
    answer = requests.get(f"{over_remote.address}/sparql", query, headers=JSON, timeout=60)
    assert len(answer.json()["results"]["bindings"]) == 50
    assert "truncated" in answer.text


def test_a_write_goes_there_and_is_seen_at_once(over_remote: Running) -> None:
    ask = {"query": "ASK { GRAPH <http://e/g> { <http://e/s> ?p ?o } }"}
    for text, expected in (
        ("INSERT DATA { GRAPH <http://e/g> { <http://e/s> <http://e/p> 1 } }", True),
        ("DROP GRAPH <http://e/g>", False),
    ):
        done = requests.post(
            f"{over_remote.address}/update", data={"update": text}, headers=WRITER, timeout=60
        )
        assert done.status_code == 204, done.text
        for _ in range(4):
            seen = requests.get(f"{over_remote.address}/sparql", ask, headers=JSON, timeout=60)
            assert seen.json()["boolean"] is expected


def test_stopping_a_query_says_that_it_runs_elsewhere(over_remote: Running) -> None:
    answer = requests.post(f"{over_remote.address}/sparql/cancel", {"id": "0123456789abcdef"}, timeout=60)
    assert answer.status_code == 404
    assert "run in another store" in answer.json()["detail"]


def test_it_is_ready_and_tells_a_syntax_error_by_line(over_remote: Running) -> None:
    assert requests.get(f"{over_remote.address}/health/ready", timeout=60).status_code == 200
    answer = requests.get(f"{over_remote.address}/sparql", {"query": "SELECT *\n{ ?s ?p }"}, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["line"] == 2
