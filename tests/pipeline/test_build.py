"""`kg build`: the same bytes from the same files, whole or not at all, quick to open."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from kg.build.edge_annotations import EdgeReading
from kg.build.loading import BuildDataset
from kg.build.opening import open_build
from kg.build.publishing import (
    Manifest,
    find_current_build,
    hash_graph_file,
    publish_build,
    read_manifest,
)
from kg.errors import StoreUnavailable
from kg.model.graphs import INFERRED, METADATA, WEAKEST_HEDGES, is_in_default_graph
from kg.namespaces import GRAPH, KG, PREFIXES, RDF
from kg.settings import Settings
from sparqlhost.store.interface import Store

ROOT = Path(__file__).resolve().parents[2]


def test_two_builds_in_two_processes_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    """Another hash seed, another folder, another process: graph and manifest are equal."""
    environment = {**os.environ, "PYTHONHASHSEED": "1", "KG_BUILD_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-m", "kg", "build"], env=environment, check=True, capture_output=True)
    for name in ("graph.nq", "manifest.json"):
        assert (tmp_path / "current" / name).read_bytes() == (built / "current" / name).read_bytes()


def test_the_manifest_tells_version_counts_sources_and_reasoner(settings: Settings, store: Store) -> None:
    manifest = read_manifest(settings)
    assert manifest.digest == hash_graph_file(find_current_build(settings.build_dir))
    assert manifest.version.endswith(manifest.digest[:12])
    assert manifest.reasoner.startswith("rules ")
    assert "data/claims/02-refractory.ttl" in manifest.sources
    for name, entry in manifest.graphs.items():
        assert len(list(store.read_graph(NamedNode(name)))) == entry.triples, name
    assert len(list(store.read_graph(None))) == manifest.default_triples


def test_the_default_graph_is_the_union_of_its_members_each_triple_once(
    settings: Settings, store: Store
) -> None:
    members = read_manifest(settings).default_graph
    union = {triple for name in members for triple in store.read_graph(NamedNode(name))}
    assert union == set(store.read_graph(None))
    assert {GRAPH["ontology"].value, GRAPH["inferred"].value, GRAPH["background"].value} <= set(members)
    assert GRAPH["mappings"].value not in members
    assert not [name for name in members if name.endswith(("/head", "/provenance", "/pubinfo"))]


def test_every_claim_has_its_four_graphs_and_its_document_in_the_provenance(store: Store) -> None:
    names = {name.value for name in store.graph_names()}
    claims = {row["c"] for row in store.select(f"SELECT ?c WHERE {{ ?c a {KG['Claim']} }}")}
    assert len(claims) == 71
    for claim in claims:
        base = GRAPH.removesuffix("/") + "/claim/" + str(claim)[1:-1].rsplit("/", 1)[1]
        assert {f"{base}/{part}" for part in ("head", "assertion", "provenance", "pubinfo")} <= names
        source = f"<{base}/assertion> <{PREFIXES['prov']}hadPrimarySource> ?document"
        assert store.ask(f"ASK {{ GRAPH <{base}/provenance> {{ {source} }} }}")


def test_every_graph_is_described_with_size_digest_and_activity(store: Store) -> None:
    described = store.select(
        f"""PREFIX void: <{PREFIXES["void"]}> PREFIX prov: <{PREFIXES["prov"]}> PREFIX kg: <{KG}>
        SELECT ?g WHERE {{ GRAPH {METADATA} {{
          ?g void:triples ?n ; kg:sha256 ?s ; prov:wasGeneratedBy ?a }} }}"""
    )
    assert {row["g"] for row in described} == set(store.graph_names()) - {METADATA}


def test_inferred_triples_are_not_asserted_too(store: Store) -> None:
    inferred = set(store.read_graph(INFERRED))
    asserted = {
        t
        for g in store.graph_names()
        if is_in_default_graph(g) and g != INFERRED
        for t in store.read_graph(g)
    }
    assert inferred
    assert not inferred & asserted


def test_every_inferred_edge_says_what_it_rests_on(store: Store) -> None:
    """The hedge named has the lowest rank among the hedges of the edge's claims; 87 of 572 edges had one."""
    edges = {triple for triple in store.read_graph(INFERRED) if triple.predicate.value.startswith(KG)}
    described = store.select(
        f"""PREFIX kg: <{KG}> PREFIX rdf: <{RDF}>
        SELECT ?s ?p ?o ?hedge (MIN(?rank) AS ?lowest) (COUNT(?claim) AS ?claims) WHERE {{
          GRAPH {WEAKEST_HEDGES} {{
            ?edge a kg:InferredEdge ; rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o
            OPTIONAL {{ ?edge kg:restsOnClaim ?claim ; kg:weakestHedge ?hedge }} }}
          OPTIONAL {{ ?claim (kg:hasHedge|kg:outcomeHedge)/kg:strengthRank ?rank }}
        }} GROUP BY ?s ?p ?o ?hedge"""
    )
    ranks = {
        t.subject: t.object
        for g in store.graph_names()
        for t in store.read_graph(g)
        if t.predicate == KG["strengthRank"]
    }
    rows = list(described)
    assert {Triple(row["s"], row["p"], row["o"]) for row in rows} == edges  # type: ignore[arg-type]
    assert len(rows) == len(edges) > 500
    assert all(ranks[row["hedge"]] == row["lowest"] for row in rows if "hedge" in row)  # type: ignore[index]
    assert sum("hedge" in row for row in rows) > 400


