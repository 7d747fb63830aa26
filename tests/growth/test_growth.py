"""What 8 documents cost beside one: counted calls, queries and bytes, never clock time.

A row that turns quadratic needs 64 times the calls. The shapes and the engine's own work are left to
`make bench-growth`: calls of Python do not show them.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from flask.testing import FlaskClient
from pyoxigraph import Triple

from benchmarks.growth.library import make_library
from benchmarks.growth.measure import CASE, JSON, REQUESTS
from kg.build.building import add_generated_graphs, add_inferences, publish_dataset
from kg.build.hosted_data import describe_hosted_data
from kg.build.loading import load_project
from kg.build.opening import open_build
from kg.build.reasoning import find_profile_mistakes, load_reasoner
from kg.pages.app import create_app
from kg.settings import Settings
from sparqlhost.store.interface import GraphName
from sparqlhost.store.local_store import LocalStore

SIZES = 1, 8
#: by how much a linear row may grow, and one whose answer speaks of one document
LINEAR, CONSTANT = 8.8, 1.5
#: rows of the benchmark that cost the same whatever else the library holds
CONSTANT_ROWS = {"claim", "source", "sparql"}
#: rows whose answer does not grow, though making it reads more
CONSTANT_ANSWERS = {*CONSTANT_ROWS, "void", "about", "start"}


@dataclass(frozen=True, slots=True)
class Library:
    """A library with its build, what that cost, and the application over it."""

    build_calls: int
    store: LocalStore
    client: FlaskClient
    settings: Settings


@dataclass(frozen=True, slots=True)
class Work:
    """What an answer costs: calls of Python and queries; and its bytes."""

    calls: int
    queries: int
    size: int


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> list[Library]:
    """Return a library of each size."""
    return [_make(tmp_path_factory.mktemp(f"growth{size}"), size) for size in SIZES]


def _make(folder: Path, documents: int) -> Library:
    root = make_library(folder / "library", documents)
    settings = Settings(root=root, build_dir=folder / "build", imports_dir=folder)
    calls = _count_calls(lambda: _build_unchecked(settings))
    store = open_build(settings)
    return Library(calls, store, create_app(settings, store).test_client(), settings)


def _build_unchecked(settings: Settings) -> None:
    """Build without shapes and checks."""
    reasoner = load_reasoner("rules", settings.root)
    sources = load_project(settings.root)
    add_generated_graphs(sources)
    assert not [*sources.mistakes, *find_profile_mistakes(sources.files, sources.places)]
    assert not add_inferences(sources, reasoner, [])
    publish_dataset(settings, sources.dataset, reasoner)


def _count_calls(action: Callable[[], object]) -> int:
    profile = cProfile.Profile()
    profile.runcall(action)
    counted: Any = pstats.Stats(profile)
    return int(counted.total_calls)


def _count_work(library: Library, row: str, monkeypatch: pytest.MonkeyPatch) -> Work:
    """Return the work of the second request of a row: the first fills what is kept per version."""
    method, path, wanted = REQUESTS[row]
    queries: list[str] = []
    run = LocalStore._run_query

    def note_query(store: LocalStore, query: str) -> Any:
        queries.append(query)
        return run(store, query)

    def ask() -> bytes:
        queries.clear()
        body = CASE if method == "POST" else None
        response = library.client.open(path, method=method, json=body, headers={"Accept": wanted})
        assert response.status_code == 200, response.text
        return bytes(response.data)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "_run_query", note_query)
        size = len(ask())
        return Work(_count_calls(ask), len(queries), size)


def test_the_build_is_linear_in_the_documents(libraries: list[Library]) -> None:
    one, eight = libraries
    assert eight.build_calls < LINEAR * one.build_calls


@pytest.mark.parametrize("row", REQUESTS)
def test_a_page_costs_no_more_than_its_answer(
    libraries: list[Library], row: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, eight = (_count_work(library, row, monkeypatch) for library in libraries)
    # one more: what one document leaves empty is not asked for
    assert eight.queries <= one.queries + 1, "a page asks one query for all, not one for each"
    assert eight.calls < (CONSTANT if row in CONSTANT_ROWS else LINEAR) * one.calls
    assert eight.size < (CONSTANT if row in CONSTANT_ANSWERS else LINEAR) * one.size


def test_a_case_of_many_claims_comes_in_pages(libraries: list[Library]) -> None:
    client = libraries[-1].client
    seen: list[str] = []
    address: str | Literal[""] = "/case"
    while address:
        page = client.post(address, json=CASE, headers={"Accept": JSON}).get_json()
        seen += [claim["claim"]["iri"] for claim in page["claims"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == sum(page["counts"].values()) > 100
    assert client.post("/case?page=99", json=CASE, headers={"Accept": JSON}).status_code == 404


def test_a_write_reads_only_the_graphs_it_changed(
    libraries: list[Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = libraries[-1]
    make_hook = describe_hosted_data(library.settings).make_after_write
    assert make_hook is not None
    hook = make_hook()
    hook.prepare_write(library.store)
    read: list[GraphName] = []
    read_graph = LocalStore.read_graph

    def note_read(store: LocalStore, graph: GraphName) -> Iterator[Triple]:
        read.append(graph)
        return read_graph(store, graph)

    monkeypatch.setattr(LocalStore, "read_graph", note_read)
    library.store.update(
        "INSERT DATA { GRAPH <https://w3id.org/rrall-kg/graph/edits> { <x:a> <x:b> <x:c> } }"
    )
    hook.refresh_if_changed(library.store)
    assert len(read) <= 4, f"{len(read)} graphs were read for one triple"
