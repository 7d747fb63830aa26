"""Cost by the number of documents: `python -m benchmarks.growth.measure [1 10 100] [--own-concepts]`.

Makes each library, builds it, serves it and asks what users ask; prints for each row the processor time at
each size and the exponent of the last step (0: constant, 1: linear in the documents). Times are those of the
whole process tree, in milliseconds, the median of several uncached requests; sizes are of the answer.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import requests

from benchmarks.growth.library import ROOT, make_library
from benchmarks.serving.peers import Peer, ours

ROUNDS = 5
TOKEN = "a-token-of-the-growth-benchmark"  # noqa: S105 -- of a server that lives for one run
JSON, HTML = "application/json", "text/html"
CASE = {"yes": ["feat:ALL", "feat:BCell", "feat:refractory"], "no": []}

#: row -> method, path, wanted type; the first of each is also measured right after a write
REQUESTS: Mapping[str, tuple[str, str, str]] = {
    "case": ("POST", "/case", JSON),
    "raised-for": ("GET", "/questions/raised-for?situation=RelapsedALL", JSON),
    "entity": ("GET", "/intervention/Blinatumomab", HTML),
    "feature": ("GET", "/feature/adult", HTML),
    "claim": ("GET", "/claim/S15-1", HTML),
    "source": ("GET", "/source/rrall-2014", HTML),
    "claims": ("GET", "/claim/", HTML),
    "search": ("GET", "/search?q=blinatumomab", JSON),
    "explain": ("GET", "/explain?s=int:Blinatumomab&p=kg:optionFor&o=sit:RelapsedBALL", JSON),
    "start": ("GET", "/", HTML),
    "about": ("GET", "/about", HTML),
    "void": ("GET", "/.well-known/void", "text/turtle"),
    "sparql": (
        "GET",
        "/sparql?query=SELECT+*+%7B%3Fs+%3Fp+%3Fo%7D+LIMIT+5",
        "application/sparql-results+json",
    ),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a row costs at one size: milliseconds of processor time (or MiB), and bytes of the answer."""

    amount: float
    size: int = 0


def main() -> None:
    """Measure every size and print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("documents", nargs="*", type=int, default=[1, 10, 100])
    parser.add_argument("--own-concepts", action="store_true")
    parser.add_argument("--questions", action="store_true", help="every named question too")
    arguments = parser.parse_args()
    table: dict[str, dict[int, Cost]] = {}
    with tempfile.TemporaryDirectory() as name:
        for documents in arguments.documents:
            library = make_library(Path(name) / str(documents), documents, arguments.own_concepts)
            for row, cost in _measure(library, arguments.questions):
                table.setdefault(row, {})[documents] = cost
                print(f"{documents:4} {row:40}{cost.amount:12,.1f}{cost.size:12,}", flush=True)
            shutil.rmtree(library)
    _print_table(table, arguments.documents)


def _measure(library: Path, with_questions: bool) -> Iterator[tuple[str, Cost]]:
    """Yield row and cost of a library: its build, then a server over it."""
    yield from _measure_build(library)
    log = library / "log"
    log.mkdir()
    settings = {"KG_ROOT": str(library), "KG_BUILD_DIR": str(library / "build"), "KG_UPDATE_TOKEN": TOKEN}
    began = time.perf_counter()
    with ours(log, **settings) as peer:
        address = peer.query.removesuffix("/sparql")
        yield "start, wall ms", Cost(1000 * (time.perf_counter() - began))
        yield "at rest, MiB", Cost(peer.memory())
        rows = dict(REQUESTS)
        if with_questions:
            names = [path.stem[3:] for path in sorted((ROOT / "queries" / "questions").glob("*.rq"))]
            rows |= {f"question {name}": ("GET", f"/questions/{name}", JSON) for name in names}
        for row, request in rows.items():
            yield row, _measure_request(peer, address, *request)
        yield from _measure_write(peer, address)
        yield "after use and writes, MiB", Cost(peer.memory())


def _measure_build(library: Path) -> Iterator[tuple[str, Cost]]:
    """Yield the processor time and peak memory of a build from nothing, and of one after a claim changed."""
    yield "build, ms", _run_build(library)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield "build, peak MiB of all so far", Cost(peak)
    claims = library / "data" / "claims" / "04-relapse-what.ttl"
    claims.write_text(
        re.sub(r"disease\.\"@en", 'disease, changed."@en', claims.read_text("utf-8"), count=1), "utf-8"
    )
    yield "build, one claim changed, ms", _run_build(library)


def _run_build(library: Path) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "KG_ROOT": str(library), "KG_BUILD_DIR": str(library / "build")}
    subprocess.run(
        [sys.executable, "-m", "kg", "build"],
        check=True,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))


def _measure_request(peer: Peer, address: str, method: str, path: str, wanted: str) -> Cost:
    """Return the median cost of an uncached request, after one that warms each of two server processes."""
    costs, size = [], 0
    for number in range(ROUNDS + 4):
        before = peer.seconds()
        answer = requests.request(
            method,
            address + path,
            headers={"Accept": wanted, "Cache-Control": "no-cache"},
            json=CASE if method == "POST" else None,
            timeout=600,
        )
        answer.raise_for_status()
        if number >= 4:
            costs.append(1000 * (peer.seconds() - before))
        size = len(answer.content)
    return Cost(statistics.median(costs), size)


def _measure_write(peer: Peer, address: str) -> Iterator[tuple[str, Cost]]:
    """Yield the wall time of a one-triple write that inferences follow, and of the first case after it."""
    walls = []
    for number in range(3):
        triple = f"sit:RelapsedBALL kg:hasFeature feat:benchmark{number}"
        update = (
            "PREFIX kg: <https://w3id.org/rrall-kg/ont#> PREFIX sit: <https://w3id.org/rrall-kg/situation/> "
            f"PREFIX feat: <https://w3id.org/rrall-kg/feature/> INSERT DATA {{ {triple} }}"
        )
        before = time.perf_counter()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/sparql-update"}
        requests.post(peer.update, data=update, headers=headers, timeout=600).raise_for_status()
        walls.append(1000 * (time.perf_counter() - before))
    yield "write, wall ms", Cost(statistics.median(walls))
    before = time.perf_counter()
    requests.post(f"{address}/case", json=CASE, headers={"Accept": JSON}, timeout=600).raise_for_status()
    yield "first case after it, wall ms", Cost(1000 * (time.perf_counter() - before))


def _print_table(table: Mapping[str, Mapping[int, Cost]], sizes: list[int]) -> None:
    """Print a line for each row: its cost at each size and the exponents of cost and answer."""
    print(f"\n{'':42}" + "".join(f"{size:>12}" for size in sizes) + f"{'exponent':>10}{'of answer':>11}")
    for row, costs in table.items():
        found = [costs.get(size, Cost(math.nan)) for size in sizes]
        amounts = "".join(f"{cost.amount:12,.1f}" for cost in found)
        exponent, of_answer = (_fit(list(map(attrgetter(name), found)), sizes) for name in ("amount", "size"))
        print(f"{row:42}{amounts}{exponent:>10}{of_answer:>11}")


def _fit(values: list[float], sizes: list[int]) -> str:
    """Return the exponent of the last step of `values`, or nothing where there is none."""
    if len(values) < 2 or min(values[-2:]) <= 0:
        return ""
    return f"{math.log(values[-1] / values[-2]) / math.log(sizes[-1] / sizes[-2]):.2f}"


if __name__ == "__main__":
    main()