def test_an_edge_reads_as_the_strongest_of_its_proofs_and_each_of_them_as_its_weakest_claim() -> None:
    """Two claims, one proof that needs both and one that needs the weaker alone; a tie is the first IRI."""
    strong, weak, tied = (
        EdgeReading((rank, iri), claims=frozenset((iri,))) for rank, iri in ((5, "s"), (3, "w"), (3, "v"))
    )
    both = strong.multiply(weak)
    assert (both.hedge, both.add(strong).hedge, weak.multiply(tied).hedge) == ((3, "w"), (5, "s"), (3, "v"))
    assert both.claims == both.add(strong).claims == {"s", "w"}
    conditional = EdgeReading(is_unconditional=False)
    assert not conditional.multiply(strong).is_unconditional
    assert conditional.add(strong).is_unconditional


def test_a_finished_build_opens_without_reasoning_anew(settings: Settings) -> None:
    """It takes a few times as long as parsing its one file: no closure, no validation."""
    graph = settings.build_dir / "current" / "graph.nq"
    started = time.process_time()
    parsed = sum(1 for _ in parse(path=str(graph), format=RdfFormat.N_QUADS))
    parsing = time.process_time() - started
    open_build(settings).close()
    assert parsed > 5_000
    assert time.process_time() - started - parsing < 15 * parsing + 0.1


def small(number: int) -> tuple[Manifest, dict[str, bytes]]:
    """Return a small build of its own."""
    dataset = BuildDataset()
    dataset.add_triples(
        GRAPH["asserted"], [Triple(GRAPH[f"s{number}-{i}"], KG["cue"], GRAPH["o"]) for i in range(2000)]
    )
    content = dataset.serialize_nquads()
    digest = hashlib.sha256(content).hexdigest()
    return Manifest(f"0+{number}", digest, {}, (), 2000, {}, "none"), {"graph.nq": content}


def publish_for_ever(folder: Path, builds: list[tuple[Manifest, dict[str, bytes]]]) -> None:
    """Publish one build after the other until killed."""
    while True:
        for manifest, files in builds:
            publish_build(folder, manifest, files)


def test_killed_at_any_moment_a_whole_build_stays_current(tmp_path: Path) -> None:
    manifest, files = small(99)
    publish_build(tmp_path, manifest, files)
    builds = [small(number) for number in range(6)]
    for attempt in range(25):
        process = multiprocessing.get_context("fork").Process(
            target=publish_for_ever, args=(tmp_path, builds)
        )
        process.start()
        time.sleep(0.002 + 0.0037 * attempt)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        with open_build(Settings(build_dir=tmp_path)) as opened:
            assert len(list(opened.read_graph(None))) == 2000
    assert (tmp_path / "current").resolve().name != manifest.digest
    publish_build(tmp_path, manifest, files)
    assert not list(tmp_path.glob(".partial-*"))
    assert len([path for path in tmp_path.glob("*/manifest.json") if not path.parent.is_symlink()]) <= 4


def test_a_kg_build_that_is_killed_leaves_the_last_one(built: Path, tmp_path: Path) -> None:
    manifest, files = small(1)
    publish_build(tmp_path, manifest, files)
    environment = {**os.environ, "KG_BUILD_DIR": str(tmp_path)}
    for seconds in (0.4, 1.2):
        process = subprocess.Popen([sys.executable, "-m", "kg", "build"], env=environment)
        time.sleep(seconds)
        process.kill()
        process.wait()
        assert read_manifest(Settings(build_dir=tmp_path)) == manifest


def test_a_damaged_build_is_refused_and_made_again(tmp_path: Path) -> None:
    manifest, files = small(1)
    folder = publish_build(tmp_path, manifest, files)
    with (folder / "graph.nq").open("ab") as stream:
        stream.write(b"<http://a> <http://b> <http://c> .\n")
    with pytest.raises(StoreUnavailable, match="damaged"):
        open_build(Settings(build_dir=tmp_path))
    publish_build(tmp_path, manifest, files)
    open_build(Settings(build_dir=tmp_path)).close()


def test_without_a_build_the_next_step_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="Run `kg build`"):
        open_build(Settings(build_dir=tmp_path))
    (tmp_path / "current").mkdir()
    (tmp_path / "current" / "manifest.json").write_text(json.dumps({"version": 1}))
    with pytest.raises(StoreUnavailable, match="manifest cannot be read"):
        open_build(Settings(build_dir=tmp_path))


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    manifest, files = small(1)
    with pytest.raises(StoreUnavailable, match="last good build is still current"):
        publish_build(tmp_path / "file", manifest, files)
