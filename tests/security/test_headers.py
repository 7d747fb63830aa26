"""Every answer tells the browser to load nothing from elsewhere, and nobody what serves it."""

from __future__ import annotations

import pytest
import requests

PATHS = (
    "/",
    "/sparql",
    "/questions",
    "/intervention/Blinatumomab",
    "/none-such",
    "/health/live",
    "/openapi.json",
)
WANTED = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_security_headers(live_server: str, path: str) -> None:
    for _ in range(3):  # from the application, then from the cache
        answer = requests.get(live_server + path, headers={"Accept": "text/html"}, timeout=20)
        assert set(answer.headers["Content-Security-Policy"].split("; ")) == WANTED
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_names_the_server(live_server: str, path: str) -> None:
    head = requests.get(live_server + path, timeout=20).headers
    assert head.get("Server", "") == ""
    assert "X-Powered-By" not in head


def test_a_line_that_is_no_http_gets_no_trace(live_server: str) -> None:
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(live_server)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as raw:
        raw.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        said = raw.recv(4096)
    assert b"Traceback" not in said
    assert b"granian" not in said.lower()
