"""Queries that run too long, eat memory or crash the engine end alone; the server stays."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from pyoxigraph import Literal

from sparqlhost.errors import BadQuery, Busy, Forbidden, TooExpensive, UserError
from sparqlhost.pool import sandbox
from sparqlhost.pool.engine_dir import (
    BULK_WORKERS,
    ENGINE_DIR_PREFIX,
    EXIT_CRASH,
    TRUSTED_WORKERS,
    Scoreboard,
    remove_stale_engine_dirs,
)
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.jobs import QueryJob, WriteJob, new_job_id
from sparqlhost.pool.owner import IDLE_WORKERS
from tests.sparqlhost.store.conftest import EMPTY, Engines

THREE_JOINS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
SORTED_PRODUCT = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a ?f ?i"


def filled(store: EngineStore, size: int = 2000) -> EngineStore:
    """Return `store` with some triples in it."""
    store.update("INSERT DATA {" + " ".join(f"<http://e/s{i}> <http://e/p> {i} ." for i in range(size)) + "}")
    return store


def body(store: EngineStore, text: str, **more: object) -> bytes:
    """Return the body of an answer."""
    return store.answer(replace(QueryJob(text, base="http://e/"), **more)).read_body()  # type: ignore[arg-type]


def processes() -> list[psutil.Process]:
    """Return all processes below this one."""
    return psutil.Process().children(recursive=True)


def test_past_its_deadline_a_query_is_killed_and_its_processor_free(engine_of: Engines) -> None:
    store = filled(engine_of())
    started = time.monotonic()
    with pytest.raises(TooExpensive, match=r"longer than 0\.5 seconds"):
        body(store, THREE_JOINS, deadline=0.5)
    assert time.monotonic() - started < 1.5
    _until(lambda: store.read_status()["running"] == 0)
    before = _used_seconds()
    time.sleep(0.5)
    assert _used_seconds() - before < 0.2


def test_a_pipe_of_the_starting_process_ends_for_its_reader_while_the_engine_runs(engine_of: Engines) -> None:
    read, write = os.pipe()
    store = engine_of()
    os.close(write)
    assert select.select([read], [], [], 5)[0], "a process of the engine holds the pipe open"
    assert os.read(read, 1) == b""
    os.close(read)
    assert b"true" in body(store, "ASK {}")


def test_what_killed_engines_left_is_removed_and_what_runs_is_not(engine_of: Engines, tmp_path: Path) -> None:
    store = engine_of()
    left = {
        name: tmp_path / f"{ENGINE_DIR_PREFIX}{name}" for name in ("dead", "never-locked", "young", "running")
    }
    for folder in left.values():
        folder.mkdir()
    (left["dead"] / "alive").touch()
    left["running"].rmdir()
    left["running"].symlink_to(store.directory)
    for name in ("dead", "never-locked"):
        os.utime(left[name], (0, 0))
    os.utime(left["running"], (0, 0))
    remove_stale_engine_dirs(tmp_path)
    assert sorted(name for name, folder in left.items() if folder.exists()) == ["running", "young"]
    assert b"true" in body(store, "ASK {}")


def test_others_are_answered_while_queries_run_away(engine_of: Engines) -> None:
    store = filled(engine_of())
    lost: list[UserError] = []

    def run_away() -> None:
        try:
            body(store, THREE_JOINS, deadline=3.0)
        except UserError as error:
            lost.append(error)

    runaways = [threading.Thread(target=run_away) for _ in range(EMPTY.query_slots - 1)]
    for thread in runaways:
        thread.start()
    _until(lambda: store.read_status()["running"] == len(runaways))
    for _ in range(20):
        assert b"true" in body(store, "ASK {}")
    assert lost == [], "all twenty were answered before the first of the others was stopped"
    for thread in runaways:
        thread.join()
    assert [type(error) for error in lost] == [TooExpensive] * len(runaways)


def test_a_write_forks_workers_for_the_processors_not_for_every_slot(engine_of: Engines) -> None:
    store = engine_of(replace(EMPTY, query_slots=40))
    workers = IDLE_WORKERS + min(IDLE_WORKERS, TRUSTED_WORKERS) + BULK_WORKERS
    for generation in (1, 2, 3):
        _until(lambda: store.scoreboard.read_counters()["started"] >= workers * generation)  # noqa: B023
        time.sleep(0.1)  # five rounds of the owner, in which it forks no more
        assert store.scoreboard.read_counters()["started"] == workers * generation
        store.update(f"INSERT DATA {{ <http://e/a> <http://e/p> {generation} }}")


def test_workers_that_cannot_start_are_not_forked_without_a_pause(
    engine_of: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a low ulimit -v there were 66 forks a second, and no line in the log."""

    def fail(_: int) -> None:
        raise ValueError

    monkeypatch.setattr(sandbox, "limit_memory", fail)
    store = engine_of()
    time.sleep(1.5)
    assert store.scoreboard.read_counters()["started"] < 20


