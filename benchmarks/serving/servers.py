"""How the HTTP server was chosen: the same cached answer through granian's interfaces and gunicorn.

Each answers 450 bytes with seven headers after a look into a table, as our answer cache does; 16 clients.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.serving.load import wrk
from benchmarks.serving.peers import BIN, free_port, started

APPLICATION = """
BODY = b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"http://x"}}]}}' * 5
HEAD = [("content-type", "application/sparql-results+json"), ("etag", '"x"'), ("x-request-id", "abc"),
        ("cache-control", "no-cache"), ("vary", "accept"), ("x-content-type-options", "nosniff"),
        ("content-length", str(len(BODY)))]
KEPT = {}


def wsgi(environ, start_response):
    KEPT.get((environ["PATH_INFO"], environ["QUERY_STRING"], environ.get("HTTP_ACCEPT")))
    start_response("200 OK", HEAD)
    return [BODY]


async def rsgi(scope, proto):
    KEPT.get((scope.method, scope.path, scope.query_string, scope.headers.get("accept")))
    proto.response_bytes(200, HEAD, BODY)


async def asgi(scope, receive, send):
    KEPT.get((scope["method"], scope["path"], scope["query_string"], dict(scope["headers"]).get(b"accept")))
    head = [(a.encode(), b.encode()) for a, b in HEAD]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": BODY})
"""
CHOICES = {
    "granian WSGI": ["granian", "--interface", "wsgi", "--no-ws", "app:wsgi"],
    "granian RSGI": ["granian", "--interface", "rsgi", "--no-ws", "app:rsgi"],
    "granian ASGI": ["granian", "--interface", "asginl", "--no-ws", "app:asgi"],
    "gunicorn gthread": ["gunicorn", "-k", "gthread", "--threads", "8", "app:wsgi"],
    "gunicorn sync": ["gunicorn", "-k", "sync", "app:wsgi"],
}


def main() -> None:
    """Measure each with two processes, and print a table."""
    print(f"{'server, 2 processes':22}{'requests/s':>12}{'median ms':>11}{'p99 ms':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "app.py").write_text(APPLICATION)
        for title, (program, *options) in CHOICES.items():
            port = free_port()
            bind = ["--port", str(port)] if program == "granian" else ["-b", f"127.0.0.1:{port}"]
            command = [str(BIN / program), "--workers", "2", *bind, *options]
            address = f"http://127.0.0.1:{port}/sparql"
            with started(title, command, address, folder / "log", PYTHONPATH=str(folder)):
                load = wrk(folder, address, ["ASK {}"], {"Accept": "application/sparql-results+json"}, 5)
            print(f"{title:22}{load.per_second:12,.0f}{load.median:11.2f}{load.p99:9.1f}")


if __name__ == "__main__":
    try:
        main()
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.exit(f"{error}: install wrk and the extra 'bench'.")
