"""`kg import` while a server runs: it loads the import by itself, and no acknowledged write is lost."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from kg.build.hosted_data import describe_hosted_data
from kg.errors import StoreUnavailable
from kg.linking.importing import ImportRequest, import_file
from kg.namespaces import IMPORT_GRAPH
from kg.settings import Settings
from sparqlhost.store.disk_store import SharedDiskStore, hold_writes, is_store_served
from sparqlhost.store.staging import clone_store, stage_store
from tests.external.samples import FILES, OBO
from tests.serving.servers import TOKEN, WRITER, Running, environment, running

NOTES = "http://example.org/notes"


def bring(settings: Settings, folder: Path, name: str = "zz.obo", text: str = OBO) -> None:
    path = folder / name
    path.write_text(text, "utf-8")
    import_file(path, ImportRequest(name), settings.locate_import_store(), settings)


def kg_import(settings: Settings, path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    places = {"KG_IMPORTS_DIR": str(settings.imports_dir), "KG_BUILD_DIR": str(settings.build_dir)}
    command = [str(Path(sys.executable).with_name("kg")), "import", str(path)]
    run = subprocess.run(command, env=environment(**places), capture_output=True, text=True, check=True)
    return run.stdout


@contextlib.contextmanager
def served(own: Settings, folder: Path) -> Iterator[Running]:
    places = {"KG_IMPORTS_DIR": str(own.imports_dir), "KG_BUILD_DIR": str(own.build_dir)}
    with running(folder, "--workers", "1", KG_UPDATE_TOKEN=TOKEN, KG_QUERY_DEADLINE="1", **places) as server:
        yield server


def triples(server: Running, graph: str) -> int:
    query = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"
    head = {"Accept": "text/csv", "Cache-Control": "no-cache"}
    answer = requests.get(f"{server.address}/sparql", params={"query": query}, headers=head, timeout=30)
    return int(answer.text.split()[1]) if answer.ok else -1


def write(server: Running, number: int) -> bool:
    update = f"INSERT DATA {{ GRAPH <{NOTES}> {{ <http://example.org/{number}> <http://example.org/p> 1 }} }}"
    return requests.post(
        f"{server.address}/update", data={"update": update}, headers=WRITER, timeout=60
    ).status_code in (200, 204)


def until(holds: object, server: Running) -> None:
    """Wait until `holds()`; the server looks every second."""
    assert callable(holds)
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, server.printed()
        time.sleep(0.1)


def test_a_running_server_takes_imports_in_and_keeps_what_was_written(own: Settings, tmp_path: Path) -> None:
    with served(own, tmp_path) as server:
        assert triples(server, IMPORT_GRAPH["zz"].value) == 0
        assert "A running server" not in kg_import(
            own, tmp_path / "zz.obo", OBO
        )  # served from memory until now
        until(lambda: triples(server, IMPORT_GRAPH["zz"].value) > 3, server)
        acknowledged = sum(write(server, number) for number in range(5))
        assert "A running server will load the import within seconds." in kg_import(
            own, tmp_path / "second.nt", FILES["zz.nt"]
        )
        until(lambda: triples(server, IMPORT_GRAPH["second"].value) == 3, server)
        assert triples(server, NOTES) == acknowledged == 5
        assert triples(server, IMPORT_GRAPH["zz"].value) > 3
        until(lambda: write(server, 6), server)
        assert triples(server, NOTES) == 6
    assert [path.name for path in own.imports_dir.iterdir() if path.name.startswith(".")] == []


def test_a_broken_import_beside_a_server_leaves_it_as_it_was(own: Settings, tmp_path: Path) -> None:
    bring(own, tmp_path)
    with SharedDiskStore(own.locate_import_store(), describe_hosted_data(own)) as store:
        before = len(store.graph_names())
        with pytest.raises(RuntimeError, match="a fault"), stage_store(own.locate_import_store()):
            raise RuntimeError("a fault")
    assert [path.name for path in own.imports_dir.iterdir()] == ["store"]
    with SharedDiskStore(own.locate_import_store(), describe_hosted_data(own)) as store:
        assert len(store.graph_names()) == before


def test_a_write_during_an_import_and_after_it_is_put_off_with_a_sentence(
    own: Settings, tmp_path: Path
) -> None:
    bring(own, tmp_path)
    path = own.locate_import_store()
    with SharedDiskStore(path, describe_hosted_data(own)) as store:
        with hold_writes(path), pytest.raises(StoreUnavailable, match="is running"), store.lock_for_write():
            pass
        with store.lock_for_write():
            pass
        bring(own, tmp_path, "second.nt", FILES["zz.nt"])
        with pytest.raises(StoreUnavailable, match="about to switch to it"), store.lock_for_write():
            pass
        assert IMPORT_GRAPH["second"] not in store.graph_names()
        store.update("INSERT DATA { <http://a> <http://b> 1 }")  # into its own files, not the new ones
    with SharedDiskStore(path, describe_hosted_data(own)) as store:
        assert IMPORT_GRAPH["second"] in store.graph_names()


def test_a_store_is_known_as_served_only_while_it_is(own: Settings, tmp_path: Path) -> None:
    bring(own, tmp_path)
    path = own.locate_import_store()
    assert not is_store_served(path)
    with SharedDiskStore(path, describe_hosted_data(own)):
        assert is_store_served(path)
    assert not is_store_served(path)


def test_a_clone_has_what_is_only_in_the_log_of_the_store(own: Settings, tmp_path: Path) -> None:
    bring(own, tmp_path)
    with SharedDiskStore(own.locate_import_store(), describe_hosted_data(own)) as store:
        store.update(f"INSERT DATA {{ GRAPH <{NOTES}> {{ <http://a> <http://b> 1 }} }}")
        with clone_store(own.locate_import_store()) as clone:
            assert NOTES in {graph.value for graph in clone.graph_names()}