def test_a_job_that_no_worker_started_is_known_at_once(tmp_path: Path) -> None:
    """Clients waited half a second for a reason whenever a write retired the queue they waited in."""
    scoreboard = Scoreboard(tmp_path / "board", 2)
    started = time.monotonic()
    assert scoreboard.wait_for_exit_reason(new_job_id(), timeout=5) == ""
    assert time.monotonic() - started < 1
    job_id = new_job_id()
    scoreboard.mark_busy(1, os.getpid(), job_id)
    reaper = threading.Timer(0.1, lambda: scoreboard.record_exit(job_id, EXIT_CRASH))
    reaper.start()
    assert scoreboard.wait_for_exit_reason(job_id, timeout=5) == EXIT_CRASH


def test_spare_workers_leave_when_the_long_queries_are_over(engine_of: Engines) -> None:
    store = filled(engine_of())
    idle = _settled()
    threads = [threading.Thread(target=_killed, args=(store,)) for _ in range(EMPTY.query_slots)]
    for thread in threads:
        thread.start()
    _until(lambda: store.read_status()["running"] == EMPTY.query_slots)
    for thread in threads:
        thread.join()
    _until(lambda: len(processes()) <= idle)


def test_a_query_yields_the_more_the_longer_it_runs(engine_of: Engines) -> None:
    store = filled(engine_of())
    own = os.getpriority(os.PRIO_PROCESS, 0)
    thread = threading.Thread(target=_killed, args=(store,))
    thread.start()
    seen = {0}
    while thread.is_alive():
        with contextlib.suppress(psutil.Error):
            seen |= {process.nice() - own for process in processes()}
        time.sleep(0.02)
    assert seen >= {0, 5, 10} or own > 9, "a moderately long query keeps a share of the processor"


def _killed(store: EngineStore) -> None:
    """Ask what does not end before its deadline."""
    with pytest.raises(TooExpensive):
        body(store, THREE_JOINS, deadline=2.0)


def _settled() -> int:
    """Return the number of processes once the workers of a write are forked and those before it gone."""
    counts = [0]
    while len(counts) < 25 or len(set(counts[-25:])) > 1:
        time.sleep(0.02)
        counts.append(len(processes()))
    return counts[-1]


def _used_seconds() -> float:
    """Return the processor time of all processes below this one; those that just ended count nothing."""
    used = 0.0
    for process in processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            used += sum(process.cpu_times()[:2])
    return used


