"""Half an hour of mixed load on a real server: queries, pages, writes, runaway queries, and kills.

Run with `make soak`; `--minutes` shortens it. Fails on a 5xx other than 503, on an answer that never came,
and on memory that grew by more than a quarter after the first fifth of the time.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests

from benchmarks.serving.peers import ROOT, Peer, ours

TOKEN = "a-token-of-the-soak"  # noqa: S105 - of a server that lives for this run
JSON = {"Accept": "application/sparql-results+json"}
PAGES = (
    "/",
    "/questions",
    "/intervention/Blinatumomab",
    "/claim/S07-1",
    "/situation/RelapsedALL",
    "/about",
    "/search?q=transplant",
    "/ont",
    "/mappings",
    "/.well-known/void",
    "/health/ready",
    "/metrics",
)
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER (?c != ?f) }"
GREEDY = "SELECT (GROUP_CONCAT(STR(?c)) AS ?n) { ?a ?b ?c . ?d ?e ?f }"
GRAPH = "https://example.org/soak"


@dataclass
class Tally:
    """What came back, by kind of load."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, status: int | str, seconds: float, said: str = "") -> None:
        """Count one answer."""
        with self.lock:
            self.seconds.setdefault(kind, []).append(seconds)
            self.statuses[f"{kind} {status}"] += 1
            if status == 503:
                found = re.search(r'"detail": ?"([^"]*)|<h1[^>]*>([^<]*)', said)
                self.refusals[f"{kind}: {(found[1] or found[2]) if found else said[:100]}"] += 1
            if isinstance(status, str) or (status >= 500 and status != 503):
                self.broken.append(f"{kind}: {status} {said[:200]}")


