"""Every form of query by every way of asking for a format."""

from __future__ import annotations

import pytest

from sparqlhost.protocol.negotiation import (
    GRAPH_MEDIA_TYPES,
    RESULT_MEDIA_TYPES,
    MediaType,
    choose_media_type,
    parse_accept,
    prefers_html,
)
from tests.sparql.conftest import Site

SELECT, ASK, CONSTRUCT = (
    "SELECT ?x { VALUES ?x { 1 } }",
    "ASK {}",
    "CONSTRUCT { <http://e/a> <http://e/b> 1 } {}",
)
ROWS = {
    "json": "application/sparql-results+json", "xml": "application/sparql-results+xml",
    "csv": "text/csv", "tsv": "text/tab-separated-values",
}  # fmt: skip
TRIPLES = {
    "turtle": "text/turtle", "nt": "application/n-triples", "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json", "trig": "application/trig", "nq": "application/n-quads",
}  # fmt: skip


@pytest.mark.parametrize("form", [SELECT, ASK])
@pytest.mark.parametrize("media", ROWS.values())
def test_rows_come_in_the_type_accepted(writable: Site, form: str, media: str) -> None:
    answer = writable.query(form, Accept=f"text/turtle;q=1.0, {media};q=0.4")
    assert (answer.status, answer.media()) == (200, media)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("media", TRIPLES.values())
def test_triples_come_in_the_type_accepted(writable: Site, media: str) -> None:
    answer = writable.query(
        CONSTRUCT, Accept=f"application/sparql-results+json, {media};q=0.5; charset=utf-8"
    )
    assert (answer.status, answer.media()) == (200, media)
    assert b"http://e/" in answer.body


@pytest.mark.parametrize(("name", "media"), [*ROWS.items(), *TRIPLES.items()])
def test_people_name_a_format_in_the_address(writable: Site, name: str, media: str) -> None:
    answer = writable.query(SELECT if name in ROWS else CONSTRUCT, f"&format={name}", Accept="text/html")
    assert (answer.status, answer.media()) == (200, media)


@pytest.mark.parametrize(
    ("form", "accept"),
    [(SELECT, "text/turtle"), (CONSTRUCT, "text/csv"), (ASK, "image/png"), (SELECT, "application/json;q=0")],
)
def test_what_cannot_be_had_is_406_with_what_can(writable: Site, form: str, accept: str) -> None:
    answer = writable.query(form, Accept=accept)
    assert (answer.status, answer.media()) == (406, "application/problem+json")
    wanted = "text/turtle" if form == CONSTRUCT else "application/sparql-results+json"
    assert wanted in answer.json()["next"]


def test_text_has_its_charset(writable: Site) -> None:
    for accept in ("text/csv", "text/tab-separated-values", "text/turtle"):
        answer = writable.query(CONSTRUCT if "turtle" in accept else SELECT, Accept=accept)
        assert answer.headers["Content-Type"] == f"{accept}; charset=utf-8"


def test_the_most_specific_range_counts() -> None:
    ranges = parse_accept("text/*;q=0.3, text/turtle;q=0.1, */*;q=0.2")
    assert ranges.quality("text/turtle") == 0.1
    assert ranges.quality("text/csv") == 0.3
    assert ranges.quality("application/rdf+xml") == 0.2
    chosen = choose_media_type(
        "text/*;q=0.3, text/turtle;q=0.1, application/rdf+xml;q=0.2", GRAPH_MEDIA_TYPES
    )
    assert chosen is not None
    assert chosen.name == "text/n3"
    chosen = choose_media_type("application/rdf+xml;q=0.9, text/turtle;q=0.8", GRAPH_MEDIA_TYPES)
    assert chosen is not None
    assert chosen.format_key == "rdf"


@pytest.mark.parametrize("accept", ["", "*/*", "application/*", ";;;", "*"])
def test_anything_gets_the_first_of_the_table(accept: str) -> None:
    chosen = choose_media_type(accept, RESULT_MEDIA_TYPES)
    assert chosen is not None
    assert chosen.format_key == "json"


@pytest.mark.parametrize(
    ("media_types", "older", "key"),
    [
        (RESULT_MEDIA_TYPES, "application/json", "json"),
        (RESULT_MEDIA_TYPES, "application/xml", "xml"),
        (RESULT_MEDIA_TYPES, "text/xml", "xml"),
        (GRAPH_MEDIA_TYPES, "application/json", "jsonld"),
        (GRAPH_MEDIA_TYPES, "application/xml", "rdf"),
        (GRAPH_MEDIA_TYPES, "text/xml", "rdf"),
        (GRAPH_MEDIA_TYPES, "text/plain", "nt"),
        (GRAPH_MEDIA_TYPES, "application/x-turtle", "ttl"),
        (GRAPH_MEDIA_TYPES, "text/n3", "n3"),
    ],
)
def test_a_name_that_older_clients_send_gets_its_document_under_that_name(
    media_types: tuple[MediaType, ...], older: str, key: str
) -> None:
    chosen = choose_media_type(f"image/png, {older};q=0.1", media_types)
    assert chosen is not None
    assert (chosen.format_key, chosen.name) == (key, older)
    assert chosen.content_type == (f"{older}; charset=utf-8" if older.startswith("text/") else older)


@pytest.mark.parametrize(
    "parameter",
    ["charset=utf-8", 'profile="https://example.org/a,b;c"', "version=1.2", "Charset=UTF-8;q=0.9"],
)
def test_parameters_that_no_format_has_do_not_narrow_a_range(parameter: str) -> None:
    chosen = choose_media_type(f"text/turtle;{parameter}, application/rdf+xml;q=0.5", GRAPH_MEDIA_TYPES)
    assert chosen is not None
    assert chosen.name == "text/turtle"


def test_a_range_with_another_parameter_matches_nothing() -> None:
    assert choose_media_type("text/turtle;level=1", GRAPH_MEDIA_TYPES) is None


def test_a_browser_is_told_from_a_data_client() -> None:
    assert prefers_html("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    assert not prefers_html("*/*")
    assert not prefers_html("text/turtle, text/html;q=0.5")
    assert not prefers_html("application/sparql-results+json")


def test_unsupported_bodies_are_told_what_is_taken(writable: Site) -> None:
    answer = writable.put("/store?default", "x", "image/png")
    assert answer.status == 415
    assert "text/turtle" in answer.json()["next"]


def test_spreadsheets_get_a_guarded_file(writable: Site) -> None:
    answer = writable.query("SELECT ?x { VALUES ?x { '=1+1' } }", "&format=csv-excel")
    assert answer.body == b"\xef\xbb\xbfx\r\n'=1+1\r\n"
