"""Limits hold and are reported, over HTTP against a real server."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from urllib.parse import quote

import pytest

from tests.sparql.conftest import Site

RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture(scope="module")
def full(writable: Site) -> Site:
    """Return the shared server with enough in it to run away over."""
    rows = " ".join(f"<http://e/s{i}> <http://e/p> {i} ." for i in range(2000))
    assert writable.update(f"DROP ALL ; INSERT DATA {{ {rows} }}").status == 204
    return writable


def test_past_the_deadline_a_problem_says_so_and_others_are_answered_meanwhile(full: Site) -> None:
    answers = []
    runaway = threading.Thread(target=lambda: answers.append(full.query(RUNAWAY)))
    runaway.start()
    while b"kg_engine_running 1.0" not in full.ask("GET", "/metrics").body:
        assert runaway.is_alive()
    assert full.query("ASK {}").status == 200
    assert runaway.is_alive()
    runaway.join(10)
    assert not runaway.is_alive()
    assert (answers[0].status, answers[0].media()) == (503, "application/problem+json")
    assert "1.5 seconds" in answers[0].json()["detail"]
    assert answers[0].json()["next"]


def test_memory_ends_the_query_and_not_the_server(full: Site) -> None:
    answer = full.query("SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?a ?f")
    assert answer.status == 503
    assert "200 MiB" in answer.json()["detail"] or "1.5 seconds" in answer.json()["detail"]
    assert full.query("ASK {}").status == 200


@pytest.mark.parametrize(
    "media", ["application/sparql-results+json", "application/sparql-results+xml", "text/csv"]
)
def test_a_cut_answer_says_so_in_header_and_body(full: Site, media: str) -> None:
    answer = full.query("SELECT ?o { ?s ?p ?o }", Accept=media)
    assert answer.status == 200
    assert answer.headers["X-Result-Truncated"] == "true; rows=1000"
    assert answer.headers["X-Result-Limit"] == "1000"
    assert (b"truncated" in answer.body) == (media != "text/csv")
    complete = full.query("SELECT ?o { ?s ?p ?o } LIMIT 1000", Accept=media)
    assert complete.headers["X-Result-Truncated"] is None


@pytest.mark.parametrize("media", ["text/csv", "text/tab-separated-values", "application/sparql-results+xml"])
def test_a_long_answer_cut_after_its_head_was_sent_says_so_at_its_end(full: Site, media: str) -> None:
    text = f"SELECT (CONCAT(STR(?s), '{'x' * 3000}') AS ?o) {{ ?s ?p ?x }}"
    answer = full.query(text, Accept=media)
    assert answer.headers["X-Result-Truncated"] is None
    assert answer.headers["X-Result-Limit"] == "1000"
    assert b"truncated" in answer.body[-120:]


@pytest.mark.parametrize(
    "media", ["text/csv", "application/sparql-results+json", "application/sparql-results+xml"]
)
def test_a_stream_that_breaks_at_the_deadline_says_so_and_is_incomplete(full: Site, media: str) -> None:
    rows = f"SELECT (CONCAT(STR(?a), '{'x' * 3000}') AS ?x)"
    never = "{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . FILTER(?c + ?f + ?i < 0) }"
    body = f"SELECT ?x {{ {{ {rows} {{ ?a ?b ?c }} LIMIT 900 }} UNION {{ {rows} {never} }} }}"
    connection = http.client.HTTPConnection("127.0.0.1", full.port, timeout=20)
    connection.request("GET", f"/sparql?query={quote(body)}", headers={"Accept": media})
    response = connection.getresponse()
    assert response.status == 200
    read = b""
    with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
        while block := response.read(65536):
            read += block
    response.close()
    connection.close()
    assert b"incomplete: The query took longer" in read[-200:] or not read.endswith(b"}")


def test_too_long_and_too_deep_texts_are_refused_before_the_engine(full: Site) -> None:
    long = full.ask("POST", "/sparql", "#" * 100_001, Content_Type="application/sparql-query")
    assert (long.status, long.media()) == (413, "application/problem+json")
    for sign in "{(!":
        deep = full.ask("POST", "/sparql", "ASK " + sign * 20_000, Content_Type="application/sparql-query")
        assert deep.status == 400
        assert "nested" in deep.json()["detail"]
        assert deep.json()["column"] > 0
    body = full.ask(
        "PUT",
        "/store?default",
        b"",
        Content_Type="text/turtle",
        Content_Length="999999999999",
        Authorization=f"Bearer {full.token}",
    )
    assert body.status == 413


def test_errors_are_sentences_without_a_stack_trace(full: Site) -> None:
    for text in ("SELEC *", "SELECT * { ?s ?p }", "SELECT * { ?s x:y ?o }"):
        answer = full.query(text)
        assert answer.status == 400
        assert {"type", "title", "status", "detail", "line", "column", "next", "request_id"} <= set(
            answer.json()
        )
        assert b"Traceback" not in answer.body
        assert len(answer.json()["detail"]) < 200
    page = full.query("SELEC *", Accept="text/html,*/*;q=0.1")
    assert (page.status, page.media()) == (400, "text/html")


def test_a_small_first_byte_of_a_long_answer_comes_early(full: Site) -> None:
    text = "SELECT ?a { ?a ?b ?c . ?d ?e ?f . FILTER(STRLEN(STR(?a)) > 0) }"
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", full.port, timeout=20)
    connection.request(
        "GET", f"/sparql?query={quote(text)}", headers={"Accept": "application/sparql-results+xml"}
    )
    response = connection.getresponse()
    assert len(response.read(100)) == 100
    assert time.monotonic() - started < 1.5, "all rows would take longer than the deadline of this server"
    response.close()
    connection.close()
