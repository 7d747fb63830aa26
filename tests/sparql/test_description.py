"""What the service says of itself and its data, over the real build."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from kg.namespaces import CC, DCTERMS, GRAPH, KG, RDF, SD, SH, VOID
from kg.settings import Settings
from sparqlhost.store.interface import Store

ENDPOINT = ox.NamedNode("http://localhost/sparql")


def described(client: FlaskClient, path: str) -> ox.Store:
    """Return the triples of an address."""
    response = client.get(path, headers={"Accept": "text/turtle"})
    assert response.status_code == 200
    store = ox.Store()
    store.load(response.data, format=ox.RdfFormat.TURTLE)
    return store


def objects(store: ox.Store, subject: ox.NamedNode | None, verb: ox.NamedNode) -> list[str]:
    """Return the objects of a subject and verb as texts."""
    found = store.quads_for_pattern(subject, verb, None, None)
    return [q.object.value for q in found if isinstance(q.object, ox.NamedNode | ox.Literal)]


@pytest.mark.parametrize("path", ["/sparql", "/.well-known/void"])
def test_the_description_counts_each_graph_of_the_store(client: FlaskClient, store: Store, path: str) -> None:
    found = described(client, path)
    names = set(objects(found, None, SD["name"]))
    assert names == {graph.value for graph in store.graph_names()}
    for graph in (GRAPH["asserted"], GRAPH["inferred"]):
        count = str(len(list(store.read_graph(graph))))
        assert objects(found, graph, VOID["triples"]) == [count]
        assert objects(found, graph, DCTERMS["license"]) == [CC["by/4.0/"].value]


def test_the_description_tells_limits_formats_and_the_default_graph(
    client: FlaskClient, settings: Settings
) -> None:
    found = described(client, "/sparql")
    assert objects(found, ENDPOINT, KG["queryRows"]) == [str(settings.query_rows)]
    assert len(objects(found, ENDPOINT, SD["resultFormat"])) == 10
    assert SD["SPARQL11Update"].value not in objects(found, ENDPOINT, SD["supportedLanguage"])
    parts = objects(found, None, DCTERMS["hasPart"])
    assert GRAPH["inferred"].value in parts
    assert GRAPH["mappings"].value not in parts


def test_every_example_is_a_query_that_the_endpoint_answers(client: FlaskClient) -> None:
    found = described(client, "/.well-known/sparql-examples")
    texts = objects(found, None, SH["select"]) + objects(found, None, SH["ask"])
    executables = list(found.quads_for_pattern(None, RDF["type"], SH["SPARQLExecutable"], None))
    assert len(texts) == len(executables) >= 25
    for text in texts[:5]:
        assert client.get("/sparql", query_string={"query": text}).status_code == 200


def test_writing_is_off_until_a_token_is_set(client: FlaskClient) -> None:
    for response in (
        client.post("/update", data={"update": "DROP ALL"}),
        client.put("/store?default", data="", content_type="text/turtle"),
        client.delete("/store?default"),
    ):
        assert response.status_code == 403
        assert "KG_UPDATE_TOKEN" in response.get_json()["next"]