def _until(true: Callable[[], bool]) -> None:
    """Wait until something is true, ten seconds at most."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_query_that_eats_memory_ends_itself_only(engine_of: Engines) -> None:
    store = filled(engine_of(replace(EMPTY, query_memory=150)))
    with pytest.raises(TooExpensive, match="150 MiB"):
        body(store, SORTED_PRODUCT)
    assert b"true" in body(store, "ASK {}")


def test_a_crash_of_the_engine_costs_one_request(engine_of: Engines) -> None:
    store = engine_of()
    for _ in range(6):
        with pytest.raises(BadQuery, match="crashed"):
            body(store, "ASK " + "{" * 30_000 + "}" * 30_000)
    assert b"true" in body(store, "ASK {}")
    assert store.scoreboard.read_counters()["crash"] == 6


def test_a_full_queue_is_busy_at_once(engine_of: Engines) -> None:
    store = filled(engine_of(replace(EMPTY, query_slots=1, query_queue=1)))
    answers: list[str] = []

    def run_away() -> None:
        try:
            body(store, THREE_JOINS, deadline=1.0)
        except UserError as error:
            answers.append(type(error).__name__)

    threads = [threading.Thread(target=run_away) for _ in range(6)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    with pytest.raises(Busy):
        body(store, "ASK {}")
    assert "TooExpensive" not in answers, "it was refused before a query that runs was stopped"
    for thread in threads:
        thread.join()
    assert answers.count("Busy") >= 3


def test_a_cut_result_says_so_and_is_a_complete_document(engine_of: Engines) -> None:
    reply = filled(engine_of(), 100).answer(QueryJob("SELECT * { ?s ?p ?o }", row_limit=7))
    text = reply.read_body()
    assert text.count(b"http://e/p") == 7
    assert text.startswith(b'{"head":{"truncated":{"rows":7},"vars":["o","p","s"]},')
    assert (reply.trailer["rows"], reply.trailer["truncated"], reply.head["truncated"]) == (7, True, True)


def test_as_many_rows_as_the_limit_are_not_cut(engine_of: Engines) -> None:
    store = filled(engine_of(), 7)
    for format_ in ("json", "xml", "csv", "tsv"):
        reply = store.answer(QueryJob("SELECT * { ?s ?p ?o }", results_format=format_, row_limit=7))
        assert reply.read_body()
        assert (reply.trailer["rows"], reply.trailer["truncated"]) == (7, False), format_


def test_a_write_is_seen_by_the_next_query_of_anybody(engine_of: Engines) -> None:
    store = engine_of()
    other = EngineStore(store.directory, EMPTY)
    for number in range(15):
        store.update(f"INSERT DATA {{ <http://e/a> <http://e/p> {number} }}")
        assert other.ask(f"ASK {{ ?s ?p {number} }}")
        assert b"true" in body(other, f"ASK {{ ?s ?p {number} }}")
        assert other.version == store.version


def test_readers_see_a_write_completely_or_not_at_all(engine_of: Engines) -> None:
    store = engine_of()
    seen: set[bytes] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(body(store, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", results_format="csv"))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    for number in range(200):  # as many as it takes for readers to meet some of the states
        rows = " ".join(f"<http://e/{number}> <http://e/p> {i} ." for i in range(10))
        store.update(f"INSERT DATA {{ {rows} }}")
        if number >= 8 and len(seen) > 2:
            break
    stop.set()
    for thread in readers:
        thread.join()
    assert {int(text.split()[1]) % 10 for text in seen} == {0}
    assert len(seen) > 2


def test_a_write_that_runs_away_or_crashes_changes_nothing(engine_of: Engines) -> None:
    store = filled(engine_of())
    before = store.version
    with pytest.raises(TooExpensive, match="nothing was changed"):
        store.write(
            WriteJob(
                "update",
                text="INSERT { ?a ?b ?n } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i BIND(RAND() AS ?n) }",
                deadline=0.5,
            )
        )
    with pytest.raises(BadQuery, match="crashed"):
        store.write(WriteJob("update", text="INSERT {} WHERE " + "{" * 30_000))
    assert store.version == before
    assert store.ask("ASK { <http://e/s7> ?p 7 }")


def test_the_kernel_keeps_the_engine_from_the_network(engine_of: Engines) -> None:
    store = engine_of()
    assert store.has_network_sandbox
    with pytest.raises(Forbidden):
        body(store, "SELECT * { SERVICE <http://127.0.0.1:9999/sparql> { ?s ?p ?o } }")
    with pytest.raises(Forbidden):
        store.update("LOAD <http://127.0.0.1:9999/x.ttl>")


def test_everything_ends_with_the_process_that_started_it() -> None:
    script = (
        "import time; from sparqlhost.settings import HostSettings\n"
        "from sparqlhost.pool.supervisor import start_engine\n"
        "from sparqlhost.store.local_store import MemoryStore\n"
        "start_engine(HostSettings(), MemoryStore); print('up', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    below = psutil.Process(process.pid).children(recursive=True)
    assert len(below) >= 4
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    _, alive = psutil.wait_procs(below, timeout=5)
    assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_a_runaway_write_to_a_disk_store_ends_and_the_store_comes_back(
    disk_engine: Callable[[Path], EngineStore], tmp_path: Path
) -> None:
    store = filled(disk_engine(tmp_path / "db"))
    endless = "INSERT { ?a ?b ?n } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i BIND(RAND() AS ?n) }"
    with pytest.raises(TooExpensive, match="deadline"):
        store.write(WriteJob("update", text=endless, deadline=0.5))
    store.update("INSERT DATA { <http://e/after> <http://e/p> 1 }")
    assert store.ask("ASK { <http://e/s7> ?p 7 . <http://e/after> ?p 1 }")
    assert store.select("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").rows[0][0] == Literal(2001)