def main() -> int:
    """Run the load and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    settings = {
        "KG_UPDATE_TOKEN": TOKEN,
        "KG_QUERY_DEADLINE": "10",
        "KG_QUERY_MEMORY": "512",
        "KG_SLOW_QUERY": "100",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ours(folder, "--store", str(folder / "store"), **settings) as peer:
            tally, memory, killed = _load(peer, given.minutes * 60, given.seed)
            ready = requests.get(peer.query.replace("/sparql", "/health/ready"), timeout=30).status_code
    return _report(tally, memory, killed, ready)


def _load(peer: Peer, seconds: float, seed: int) -> tuple[Tally, list[tuple[float, float]], int]:
    """Put every kind of load on the server; return the answers, the memory over time, and the kills."""
    tally, stop, memory, kills = Tally(), threading.Event(), [], Counter[str]()
    queries = [path.read_text() for path in sorted((ROOT / "queries" / "questions").glob("*.rq"))]
    kinds: list[Callable[[requests.Session, random.Random], None]] = [
        lambda s, r: _query(peer, s, tally, r.choice(queries), {}),
        lambda s, r: _query(peer, s, tally, r.choice(queries), {"Cache-Control": "no-cache"}),
        lambda s, r: _page(peer, s, tally, r.choice(PAGES)),
        lambda s, r: _page(peer, s, tally, r.choice(PAGES)),
        lambda s, r: _write(peer, s, tally, r),
        lambda s, r: _runaway(peer, s, tally, r),
        lambda s, r: _kill(peer, r, kills),
    ]
    threads = [
        threading.Thread(target=_repeat, args=(kind, stop, random.Random(seed + n)))  # noqa: S311 - load
        for n, kind in enumerate(kinds)
    ]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        memory.append((passed, peer.memory()))
        if len(memory) % 12 == 0:
            print(
                f"{passed / 60:5.1f} min {memory[-1][1]:6.0f} MiB {tally.statuses.total()} answers",
                flush=True,
            )
        time.sleep(5)
    stop.set()
    for thread in threads:
        thread.join()
    return tally, memory, kills["worker"]


def _repeat(
    act: Callable[[requests.Session, random.Random], None], stop: threading.Event, rng: random.Random
) -> None:
    with requests.Session() as session:
        while not stop.is_set():
            act(session, rng)
            time.sleep(rng.uniform(0, 0.02))


def _answered(tally: Tally, kind: str, ask: Callable[[], requests.Response]) -> None:
    """Note the status of a request, or why there is none."""
    began = time.monotonic()
    try:
        answer = ask()
        tally.note(kind, answer.status_code, time.monotonic() - began, answer.text)
    except requests.RequestException as error:
        tally.note(kind, type(error).__name__, time.monotonic() - began, str(error))


def _query(peer: Peer, session: requests.Session, tally: Tally, query: str, extra: dict[str, str]) -> None:
    _answered(
        tally,
        "query",
        lambda: session.get(peer.query, params={"query": query}, headers=JSON | extra, timeout=60),
    )


def _page(peer: Peer, session: requests.Session, tally: Tally, path: str) -> None:
    address = peer.query.removesuffix("/sparql") + path
    _answered(
        tally, "page", lambda: session.get(address, headers={"Accept": "text/html, */*;q=0.5"}, timeout=60)
    )


def _write(peer: Peer, session: requests.Session, tally: Tally, rng: random.Random) -> None:
    number = rng.randrange(200)
    act = rng.choice(("INSERT", "DELETE"))
    text = f"{act} DATA {{ GRAPH <{GRAPH}> {{ <{GRAPH}/{number}> <{GRAPH}/p> {number} }} }}"
    head = {"Authorization": f"Bearer {TOKEN}"}
    _answered(
        tally, "write", lambda: session.post(peer.update, data={"update": text}, headers=head, timeout=60)
    )
    time.sleep(1)


def _runaway(peer: Peer, session: requests.Session, tally: Tally, rng: random.Random) -> None:
    query = rng.choice((RUNAWAY, RUNAWAY, GREEDY))
    _answered(
        tally, "runaway", lambda: session.post(peer.query, data={"query": query}, headers=JSON, timeout=60)
    )
    time.sleep(2)


def _kill(peer: Peer, rng: random.Random, kills: Counter[str]) -> None:
    """Kill -9 a process that has no children: a query worker, now and then one that answers HTTP."""
    time.sleep(rng.uniform(5, 15))
    with contextlib.suppress(psutil.Error, IndexError, ProcessLookupError):
        workers = [
            p for p in peer.process.children(recursive=True) if not p.children() and p.num_threads() == 1
        ]
        os.kill(rng.choice(workers).pid, signal.SIGKILL)
        kills["worker"] += 1


def _report(tally: Tally, memory: list[tuple[float, float]], killed: int, ready: int) -> int:
    """Print the figures; return 1 where something is wrong."""
    settled = [m for t, m in memory if t >= memory[-1][0] / 5]
    third = max(1, len(settled) // 3)
    early, late = sum(settled[:third]) / third, sum(settled[-third:]) / third
    print(
        f"{memory[-1][0] / 60:.1f} minutes, {tally.statuses.total()} answers, "
        f"{killed} processes killed, ready: {ready}"
    )
    print("; ".join(f"{kind}: {count}" for kind, count in sorted(tally.statuses.items())))
    for kind, seconds in sorted(tally.seconds.items()):
        ranked = sorted(seconds)
        print(
            f"{kind}: median {1000 * ranked[len(ranked) // 2]:.0f} ms, "
            f"p99 {1000 * ranked[len(ranked) * 99 // 100]:.0f} ms"
        )
    most = max(held for _, held in memory)
    print(f"memory: early mean {early:.0f} MiB, late mean {late:.0f} MiB, most {most:.0f} MiB")
    for what, count in tally.refusals.most_common(12):
        print(f"503, {count} times, {what}")
    for line in tally.broken[:20]:
        print(line)
    return 1 if tally.broken or ready != 200 or late > early * 1.25 else 0


if __name__ == "__main__":
    sys.exit(main())
