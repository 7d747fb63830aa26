"""Files from an address that the user gave: from that host only, bounded, and never half of one."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from sparqlhost.download import download_file
from sparqlhost.errors import BadData, StoreUnavailable, TooLarge

CONTENT = b"[Term]\nid: ZZ:1\n" * 100


class Files(BaseHTTPRequestHandler):
    """Serves one file in several ways."""

    requests: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.requests.append((self.path, self.headers["User-Agent"]))
        elsewhere = self.headers["Host"].replace("127.0.0.1", "localhost")
        redirects = {
            "/moved": "/zz.obo",
            "/circle": "/circle",
            "/away": f"http://{elsewhere}/zz.obo",
            "/file": "file:///etc/passwd",
        }
        if self.path in redirects:
            self.reply(302, b"", Location=redirects[self.path])
        elif self.path == "/packed.obo":
            self.reply(200, gzip.compress(CONTENT), Content_Encoding="gzip")
        elif self.path == "/half.obo":
            self.reply(200, CONTENT, Content_Length=str(len(CONTENT) + 1))
        elif self.path == "/gone.obo":
            self.reply(404, b"")
        else:
            self.reply(200, CONTENT)

    def reply(self, status: int, body: bytes, **more: str) -> None:
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def forget_requests() -> None:
    Files.requests.clear()


def download(address: str, folder: Path, max_bytes: int = 10_000) -> tuple[Path, list[int], int]:
    """Return the saved file, the announced size, and the number of bytes that were reported."""
    sizes: list[int] = []
    blocks: list[int] = []
    path = download_file(address, folder, max_bytes, sizes.append, blocks.append, "ward-9")
    return path, sizes, sum(blocks)


@pytest.mark.parametrize("name", ["zz.obo", "moved", "packed.obo"])
def test_a_file_is_saved_as_it_was_before_it_travelled(server: str, tmp_path: Path, name: str) -> None:
    path, sizes, count = download(f"{server}/{name}", tmp_path)
    assert (path.name, path.read_bytes(), count) == (name, CONTENT, len(CONTENT))
    assert len(sizes) == 1
    assert {agent for _, agent in Files.requests} == {"ward-9"}


@pytest.mark.parametrize(
    ("path", "error", "sentence"),
    [
        ("away", BadData, "redirects to another host, http://localhost"),
        ("file", BadData, "another host"),
        ("circle", StoreUnavailable, "in a circle"),
        ("half.obo", StoreUnavailable, "broke off before the end"),
        ("gone.obo", StoreUnavailable, "status 404"),
    ],
)
def test_a_file_that_cannot_be_had_is_one_sentence(
    server: str, tmp_path: Path, path: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        download(f"{server}/{path}", tmp_path)
    assert {requested for requested, _ in Files.requests} == {f"/{path}"}


def test_the_limit_holds_for_what_is_announced_and_for_what_comes(server: str, tmp_path: Path) -> None:
    for name in ("zz.obo", "packed.obo"):
        with pytest.raises(TooLarge, match="limit of 1,000 bytes"):
            download(f"{server}/{name}", tmp_path, 1_000)
    assert download(f"{server}/zz.obo", tmp_path, len(CONTENT))[2] == len(CONTENT)


def test_a_file_name_cannot_leave_the_folder(server: str, tmp_path: Path) -> None:
    for address in ("/x/..", "/", "/a%2f..%2f..", "/b%00c"):
        assert download(server + address, tmp_path)[0] == tmp_path / "download"


def test_a_password_in_the_address_is_not_shown(server: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        download(f"{server}/gone.obo".replace("//", "//ward:secret@"), tmp_path)
    assert "secret" not in str(caught.value)
