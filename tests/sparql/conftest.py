"""A real server over an empty store that takes writes, and a plain HTTP client for it."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

TOKEN = "a-token-for-tests"  # noqa: S105 - of a server that lives for seconds
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    def media(self) -> str:
        """Return the media type without parameters."""
        return self.headers.get_content_type()


@dataclass(frozen=True, slots=True)
class Site:
    """A running server."""

    port: int
    token: str = TOKEN

    @property
    def url(self) -> str:
        """Return its base address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """Send one request; header names have `_` for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        data = body.encode() if isinstance(body, str) else body
        try:
            connection.request(method, path, data, {k.replace("_", "-"): v for k, v in headers.items()})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def query(self, text: str, more: str = "", **headers: str) -> Answer:
        """Send a query with GET."""
        return self.ask("GET", f"/sparql?query={quote(text)}{more}", **headers)

    def update(self, text: str, **headers: str) -> Answer:
        """Send an update with the token."""
        form = urlencode({"update": text})
        kind = {"Content_Type": "application/x-www-form-urlencoded", "Authorization": f"Bearer {self.token}"}
        return self.ask("POST", "/update", form, **(kind | headers))

    def put(self, path: str, body: str | bytes, media: str = "text/turtle") -> Answer:
        """Put a graph with the token."""
        return self.ask("PUT", path, body, Content_Type=media, Authorization=f"Bearer {self.token}")


Serve = Callable[..., Site]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Return a function that starts `kg serve --empty` with environment variables added."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **environment: str) -> Site:
        printed = tmp_path_factory.mktemp("serve") / "printed"
        command = [sys.executable, str(ROOT / "server.py"), "--port", "0", "--store", "memory:", "--empty"]
        with printed.open("wb") as output:
            running.append(
                subprocess.Popen(
                    [*command, *arguments],
                    stdout=output,
                    stderr=output,
                    env={**os.environ, "KG_WORKERS": "2", "KG_UPDATE_TOKEN": TOKEN, **environment},
                )
            )
        return Site(_port(running[-1], printed))

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(20)


def _port(process: subprocess.Popen[bytes], printed: Path) -> int:
    """Return the port a server says it listens on."""
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", printed.read_text("utf-8")):
            return int(found[1])
        time.sleep(0.02)
    pytest.fail("the server did not come up:\n" + printed.read_text("utf-8"))


@pytest.fixture(scope="session")
def writable(serve: Serve) -> Site:
    """Return a server with small limits, shared by the tests of a session."""
    return serve(KG_QUERY_DEADLINE="1.5", KG_QUERY_ROWS="1000", KG_QUERY_MEMORY="200", KG_QUERY_SIZE="100000")


@pytest.fixture
def site(writable: Site) -> Site:
    """Return the shared server, emptied."""
    assert writable.update("DROP ALL").status == 204
    return writable
