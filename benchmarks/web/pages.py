"""How long the server takes for the HTML of each entity page, and how large it is compressed."""

from __future__ import annotations

import gzip
import os
import statistics
import sys
import time

from flask.testing import FlaskClient

from kg.build.opening import open_build
from kg.namespaces import BASE, ENTITY_KINDS
from kg.pages.app import create_app
from kg.settings import Settings

ROUNDS = 5
OTHERS = (
    "/",
    "/matrix",
    "/search?q=ALL",
    "/questions",
    "/questions/raised-for",
    "/source",
    "/ont",
    "/about",
    "/sparql",
    "/mappings",
    "/case",
)


def main() -> int:
    """Print one line a group of pages; return 1 when an entity page misses a target."""
    settings = Settings.from_environment(os.environ)
    store = open_build(settings)
    client = create_app(settings, store).test_client()
    rows = store.select(f'SELECT DISTINCT ?s WHERE {{ ?s ?p ?o FILTER(STRSTARTS(STR(?s), "{BASE}")) }}')
    local = {str(getattr(row["s"], "value", "")).removeprefix(BASE) for row in rows}
    entities = sorted(f"/{path}" for path in local if path.split("/")[0] in ENTITY_KINDS and "#" not in path)
    client.get("/intervention/", headers={"Accept": "text/html"})  # templates are compiled once a process
    head = f"{'pages':<24}{'n':>4}{'median ms':>11}{'p95 ms':>9}{'max ms':>9}"
    print(f"{head}{'max CPU ms':>12}{'max KB gz':>11}  slowest")
    worst = [_row("entity pages", client, entities)]
    for path in OTHERS:
        _row(path, client, [path])
    milliseconds, size = worst[0]
    return 0 if milliseconds < 30 and size < 40_000 else 1


def _row(name: str, client: FlaskClient, paths: list[str]) -> tuple[float, int]:
    """Measure pages (the best of some rounds, as other work disturbs), print a line, return the largest."""
    wall: dict[str, float] = {}
    cpu: list[float] = []
    sizes: list[int] = []
    for path in paths:
        spent = [_once(client, path) for _ in range(ROUNDS)]
        wall[path], sizes_here = min(s[0] for s in spent), spent[0][2]
        cpu.append(min(s[1] for s in spent))
        sizes.append(sizes_here)
    ordered = sorted(wall.values())
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(
        f"{name:<24}{len(paths):>4}{statistics.median(ordered):>11.1f}{p95:>9.1f}{ordered[-1]:>9.1f}"
        f"{max(cpu):>12.1f}{max(sizes) / 1000:>11.1f}  {max(wall, key=wall.__getitem__)}"
    )
    return ordered[-1], max(sizes)


def _once(client: FlaskClient, path: str) -> tuple[float, float, int]:
    """Return milliseconds by the clock, milliseconds of CPU, and compressed bytes of one answer."""
    begun, used = time.perf_counter(), time.process_time()
    answer = client.get(path, headers={"Accept": "text/html"})
    spent = (time.perf_counter() - begun) * 1000, (time.process_time() - used) * 1000
    return *spent, len(gzip.compress(answer.data, 6))


if __name__ == "__main__":
    sys.exit(main())
