"""The W3C suites over HTTP where they stand beside (KG_RDF_TESTS); some exchanges by hand always."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.serving.servers import TOKEN, WRITER, Running, running
from tests.w3c.cases import ENTAILMENT, Case, discover
from tests.w3c.runner import Server, run
from tests.w3c.services import Services, serving

#: cases that fail in the engine itself, whatever serves it (pyoxigraph 0.5.13).
ENGINE = frozenset(
    """open-eq-01 date-2 graph-variable-scope graph-optional dawg-str-1 dawg-str-2 sameTerm-simple sameTerm-eq
    sameTerm-not-eq case-insensitive-booleans eq-graph-1 eq-graph-2 distinct-1 distinct-9 syn-bad-26
    agg-groupconcat-04 agg-groupconcat-06 agg-empty-group-count-graph graph tsv03 bnode01 graph-minus
    zero_or_more_set_start zero_or_more_set_end zero_or_one_set_start zero_or_one_set_end service5 group01
    select-variable-reuse tripleterm-subject-03 tripleterm-subject-06 nested-aggregate-functions""".split()
)
#: legal texts that call a function nobody knows: refused with a sentence that names it, not silently empty
UNKNOWN_FUNCTIONS = frozenset(
    """syntax-expr-05 syntax-order-05 syntax-order-06 syntax-function-01 syntax-function-02 syntax-function-03
    syntax-function-04 test_4 test_18 test_8""".split()
)
#: entailment cases that the rules of OWL 2 RL do not answer: other regimes (RIF, the axioms of RDF and RDFS),
#: and queries with class expressions under the Direct Semantics or in DL
OUTSIDE_RL = frozenset(
    """paper-sparqldl-Q1-rdfs paper-sparqldl-Q2 paper-sparqldl-Q3 parent10 parent4 parent5 parent6 parent7
    parent8 parent9 rdf01 rdfs11 rif01 rif03 rif04 rif06 simple1 simple2 simple3 simple4 simple5 simple6
    simple7 simple8 sparqldl-11 sparqldl-12""".split()
)
EXPECTED = 1306
EXPECTED_ENTAILMENT = 70


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with serving(0) as found:
        yield found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, services: Services) -> Iterator[Running]:
    options = {"KG_UPDATE_TOKEN": TOKEN, "KG_SERVICE_ALLOW": " ".join(services.addresses)}
    with running(tmp_path_factory.mktemp("w3c"), "--empty", "--store", "memory:", **options) as server:
        yield server


@pytest.fixture(scope="module")
def suites() -> list[Case]:
    """Return all cases of the checkout, if there is one."""
    folder = os.environ.get("KG_RDF_TESTS", "")
    if not folder:
        pytest.skip("KG_RDF_TESTS names no checkout of the W3C rdf-tests repository")
    return list(discover(Path(folder)))


@pytest.fixture
def tried(empty: Running, services: Services) -> Callable[[list[Case]], dict[str, str]]:
    """Return a function that runs cases and returns why each that fails does."""
    base = empty.address
    server = Server(f"{base}/sparql", f"{base}/update", f"{base}/store", TOKEN, services)

    def run_all(cases: list[Case]) -> dict[str, str]:
        failed = {}
        for case in cases:
            try:
                run(case, server)
            except Exception as error:
                failed[case.id] = str(error)[:200]
        return failed

    return run_all


@pytest.mark.timeout(900)  # 1,306 cases, two or three requests each
def test_the_w3c_suites_pass_but_for_what_the_engine_fails(
    suites: list[Case], tried: Callable[[list[Case]], dict[str, str]]
) -> None:
    cases = [case for case in suites if case.suite != ENTAILMENT]
    assert len(cases) == EXPECTED
    failed = tried(cases)
    beyond = {name: why for name, why in failed.items() if name.rpartition("#")[2] not in ENGINE}
    assert {name.rpartition("#")[2] for name in beyond} == UNKNOWN_FUNCTIONS, " ".join(sorted(beyond))


def test_the_w3c_entailment_cases_pass_but_for_those_outside_owl_2_rl(
    suites: list[Case], tried: Callable[[list[Case]], dict[str, str]]
) -> None:
    cases = [case for case in suites if case.suite == ENTAILMENT]
    assert len(cases) == EXPECTED_ENTAILMENT
    assert {name.rpartition("#")[2] for name in tried(cases)} == OUTSIDE_RL
    assert [case.name for case in cases if case.asks_for_owl2_rl and case.name in OUTSIDE_RL] == []


JSON = {"Accept": "application/sparql-results+json"}
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
TURTLE = {"Content-Type": "text/turtle"}


def status(server: Running, method: str, path: str, **more: object) -> int:
    return requests.request(method, server.address + path, timeout=20, **more).status_code  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path", "kind", "body", "expected"),
    [
        ("GET", "/sparql?query=ASK%20%7B%7D", "", "", 200),
        ("POST", "/sparql", QUERY, "ASK {}", 200),
        ("POST", "/sparql", "application/x-www-form-urlencoded", "query=ASK%20%7B%7D", 200),
        ("POST", "/sparql", "text/plain", "ASK {}", 415),
        ("POST", "/sparql", QUERY, "ASK {", 400),
        ("GET", "/sparql?query=ASK%20%7B%7D&query=ASK%20%7B%7D", "", "", 400),
        ("POST", "/sparql", QUERY, b"ASK {} # \xff", 400),
        ("PUT", "/sparql", QUERY, "ASK {}", 405),
        ("GET", "/update?update=CLEAR%20ALL", "", "", 405),
        ("POST", "/update", UPDATE, "CLEAR ALL", 204),
        ("POST", "/update", "application/x-www-form-urlencoded", "update=CLEAR%20ALL", 204),
        ("POST", "/update", UPDATE, "CLEAR", 400),
        ("POST", "/update", "text/plain", "CLEAR ALL", 415),
        (
            "POST",
            "/update?using-graph-uri=http%3A%2F%2Fe%2Fg",
            UPDATE,
            "INSERT {?s ?p 1} USING <http://e/h> WHERE {?s ?p ?o}",
            400,
        ),
        ("POST", "/sparql", QUERY, "CLEAR ALL", 400),
        ("POST", "/update", UPDATE, "ASK {}", 400),
    ],
)
def test_protocol_exchanges_have_the_status_the_standard_gives(
    empty: Running, method: str, path: str, kind: str, body: str | bytes, expected: int
) -> None:
    head = JSON | WRITER | ({"Content-Type": kind} if kind else {})
    assert status(empty, method, path, headers=head, data=body) == expected


def test_graph_store_exchanges_have_the_status_the_standard_gives(empty: Running) -> None:
    graph = "/store?graph=http%3A%2F%2Fe%2Fgraph"
    put = {"headers": WRITER | TURTLE, "data": "<http://e/a> <http://e/b> 1 ."}
    assert status(empty, "DELETE", graph, headers=WRITER) in (204, 404)
    assert status(empty, "GET", graph) == 404
    assert status(empty, "PUT", graph, **put) == 201
    assert status(empty, "PUT", graph, **put) == 204
    assert status(empty, "HEAD", graph) == 200
    assert status(empty, "POST", graph, **put) == 204
    assert status(empty, "POST", graph, headers=WRITER | TURTLE, data="<http://e/a> <http://e/b") == 400
    assert status(empty, "POST", graph, headers=WRITER | {"Content-Type": "image/png"}, data="x") == 415
    assert status(empty, "POST", graph, headers=TURTLE, data="<http://e/a> <http://e/b> 1 .") == 401
    assert status(empty, "DELETE", graph, headers=WRITER) == 204
    assert status(empty, "DELETE", graph, headers=WRITER) == 404
    made = requests.post(
        f"{empty.address}/store", headers=WRITER | TURTLE, data="<a> <http://e/b> 1 .", timeout=20
    )
    assert made.status_code == 201
    assert status(empty, "GET", made.headers["Location"].replace(empty.address, "")) == 200
