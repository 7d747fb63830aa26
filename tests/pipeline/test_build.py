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

from kg.build.generated_graphs import keep_weakest_hedges
from kg.build.loading import BuildDataset
from kg.build.publishing import (
    Manifest,
    find_current_build,
    hash_graph_file,
    open_build,
    publish_build,
    read_manifest,
)
from kg.errors import StoreUnavailable
from kg.model.graphs import INFERRED, METADATA, WEAKEST_HEDGES, is_in_default_graph
from kg.namespaces import GRAPH, KG, PREFIXES
from kg.settings import Settings
from sparqlhost.store.interface import Store, Term

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


def test_no_inferred_edge_reads_stronger_than_a_claim_it_rests_on(store: Store) -> None:
    """For each edge: the hedge named has the lowest rank among the hedges of its claims."""
    stronger = store.ask(
        f"""PREFIX kg: <{KG}> ASK {{
          GRAPH {WEAKEST_HEDGES} {{ ?edge kg:weakestHedge ?named ; kg:restsOnClaim ?claim }}
          ?named kg:strengthRank ?rank . ?claim kg:hasHedge/kg:strengthRank ?other . FILTER(?other < ?rank)
        }}"""
    )
    hedged = store.select(
        f"SELECT DISTINCT ?e WHERE {{ GRAPH {WEAKEST_HEDGES} {{ ?e {KG['weakestHedge']} ?h }} }}"
    )
    edges = store.select(f"SELECT DISTINCT ?e WHERE {{ GRAPH {WEAKEST_HEDGES} {{ ?e ?p ?o }} }}")
    assert not stronger
    assert len(hedged) == len(edges) > 50


@pytest.mark.parametrize("order", [1, -1])
def test_the_weakest_of_several_hedges_is_kept(order: int) -> None:
    """An edge on a strong and a weak claim reads as weak as the weak one, whatever their order."""
    edge, strong, weak, unranked = (NamedNode(f"http://e/{name}") for name in ("edge", "a", "b", "c"))
    hedges = [Triple(edge, KG["weakestHedge"], hedge) for hedge in (strong, weak)][::order]
    claim = Triple(edge, KG["restsOnClaim"], NamedNode("http://e/claim"))
    ranks: dict[Term, int] = {strong: 10, weak: 9}  # as text, "10" would come first
    assert list(keep_weakest_hedges([claim, *hedges], ranks)) == [
        claim,
        hedges[[strong, weak][::order].index(weak)],
    ]
    with_unranked = [*hedges, Triple(edge, KG["weakestHedge"], unranked)]
    assert [t.object for t in keep_weakest_hedges(with_unranked, ranks)] == [unranked]
    tied: dict[Term, int] = {strong: 3, weak: 3}
    assert [t.object for t in keep_weakest_hedges(hedges, tied)] == [strong]


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
