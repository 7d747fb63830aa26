"""The files of docs/deploy: nginx loads its block and hides what it must; systemd takes the unit."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.oxigraph import free_port
from tests.serving.servers import ROOT, running

DEPLOY = ROOT / "docs" / "deploy"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
SYSTEMD = shutil.which("systemd-analyze")


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of nginx before a server that was given a text, and the line that holds the text's key."""
    if NGINX is None:
        pytest.skip("nginx is absent: apt-get install nginx-light")
    folder = tmp_path_factory.mktemp("nginx")
    text = folder / "text.txt"
    text.write_text("A text.")
    with running(folder, KG_SOURCE_TEXT=str(text), KG_TRUSTED_PROXIES="127.0.0.1") as server:
        port = free_port()
        block = (DEPLOY / "nginx.conf").read_text("utf-8")
        block = block.replace("127.0.0.1:8000", server.address.removeprefix("http://"))
        block = block.replace("listen 80;", f"listen 127.0.0.1:{port};")
        main = folder / "nginx.conf"
        main.write_text(
            f"pid {folder}/pid; error_log {folder}/error.log; daemon off; events {{}}\n"
            f"http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};\n"
            f"fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n{block} }}"
        )
        process = subprocess.Popen([NGINX, "-c", str(main), "-e", str(folder / "error.log")])
        try:
            yield _wait(f"http://127.0.0.1:{port}", folder / "error.log"), server.output.read_text("utf-8")
        finally:
            process.terminate()
            process.wait(20)


def _wait(address: str, log: Path) -> str:
    for _ in range(100):
        try:
            requests.get(address, timeout=5)
            return address
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(log.read_text("utf-8"))


def test_pages_and_queries_pass_through(proxied: tuple[str, str]) -> None:
    address, _ = proxied
    assert requests.get(address, timeout=10, headers={"Host": "kg.example.org"}).status_code == 200
    asked = requests.get(f"{address}/sparql", params={"query": "ASK {}"}, timeout=10)
    assert (asked.status_code, asked.headers["X-Content-Type-Options"]) == (200, "nosniff")


def test_nobody_sees_the_text_through_it_even_with_the_key(proxied: tuple[str, str]) -> None:
    address, printed = proxied
    (key,) = re.findall(r"/source\?key=(\S+)", printed)
    for query in ("", f"?key={key}"):
        page = requests.get(f"{address}/source{query}", timeout=10, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers


@pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is absent: the unit is not checked")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "rrall-kg.service"
    text = (DEPLOY / "rrall-kg.service").read_text("utf-8")
    unit.write_text(text.replace("/opt/rrall-kg/bin/kg", "/bin/true"))
    checked = subprocess.run(
        [str(SYSTEMD), "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60
    )
    assert str(unit.name) not in checked.stderr, checked.stderr
    assert checked.returncode == 0
