"""Rows are counted and cut in serialised bytes exactly, whatever the values hold and however blocks fall."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise
from typing import cast

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparqlhost.pool.jobs import DATA_FRAME, END_FRAME, QueryJob, receive_frames
from sparqlhost.pool.query_runner import run_query_job
from sparqlhost.sparql.csv_cells import escape_formula

VALUES = st.text(alphabet="ab\"\\,{}[]:\n\r\t<>&'é=", max_size=12)
KEYS = ("json", "xml", "csv", "tsv", "csv-excel")


class Wire:
    """The other end of a socket, in memory."""

    def __init__(self) -> None:
        self.sent = io.BytesIO()

    def recv(self, size: int) -> bytes:
        return self.sent.read(size)


def answered(store: ox.Store, job: QueryJob) -> tuple[bytes, dict[str, object]]:
    """Return the body and the end of an answer."""
    wire = Wire()
    run_query_job(store, job, lambda data: cast(None, wire.sent.write(data)))
    wire.sent.seek(0)
    body = b""
    end: dict[str, object] = {}
    for kind, payload in receive_frames(wire):  # type: ignore[arg-type]
        body += payload if kind == DATA_FRAME else b""
        end = json.loads(payload) if kind == END_FRAME else end
    return body, end


def rows_of(key: str, body: bytes) -> list[str]:
    """Return the values of ?o in a body."""
    if key.startswith("csv"):
        return [
            row[0] if row else "" for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
        ][1:]
    kinds = {
        "json": ox.QueryResultsFormat.JSON,
        "xml": ox.QueryResultsFormat.XML,
        "tsv": ox.QueryResultsFormat.TSV,
    }
    read = ox.parse_query_results(body, format=kinds[key])
    assert isinstance(read, ox.QuerySolutions)
    return [cast(ox.Literal, row["o"]).value if row["o"] else "" for row in read]


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=60, deadline=None)
@given(values=st.lists(VALUES, max_size=9), limit=st.integers(1, 8))
def test_a_cut_answer_is_a_complete_document_of_the_first_rows(
    key: str, values: list[str], limit: int
) -> None:
    store = ox.Store()
    for number, value in enumerate(values):
        store.add(
            ox.Quad(ox.NamedNode(f"http://e/{number:03}"), ox.NamedNode("http://e/p"), ox.Literal(value))
        )
    query = "SELECT ?o { ?s ?p ?o } ORDER BY ?s"
    body, end = answered(store, QueryJob(query, results_format=key, row_limit=limit))
    complete, _ = answered(store, QueryJob(query, results_format=key))
    assert rows_of(key, body) == rows_of(key, complete)[:limit]
    assert end == {"rows": min(limit, len(values)), "truncated": len(values) > limit}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_rows_without_a_value_are_rows(key: str, limit: int) -> None:
    """In TSV and CSV such a row is an empty line: line ends stand side by side."""
    query = (
        "SELECT ?o { VALUES (?n ?o) { (1 UNDEF) (2 UNDEF) (3 UNDEF) (4 'd') (5 UNDEF) (6 'f') } } ORDER BY ?n"
    )
    body, end = answered(ox.Store(), QueryJob(query, results_format=key, row_limit=limit))
    assert rows_of(key, body) == ["", "", "", "d", "", "f"][:limit]
    assert end == {"rows": limit, "truncated": True}


@pytest.mark.parametrize("key", ["json", "xml", "csv", "tsv"])
def test_rows_are_counted_over_many_blocks(key: str) -> None:
    store = ox.Store()
    texts = ('x},{"y":{"', 'a"b\\', "line\nline", "<result>")
    store.bulk_extend(
        ox.Quad(ox.NamedNode(f"http://e/{i:06}"), ox.NamedNode("http://e/p"), ox.Literal(texts[i % 4] * 3))
        for i in range(20_000)
    )
    for limit in (19_999, 20_000, 7_001):
        body, end = answered(
            store, QueryJob("SELECT ?o ?s { ?s ?p ?o }", results_format=key, row_limit=limit)
        )
        if key == "json":  # in the head as long as that was not sent, else after the rows
            found = json.loads(body)
            assert ("truncated" in found or "truncated" in found["head"]) == (limit < 20_000)
            assert len(found["results"]["bindings"]) == limit
        else:
            assert len(rows_of(key, body)) == limit
        assert end == {"rows": limit, "truncated": limit < 20_000}


@pytest.mark.parametrize("key", ["ttl", "nt", "rdf", "jsonld", "nq", "trig"])
def test_graphs_are_cut_at_the_limit_and_stay_readable(key: str) -> None:
    store = ox.Store()
    for i in range(20):
        store.add(ox.Quad(ox.NamedNode(f"http://e/{i}"), ox.NamedNode("http://e/p"), ox.Literal(i)))
    body, end = answered(store, QueryJob("CONSTRUCT WHERE { ?s ?p ?o }", rdf_format=key, row_limit=6))
    from sparqlhost.pool.query_runner import RDF_FORMATS

    assert len(list(ox.parse(body, format=RDF_FORMATS[key]))) == 6
    assert end == {"rows": 6, "truncated": True}
    assert (b"truncated" in body) == (key != "jsonld")


def test_spreadsheet_csv_has_a_mark_and_no_formula() -> None:
    store = ox.Store()
    for i, text in enumerate(("=1+1", "+1", "@SUM(A1)", "-5", "plain")):
        store.add(ox.Quad(ox.NamedNode(f"http://e/{i}"), ox.NamedNode("http://e/p"), ox.Literal(text)))
    body, _ = answered(store, QueryJob("SELECT ?o { ?s ?p ?o } ORDER BY ?s", results_format="csv-excel"))
    assert body.startswith(b"\xef\xbb\xbfo\r\n")
    assert rows_of("csv-excel", body) == ["'=1+1", "+1", "'@SUM(A1)", "-5", "plain"]
    plain, _ = answered(store, QueryJob("SELECT ?o { ?s ?p ?o } ORDER BY ?s", results_format="csv"))
    assert rows_of("csv", plain) == ["=1+1", "+1", "@SUM(A1)", "-5", "plain"]


@pytest.mark.parametrize("cell", ["=1+1", "+a", "-", "-5+cmd", "--5", "@x", "\tx", "\rx", "-5\n=1", "+1 2"])
def test_what_a_spreadsheet_would_evaluate_gets_an_apostrophe(cell: str) -> None:
    assert escape_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "x", "x=1", "-5", "+5", "-0.5", "-.5", "-5.", "-1e-7", "+1.5E3", "'=1"])
def test_numbers_and_other_cells_stay_as_they_are(cell: str) -> None:
    assert escape_formula(cell) == cell


def test_blocks_are_sent_while_the_query_runs() -> None:
    store = ox.Store()
    store.bulk_extend(
        ox.Quad(ox.NamedNode(f"http://e/{i}"), ox.NamedNode("http://e/p"), ox.Literal(i))
        for i in range(50_000)
    )
    sizes: list[int] = []
    run_query_job(store, QueryJob("SELECT * { ?s ?p ?o }"), lambda data: sizes.append(len(data)))
    assert len(sizes) > 20
    assert max(sizes) < 1_200_000
    assert all(a > 0 for a, _ in pairwise(sizes))
