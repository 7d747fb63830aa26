"""What an inferred edge rests on is the same in graph, pages, proofs, command and exports."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from flask.testing import FlaskClient
from pyoxigraph import NamedNode, Triple

from kg.build.project_rules import load_project_rules
from kg.cli import cli
from kg.exports import kgx
from kg.exports.export_formats import serialize_jsonld
from kg.mapping_files import read_mappings
from kg.model.graphs import INFERRED, WEAKEST_HEDGES
from kg.namespaces import BASE, KG, RDF, compress_iri, expand_curie
from kg.pages.explain.view import explain_triple
from kg.pages.page_queries import PageQueryReader, ReasonerInput
from kg.pages.term_refs import CONCEPT_KINDS, HEDGE_LEVELS, as_json, entity_kind
from sparqlhost.store.interface import Store

Support = tuple[frozenset[str], frozenset[str], frozenset[str]]
Edge = tuple[str, ...]
SAYS = (("restsOnClaim",), ("weakestHedge", "strongestReading"), ("onlyIf",))


def read_stored(store: Store) -> dict[Edge, Support]:
    """Return what the graph says of each edge: claims, hedges, conditions, as IRIs."""
    nodes: dict[Any, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for triple in store.read_graph(WEAKEST_HEDGES):
        nodes[triple.subject][triple.predicate.value].add(triple.object.value)  # type: ignore[union-attr]
    return {
        tuple(next(iter(said[RDF[end].value])) for end in ("subject", "predicate", "object")): tuple(  # type: ignore[misc]
            frozenset().union(*(said.get(KG[name].value, set()) for name in names)) for names in SAYS
        )
        for said in nodes.values()
    }


def read_row(row: Mapping[str, Any]) -> Support:
    """Return what a row of a page's JSON says."""
    claims, hedges, only_if = (
        frozenset(ref["iri"] for ref in row[name]) for name in ("claims", "hedges", "only_if")
    )
    return claims, hedges, only_if


def test_every_exit_says_the_same_of_every_edge(
    client: FlaskClient, store: Store, root: Path, built: Path
) -> None:
    """96 rows of pages said "no claim" of edges that rest on claims; 485 edges said nothing in the graph."""
    stored = read_stored(store)
    edges = [t for t in store.read_graph(INFERRED) if t.predicate.value.startswith(KG)]
    assert {tuple(term.value for term in edge) for edge in edges} == stored.keys()
    counts = {"edges": len(edges)}

    # Proofs, as /explain and kg explain show them: no proof uses another claim or reads outside the bounds.
    reader = PageQueryReader.from_root(store, root)
    prover, labels = (
        ReasonerInput.load(store, load_project_rules(root)).make_prover(),
        reader.load_all_labels(),
    )
    for edge in edges:
        page = explain_triple(prover, reader, labels, edge, all_proofs=True)
        said = stored[tuple(term.value for term in edge)]
        assert read_row(as_json(page)) == said, edge
        levels = [HEDGE_LEVELS.index(badge.level) for badge in page.hedges]
        for proof in page.proofs:
            used = {step.anchor.claim.iri for step in proof.steps if step.anchor}
            assert used <= said[0], (edge, used)
            assert proof.hedge is None or min(levels) <= HEDGE_LEVELS.index(proof.hedge.level)
        assert ("rests on no claim" in page.summary) == (not said[0]), page.summary
    counts["claimless"] = sum(not claims for claims, _, _ in stored.values())

    # Pages: every edge between two concepts, from both of its ends.
    shown = set()
    concepts = {iri for edge in stored for iri in (edge[0], edge[2]) if entity_kind(iri) in CONCEPT_KINDS}
    for iri in sorted(concepts):
        view = client.get(f"/{iri.removeprefix(BASE)}.json").get_json()
        for row in (*view["inferred"], *view["plumbing"]):
            name = (row["subject"]["iri"], row["property"]["iri"], row["object"]["iri"])
            if name in stored:
                assert read_row(row) == stored[name], name
                shown.add(name)
    assert shown >= {edge for edge in stored if {entity_kind(edge[0]), entity_kind(edge[2])} <= CONCEPT_KINDS}

    # Exports.
    table = kgx.read_biolink_table(root)
    derived = [
        e
        for e in kgx.make_kgx(store, table, read_mappings(root)).edges
        if e["knowledge_level"] == "logical_entailment"
    ]
    for record in derived:
        ends = [expand_curie(str(record[end])) for end in ("subject", "object")]
        (said,) = [
            stored[e]
            for e in stored
            if [e[0], e[2]] == ends and str(record["id"]).startswith(f"{compress_iri(e[1])}--")
        ]
        assert frozenset(map(expand_curie, str(record["kg_claim"]).split())) == said[0]
        hedges = [*record["kg_hedge"], *record["kg_strongest_reading"]]
        assert frozenset(map(expand_curie, hedges)) == said[1]
        assert frozenset(map(expand_curie, record.get("kg_prerequisite", ()))) == said[2]
    counts["kgx"] = len(derived)
    (exported,) = [
        part for part in json.loads(serialize_jsonld(store))["@graph"] if part["id"] == "graph:weakest-hedges"
    ]
    assert len(exported["@graph"]) == len(stored)

    # The command and the address, for one conditional edge.
    words = ["int:StemCellTransplant", "kg:raisedFor", "sit:RefractoryALL"]
    done = CliRunner(env={"KG_BUILD_DIR": str(built)}).invoke(cli, ["explain", *words, "--format", "json"])
    answered = client.get("/explain", query_string=dict(zip("spo", words, strict=True)) | {"format": "json"})
    expected = stored[tuple(expand_curie(word) for word in words)]
    assert read_row(json.loads(done.output)) == read_row(answered.get_json()) == expected
    assert expected[2] == {f"{BASE}feature/remissionWithinReach"}
    assert counts["edges"] > 550
    assert 0 < counts["claimless"] < 120
    assert counts["kgx"] >= 3


def test_the_panel_of_a_claim_lists_nothing_that_is_never_published(
    client: FlaskClient, store: Store
) -> None:
    """Four of eight rows of S29-4 were triples of abstract properties, all of them with "no claim"."""
    falls = client.get("/claim/S29-4.json?without=1").get_json()["falls"]
    named = {
        Triple(*(NamedNode(row[end]["iri"]) for end in ("subject", "property", "object"))) for row in falls
    }
    assert named <= set(store.read_graph(INFERRED))
    assert all(f"{BASE}claim/S29-4" in {ref["iri"] for ref in row["claims"]} for row in falls)
    assert len(falls) > 2
