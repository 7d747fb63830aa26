"""SPARQL 1.1 Protocol: where queries and updates may stand, what is refused, and whose dataset counts."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from tests.sparql.conftest import Answer, Site

FORM = "application/x-www-form-urlencoded"
DATA = """INSERT DATA { <http://e/s> <http://e/p> 0
  GRAPH <http://e/a> { <http://e/s> <http://e/p> 1 }
  GRAPH <http://e/b> { <http://e/s> <http://e/p> 1, 2 } }"""
VALUES = "SELECT ?o { ?s ?p ?o } ORDER BY ?o"


def values(answer: Answer) -> list[str]:
    """Return the values of ?o."""
    assert answer.status == 200, answer.body
    return [row["o"]["value"] for row in answer.json()["results"]["bindings"]]


def test_a_query_comes_by_get_by_form_and_as_a_body(site: Site) -> None:
    form = urlencode({"query": "ASK {}"})
    answers = (
        site.query("ASK {}"),
        site.ask("POST", "/sparql", form, Content_Type=FORM),
        site.ask("POST", "/sparql", "ASK {}", Content_Type="application/sparql-query; charset=UTF-8"),
    )
    assert [answer.json()["boolean"] for answer in answers] == [True] * 3


@pytest.mark.parametrize(
    ("method", "path", "body", "media", "status"),
    [
        ("GET", "/sparql?query=ASK%7B%7D&query=ASK%7B%7D", None, "", 400),
        ("GET", "/sparql?update=CLEAR%20ALL", None, "", 400),
        ("GET", "/sparql?query=ASK%7B", None, "", 400),
        ("GET", "/sparql?query=%FF", None, "", 400),
        ("GET", "/sparql?default-graph-uri=http://e/a", None, "", 400),
        ("POST", "/sparql", "query=ASK%7B%7D&query=ASK%7B%7D", FORM, 400),
        ("POST", "/sparql", "update=CLEAR%20ALL", FORM, 400),
        ("POST", "/sparql", "", FORM, 400),
        ("POST", "/sparql", "ASK {}", "text/plain", 415),
        ("POST", "/sparql", "ASK {}", "application/sparql-query; charset=UTF-16", 415),
        ("POST", "/sparql?query=ASK%7B%7D", "ASK {}", "application/sparql-query", 400),
        ("PUT", "/sparql", "ASK {}", "application/sparql-query", 405),
        ("GET", "/update?update=CLEAR%20ALL", None, "", 405),
        ("POST", "/update", "update=CLEAR%20ALL&update=CLEAR%20ALL", FORM, 400),
        ("POST", "/update", "query=ASK%7B%7D", FORM, 400),
        ("POST", "/update", "CLEAR ALL", "text/plain", 415),
        ("POST", "/update", "INSERT DATA {", "application/sparql-update", 400),
        ("POST", "/update", b"\xff\xfe", "application/sparql-update", 400),
    ],
)
def test_a_malformed_request_is_refused_as_a_problem(
    site: Site, method: str, path: str, body: str | bytes | None, media: str, status: int
) -> None:
    headers = {"Content_Type": media} if media else {}
    answer = site.ask(method, path, body, Authorization=f"Bearer {site.token}", **headers)
    assert (answer.status, answer.media()) == (status, "application/problem+json"), answer.body
    assert answer.json()["status"] == status
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def test_the_protocol_names_the_dataset_over_the_query(site: Site) -> None:
    site.update(DATA)
    assert values(site.query(VALUES)) == ["0"]
    assert values(site.query(VALUES, "&default-graph-uri=http://e/a")) == ["1"]
    both = "&default-graph-uri=http://e/a&default-graph-uri=http://e/b"
    assert values(site.query(VALUES, both)) == ["1", "2"]
    inside = VALUES.replace("{", "FROM <http://e/b> {", 1)
    assert values(site.query(inside)) == ["1", "2"]
    assert values(site.query(inside, "&default-graph-uri=http://e/a")) == ["1"]
    named = "SELECT DISTINCT ?o { GRAPH ?o {} }"
    assert values(site.query(named, "&named-graph-uri=http://e/a")) == ["http://e/a"]
    assert values(site.query(VALUES, "&named-graph-uri=http://e/a")) == []


def test_using_graph_uri_names_the_dataset_of_an_update(site: Site) -> None:
    site.update(DATA)
    text = "INSERT { GRAPH <http://e/c> { ?s ?p ?o } } WHERE { ?s ?p ?o }"
    path = "/update?" + urlencode({"using-graph-uri": "http://e/b"})
    kind = {"Content_Type": "application/sparql-update", "Authorization": f"Bearer {site.token}"}
    assert site.ask("POST", path, text, **kind).status == 204
    assert values(site.query(VALUES, "&default-graph-uri=http://e/c")) == ["1", "2"]
    refused = site.ask("POST", path, text.replace("WHERE", "USING <http://e/a> WHERE"), **kind)
    assert refused.status == 400


def test_the_parser_tells_a_query_from_an_update(site: Site) -> None:
    hidden = "PREFIX select: <http://e/> # SELECT\nINSERT DATA { select:a select:b 1 }"
    answer = site.ask("POST", "/sparql", hidden, Content_Type="application/sparql-query")
    assert answer.status == 400
    assert "update" in answer.json()["detail"]
    assert site.query("PREFIX insert: <http://e/> SELECT * { ?insert ?delete 'DROP ALL' }").status == 200


def test_head_and_options_answer(site: Site) -> None:
    head = site.ask("HEAD", f"/sparql?query={quote('ASK {}')}")
    assert (head.status, head.body, head.media()) == (200, b"", "application/sparql-results+json")
    assert set(site.ask("OPTIONS", "/sparql").headers["Allow"].split(", ")) == {
        "GET",
        "HEAD",
        "POST",
        "OPTIONS",
    }
    assert site.ask("OPTIONS", "/update").headers["Allow"] == "POST, OPTIONS"
    assert "PUT" in site.ask("OPTIONS", "/store?default").headers["Allow"]


def test_pages_of_other_origins_may_read_without_credentials(site: Site) -> None:
    answer = site.query("ASK {}", Origin="http://elsewhere.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Access-Control-Allow-Origin" not in site.ask("OPTIONS", "/update").headers


@pytest.mark.parametrize(
    "path", ["/", "/health/live", "/openapi.json", "/store?default", "/nowhere", "/sparql?query=x"]
)
def test_pages_of_other_origins_may_read_every_address(site: Site, path: str) -> None:
    """Issue 14, point 5: only errors and /sparql could be read."""
    assert site.ask("GET", path).headers["Access-Control-Allow-Origin"] == "*"


def test_a_preflight_names_what_needs_no_token(site: Site) -> None:
    asked = {"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "POST"}
    methods = {
        path: site.ask("OPTIONS", path, **asked).headers.get("Access-Control-Allow-Methods")
        for path in ("/sparql", "/validate", "/store?default", "/update")
    }
    assert methods == {"/sparql": "GET, POST", "/validate": "POST", "/store?default": "GET", "/update": None}


def test_a_write_is_not_open_to_pages_of_other_origins(site: Site) -> None:
    assert "Access-Control-Allow-Origin" not in site.ask("PUT", "/store?default", b"").headers


def test_relative_iris_are_resolved_against_the_address(site: Site) -> None:
    answer = site.ask("POST", "/sparql", "SELECT (<x> AS ?o) {}", Content_Type="application/sparql-query")
    assert values(answer) == [f"{site.url}/x"]


def test_an_update_is_seen_by_every_server_process_at_once(site: Site) -> None:
    for number in range(8):
        assert site.update(f"INSERT DATA {{ <http://e/s> <http://e/p> {number} }}").status == 204
        for _ in range(4):
            assert site.query(f"ASK {{ ?s ?p {number} }}").json()["boolean"]


def test_writes_need_the_token(site: Site, serve: object) -> None:
    for given in ({"Authorization": "Bearer wrong"}, {"Authorization": "Basic abc"}, {"Authorization": ""}):
        answer = site.update("DROP ALL", **given)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert site.ask("PUT", "/store?default", "", Content_Type="text/turtle", **given).status == 401


def test_validate_reads_without_running(site: Site) -> None:
    kind = {"Content_Type": "application/sparql-query"}
    fine = site.ask("POST", "/validate", "SELECT ?a ?b { ?a ?p ?b }", **kind).json()
    assert fine == {"ok": True, "form": "SELECT", "variables": ["a", "b"]}
    wrong = site.ask("POST", "/validate", "SELECT *\n{ ?s ?p }", **kind).json()
    assert (wrong["ok"], wrong["line"], wrong["column"]) == (False, 2, 9)
    update = site.ask("POST", "/validate", "DROP ALL", Content_Type="application/sparql-update").json()
    assert update == {"ok": True, "form": "UPDATE", "variables": []}
