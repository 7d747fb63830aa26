"""A directory store: what it says when it cannot be opened, its first load, and kill -9 at any moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sparqlhost.errors import StoreUnavailable, UserError
from sparqlhost.hosting import HostedData, open_store
from sparqlhost.settings import HostSettings
from sparqlhost.store.disk_store import DiskStore
from tests.sparqlhost.store.durability import rounds

BUILT = '<http://e/a> <http://e/p> "{}" <http://e/g> .\n'


@pytest.fixture
def data(tmp_path: Path) -> HostedData:
    """Return a small graph in a file."""
    file = tmp_path / "graph.nq"
    file.write_text("".join(BUILT.format(i) for i in range(10)), "utf-8")
    return HostedData(file, is_initial_graph=lambda graph: graph.value == "http://e/g")


def open_in_another_process(path: Path) -> str:
    """Return what a second process says that opens the store."""
    script = (
        "import sys; from pathlib import Path\n"
        "from sparqlhost.store.disk_store import DiskStore; from sparqlhost.errors import UserError\n"
        "try: DiskStore(Path(sys.argv[1])); print('opened')\n"
        "except UserError as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_first_use_loads_the_initial_data_and_later_ones_do_not(tmp_path: Path, data: HostedData) -> None:
    with DiskStore(tmp_path / "db", data) as store:
        assert len(store.oxigraph) == 10
        store.update("DELETE WHERE { GRAPH ?g { ?s ?p '3' } }")
    with DiskStore(tmp_path / "db", data) as store:
        assert len(store.oxigraph) == 9


def test_a_first_load_that_was_killed_starts_again_and_leaves_other_graphs(
    tmp_path: Path, data: HostedData
) -> None:
    with DiskStore(tmp_path / "db") as store:
        store.update("INSERT DATA { <http://e/half> <http://e/p> 1 }")
        store.update("INSERT DATA { GRAPH <http://e/g> { <http://e/half> <http://e/p> 1 } }")
        store.update("INSERT DATA { GRAPH <http://e/mine> { <http://e/a> <http://e/p> 1 } }")
    (tmp_path / "db" / "LOADING").touch()
    with DiskStore(tmp_path / "db", data) as store:
        assert len(store.oxigraph) == 11
        assert not store.ask("ASK { { <http://e/half> ?p ?o } UNION { GRAPH ?g { <http://e/half> ?p ?o } } }")
        assert store.ask("ASK { GRAPH <http://e/mine> { ?s ?p ?o } }")


def test_a_second_server_on_the_store_is_refused(tmp_path: Path) -> None:
    with DiskStore(tmp_path / "db"):
        message = open_in_another_process(tmp_path / "db")
    assert message.startswith("StoreLocked ")
    assert "Another process has the store open." in message


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "db")
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.ask("ASK {}")


def test_the_error_for_a_damaged_store_says_how_to_restore_it(tmp_path: Path) -> None:
    with DiskStore(tmp_path / "db") as store:
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
    (tmp_path / "db" / "CURRENT").write_text("nonsense\n", "utf-8")
    message = open_in_another_process(tmp_path / "db")
    assert "damaged" in message
    assert "Restore it from a backup." in message
    assert "Traceback" not in message


def test_a_file_and_a_directory_with_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(StoreUnavailable, match="a file, not a directory"):
        DiskStore(tmp_path / "file")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    with pytest.raises(StoreUnavailable, match="other files and not a store"):
        DiskStore(tmp_path / "photos")
    assert os.listdir(tmp_path / "photos") == ["a.jpg"]


def test_without_the_initial_data_the_message_says_what_to_do(tmp_path: Path) -> None:
    data = HostedData(tmp_path / "none.nq", missing_data_hint="Run make data.")
    for store in ("memory:", str(tmp_path / "db")):
        with pytest.raises(UserError, match=r"missing\. Run make data\."):
            open_store(HostSettings(store=store), data)


def test_no_acknowledged_write_is_lost_by_kill_9_and_no_half_is_seen(tmp_path: Path) -> None:
    """Six rounds here; `python -m tests.sparqlhost.store.durability 200` runs the soak."""
    counts = rounds(tmp_path / "db", 6, seed=7)
    assert counts.acknowledged >= 6
    assert counts.lost == 0
    assert counts.halves == 0


def test_a_full_disk_has_a_message_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    with DiskStore(tmp_path / "db") as store:
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        with pytest.raises(StoreUnavailable, match="The disk is full"):
            store._raise_store_error(
                OSError(28, "IO error: No space left on device: While appending to file")
            )
        assert store.ask("ASK { <http://e/a> ?p 1 }")
