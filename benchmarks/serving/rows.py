"""1,000,000 rows as CSV, beside Oxigraph's own server: rows a second, first byte, and memory."""

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


@dataclass(frozen=True, slots=True)
class Stream:
    """One download: rows a second, seconds to the first byte, and MiB before and at most."""

    per_second: float
    first: float
    before: float
    most: float
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
                    found.setdefault(peer.name, []).append(_download(peer))
    print(
        f"{'server':20}{'rows/s':>12}{'first byte ms':>15}{'MiB before':>12}{'MiB at most':>13}{'rows':>11}"
    )
    best = {title: max(streams, key=lambda s: s.per_second) for title, streams in found.items()}
    for title, s in best.items():
        print(
            f"{title:20}{s.per_second:12,.0f}{s.first * 1000:15.1f}{s.before:12.0f}{s.most:13.0f}{s.rows:11,}"
        )
    us_best, them_best = best.values()
    print(f"ratio: {us_best.per_second / them_best.per_second:.2f}")


def _published(folder: Path, data: Path) -> Path:
    """Return a build folder whose graph is `data`, so that our server loads it as it loads any build."""
    import hashlib

    from kg.pipeline.manifest import Manifest

    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    place = folder / "build" / digest
    place.mkdir(parents=True)
    (place / "graph.nq").symlink_to(data)
    (place / "manifest.json").write_text(Manifest("1", digest, {}, (), ROWS, {}, "none").to_json())
    (folder / "build" / "current").symlink_to(digest)
    return folder / "build"


def _download(peer: Peer) -> Stream:
    """Read the whole answer, watching the server's memory."""
    before = peer.memory()
    most, stop = [before], threading.Event()

    def watch() -> None:
        while not stop.wait(1.0):
            most.append(peer.memory())

    watcher = threading.Thread(target=watch)
    began = time.perf_counter()
    head = {"Accept": "text/csv", "Accept-Encoding": "identity", "Cache-Control": "no-cache"}
    with requests.get(peer.query, params={"query": QUERY}, headers=head, stream=True, timeout=300) as answer:
        answer.raise_for_status()
        watcher.start()
        lines, first = 0, 0.0
        while chunk := answer.raw.read1(1 << 18):
            first = first or time.perf_counter() - began
            lines += chunk.count(b"\n")
    took = time.perf_counter() - began
    stop.set()
    watcher.join()
    return Stream((lines - 1) / took, first, before, max(most), lines - 1)


if __name__ == "__main__":
    main()
