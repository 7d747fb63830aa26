"""The 99th percentile of small queries while four runaway queries run to their deadline, and idle."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import requests

from benchmarks.serving.load import Load, wrk
from benchmarks.serving.peers import Peer, ours

SMALL = ["SELECT ?s ?label { ?s <http://www.w3.org/2004/02/skos/core#prefLabel> ?label } LIMIT 5"]
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER (?c != ?f) }"
HEADERS = {"Accept": "application/sparql-results+json", "Cache-Control": "no-cache"}
DEADLINE, SECONDS, CLIENTS = 10, 8, 4


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as name, ours(Path(name), KG_QUERY_DEADLINE=str(DEADLINE)) as peer:
        folder = Path(name)
        wrk(folder, peer.query, SMALL, HEADERS, 2, CLIENTS)
        idle = wrk(folder, peer.query, SMALL, HEADERS, SECONDS, CLIENTS)
        busy, took, statuses = _while_runaway(folder, peer)
        before = peer.seconds()
        time.sleep(1.0)
        left = peer.seconds() - before
    print(f"{'small queries, 4 clients':28}{'requests/s':>12}{'median ms':>11}{'p99 ms':>9}")
    for title, load in (("idle", idle), ("four runaway queries beside", busy)):
        print(f"{title:28}{load.per_second:12,.0f}{load.median:11.2f}{load.p99:9.1f}")
    print(f"99th percentile: {busy.p99 / idle.p99:.1f} times; refused {busy.refused}, broken {busy.broken}")
    print(
        f"runaway queries: status {statuses}, deadline {DEADLINE} s, "
        f"ended after {', '.join(f'{s:.1f}' for s in took)} s"
    )
    print(f"processor time in the second after: {left:.2f} s")


def _while_runaway(folder: Path, peer: Peer) -> tuple[Load, list[float], list[int]]:
    """Measure while four runaway queries run; return when and how these ended too."""
    took: list[float] = []
    statuses: list[int] = []

    def run() -> None:
        began = time.monotonic()
        statuses.append(
            requests.post(peer.query, data={"query": RUNAWAY}, headers=HEADERS, timeout=90).status_code
        )
        took.append(time.monotonic() - began)

    runners = [threading.Thread(target=run) for _ in range(4)]
    for runner in runners:
        runner.start()
    time.sleep(0.5)
    load = wrk(folder, peer.query, SMALL, HEADERS, SECONDS, CLIENTS)
    for runner in runners:
        runner.join()
    return load, took, statuses


if __name__ == "__main__":
    main()
