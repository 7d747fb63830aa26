"""`python -m tests.security.fuzz`: hostile query strings, headers and bodies against a real server.

Fails on a 5xx other than 503, on an input that gets no answer in time, and on a server that is gone after.
Every input follows from `--seed` and its number, so that a finding can be sent again.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

import requests

from tests.serving.servers import ROOT, TOKEN, running

#: seconds an answer may take: the deadline of a query, a full queue before it, and the machine's own load.
PATIENCE = 60
PATHS = (
    "/sparql",
    "/update",
    "/store",
    "/validate",
    "/questions",
    "/questions/raised-for",
    "/search",
    "/resolve",
    "/explain",
    "/case",
    "/api/suggest",
    "/api/xrefs",
    "/api/neighbourhood",
    "/intervention/Blinatumomab",
    "/claim/S07-1",
    "/.well-known/void",
    "/mappings",
    "/export",
    "/source",
    "/openapi.json",
    "/health/ready",
    "/",
)
NAMES = (
    "query",
    "update",
    "default-graph-uri",
    "named-graph-uri",
    "using-graph-uri",
    "graph",
    "default",
    "format",
    "q",
    "curie",
    "s",
    "p",
    "o",
    "iri",
    "situation",
    "",
)
MEDIA = (
    "application/sparql-query",
    "application/sparql-update",
    "application/x-www-form-urlencoded",
    "text/turtle",
    "application/n-triples",
    "application/rdf+xml",
    "application/ld+json",
    "application/trig",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/turtle; charset=utf-16",
    "nonsense",
    "",
)
HEADERS = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Accept-Charset",
    "If-None-Match",
    "If-Match",
    "Range",
    "Origin",
    "Content-Encoding",
    "Cookie",
    "Authorization",
    "X-Request-Id",
    "X-Forwarded-For",
    "Cache-Control",
    "Prefer",
)
_METHODS = ("GET",) * 12 + ("POST",) * 8 + ("HEAD", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")
_WRITABLE = frozenset({"/sparql", "/update", "/store", "/validate", "/case"})
WORDS = (
    "SELECT",
    "ASK",
    "CONSTRUCT",
    "DESCRIBE",
    "WHERE",
    "{",
    "}",
    "(",
    ")",
    "?s",
    "?p",
    "?o",
    "*",
    "<http://e/a>",
    "a",
    "FILTER",
    "OPTIONAL",
    "UNION",
    "MINUS",
    "GRAPH",
    "SERVICE",
    "<http://127.0.0.1:1/>",
    "VALUES",
    "BIND",
    "AS",
    "LIMIT",
    "OFFSET",
    "-1",
    "99999999999999999999",
    "ORDER BY",
    "GROUP BY",
    "HAVING",
    "COUNT",
    "DISTINCT",
    "REDUCED",
    "PREFIX",
    "BASE",
    "FROM",
    "NAMED",
    "<file:///etc/passwd>",
    "INSERT DATA",
    "DELETE",
    "LOAD",
    "CLEAR",
    "DROP",
    "ALL",
    "SILENT",
    '"x"',
    "'''",
    '"""',
    "\\u0000",
    "\\uD800",
    "<<(",
    ")>>",
    "{|",
    "|}",
    "^",
    "/",
    "+",
    "!",
    "@en",
    "^^",
    "_:b",
    ";",
    ".",
    ",",
    "#",
    "REGEX(?s,'(a+)+$')",
    "IRI('x')",
    "\u202e",
    "é",
    "\U0001f600",
    "NOT EXISTS",
    "1e999",
    "true",
)
GARBAGE = (
    "%",
    "%00",
    "%ff",
    "%C3%28",
    "..",
    "/../../etc/passwd",
    "\x01",
    "'",
    '"',
    "<script>",
    "&&&",
    "=",
    "%u1234",
    "null",
)
RDF = (
    "<http://e/a> <http://e/b> <http://e/c> .",
    "@prefix : <http://e/> . :a :b 'c'@en ; :d 1.0, true .",
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
    '{"@id":"http://e/a","http://e/b":1}',
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "[" * 300,
    "{" * 300,
    "(" * 300,
)


