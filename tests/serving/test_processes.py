"""The processes of a server: stopped from a terminal, killed, and beside imports."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
import requests

from sparqlhost.ops.run_server import UnblockedHandler, estimate_memory, read_available_memory
from sparqlhost.pool.worker import wait_for_idle_threads
from sparqlhost.settings import HostSettings
from tests.serving.servers import ROOT, Running, environment, running, wait_until
from tests.serving.test_attacks import make_entity_bomb

SLOW_QUERY = "SELECT (COUNT(*) AS ?n) { " + " ".join(
    f"VALUES ?v{i} {{ {' '.join(map(str, range(200)))} }}" for i in range(5)
) + " }"  # fmt: skip
LONG_ANSWER = SLOW_QUERY.replace("(COUNT(*) AS ?n)", "*").replace(
    "{ ", f"{{ VALUES ?long {{ '{'x' * 900}' }} ", 1
)


class TerminalServer:
    """`kg serve` in a terminal of its own, as a person starts it."""

    def __init__(self, port: int = 0) -> None:
        self.terminal, other_end = pty.openpty()
        command = [sys.executable, str(ROOT / "server.py"), "--empty", "--port", str(port)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BECOME_SESSION, *command],
            env=environment(),
            stdin=other_end,
            stdout=other_end,
            stderr=other_end,
            start_new_session=True,
        )
        os.close(other_end)
        self.port = int(self._read_until(rb"serving on http://127.0.0.1:(\d+)/"))
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def _read_until(self, pattern: bytes) -> bytes:
        """Return the group of `pattern` in what is printed; a thread reads what comes later."""
        printed = b""
        while not (found := re.search(pattern, printed)):
            assert select.select([self.terminal], [], [], 30)[0], printed
            printed += os.read(self.terminal, 4096)
        threading.Thread(target=self._drain, daemon=True).start()
        return found[1]

    def _drain(self) -> None:
        try:
            while os.read(self.terminal, 65536):
                pass
        except OSError:  # the last process that had the terminal has ended
            return

    def end(self, how: str) -> float:
        """Press Ctrl-C, or send SIGTERM; return the seconds until no process is left."""
        began = time.monotonic()
        if how == "ctrl-c":
            os.write(self.terminal, b"\x03")
        else:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) in (0, 130)
        _, alive = psutil.wait_procs(self.family, timeout=10)
        assert alive == []
        return time.monotonic() - began


#: makes the terminal on standard input the controlling one, so that Ctrl-C in it is SIGINT for all processes
_BECOME_SESSION = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def open_answer(port: int, query: str, **headers: str) -> requests.Response:
    address = f"http://127.0.0.1:{port}/sparql"
    return requests.get(address, {"query": query, "format": "csv"}, stream=True, headers=headers, timeout=30)


@pytest.mark.parametrize("how", ["ctrl-c", "sigterm"])
def test_a_server_ends_at_once_and_leaves_nothing(how: str) -> None:
    """`python -m tests.serving.test_processes 50` does the same 50 times, and prints the seconds."""
    end_servers_in_terminals(how, 3)


def end_servers_in_terminals(how: str, times: int) -> list[float]:
    """Start and end servers on one port, each with a query at work and an answer half read."""
    port, seconds = 0, []
    for _ in range(times):
        server = TerminalServer(port)
        port = server.port
        half = open_answer(port, LONG_ANSWER)
        assert half.status_code == 200
        blocks = half.iter_content(1 << 16)
        next(blocks)
        ended: list[BaseException] = []
        asking = threading.Thread(target=_expect_break, args=(port, ended))
        asking.start()
        time.sleep(0.2)
        seconds.append(server.end(how))
        asking.join(10)
        assert len(ended) == 1
        with pytest.raises(requests.RequestException):  # broken visibly, not ended as if it were all
            list(blocks)
    assert max(seconds) < 10, seconds  # on a quiet machine 1.3; it was 35
    return seconds


def _expect_break(port: int, ended: list[BaseException]) -> None:
    try:
        answer = open_answer(port, SLOW_QUERY)
        assert answer.status_code == 503
    except (requests.RequestException, AssertionError) as error:
        ended.append(error)


def test_a_server_process_that_dies_again_and_again_comes_back(tmp_path: Path) -> None:
    with running(tmp_path, "--empty", "--workers", "1") as server:
        for _ in range(3):
            victim = find_server_process(server)
            victim.kill()
            wait_until(lambda: not victim.is_running())  # noqa: B023 - called at once
            wait_until(lambda: _answers(server))
        assert server.process.poll() is None


def test_a_log_that_nobody_reads_holds_nobody_up(tmp_path: Path) -> None:
    """A pipe that was full stopped each thread that told of an error, and the end of the server."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    handler = UnblockedHandler(writer)
    record = logging.LogRecord("name", logging.ERROR, __file__, 1, 'a "word"\n%s', ("more",), None)
    handler.emit(record)  # dropped
    os.read(reader, 1 << 20)
    handler.emit(record)
    assert json.loads(os.read(reader, 4096)) == {"level": "ERROR", "message": 'a "word"\nmore'}


