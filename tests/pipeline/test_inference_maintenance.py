"""After a write the inferred graph is the closure, and the default graph shows what the graphs say."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, serialize

from kg.build.inference_maintenance import IncrementalClosure, InferenceMaintainer
from kg.build.project_rules import load_project_rules
from kg.model.graphs import (
    EDITS,
    INFERRED,
    WEAKEST_HEDGES,
    is_default_graph_member,
    name_claim_graph,
    name_publication,
    select_reasoner_input,
)
from kg.namespaces import BASE, CLAIM, GRAPH, KG, RDF, RDFS
from rlreason import OWL2RL, close
from sparqlhost.pool.jobs import WriteJob
from sparqlhost.pool.writes import StoreWriter
from sparqlhost.settings import HostSettings
from sparqlhost.store.disk_store import DiskStore
from sparqlhost.store.local_store import LocalStore, MemoryStore

ASSERTED = GRAPH["asserted"]
NAMES = [NamedNode(f"http://e/c{i}") for i in range(6)]


def writer_over(store: LocalStore) -> StoreWriter:
    """Return a writer that follows inferences."""
    return StoreWriter(store, HostSettings(), lambda: InferenceMaintainer(IncrementalClosure(OWL2RL)))


def update(writer: StoreWriter, text: str) -> None:
    """Run an update the way the server does."""
    writer.write(WriteJob("update", text=text), b"")


def in_step(store: LocalStore) -> bool:
    """Say whether inferred and default graph are what the member graphs make them."""
    stated = frozenset(store.read_graph(ASSERTED)) | frozenset(store.read_graph(EDITS))
    follows = frozenset(close(stated).inferred) - stated
    shown = frozenset(store.read_graph(None))
    return frozenset(store.read_graph(INFERRED)) == follows - stated and shown == stated | follows


def test_random_writes_leave_what_a_closure_from_scratch_leaves() -> None:
    chance = random.Random(3)
    store = MemoryStore()
    writer = writer_over(store)
    for _ in range(25):
        act, where = chance.choice(("INSERT", "DELETE")), chance.choice(("GRAPH " + str(ASSERTED), ""))
        a, b = chance.sample(NAMES, 2)
        verb = chance.choice((RDFS["subClassOf"], RDF["type"]))
        data = f"{a} {verb} {b} ."
        update(writer, f"{act} DATA {{ {f'{where} {{ {data} }}' if where else data} }}")
        assert in_step(store)


def test_an_insert_into_the_default_graph_is_kept_as_an_edit() -> None:
    store = MemoryStore()
    writer = writer_over(store)
    update(writer, "INSERT DATA { <http://e/a> <http://e/p> <http://e/b> }")
    triple = Triple(NamedNode("http://e/a"), NamedNode("http://e/p"), NamedNode("http://e/b"))
    assert list(store.read_graph(EDITS)) == [triple]
    update(writer, "DELETE DATA { <http://e/a> <http://e/p> <http://e/b> }")
    assert list(store.read_graph(EDITS)) == []
    assert triple not in set(store.read_graph(None))


def test_a_delete_in_the_default_graph_reaches_the_graph_that_says_it() -> None:
    store = MemoryStore()
    writer = writer_over(store)
    update(writer, f"INSERT DATA {{ GRAPH {ASSERTED} {{ <http://e/a> a <http://e/C> }} }}")
    assert store.ask("ASK { <http://e/a> a <http://e/C> }")
    update(writer, "DELETE WHERE { <http://e/a> a <http://e/C> }")
    assert not store.ask(f"ASK {{ GRAPH {ASSERTED} {{ ?s ?p ?o }} }}")
    assert not store.ask("ASK { <http://e/a> a <http://e/C> }")


def test_an_inferred_triple_comes_back_as_long_as_it_follows() -> None:
    store = MemoryStore()
    writer = writer_over(store)
    sub_class = RDFS["subClassOf"]
    update(writer, f"INSERT DATA {{ <http://e/a> a <http://e/C> . <http://e/C> {sub_class} <http://e/D> }}")
    update(writer, "DELETE DATA { <http://e/a> a <http://e/D> }")
    assert store.ask("ASK { <http://e/a> a <http://e/D> }")
    update(writer, "DELETE DATA { <http://e/a> a <http://e/C> }")
    assert not store.ask("ASK { <http://e/a> a <http://e/D> }")


def test_graphs_that_are_no_members_stay_out_of_the_default_graph() -> None:
    store = MemoryStore()
    update(writer_over(store), "INSERT DATA { GRAPH <http://e/g> { <http://e/a> <http://e/p> 1 } }")
    assert store.graph_names() == (NamedNode("http://e/g"),)
    assert list(store.read_graph(None)) == []


def test_a_real_build_changes_by_what_a_write_says_and_implies(built: Path) -> None:
    store = MemoryStore(built / "current" / "graph.nq")
    before, inferred = set(store.read_graph(None)), set(store.read_graph(INFERRED))
    writer = writer_over(store)
    update(writer, f"INSERT DATA {{ <http://e/new> a {KG['Intervention']} }}")
    assert before < set(store.read_graph(None))
    assert inferred < set(store.read_graph(INFERRED))
    update(writer, f"DELETE DATA {{ <http://e/new> a {KG['Intervention']} }}")
    assert set(store.read_graph(None)) == before
    assert set(store.read_graph(INFERRED)) == inferred


def test_a_disk_store_killed_between_write_and_inference_is_completed_at_the_next_start(
    tmp_path: Path,
) -> None:
    with DiskStore(tmp_path / "db") as store:
        for s, p, o in (("a", RDF["type"], "C"), ("C", RDFS["subClassOf"], "D")):
            store.oxigraph.add(Quad(NamedNode(f"http://e/{s}"), p, NamedNode(f"http://e/{o}"), ASSERTED))
        store.mark_inferences_stale()
    with DiskStore(tmp_path / "db") as store:
        assert store.has_stale_inferences
        writer_over(store).refresh_stale_inferences()
        assert not store.has_stale_inferences
        assert store.ask("ASK { <http://e/a> a <http://e/D> }")


def test_a_write_to_a_graph_nothing_follows_from_reads_no_triple_again(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore(built / "current" / "graph.nq")
    writer = writer_over(store)
    update(writer, "INSERT DATA { GRAPH <http://e/g> { <http://e/a> <http://e/p> 1 } }")
    monkeypatch.setattr(store, "read_graph", lambda graph: pytest.fail(f"{graph} was read"))
    update(writer, "INSERT DATA { GRAPH <http://e/g> { <http://e/a> <http://e/p> 2 } }")
    monkeypatch.undo()
    update(writer, f"INSERT DATA {{ GRAPH <{INFERRED.value}> {{ <http://e/a> <http://e/p> 3 }} }}")
    assert not store.ask("ASK { <http://e/a> <http://e/p> 3 }")


S17_1 = GRAPH["claim/S17-1/assertion"]
CLAIM_BY_SPARQL = f"""PREFIX kg: <{KG}> PREFIX claim: <{CLAIM}> PREFIX int: <{BASE}intervention/>
PREFIX sit: <{BASE}situation/> PREFIX hedge: <{BASE}hedge/>
INSERT DATA {{ claim:mine-S01-1 a kg:Claim ; kg:offers int:Nelarabine ; kg:appliesTo sit:RefractoryALL ;
  kg:hasHedge hedge:HELP-may }}"""
MY_EDGE = f"""PREFIX kg: <{KG}> PREFIX rdf: <{RDF}> PREFIX graph: <{GRAPH}> PREFIX claim: <{CLAIM}>
ASK {{ GRAPH graph:weakest-hedges {{ ?edge rdf:subject <{BASE}intervention/Nelarabine> ;
  rdf:predicate kg:optionFor ; rdf:object <{BASE}situation/RefractoryALL> ;
  kg:restsOnClaim claim:mine-S01-1 ; kg:weakestHedge <{BASE}hedge/HELP-may> }} }}"""


def read_all(store: LocalStore) -> dict[str, set[Triple]]:
    """Return every graph that holds something."""
    return {g.value: triples for g in store.graph_names() if (triples := set(store.read_graph(g)))}


def speaks_of(triples: set[Triple], *names: NamedNode) -> bool:
    """Say whether a triple names one of some terms."""
    return any(term in names for triple in triples for term in triple)


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_what_edges_rest_on_and_nanopublications_follow_every_write(
    built: Path, root: Path, tmp_path: Path, kind: str
) -> None:
    """The edge of a deleted claim and its nanopublication stayed; an inserted claim had no annotation."""
    graph = built / "current" / "graph.nq"
    store: LocalStore = MemoryStore(graph) if kind == "memory" else DiskStore(tmp_path / "db")
    if kind == "disk":
        store.oxigraph.bulk_load(path=str(graph), format=RdfFormat.N_QUADS)
    closure = IncrementalClosure(load_project_rules(root))
    writer = StoreWriter(store, HostSettings(), lambda: InferenceMaintainer(closure))
    before = read_all(store)
    writer.write(WriteJob("delete", graph=S17_1.value), b"")
    gone = read_all(store)
    claim, publication = NamedNode(f"{CLAIM}S17-1"), name_publication("S17-1")
    assert not [name for name in gone if name.startswith(publication.value + "/")]
    assert not speaks_of(gone[WEAKEST_HEDGES.value], claim, publication)
    assert speaks_of(before[WEAKEST_HEDGES.value], claim)
    assert gone[WEAKEST_HEDGES.value] < before[WEAKEST_HEDGES.value]
    text = serialize(before[S17_1.value], format=RdfFormat.N_TRIPLES) or b""
    writer.write(WriteJob("put", graph=S17_1.value, body_format="nt"), text)
    assert read_all(store) == before
    update(writer, CLAIM_BY_SPARQL)
    assert store.ask(MY_EDGE)
    update(writer, CLAIM_BY_SPARQL.replace("INSERT", "DELETE"))
    assert read_all(store) == before
    update(
        writer,
        CLAIM_BY_SPARQL.replace(
            "INSERT DATA {", f"INSERT DATA {{ GRAPH <{GRAPH['claim/mine-S01-1/assertion'].value}> {{"
        )
        + "}",
    )
    assert store.ask(MY_EDGE)
    assert name_claim_graph("mine-S01-1", "head") in store.graph_names()
    kept, scratch = read_all(store), IncrementalClosure(load_project_rules(root))
    members = {g: frozenset(store.read_graph(g)) for g in store.graph_names() if is_default_graph_member(g)}
    scratch.close(frozenset().union(*(members[g] for g in select_reasoner_input(members))))
    inferred = frozenset(store.read_graph(INFERRED))
    assert kept[WEAKEST_HEDGES.value] == frozenset().union(
        *scratch.describe_edges(inferred, members).values()
    )
    store.close()


def test_a_stronger_hedge_changes_what_edges_read_as(built: Path, root: Path) -> None:
    """Only the hedge of a claim changes, no edge: the readings follow all the same."""
    store = MemoryStore(built / "current" / "graph.nq")
    closure = IncrementalClosure(load_project_rules(root))
    writer = StoreWriter(store, HostSettings(), lambda: InferenceMaintainer(closure))
    update(writer, CLAIM_BY_SPARQL)
    said = f"<{CLAIM}mine-S01-1> <{KG}hasHedge>"
    stronger = f"{said} <{BASE}hedge/PLAIN>"
    update(writer, f"DELETE {{ {said} ?hedge }} INSERT {{ {stronger} }} WHERE {{ {said} ?hedge }}")
    assert not store.ask(MY_EDGE)
    assert store.ask(MY_EDGE.replace("HELP-may", "PLAIN"))