class Inputs:
    """Makes the input of a number."""

    def __init__(self, seed: int, host: str) -> None:
        self.seed = seed
        self.host = host
        self.queries = tuple(
            path.read_text() for path in sorted((ROOT / "queries" / "questions").glob("*.rq"))
        )

    def request(self, number: int) -> bytes:
        """Return a whole HTTP request."""
        rng = random.Random(f"{self.seed}/{number}")
        method = rng.choice(
            ("GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")
        )
        path = rng.choice(PATHS) + (rng.choice(GARBAGE) if rng.random() < 0.1 else "")
        target = quote(path, safe="/%?&=.:") + self._query_string(rng)
        body = self._body(rng) if method in ("POST", "PUT", "PATCH") else b""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", f"Content-Length: {len(body)}"]
        if body:
            lines.append(f"Content-Type: {rng.choice(MEDIA)}")
        for _ in range(rng.randrange(4)):
            lines.append(f"{rng.choice(HEADERS)}: {self._header(rng)}")
        if rng.random() < 0.5:
            lines.append(f"Authorization: Bearer {TOKEN}")
        return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + body

    def _query_string(self, rng: random.Random) -> str:
        pairs = []
        for _ in range(rng.randrange(4)):
            text = self._text(rng)
            value = text if rng.random() < 0.15 else quote_plus(text, errors="replace")
            pairs.append(f"{rng.choice(NAMES)}={value}")
        raw = "?" + "&".join(pairs) if pairs else ""
        return re.sub(r"[\x00-\x20\x7f]", "+", raw)[:6000]

    def _text(self, rng: random.Random) -> str:
        """Return a text: made of words, a mutated question, or plain garbage."""
        kind = rng.random()
        if kind < 0.4:
            return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 25)))
        if kind < 0.75:
            return self._mutated(rng, rng.choice(self.queries))
        if kind < 0.85:
            return rng.choice(("{", "(", "!", "[", "<<(", "a/")) * rng.choice((10, 100, 1000))
        return "".join(rng.choice(GARBAGE) for _ in range(rng.randrange(6)))

    @staticmethod
    def _mutated(rng: random.Random, text: str) -> str:
        for _ in range(rng.randrange(4)):
            at, to = sorted(rng.randrange(len(text) + 1) for _ in range(2))
            text = rng.choice(
                (
                    text[:at] + text[to:],
                    text[:at] + rng.choice(WORDS) + text[at:],
                    text[:to] + text[at:to] + text[to:],
                )
            )
        return text

    def _body(self, rng: random.Random) -> bytes:
        kind = rng.random()
        if kind < 0.3:
            return f"{rng.choice(NAMES)}={quote_plus(self._text(rng), errors='replace')}".encode()
        if kind < 0.6:
            return self._text(rng).encode("utf-8", "replace")
        if kind < 0.9:
            return self._mutated(rng, rng.choice(RDF)).encode("utf-8", "replace")
        return rng.randbytes(rng.randrange(400))

    def _header(self, rng: random.Random) -> str:
        kind = rng.random()
        if kind < 0.4:
            chosen = (
                rng.choice((*MEDIA[3:9], "text/html", "*/*", "text/csv")) for _ in range(rng.randrange(1, 4))
            )
            return ", ".join(
                f"{media};q={rng.choice(('1', '0.5', '0', 'x', '-1', 'nan', 'inf', '1e400'))}"
                for media in chosen
            )
        if kind < 0.7:
            return rng.choice(
                (
                    "gzip",
                    "br;q=0",
                    "*",
                    "identity;q=0",
                    "bytes=0-9",
                    "bytes=9-0,a",
                    '"x"',
                    "W/",
                    "*;q=0.0",
                    "é",
                )
            )
        return re.sub(r"[\x00-\x1f\x7f]", " ", self._text(rng))[:3000]


@dataclass
class Findings:
    """What came back."""

    statuses: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, number: int, status: str, seconds: float, said: bytes) -> None:
        """Count an answer, and keep it where it should not be."""
        with self.lock:
            self.statuses[status] += 1
            self.slowest = max(self.slowest, seconds)
            if status == "503":
                told = re.search(rb'"detail": "([^"]*)', said)
                self.refusals[told[1].decode("utf-8", "replace") if told else "(no body)"] += 1
            if status == "none" or (status.startswith("5") and status != "503"):
                self.broken.append(f"input {number}: {status} after {seconds:.1f} s: {said[-300:]!r}")