def test_the_memory_that_a_server_may_use_is_compared_with_that_of_its_container(tmp_path: Path) -> None:
    settings = HostSettings(
        query_memory=100, query_slots=4, cache_bytes=50 << 20, body_size=10 << 20, workers=2
    )
    assert estimate_memory(settings) == 100 * (4 + 2 + 1 + 1) + 50 + 2 * 10
    limit = tmp_path / "memory.max"
    limit.write_text("536870912\n")
    assert read_available_memory(limit) == 512
    limit.write_text("max\n")
    assert read_available_memory(limit) == read_available_memory(tmp_path / "none")


def find_server_process(server: Running) -> psutil.Process:
    """Return a child of the main process that answers HTTP: those have many threads and no children."""

    def is_one(process: psutil.Process) -> bool:
        return process.num_threads() > 3 and not process.children()

    wait_until(lambda: any(map(is_one, psutil.Process(server.process.pid).children())))
    return next(filter(is_one, psutil.Process(server.process.pid).children()))


def _answers(server: Running) -> bool:
    try:
        return requests.get(f"{server.address}/health/ready", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def test_a_fork_waits_for_the_threads_of_the_engine() -> None:
    """A worker forked while RocksDB worked in the background hung at its first query."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=work)
    thread.start()
    assert not wait_for_idle_threads(0.1)
    stop.set()
    thread.join()
    assert wait_for_idle_threads(5)


def test_imports_in_a_row_beside_a_server_break_no_answer(tmp_path: Path) -> None:
    places = {"KG_IMPORTS_DIR": str(tmp_path / "imports")}
    with running(tmp_path, **places) as server:
        for number in range(3):
            lines = (
                f'<http://e/{number}/{n}> <http://e/p{n % 7}> "{"word " * (n % 9)}{n}" .\n'
                for n in range(20_000)
            )
            file = tmp_path / f"vocabulary{number}.nt"
            file.write_text("".join(lines))
            command = [sys.executable, "-m", "kg", "import", str(file)]
            done = subprocess.run(
                command, cwd=ROOT, env=environment(**places), check=False, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
        count = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s <http://e/p3> ?o } }"
        paths = ["/", "/ont", "/mappings", f"/sparql?query={quote(count)}"]
        statuses = [
            requests.get(server.address + path, headers={"Cache-Control": "no-cache"}, timeout=20).status_code
            for _ in range(12)
            for path in paths
        ]
        assert set(statuses) == {200}, server.printed()


def test_an_import_that_is_made_to_exhaust_memory_ends_with_a_sentence(tmp_path: Path) -> None:
    bomb, imports = tmp_path / "laugh.owl", tmp_path / "imports"
    bomb.write_text(make_entity_bomb(9))
    command = [sys.executable, "-m", "kg", "import", str(bomb)]
    places = environment(KG_IMPORTS_DIR=str(imports))
    done = subprocess.run(command, cwd=ROOT, env=places, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "more than 3,000 MiB of memory" in done.stderr
    assert "backtrace" not in done.stderr
    assert list(imports.iterdir()) == []


def test_a_backup_of_nothing_that_runs_is_an_error(tmp_path: Path) -> None:
    """With a wrong port it was a backup of the fresh build, and a success."""
    command = [sys.executable, "-m", "kg", "backup", str(tmp_path / "monday.nq")]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(KG_PORT="1"), check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "No server runs at http://127.0.0.1:1/" in done.stderr
    assert not (tmp_path / "monday.nq").exists()


def test_a_text_that_is_not_there_is_a_sentence() -> None:
    command = [sys.executable, "-m", "kg", "serve", "--empty", "--port", "0"]
    places = environment(KG_SOURCE_TEXT="/nofile")
    done = subprocess.run(command, cwd=ROOT, env=places, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "/nofile: The copy cannot be read: No such file or directory." in done.stderr


def test_a_folder_of_texts_is_served(tmp_path: Path) -> None:
    """The check at the start read one file, so it refused the folder that the setting may name."""
    copies = tmp_path / "copies"
    copies.mkdir()
    (copies / "one.txt").write_text("A text.", "utf-8")
    with running(tmp_path, "--empty", KG_SOURCE_TEXT=str(copies)) as server:
        wait_until(lambda: "/source?key=" in server.output.read_text("utf-8"))


if __name__ == "__main__":
    for ending in ("ctrl-c", "sigterm"):
        print(ending, *(f"{second:.2f}" for second in end_servers_in_terminals(ending, int(sys.argv[1]))))  # noqa: T201
