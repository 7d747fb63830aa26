"""What the service says of itself and its data, over the real build."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from kg.model.graphs import parse_claim_graph
from kg.namespaces import BASE, CC, DCTERMS, ENTAILMENT, GRAPH, KG, RDF, RDFS, SD, SH, VOID
from kg.pages.app import create_app
from kg.settings import Settings
from sparqlhost.host_app import make_host_app
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import Store
from sparqlhost.store.local_store import MemoryStore

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
    of_claims = [graph for graph in store.graph_names() if parse_claim_graph(graph)]
    assert names == {graph.value for graph in store.graph_names() if graph not in of_claims}
    families = objects(found, None, VOID["subset"])  # the graphs of claims are counted by kind, not listed
    assert len(families) == 4
    triples = sum(
        int(size) for name in families for size in objects(found, ox.NamedNode(name), VOID["triples"])
    )
    assert triples == sum(len(list(store.read_graph(graph))) for graph in of_claims) > 0
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


def test_only_graphs_of_the_build_are_under_the_licence_of_the_build(settings: Settings) -> None:
    extract, record, own = GRAPH["outside/mondo"], GRAPH["imports"], ox.NamedNode("https://example.org/own")
    store = MemoryStore()
    store.add_quads(
        [
            ox.Quad(name, RDFS["label"], ox.Literal("x"), name)
            for name in (extract, record, own, GRAPH["edits"])
        ]
    )
    store.add_quads([ox.Quad(own, RDFS["label"], ox.Literal("x"), GRAPH["asserted"])])
    triples = described(create_app(settings, store).test_client(), "/sparql")
    licensed = {quad.subject for quad in triples.quads_for_pattern(None, DCTERMS["license"], None, None)}
    assert licensed == {GRAPH["asserted"], ox.NamedNode("http://localhost/.well-known/void#dataset")}


def test_a_plain_host_describes_itself_without_any_project() -> None:
    store = MemoryStore()
    name = ox.NamedNode("https://example.org/graph")
    store.add_quads([ox.Quad(name, RDFS["label"], ox.Literal("x"), name)])
    client = make_host_app(HostSettings(), store).test_client()
    triples = described(client, "/sparql")
    assert objects(triples, None, SD["name"]) == [name.value]
    regime = objects(triples, ENDPOINT, SD["defaultEntailmentRegime"])
    assert regime == [ENTAILMENT["Simple"].value]
    assert not [quad for quad in triples if BASE in str(quad)]
