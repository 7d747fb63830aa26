"""A real Oxigraph server on loopback, for what needs a second SPARQL server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest


def free_port() -> int:
    """Return a port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, triples: bytes) -> Iterator[str]:
    """Serve N-Triples from a store in `folder`; yield the query address. Skips where there is no server."""
    program = Path(sys.executable).with_name("oxigraph")
    if not program.exists():
        pytest.skip("the oxigraph server is not installed")
    place = f"127.0.0.1:{free_port()}"
    server = subprocess.Popen(
        [program, "serve", "-l", folder, "--bind", place],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    put = Request(
        f"http://{place}/store?default", data=triples, headers={"Content-Type": "application/n-triples"}
    )
    try:
        for _ in range(200):
            try:
                urlopen(put, timeout=5).close()  # noqa: S310 - our own server
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://{place}/query"
    finally:
        server.kill()
        server.wait()
