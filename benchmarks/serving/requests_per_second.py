"""Ten questions of the library from 16 clients, uncached and cached, beside two other servers.

Beside Oxigraph's own server and rdflib-endpoint. All answer the same texts over the same graph, and the
answers are compared first. "Uncached" sends `Cache-Control: no-cache`, which passes our answer cache by.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import requests

from benchmarks.serving.load import Load, wrk
from benchmarks.serving.peers import ROOT, Peer, ours, oxigraph, rdflib_endpoint

JSON = "application/sparql-results+json"
TEN = ("01", "02", "03", "04", "05", "06", "09", "10", "11", "13")


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10)
    seconds = parser.parse_args().seconds
    graph = ROOT / "build" / "current" / "graph.nq"
    queries = [next((ROOT / "queries" / "questions").glob(f"{n}-*.rq")).read_text() for n in TEN]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured: list[tuple[str, Load, float]] = []
        with ours(folder) as us:
            counts = _counts(us, queries)
            measured.append(
                _measure(folder, us, "rrall-kg, uncached", queries, seconds, {"Cache-Control": "no-cache"})
            )
            measured.append(_measure(folder, us, "rrall-kg, cached", queries, seconds, {}))
        with oxigraph(folder, graph) as them:
            _compare(counts, _counts(them, queries), them.name)
            measured.append(_measure(folder, them, them.name, queries, seconds, {}))
        with rdflib_endpoint(folder, graph) as them:
            _compare(counts, _counts(them, queries), them.name)
            measured.append(_measure(folder, them, them.name, queries, seconds, {}))
    _print(measured)


def _counts(peer: Peer, queries: list[str]) -> list[int]:
    """Return the rows each query has there; this also warms what can be warmed."""
    counts = []
    for query in queries:
        answer = requests.get(peer.query, params={"query": query}, headers={"Accept": JSON}, timeout=300)
        answer.raise_for_status()
        counts.append(len(answer.json()["results"]["bindings"]))
    return counts


def _compare(left: list[int], right: list[int], name: str) -> None:
    """Say so where a server answers something else."""
    for number, a, b in zip(TEN, left, right, strict=True):
        if a != b:
            print(f"question {number}: {a} rows here, {b} from {name}")


def _measure(
    folder: Path, peer: Peer, name: str, queries: list[str], seconds: int, extra: dict[str, str]
) -> tuple[str, Load, float]:
    """Return what wrk measured, and the memory of the process tree after it."""
    wrk(folder, peer.query, queries, {"Accept": JSON} | extra, 2)
    load = wrk(folder, peer.query, queries, {"Accept": JSON} | extra, seconds)
    return name, load, peer.memory()


def _print(measured: list[tuple[str, Load, float]]) -> None:
    """Print the table."""
    print(
        f"{'server':28}{'requests/s':>12}{'median ms':>11}{'p99 ms':>9}{'refused':>9}{'broken':>8}{'MiB':>7}"
    )
    for name, load, memory in measured:
        figures = f"{load.per_second:12,.0f}{load.median:11.2f}{load.p99:9.1f}"
        print(f"{name:28}{figures}{load.refused:9}{load.broken:8}{memory:7.0f}")


if __name__ == "__main__":
    main()
