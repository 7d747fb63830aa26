"""1,000,000 rows as CSV, beside Oxigraph's own server: rows a second, first byte, and memory.

Two figures of memory: by how much the resident memory of any one process grew while the rows went out,
and the tree's proportional memory before and at most. The second grows where a worker reads the store it
shares with the owner: the engine counts references in the pages it reads, so the kernel copies them for
that worker. That is bounded by the store, not by the rows, and given back when the worker ends; a million
rows out of a thousand values show it, where nothing of the store is read.
"""

from __future__ import annotations

import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.serving.peers import Peer, ours, oxigraph

ROWS = 1_000_000
QUERY = "SELECT ?s ?p ?o { ?s ?p ?o }"
_THOUSAND = " ".join(map(str, range(1000)))
PRODUCT = f"SELECT ?a ?b {{ VALUES ?a {{ {_THOUSAND} }} VALUES ?b {{ {_THOUSAND} }} }}"


@dataclass(frozen=True, slots=True)
class Stream:
    """One download: rows a second, seconds to the first byte, MiB before, at most, and a process grew."""

    per_second: float
    first: float
    before: float
    most: float
    grown: float
    rows: int


def main() -> None:
    """Measure both, three times in turn, and print the best of each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "million.nt"
        with data.open("w") as file:
            file.writelines(
                f'<http://e/{n % 1000}> <http://e/p{n % 7}> "value number {n}" .\n' for n in range(ROWS)
            )
        builds = _published(folder, data)
        found: dict[str, list[Stream]] = {}
        limit = {"KG_QUERY_ROWS": str(2 * ROWS), "KG_QUERY_DEADLINE": "120"}
        with ours(folder, "--build-dir", str(builds), **limit) as us, oxigraph(folder, data) as them:
            for _ in range(3):
                for peer in (us, them):
                    found.setdefault(peer.name, []).append(_download(peer, QUERY))
            found["rrall-kg, product"] = [_download(us, PRODUCT)]
    print(
        f"{'server':20}{'rows/s':>12}{'first byte ms':>15}{'MiB before':>12}{'MiB at most':>13}"
        f"{'a process +MiB':>16}{'rows':>11}"
    )
    best = {title: max(streams, key=lambda s: s.per_second) for title, streams in found.items()}
    for title, s in best.items():
        print(
            f"{title:20}{s.per_second:12,.0f}{s.first * 1000:15.1f}{s.before:12.0f}{s.most:13.0f}"
            f"{s.grown:16.0f}{s.rows:11,}"
        )
    us_best, them_best, _ = best.values()
    print(f"ratio: {us_best.per_second / them_best.per_second:.2f}")


def _published(folder: Path, data: Path) -> Path:
    """Return a build folder whose graph is `data`, so that our server loads it as it loads any build."""
    import hashlib

    from kg.build.publishing import Manifest

    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    place = folder / "build" / digest
    place.mkdir(parents=True)
    (place / "graph.nq").symlink_to(data)
    (place / "manifest.json").write_text(Manifest("1", digest, {}, (), ROWS, {}, "none").to_json())
    (folder / "build" / "current").symlink_to(digest)
    return folder / "build"


def _download(peer: Peer, query: str) -> Stream:
    """Read the whole answer, watching the server's memory."""
    before, held = peer.memory(), peer.resident()
    most, grown, stop = [before], [0.0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.5):
            most.append(peer.memory())
            grown.extend(now - held[pid] for pid, now in peer.resident().items() if pid in held)

    watcher = threading.Thread(target=watch)
    began = time.perf_counter()
    head = {"Accept": "text/csv", "Accept-Encoding": "identity", "Cache-Control": "no-cache"}
    with requests.post(peer.query, data={"query": query}, headers=head, stream=True, timeout=300) as answer:
        answer.raise_for_status()
        watcher.start()
        lines, first = 0, 0.0
        while chunk := answer.raw.read1(1 << 18):
            first = first or time.perf_counter() - began
            lines += chunk.count(b"\n")
    took = time.perf_counter() - began
    stop.set()
    watcher.join()
    return Stream((lines - 1) / took, first, before, max(most), max(grown), lines - 1)


if __name__ == "__main__":
    main()
