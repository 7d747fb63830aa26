"""Problem documents: the slugs that programs compare, and the host without an application."""

from __future__ import annotations

import pytest
from flask import Flask

from kg.errors import InvalidFiles
from sparqlhost import errors
from sparqlhost.errors import UserError
from sparqlhost.host_app import make_host_app
from sparqlhost.protocol.problem_details import find_problem_type, find_type
from sparqlhost.settings import HostSettings
from sparqlhost.store.local_store import MemoryStore

SLUGS = {
    errors.BadQuery: "bad-query",
    errors.BadData: "bad-data",
    errors.NotFound: "not-found",
    errors.Unauthorized: "unauthorized",
    errors.Forbidden: "forbidden",
    errors.NotAcceptable: "not-acceptable",
    errors.UnsupportedMedia: "unsupported-media",
    errors.TooSlow: "too-slow",
    errors.TooLarge: "too-large",
    errors.TooExpensive: "too-expensive",
    errors.Cancelled: "cancelled",
    errors.Busy: "busy",
    errors.StoreUnavailable: "store-unavailable",
    errors.StoreLocked: "store-unavailable",
    errors.Inconsistent: "inconsistent",
}


@pytest.mark.parametrize(("kind", "slug"), SLUGS.items())
def test_slugs_of_problem_types_do_not_change(kind: type[UserError], slug: str) -> None:
    assert find_problem_type(kind).slug == slug


def test_the_application_keeps_the_slugs_of_classes_that_were_renamed(app: Flask) -> None:
    with app.app_context():
        assert find_type(UserError("x")).slug == "kg-error"
        assert find_type(InvalidFiles([UserError("x")])).slug == "bad-files"
        assert find_type(errors.StoreLocked("x")).slug == "store-unavailable"


def test_a_host_without_pages_answers_problems_in_its_own_name() -> None:
    client = make_host_app(HostSettings(), MemoryStore()).test_client()
    answer = client.get("/sparq")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.get_json()["type"] == "http://localhost/problem/not-found"
    assert "/sparql" in answer.get_json()["next"]
    page = client.get("/sparq", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert client.post("/update", data={"update": "DROP ALL"}).get_json()["next"].count("SPARQLHOST_") == 2


def test_a_host_without_pages_gives_browsers_the_data() -> None:
    client = make_host_app(HostSettings(), MemoryStore()).test_client()
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    rows = client.get("/sparql", query_string={"query": "ASK {}"}, headers=browser)
    assert rows.get_json() == {"head": {}, "boolean": True}
    assert client.get("/sparql", headers=browser).mimetype == "text/turtle"
    assert b"sparqlhost_" in client.get("/metrics").data
    assert client.get("/health/ready").get_json()["checks"] == {"store": True, "queue": True, "writes": True}
