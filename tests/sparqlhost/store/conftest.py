"""Stores under test: each back end the project has, behind the one Protocol."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.supervisor import start_engine
from sparqlhost.remote.remote_store import RemoteStore
from sparqlhost.settings import HostSettings
from sparqlhost.store.disk_store import DiskStore
from sparqlhost.store.interface import Store
from sparqlhost.store.local_store import LocalStore, MemoryStore
from tests.virtuoso import DEFAULT_GRAPH

EMPTY = HostSettings(query_deadline=10.0)
Engines = Callable[..., EngineStore]


@pytest.fixture
def engine_of() -> Iterator[Engines]:
    """Return a function that starts an engine over an empty store with given settings."""
    running = []

    def start(settings: HostSettings = EMPTY, opener: Callable[[], LocalStore] = MemoryStore) -> EngineStore:
        engine = start_engine(settings, opener)
        running.append(engine)
        return EngineStore(engine.directory, settings)

    yield start
    for engine in running:
        engine.stop()


_ENGINE = """
import sys; from pathlib import Path; from sparqlhost.settings import HostSettings
from sparqlhost.store.disk_store import DiskStore; from sparqlhost.pool.supervisor import start_engine
with start_engine(HostSettings(), lambda: DiskStore(Path(sys.argv[1]))) as engine:
    print(engine.directory, flush=True); sys.stdin.read()
"""


@pytest.fixture
def disk_engine() -> Iterator[Callable[[Path], EngineStore]]:
    """Return a function that starts an engine over a directory, in a process that never opened RocksDB."""
    running = []

    def start(path: Path) -> EngineStore:
        command = [sys.executable, "-c", _ENGINE, str(path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        return EngineStore(Path(process.stdout.readline().strip()), EMPTY)

    yield start
    for process in running:
        process.communicate("", timeout=20)


@pytest.fixture(
    params=["memory", "disk", "engine over memory", "engine over disk", "remote", "remote, Virtuoso"]
)
def empty_store(request: pytest.FixtureRequest, tmp_path: Path, engine_of: Engines) -> Iterator[Store]:
    """Return an empty store of each kind."""
    kind = request.param
    opened: Store
    if kind == "memory":
        opened = MemoryStore()
    elif kind == "disk":
        opened = DiskStore(tmp_path / "db")
    elif kind == "engine over memory":
        opened = engine_of()
    elif kind == "engine over disk":
        opened = request.getfixturevalue("disk_engine")(tmp_path / "db")
    elif kind == "remote, Virtuoso":
        settings = replace(EMPTY, remote_default_graph=DEFAULT_GRAPH)
        address = request.getfixturevalue("virtuoso_address")
        opened = RemoteStore(address, settings, engine_of(), tmp_path / "written")
        opened.update("CLEAR ALL")
        for (
            graph
        ) in opened.graph_names():  # made by CREATE elsewhere in this run: cleared, they are still there
            opened.update(f"DROP SILENT GRAPH {graph}")
    else:
        address = request.getfixturevalue("oxigraph_server")
        opened = RemoteStore(f"{address}/query", EMPTY, engine_of(), tmp_path / "written")
        opened.update("DROP ALL")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def oxigraph_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a real second server; skip where the package oxigraph is absent."""
    command = shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")
    if command is None:
        pytest.skip("the package oxigraph is absent: no second server to test against")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    location = tmp_path_factory.mktemp("oxigraph")
    arguments = [command, "serve", "--location", str(location), "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{port}/query?query=ASK%7B%7D")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _await(address: str) -> None:
    """Return when an address answers."""
    for _ in range(200):
        try:
            urllib.request.urlopen(address).close()  # noqa: S310 - our own server
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    pytest.fail(f"{address} does not answer")
