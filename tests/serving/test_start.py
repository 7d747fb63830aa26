"""What must hold before the processes of a server are forked."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from kg.settings import Settings
from sparqlhost.errors import StoreUnavailable
from sparqlhost.hosting import HostedData
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.jobs import QueryJob, WriteJob
from sparqlhost.pool.supervisor import EngineCopy
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import Store
from sparqlhost.store.local_store import MemoryStore
from tests.serving.servers import Running


@pytest.mark.parametrize(
    "module", ["sparqlhost", "sparqlhost.ops", "sparqlhost.ops.run_server", "kg.cli.serve"]
)
def test_these_modules_leave_prometheus_client_for_later(module: str) -> None:
    """It chooses its multi-process mode when it is imported, by a variable that run_server sets."""
    check = f"import sys, {module}; sys.exit('prometheus_client' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)


def test_the_process_that_forks_has_no_other_thread(writable: Running) -> None:
    main = psutil.Process(writable.process.pid)
    assert main.num_threads() == 1
    assert len(main.children()) == 3  # the engine and two server processes
    engine = min(main.children(), key=psutil.Process.num_threads)
    assert [process.num_threads() for process in (engine, *engine.children())] == [1, 1]


def test_an_engine_over_a_copy_leaves_the_store_and_ends_with_its_caller() -> None:
    store = MemoryStore()
    store.update("INSERT DATA { <http://e/a> <http://e/b> 1 }")
    engine = EngineCopy(HostSettings(), store, HostedData())
    service = EngineStore(engine.directory, HostSettings())
    assert service.ask("ASK { <http://e/a> <http://e/b> 1 }")
    service.write(WriteJob("update", text="DELETE WHERE { ?s ?p ?o }"))
    assert not service.ask("ASK { ?s ?p ?o }")
    assert store.ask("ASK { ?s ?p ?o }")
    engine.stop()
    assert not engine.directory.exists()
    with pytest.raises(StoreUnavailable):
        service.answer(QueryJob("ASK {}"))


def test_an_engine_over_a_copy_is_no_child_by_fork(settings: Settings, store: Store) -> None:
    assert isinstance(store, MemoryStore)
    before = {child.pid for child in psutil.Process().children()}
    engine = EngineCopy(settings, store, HostedData())
    try:
        started = [child for child in psutil.Process().children() if child.pid not in before]
        assert ["sparqlhost.pool.supervisor" in child.cmdline() for child in started] == [True]
        assert EngineStore(engine.directory, settings).version == store.version
        assert os.getpid() != started[0].pid
    finally:
        engine.stop()
