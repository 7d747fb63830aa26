"""docs/rdf.md: each example is run, and no derived edge leaves without what it rests on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from kg.model.graphs import INFERRED, WEAKEST_HEDGES
from kg.namespaces import BASE, KG, RDF
from sparqlhost.store.interface import Store
from tests.docs.test_readme import Run, blocks, run

__all__ = ["run"]
TEXT = (Path(__file__).resolve().parents[2] / "docs" / "rdf.md").read_text("utf-8")
TRANSPLANT = f"{BASE}intervention/StemCellTransplant"
CONDITIONAL = Triple(
    NamedNode(TRANSPLANT), NamedNode(f"{KG}raisedFor"), NamedNode(f"{BASE}situation/RefractoryALL")
)
FORMATS = {
    "ttl": RdfFormat.TURTLE,
    "jsonld": RdfFormat.JSON_LD,
    "nt": RdfFormat.N_TRIPLES,
    "rdf": RdfFormat.RDF_XML,
    "trig": RdfFormat.TRIG,
    "nq": RdfFormat.N_QUADS,
}


def find_reified(triples: set[Triple]) -> dict[object, Triple]:
    """Return the edges that some node names, by the node: reified or with a triple term."""
    found: dict[object, Triple] = {}
    for triple in triples:
        if triple.predicate == RDF["reifies"]:
            found[triple.subject] = triple.object  # type: ignore[assignment]
        elif triple.predicate == RDF["predicate"]:
            parts = {t.predicate: t.object for t in triples if t.subject == triple.subject}
            found[triple.subject] = Triple(parts[RDF["subject"]], triple.object, parts[RDF["object"]])  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_derived_edge_of_an_entity_leaves_without_its_claims_hedge_and_condition(
    client: FlaskClient, store: Store, suffix: str
) -> None:
    """`kg:raisedFor sit:RefractoryALL` of a transplant left as a bare edge, in each of these formats."""
    inferred = set(store.read_graph(INFERRED))
    stored = set(store.read_graph(WEAKEST_HEDGES))
    profiles = ("annotated", "rdf12") if suffix in ("ttl", "nt", "trig", "nq") else ("annotated",)
    for profile in profiles:
        answer = client.get(f"/intervention/StemCellTransplant.{suffix}?profile={profile}")
        triples = {quad.triple for quad in parse(answer.data, FORMATS[suffix])}
        reified = find_reified(triples)
        edges = {t for t in triples & inferred if t.predicate.value.startswith(KG)}
        assert len(edges) >= 15
        assert set(reified.values()) == edges
        for node in reified:
            said = {t for t in stored if t.subject == node and t.predicate.value.startswith(KG)}
            assert said <= triples
            assert {KG["restsOnClaim"], KG["weakestHedge"]} <= {t.predicate for t in said}
        (conditional,) = (node for node, edge in reified.items() if edge == CONDITIONAL)
        feature = NamedNode(f"{BASE}feature/remissionWithinReach")
        assert Triple(conditional, KG["onlyIf"], feature) in triples  # type: ignore[arg-type]
    bare = {
        quad.triple
        for quad in parse(
            client.get(f"/intervention/StemCellTransplant.{suffix}?profile=bare").data, FORMATS[suffix]
        )
    }
    assert bare & inferred
    assert CONDITIONAL not in bare
    assert not find_reified(bare)


def test_a_profile_is_asked_for_by_version_too_and_a_wrong_one_is_refused(client: FlaskClient) -> None:
    address = "/intervention/StemCellTransplant"
    asked = client.get(address, headers={"Accept": "text/turtle; version=1.2"})
    assert b"rdf:reifies <<(" in asked.data
    assert b"rdf:reifies" not in client.get(address, headers={"Accept": "text/turtle"}).data
    for wrong, word in (
        (f"{address}.ttl?profile=full", "annotated, rdf12, bare"),
        (f"{address}.jsonld?profile=rdf12", "Turtle"),
    ):
        refused = client.get(wrong, headers={"Accept": "application/json"})
        assert refused.status_code == 400
        assert word in refused.get_data(as_text=True)


def test_the_examples_of_the_page_run(live_server: str, run: Run) -> None:
    local = "http://127.0.0.1:8000"
    (commands,) = blocks(TEXT, "sh")
    annotated, rdf12, bare = (run(line.replace(local, live_server)).stdout for line in commands.splitlines())
    assert "kg:onlyIf" in annotated
    assert "rdf:reifies <<(" in rdf12
    assert "kg:conditionalOptionFor" not in bare
    assert "kg:raisedFor" not in bare
    (code,) = blocks(TEXT, "python")
    words = [sys.executable, "-c", code.replace(local, live_server)]
    printed = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout
    assert f"{BASE}situation/RefractoryALL {BASE}hedge/OPT-may {BASE}feature/remissionWithinReach" in printed
    plain, with_reifiers, unconditional = (ask(live_server, query) for query in blocks(TEXT, "sparql"))
    assert len(find_reified({q.triple for q in parse(plain, RdfFormat.TURTLE)})) > 15
    assert len(find_reified({q.triple for q in parse(with_reifiers, RdfFormat.TURTLE)})) > 15
    assert f"{BASE}intervention/Blinatumomab" in unconditional
    assert TRANSPLANT not in unconditional


def ask(address: str, query: str) -> str:
    """Return the answer to a query, as Turtle or CSV."""
    words = ["curl", "-sG", f"{address}/sparql", "-H", "Accept: text/turtle, text/csv"]
    done = subprocess.run(
        [*words, "--data-urlencode", f"query={query}"], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout
