"""Each check of `queries/checks/` returns no row on the real build and a row on its fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyoxigraph import Quad, QuerySolutions, RdfFormat, Store, parse

from kg.namespaces import PREFIXES
from sparqlhost.store.interface import Store as BuiltStore

_HEAD = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items())
_FAULTS = Path(__file__).parent / "check-faults"
_CHECKS = sorted((Path(__file__).parents[2] / "queries" / "checks").glob("*.rq"))
_NAMES = [path.stem for path in _CHECKS]


def _query(name: str) -> str:
    return next(path for path in _CHECKS if path.stem == name).read_text("utf-8")


def _faulty(name: str) -> Store:
    """Return a store with the fault of a check: in its graphs and, but for mappings, in the default graph."""
    text = _HEAD + (_FAULTS / f"{name[:2]}.trig").read_text("utf-8")
    quads = list(parse(input=text, format=RdfFormat.TRIG))
    store = Store()
    store.extend(quads)
    store.extend(
        Quad(q.subject, q.predicate, q.object) for q in quads if not str(q.graph_name).endswith("/mappings>")
    )
    return store


def test_every_check_has_a_fault() -> None:
    assert len(_NAMES) == 32
    assert sorted(path.stem for path in _FAULTS.glob("*.trig")) == sorted(name[:2] for name in _NAMES)


@pytest.mark.parametrize("name", _NAMES)
def test_a_check_says_what_it_is_and_what_to_do(name: str) -> None:
    text = _query(name)
    for field in ("title", "question", "todo", "returns"):
        assert re.search(rf"^# {field}: \S", text, re.M), field
    assert re.search(r"SELECT (DISTINCT )?\?focus \?message", text)


@pytest.mark.parametrize("name", _NAMES)
def test_a_check_returns_no_row_on_the_build(store: BuiltStore, name: str) -> None:
    assert list(store.select(_query(name)).rows) == []


@pytest.mark.parametrize("name", _NAMES)
def test_a_check_finds_its_fault(name: str) -> None:
    found = _faulty(name).query(_query(name))
    assert isinstance(found, QuerySolutions)
    rows = list(found)
    wanted = re.search(r"^# rows: (\d+)$", (_FAULTS / f"{name[:2]}.trig").read_text("utf-8"), re.M)
    assert len(rows) == int(wanted[1]) if wanted else rows
    assert all(row["focus"] is not None and row["message"] is not None for row in rows)
