"""Two checkouts of this project in turn: `python -m benchmarks.serving.checkouts OTHER [--rounds 3]`.

Each round starts the other checkout's server, then this one's, and sends the same ten questions from 16
clients, uncached and cached. Both serve their own build, so OTHER needs `build/current`. The ratio of the
medians over all rounds is printed last, because one round on a shared machine says little. A cached round has
two levels, for whichever server process wakes first accepts most of the connections; the processor time of a
request does not depend on that.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.serving.load import Load, wrk
from benchmarks.serving.peers import ROOT, ours
from benchmarks.serving.requests_per_second import JSON, TEN

#: a load, and microseconds of processor time that the server took for each request.
Measured = tuple[Load, float]
READINGS: tuple[Callable[[Measured], float], ...] = (
    lambda measured: measured[0].per_second,
    lambda measured: measured[0].p99,
    lambda measured: measured[1],
)
LANES = {"uncached": {"Cache-Control": "no-cache"}, "cached": dict[str, str]()}


def main() -> None:
    """Measure both checkouts in turn and print every round and the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6)
    arguments = parser.parse_args()
    queries = [next((ROOT / "queries" / "questions").glob(f"{n}-*.rq")).read_text() for n in TEN]
    found: dict[tuple[str, str], list[Measured]] = {}
    for _ in range(arguments.rounds):
        for name, root in (("other", arguments.other.resolve()), ("this", ROOT)):
            for lane, measured in _measure(root, queries, arguments.seconds).items():
                found.setdefault((name, lane), []).append(measured)
                load, micros = measured
                print(
                    f"{name:8}{lane:10}{load.per_second:12,.0f}/s  median {load.median:7.2f} ms"
                    f"  p99 {load.p99:7.1f} ms  processor {micros:6.0f} µs  refused {load.refused}"
                    f"  broken {load.broken}",
                    flush=True,
                )
    for lane in LANES:
        this, other = (found[name, lane] for name in ("this", "other"))
        rate, p99, micros = (
            statistics.median(map(read, this)) / statistics.median(map(read, other)) for read in READINGS
        )
        print(
            f"{lane}: this / other, medians: requests a second {rate:.2f}, p99 {p99:.2f},"
            f" processor time a request {micros:.2f}"
        )


def _measure(root: Path, queries: list[str], seconds: int) -> dict[str, Measured]:
    """Return lane -> load of the server of one checkout, and its processor time a request."""
    with tempfile.TemporaryDirectory() as name, ours(Path(name), root=root) as peer:
        loads = {}
        for lane, extra in LANES.items():
            wrk(Path(name), peer.query, queries, {"Accept": JSON} | extra, 2)
            before = peer.seconds()
            load = wrk(Path(name), peer.query, queries, {"Accept": JSON} | extra, seconds)
            loads[lane] = load, (peer.seconds() - before) / (load.per_second * seconds) * 1e6
        return loads


if __name__ == "__main__":
    main()
