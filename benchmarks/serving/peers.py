"""The servers that are compared: each is started on a free port and ended by its process id."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server: its name, its addresses and its processes."""

    name: str
    query: str
    process: psutil.Process
    store: str = ""
    update: str = ""

    def memory(self) -> float:
        """Return the proportional set size of its process tree in MiB: shared pages are counted once."""
        total = 0.0
        for process in [self.process, *self.process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss
        return total / 2**20

    def resident(self) -> dict[int, float]:
        """Return the resident memory of each of its processes in MiB; a page shared by two is in both."""
        held: dict[int, float] = {}
        for process in [self.process, *self.process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                held[process.pid] = process.memory_info().rss / 2**20
        return held

    def seconds(self) -> float:
        """Return the processor time its process tree has used."""
        total = 0.0
        for process in [self.process, *self.process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(
    name: str, command: list[str], ready: str, log: Path, root: Path = ROOT, **environment: str
) -> Iterator[psutil.Process]:
    """Run a server in the folder `root` until the block ends; it is ready when `ready` answers at all."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, cwd=root, env={**os.environ, **environment}
        )
        try:
            _await(name, process, ready)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(name: str, process: subprocess.Popen[bytes], address: str) -> None:
    """Return when the server answers; raises RuntimeError when it ends or takes too long."""
    for _ in range(1200):
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with {process.returncode}")
        with contextlib.suppress(requests.RequestException):
            requests.get(address, timeout=5)
            return
        time.sleep(0.1)
    raise RuntimeError(f"{name} did not answer")


@contextlib.contextmanager
def ours(
    folder: Path, *options: str, name: str = "rrall-kg", root: Path = ROOT, **environment: str
) -> Iterator[Peer]:
    """Run the server of the checkout `root`, this one's by default."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    command = [sys.executable, "server.py", "--port", str(port), *options]
    log = folder / "ours.log"
    one_client = {"KG_CLIENT_QUERIES": "0"}  # all clients of a benchmark have one address
    imports = {"PYTHONPATH": str(root)}
    environment = one_client | imports | environment
    with started(name, command, f"{base}/health/live", log, root, **environment) as process:
        yield Peer(name, f"{base}/sparql", process, f"{base}/store", f"{base}/update")


@contextlib.contextmanager
def oxigraph(folder: Path, *files: Path) -> Iterator[Peer]:
    """Run Oxigraph's own server over a store on disk that holds `files`, writable."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    location = folder / "oxigraph"
    for file in files:
        load = [str(BIN / "oxigraph"), "load", "--location", str(location), "--file", str(file)]
        subprocess.run(load, check=True, capture_output=True)
    command = [str(BIN / "oxigraph"), "serve", "--location", str(location), "--bind", f"127.0.0.1:{port}"]
    with started("oxigraph", command, f"{base}/", folder / "oxigraph.log") as process:
        yield Peer("oxigraph (Rust)", f"{base}/query", process, f"{base}/store", f"{base}/update")


@contextlib.contextmanager
def rdflib_endpoint(folder: Path, file: Path) -> Iterator[Peer]:
    """Run rdflib-endpoint over one N-Quads file, its default graph being the file's default graph."""
    port = free_port()
    script = folder / "endpoint.py"
    script.write_text(
        "import uvicorn\n"
        "from rdflib import Dataset\n"
        "from rdflib_endpoint import SparqlEndpoint\n"
        "data = Dataset()\n"
        f"data.parse({str(file)!r}, format='nquads')\n"
        f"uvicorn.run(SparqlEndpoint(graph=data), host='127.0.0.1', port={port}, log_level='error')\n"
    )
    base = f"http://127.0.0.1:{port}/"
    with started("rdflib-endpoint", [sys.executable, str(script)], base, folder / "rdflib.log") as process:
        yield Peer("rdflib-endpoint", base, process)
