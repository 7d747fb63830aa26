"""The Graph Store HTTP Protocol, indirect and direct."""

from __future__ import annotations

import pyoxigraph as ox

from tests.sparql.conftest import Answer, Site

TURTLE = "<a> <b> 1, 2 ."


def triples(answer: Answer) -> int:
    """Return how many triples a Turtle answer has."""
    assert answer.status == 200, answer.body
    return len(list(ox.parse(answer.body, format=ox.RdfFormat.TURTLE)))


def test_a_graph_is_made_replaced_merged_and_removed(site: Site) -> None:
    path, token = "/store?graph=http://e/g", f"Bearer {site.token}"
    assert site.ask("GET", path).status == 404
    assert site.put(path, TURTLE).status == 201
    assert site.put(path, "<a> <b> 3 .").status == 204
    assert triples(site.ask("GET", path)) == 1
    merged = site.ask("POST", path, TURTLE, Content_Type="text/turtle", Authorization=token)
    assert merged.status == 204
    assert triples(site.ask("GET", path)) == 3
    assert site.ask("HEAD", path).status == 200
    assert site.ask("DELETE", path, Authorization=token).status == 204
    assert site.ask("GET", path).status == 404
    assert site.ask("HEAD", path).status == 404
    assert site.ask("DELETE", path, Authorization=token).status == 404


def test_an_empty_graph_exists(site: Site) -> None:
    assert site.put("/store?graph=http://e/empty", "").status == 201
    assert triples(site.ask("GET", "/store?graph=http://e/empty")) == 0


def test_the_default_graph_is_written_and_read(site: Site) -> None:
    assert site.put("/store?default", TURTLE).status == 204
    assert triples(site.ask("GET", "/store?default")) == 2
    assert site.ask("DELETE", "/store?default", Authorization=f"Bearer {site.token}").status == 204
    assert triples(site.ask("GET", "/store?default")) == 0


def test_a_graph_may_be_named_by_its_own_address(site: Site) -> None:
    made = site.put("/store/person/1.ttl", "<> <b> 1 .")
    assert (made.status, made.headers["Location"]) == (201, f"{site.url}/store/person/1.ttl")
    assert site.query(
        f"ASK {{ GRAPH <{site.url}/store/person/1.ttl> {{ <{site.url}/store/person/1.ttl> ?p 1 }} }}"
    ).json()["boolean"]
    assert triples(site.ask("GET", "/store/person/1.ttl")) == 1


def test_a_post_to_the_store_makes_a_graph_of_a_new_name(site: Site) -> None:
    made = site.ask(
        "POST", "/store", TURTLE, Content_Type="text/turtle", Authorization=f"Bearer {site.token}"
    )
    assert made.status == 201
    path = made.headers["Location"].removeprefix(site.url)
    assert triples(site.ask("GET", path)) == 2


def test_parts_of_a_form_are_merged(site: Site) -> None:
    given = (("text/turtle", TURTLE), ("application/n-triples", "<http://e/a> <http://e/b> _:x ."))
    parts = "".join(
        f'--X\r\nContent-Disposition: form-data; name="f{n}"; filename="f{n}"\r\n'
        f"Content-Type: {media}\r\n\r\n{text}\r\n"
        for n, (media, text) in enumerate(given)
    )
    kind = {"Content_Type": "multipart/form-data; boundary=X", "Authorization": f"Bearer {site.token}"}
    assert site.ask("POST", "/store?graph=http://e/m", f"{parts}--X--\r\n", **kind).status == 201
    assert triples(site.ask("GET", "/store?graph=http://e/m")) == 3


def test_a_broken_body_changes_nothing_and_is_told_with_its_line(site: Site) -> None:
    site.put("/store?graph=http://e/g", TURTLE)
    answer = site.put("/store?graph=http://e/g", "<a> <b> 1 .\n<a> <b> .")
    assert (answer.status, answer.json()["line"]) == (400, 2)
    assert triples(site.ask("GET", "/store?graph=http://e/g")) == 2


def test_quads_that_name_another_graph_are_refused(site: Site) -> None:
    answer = site.put("/store?graph=http://e/g", "<http://e/a> <http://e/b> 1 .", "application/n-quads")
    assert answer.status == 400
    answer = site.put(
        "/store?graph=http://e/g", '<http://e/a> <http://e/b> "1" <http://e/other> .', "application/n-quads"
    )
    assert answer.status == 400
    assert "graph" in answer.json()["detail"]


def test_addresses_that_name_no_graph_or_two_are_refused(site: Site) -> None:
    for path in ("/store", "/store?graph=relative", "/store?default&graph=http://e/g", "/store/x?default"):
        assert site.ask("GET", path).status == 400, path


def test_an_address_that_is_not_an_iri_names_no_graph(site: Site) -> None:
    """A private-use character in the path (RFC 3987 allows it in queries only) was an internal error."""
    for method in ("GET", "DELETE"):
        answer = site.ask(method, "/store/%F3%BF%A5%A0", Authorization=f"Bearer {site.token}")
        assert answer.status == 400
        assert "is not an absolute IRI" in answer.json()["detail"]


def test_every_format_goes_in_and_out(site: Site) -> None:
    for media in (
        "text/turtle",
        "application/n-triples",
        "application/rdf+xml",
        "application/ld+json",
        "application/trig",
        "application/n-quads",
    ):
        site.put("/store?graph=http://e/g", TURTLE)
        out = site.ask("GET", "/store?graph=http://e/g", Accept=media)
        assert (out.status, out.media()) == (200, media)
        assert site.put("/store?graph=http://e/back", out.body, media).status in (201, 204)
        assert triples(site.ask("GET", "/store?graph=http://e/back")) == 2