class Connection:
    """A raw HTTP/1.1 connection; a library's client would refuse to send most of this."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.socket: socket.socket | None = None

    def exchange(self, request: bytes) -> tuple[str, bytes]:
        """Return the status, "none" where none came, and the head of the answer."""
        for attempt in (0, 1):
            kept = self.socket is not None
            if self.socket is None:
                self.socket = socket.create_connection(self.address, timeout=PATIENCE)
            try:
                self.socket.sendall(request)
                status, said = self._read(request.startswith(b"HEAD"))
            except OSError as error:
                status, said = "none", repr(error).encode()
            if status != "none" or not kept or attempt:
                return status, said
            self.close()
        raise AssertionError("unreachable")

    def _read(self, headless: bool) -> tuple[str, bytes]:
        """Read one answer; closes the connection where its end is not sure."""
        assert self.socket is not None
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.socket.recv(65536)
            if not part:
                self.close()
                return ("none" if not data else data[9:12].decode()), data
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        status = head[9:12].decode("latin-1")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        close = b"connection: close" in head.lower()
        if headless or status in ("204", "304"):
            pass
        elif length:
            while len(body) < int(length[1]):
                part = self.socket.recv(65536)
                if not part:
                    break
                body += part
        else:
            while not body.endswith(b"0\r\n\r\n"):
                part = self.socket.recv(65536)
                if not part:
                    break
                body = body[-10:] + part
        if close or (not length and not body.endswith(b"0\r\n\r\n")):
            self.close()
        return status, head + body[-600:]

    def close(self) -> None:
        """Close it."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def fuzz(
    address: str, total: int, seed: int, threads: int = 12, tell: Callable[[str], None] = lambda _: None
) -> Findings:
    """Send `total` inputs from some threads."""
    parts = urlsplit(address)
    assert parts.hostname
    assert parts.port
    inputs, findings, numbers = Inputs(seed, parts.netloc), Findings(), iter(range(total))
    lock = threading.Lock()

    def work() -> None:
        connection = Connection(parts.hostname or "", parts.port or 0)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return connection.close()
            request, began = inputs.request(number), time.monotonic()
            status, said = connection.exchange(request)
            findings.note(number, status, time.monotonic() - began, said)
            if number % 10_000 == 9_999:
                tell(f"{number + 1} inputs, {dict(findings.statuses)}")

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return findings


def _causes(log: str) -> Counter[str]:
    """Return the tracebacks of a log by their last frame and line."""
    causes: Counter[str] = Counter()
    for trace in log.split("Traceback (most recent call last):")[1:]:
        lines = trace.splitlines()
        end = next((n for n, line in enumerate(lines) if n and not line.startswith(" ")), len(lines) - 1)
        frames = [line.strip() for line in lines[:end] if line.startswith("  File")]
        causes[f"{frames[-1] if frames else ''}: {lines[end][:200]}"] += 1
    return causes


def main() -> int:
    """Start a server, send, print, and return 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.fuzz")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261123)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = {"KG_UPDATE_TOKEN": TOKEN, "KG_QUERY_DEADLINE": "2", "KG_SLOW_QUERY": "100"}
        with running(folder, "--build", **options) as server:
            began = time.monotonic()
            found = fuzz(server.address, given.inputs, given.seed, tell=lambda line: print(line, flush=True))  # noqa: T201
            alive = requests.get(f"{server.address}/health/ready", timeout=30).status_code
            traces = _causes(server.printed())
    lines = [
        f"{given.inputs} inputs in {time.monotonic() - began:.0f} s, slowest {found.slowest:.1f} s",
        f"statuses: {dict(sorted(found.statuses.items()))}",
        f"ready afterwards: {alive}; tracebacks in the log: {traces.total()}; findings: {len(found.broken)}",
        *(f"503, {count} times: {what}" for what, count in found.refusals.most_common()),
        *(f"{count} times: {cause}" for cause, count in traces.most_common()),
        *found.broken[:40],
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if found.broken or alive != 200 or traces else 0


if __name__ == "__main__":
    sys.exit(main())
