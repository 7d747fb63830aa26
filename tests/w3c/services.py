"""The endpoints that the SERVICE cases call, under names of this machine: a server for all of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox

#: the endpoints of the suite that hold data.
HOSTS = ("example.org", "example1.org", "example2.org")
_ADDRESS = re.compile(rf"http://({'|'.join(map(re.escape, HOSTS))})/sparql(?=>)")


class Services:
    """A store a host, and the address that stands for each."""

    def __init__(self, port: int) -> None:
        """Stand for the hosts at a port of this machine."""
        self.base = f"http://127.0.0.1:{port}"
        self.stores = {host: ox.Store() for host in HOSTS}

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the addresses that a server under test must be allowed to call."""
        return tuple(f"{self.base}/{host}/sparql" for host in HOSTS)

    def here(self, query: str) -> str:
        """Return a query that calls this machine instead of the suite's hosts."""
        return _ADDRESS.sub(lambda found: f"{self.base}/{found[1]}/sparql", query)

    def empty(self) -> None:
        """Forget all data."""
        for store in self.stores.values():
            store.clear()

    def load(self, endpoint: str, triples: Iterable[ox.Triple]) -> None:
        """Put triples into the endpoint that the suite calls so."""
        self.stores[urlsplit(endpoint).netloc].extend(ox.Quad(*triple) for triple in triples)

    def answer(self, path: str, query: str) -> bytes:
        """Return the answer as JSON; raises KeyError for an address that stands for none."""
        store = self.stores[path.strip("/").partition("/")[0]]
        found = store.query(query)
        assert not isinstance(found, ox.QueryTriples)
        return found.serialize(format=ox.QueryResultsFormat.JSON) or b""


@contextmanager
def serving(port: int) -> Iterator[Services]:
    """Serve the endpoints at a port of this machine; 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.headers.get_content_type() == "application/x-www-form-urlencoded":
                text = parse_qs(text)["query"][0]
            body = services.answer(self.path, text)
            self.send_response(200)
            self.send_header("Content-Type", ox.QueryResultsFormat.JSON.media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    services = Services(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield services
    finally:
        server.shutdown()
        server.server_close()
