"""Where an uncached query's time goes: processor time a request, server and engine apart; and inside one."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
from pathlib import Path

import psutil

from benchmarks.serving.load import wrk
from benchmarks.serving.peers import ROOT, ours, oxigraph
from benchmarks.serving.requests_per_second import JSON, TEN
from kg.build.hosted_data import describe_hosted_data
from kg.pages.app import create_app
from kg.settings import Settings
from sparqlhost.hosting import open_local_store
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.supervisor import start_engine

SECONDS = 6


def main() -> None:
    """Print both."""
    queries = [next((ROOT / "queries" / "questions").glob(f"{n}-*.rq")).read_text() for n in TEN]
    head = {"Accept": JSON, "Cache-Control": "no-cache"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ours(folder) as us:
            wrk(folder, us.query, queries, head, 1)
            before = _times(us.process)
            load = wrk(folder, us.query, queries, head, SECONDS)
            after = _times(us.process)
        total = load.per_second * SECONDS
        for part in ("server processes", "engine and workers"):
            print(
                f"{part:22}{(after[part] - before[part]) / total * 1000:8.2f} ms of processor time a request"
            )
        with oxigraph(folder, ROOT / "build" / "current" / "graph.nq") as them:
            wrk(folder, them.query, queries, head, 1)
            spent = them.seconds()
            load = wrk(folder, them.query, queries, head, SECONDS)
            per = (them.seconds() - spent) / (load.per_second * SECONDS) * 1000
        print(f"{'oxigraph (Rust)':22}{per:8.2f} ms of processor time a request")
    _inside(queries, head)


def _times(main_process: psutil.Process) -> dict[str, float]:
    """Return the processor seconds so far of the processes that answer HTTP, and of all others."""
    found = {"server processes": 0.0, "engine and workers": 0.0}
    for process in main_process.children(recursive=True):
        times = process.cpu_times()
        http = process.ppid() == main_process.pid and process.num_threads() > 3
        found["server processes" if http else "engine and workers"] += times.user + times.system
    return found


def _inside(queries: list[str], head: dict[str, str]) -> None:
    """Profile the server process's part of 500 queries."""
    settings = Settings()
    data = describe_hosted_data(settings)
    with start_engine(settings, lambda: open_local_store(settings, data), data) as engine:
        client = create_app(settings, EngineStore(engine.directory, settings)).test_client()
        profile = cProfile.Profile()
        profile.enable()
        for number in range(500):
            client.get("/sparql", query_string={"query": queries[number % 10]}, headers=head).get_data()
        profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(14)


if __name__ == "__main__":
    main()
