"""A clone of a directory store takes the place of the original with the graphs that are kept."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from sparqlhost.settings import HostSettings, StoreKind
from sparqlhost.store import staging
from sparqlhost.store.disk_store import DiskStore
from sparqlhost.store.staging import stage_store

GRAPHS = ("old", "kept", "excluded")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store with three named graphs and a default graph, three triples each."""
    quads = " ".join(f"GRAPH <http://e/{name}> {{ <http://e/s> <http://e/p> 1, 2, 3 }}" for name in GRAPHS)
    with DiskStore(tmp_path / "db") as store:
        store.update(f"INSERT DATA {{ <http://e/s> <http://e/p> 1, 2, 3 . {quads} }}")
    return tmp_path / "db"


def is_kept(graph: ox.NamedNode) -> bool:
    """Say whether a graph is not an old one."""
    return not graph.value.endswith("old")


@pytest.mark.parametrize("large", [2, 50_000], ids=["by copying", "by deleting"])
def test_only_kept_graphs_are_in_the_clone(path: Path, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "SMALL_GRAPH_SIZE", large)
    with stage_store(path, (ox.NamedNode("http://e/excluded"),), is_kept) as stage:
        stage.add_quads([ox.Quad(ox.NamedNode("http://e/n"), ox.NamedNode("http://e/p"), ox.Literal(1))])
    with DiskStore(path) as store:
        assert [graph.value for graph in store.graph_names()] == ["http://e/kept"]
        assert len(store.oxigraph) == 4


@pytest.mark.parametrize("large", [2, 50_000], ids=["by copying", "by deleting"])
def test_without_a_condition_all_but_the_excluded_graphs_are_in_the_clone(
    path: Path, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "SMALL_GRAPH_SIZE", large)
    with stage_store(path, (ox.NamedNode("http://e/excluded"),)):
        pass
    with DiskStore(path) as store:
        assert [graph.value for graph in store.graph_names()] == ["http://e/kept", "http://e/old"]
        assert len(store.oxigraph) == 9


@pytest.mark.parametrize(
    ("store", "kind"),
    [
        ("memory:", StoreKind.MEMORY),
        ("", StoreKind.MEMORY),
        ("/srv/store", StoreKind.DIRECTORY),
        ("http", StoreKind.DIRECTORY),
        ("a:b", StoreKind.DIRECTORY),
        ("https://e/sparql", StoreKind.REMOTE),
        ("http://e:7878/query", StoreKind.REMOTE),
    ],
)
def test_the_kind_of_store_follows_from_the_setting(store: str, kind: StoreKind) -> None:
    assert HostSettings(store=store).store_kind is kind
