"""What the lexer takes for a word, a string, an IRI or a comment; nothing hides in them."""

from __future__ import annotations

import time

import pyoxigraph as ox
import pytest

from sparqlhost.errors import BadQuery, TooLarge
from sparqlhost.pool.jobs import QueryJob
from sparqlhost.pool.query_runner import resolve_dataset
from sparqlhost.sparql.lexer import (
    MAX_NESTING,
    add_using_clauses,
    check_size_and_nesting,
    find_outgoing_calls,
    tokenize,
)

HARMLESS = (
    "SELECT * { ?s ?p 'SERVICE <http://e/> { }' }",
    'SELECT * { ?s ?p """SERVICE <http://e/>""" }',
    "SELECT * { # SERVICE <http://e/> {}\n }",
    "SELECT * { ?s <http://e/SERVICE> ?service . ?s ?p _:SERVICE }",
    "PREFIX service: <http://e/> SELECT * { ?s service:SERVICE 'x'@en }",
    "SELECT * { ?s ?p 'it\\'s a SERVICE <x>' }",
    "SELECT * { FILTER(?a<?b) FILTER(?c>?d) }",
)
CALLING = (
    "SELECT * { SERVICE <http://e/> { ?s ?p ?o } }",
    "SELECT * { service ?x { ?s ?p ?o } }",
    "SELECT * { ?s ?p '#' SERVICE<http://e/>{ ?s ?p ?o } }",
    'SELECT * { ?s ?p "\'" . sErViCe silent <http://e/> { ?s ?p ?o } }',
    "SELECT * { FILTER(?a<?b) # >\n SERVICE <http://e/> { } }",
    "SELECT * { \\u0053ERVICE <http://e/> { ?s ?p ?o } }",
    "SELECT * { ?s ?p <http://e/#> . SERVICE <http://e/> {} }",
    # a string to a server that resolves escapes inside strings only; to others a long string hides the call
    'SELECT * { ?s ?p "\\u0022" . SERVICE <http://e/> { } ?x ?y "\\u0022" }',
    # the reverse: one string, or two strings and a call between them
    'SELECT * { ?s ?p "\\u0022 . SERVICE <http://e/> { } ?x ?y \\u0022" }',
    "SELECT * { # \\u000A SERVICE <http://e/> { }\n }",
)


@pytest.mark.parametrize("text", HARMLESS)
def test_the_word_in_strings_iris_names_and_comments_calls_nobody(text: str) -> None:
    assert find_outgoing_calls(text, "SERVICE") == []


@pytest.mark.parametrize("text", CALLING)
def test_a_call_is_found_however_it_is_written(text: str) -> None:
    assert len(find_outgoing_calls(text, "SERVICE")) == 1


def test_an_escape_beyond_unicode_is_left_as_it_is() -> None:
    assert find_outgoing_calls('ASK { ?s ?p "\\UFFFFFFFF" SERVICE <http://e/> {} }', "SERVICE")


def test_nesting_is_refused_with_its_place_before_the_engine_sees_it() -> None:
    for sign in "{([!":
        with pytest.raises(BadQuery, match="nested deeper") as caught:
            check_size_and_nesting("ASK\n" + sign * 20_000, 1_000_000)
        assert caught.value.line == 2
    check_size_and_nesting("ASK " + "{" * MAX_NESTING + "}" * MAX_NESTING, 1_000_000)
    check_size_and_nesting("ASK { FILTER(?x = '" + "{" * 20_000 + "') }", 1_000_000)


def test_a_text_over_its_size_is_refused() -> None:
    with pytest.raises(TooLarge):
        check_size_and_nesting("x" * 101, 100)
    with pytest.raises(TooLarge):
        check_size_and_nesting("é" * 60, 100)


def test_a_triple_in_three_default_graphs_counts_once() -> None:
    store = ox.Store()
    for graph in "abc":
        store.update(f"INSERT DATA {{ GRAPH <http://e/{graph}> {{ <http://e/s> <http://e/p> 1 }} }}")
    count = "SELECT (COUNT(*) AS ?n) {0} {{ ?s ?p ?o }}"
    graphs = tuple(f"http://e/{graph}" for graph in "abc")
    by_protocol = QueryJob(count.format(""), default_graphs=graphs)
    by_clause = QueryJob(
        "BASE <http://e/> PREFIX e: <http://e/> " + count.format("FROM <a> FROM e:b FROM <http://e/c>")
    )
    for job in (by_protocol, by_clause):
        chosen = resolve_dataset(store, job)
        rows = chosen.oxigraph.query(
            chosen.text, default_graph=chosen.default_graphs, named_graphs=chosen.named_graphs
        )
        assert next(iter(rows))["n"].value == "1"  # type: ignore[arg-type]


def test_using_graph_uri_is_written_into_every_operation() -> None:
    store = ox.Store()
    store.update("INSERT DATA { GRAPH <http://e/g> { <http://e/s> <http://e/p> 1 } }")
    store.update(
        add_using_clauses(
            "INSERT { ?s ?p 2 } WHERE { ?s ?p 1 } ; DELETE WHERE { ?s ?p 1 }", ["http://e/g"], []
        )
    )
    assert bool(store.query("ASK { <http://e/s> <http://e/p> 2 }"))
    with pytest.raises(BadQuery, match="USING"):
        add_using_clauses("DELETE { ?s ?p 1 } USING <http://e/h> WHERE { ?s ?p 1 }", ["http://e/g"], [])
    with pytest.raises(BadQuery, match="not an absolute IRI"):
        add_using_clauses("DELETE WHERE { ?s ?p 1 }", ["http://e/> {} ; DROP ALL"], [])


@pytest.mark.parametrize(
    "piece", ["a.", "a-", "_a.", "'''a", "'\\'", "<a", "@a-", "1.", "a:%4", "{", "#", "_:.", '"a']
)
@pytest.mark.parametrize("start", ["SERVICE ", "'''", "<"])
def test_the_work_of_the_lexer_grows_with_the_text_and_not_with_its_square(start: str, piece: str) -> None:
    """A text of 199 kB took five minutes: eight times the text may not take 30 times the work."""
    work = [
        min(_measure_work(start + piece * (size // len(piece))) for _ in range(2)) for size in (5_000, 40_000)
    ]
    assert work[1] < 30 * work[0] + 0.02


def _measure_work(text: str) -> float:
    began = time.process_time()
    for _ in tokenize(text):
        pass
    return time.process_time() - began
