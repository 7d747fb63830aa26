"""The exports are read back by other parsers; a caution is never its opposite, a condition never lost."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
import sssom_pydantic
from flask.testing import FlaskClient

from kg.errors import BadData, NotFound
from kg.exports.export_formats import (
    EXPORT_FORMATS,
    ExportFile,
    find_export_format,
    serialize_jsonld,
    zip_files,
)
from kg.exports.kgx import read_biolink_table
from kg.model.graphs import EDITS, select_claim_graphs, select_exported
from kg.namespaces import BASE, CLAIM, GRAPH, KG, NP, RDF
from sparqlhost.store.interface import Store
from sparqlhost.store.local_store import MemoryStore
from tests.conftest import ROOT

Edge = dict[str, str | list[str]]


@pytest.fixture(scope="module")
def files(store: Store) -> dict[str, ExportFile]:
    return {file.name: file for row in EXPORT_FORMATS.values() for file in row.make_files(store, ROOT)}


@pytest.fixture(scope="module")
def edges(files: dict[str, ExportFile]) -> list[Edge]:
    return [json.loads(line) for line in files["rrall-kg_edges.jsonl"].text.splitlines()]


@pytest.fixture(scope="module")
def nodes(files: dict[str, ExportFile]) -> list[Edge]:
    return [json.loads(line) for line in files["rrall-kg_nodes.jsonl"].text.splitlines()]


def test_an_independent_reader_reads_the_sssom_export(files: dict[str, ExportFile], tmp_path: Path) -> None:
    path = tmp_path / "all.sssom.tsv"
    path.write_text(files["rrall-kg.sssom.tsv"].text, encoding="utf-8")
    mappings, _converter, _about, errors = sssom_pydantic.read(path, return_errors=True)
    assert not errors
    assert len(mappings) >= 350


def test_kgx_tables_and_lines_hold_the_same_records(files: dict[str, ExportFile]) -> None:
    for kind in ("nodes", "edges"):
        table = files[f"rrall-kg_{kind}.tsv"].text
        rows = list(csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE))
        lines = [json.loads(line) for line in files[f"rrall-kg_{kind}.jsonl"].text.splitlines()]
        assert [row["id"] for row in rows] == [line["id"] for line in lines]
        assert len({row["id"] for row in rows}) == len(rows)


def test_every_end_of_an_edge_is_a_node_and_required_slots_are_filled(
    edges: list[Edge], nodes: list[Edge]
) -> None:
    known = {node["id"] for node in nodes}
    for node in nodes:
        assert node["category"]
        assert node["name"]
    for edge in edges:
        assert edge["subject"] in known
        assert edge["object"] in known
        assert edge["knowledge_level"] in ("knowledge_assertion", "logical_entailment")
        assert edge["agent_type"] == "automated_agent"
        assert str(edge["primary_knowledge_source"]).startswith("infores:")


def test_every_category_and_predicate_is_a_term_of_biolink(
    edges: list[Edge], nodes: list[Edge], shared: Path
) -> None:
    model = (shared / "ontologies" / "ontologies" / "biolink_model.owl.ttl").read_text("utf-8")
    used = {str(edge["predicate"]) for edge in edges}
    used |= {name for record in (*edges, *nodes) for name in record["category"]}
    assert len(used) >= 10
    for name in used - {"biolink:NamedThing"}:
        assert f"{name} a owl:" in model, name


def test_no_edge_says_treats_and_no_edge_is_negated(edges: list[Edge]) -> None:
    assert {e["predicate"] for e in edges} == {
        "biolink:treats_or_applied_or_studied_to_treat",
        "biolink:applied_to_treat",
        "biolink:has_phenotype",
        "biolink:subclass_of",
    }
    assert not any("negated" in edge for edge in edges)


def test_a_caution_makes_no_edge_and_stands_on_the_edges_of_its_pair(
    edges: list[Edge], files: dict[str, ExportFile]
) -> None:
    assert not any(str(edge.get("kg_claim", "")) in ("claim:S05-5", "claim:S19-1") for edge in edges)
    offered = [e for e in edges if e.get("kg_claim") in ("claim:S05-3", "claim:S05-4")]
    assert len(offered) >= 2
    for edge in offered:
        assert any(text.startswith("claim:S05-5") for text in edge["limited_by"])
    left_out = files["rrall-kg_not-exported.tsv"].text
    assert "claim:S05-5" in left_out
    assert "claim:S32-1" in left_out


def test_a_condition_goes_with_its_edge(edges: list[Edge]) -> None:
    found = {str(edge["kg_claim"]): edge for edge in edges if "kg_claim" in edge}
    assert found["claim:S07-1"]["kg_only_if"] == ["only if feat:remissionWithinReach"]
    assert found["claim:S29-1"]["object"] == "prob:Pain"
    assert found["claim:S29-1"]["disease_context_qualifier"] == "dis:ALL"
    assert found["claim:S29-1"]["kg_prerequisite"] == ["feat:painNotHelpedByFirstStep"]
    assert found["claim:S16-1"]["predicate"] == "biolink:applied_to_treat"


def test_every_edge_of_a_claim_has_its_hedge_and_cue(edges: list[Edge], store: Store) -> None:
    said = [edge for edge in edges if edge["knowledge_level"] == "knowledge_assertion" and "kg_claim" in edge]
    assert len(said) >= 20
    assert all(edge["kg_hedge"] and edge["kg_hedge_cue"] for edge in said)
    derived = [edge for edge in edges if edge["knowledge_level"] == "logical_entailment"]
    assert derived
    assert all(edge["kg_hedge"] for edge in derived)


def test_collective_claims_make_no_pairwise_edge(edges: list[Edge]) -> None:
    assert not any(str(edge.get("kg_claim", "")).startswith(("claim:S31", "claim:S32")) for edge in edges)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")  # its own, in parse
def test_another_parser_reads_the_same_triples_from_json_ld(
    files: dict[str, ExportFile], store: Store
) -> None:
    read = rdflib.Dataset()
    read.parse(data=files["rrall-kg.jsonld"].text, format="json-ld")
    for graph in select_exported(store.graph_names()):
        ours = {_plain(t) for t in store.read_graph(graph) if not _has_blank(t)}
        theirs = {
            tuple(term.n3() for term in triple)
            for triple in read.graph(rdflib.URIRef(graph.value))
            if not any(isinstance(term, rdflib.BNode) for term in triple)
        }
        assert theirs == ours, graph


def _plain(triple: ox.Triple) -> tuple[str, ...]:
    """Return a triple as rdflib writes it."""
    terms = rdflib.Graph().parse(data=f"{triple} .", format="nt")
    return next(tuple(term.n3() for term in found) for found in terms)


def _has_blank(triple: ox.Triple) -> bool:
    return any(isinstance(term, ox.BlankNode) for term in (triple.subject, triple.object))


def test_each_claim_is_a_whole_nanopublication(files: dict[str, ExportFile], store: Store) -> None:
    quads = list(ox.parse(files["rrall-kg.nanopubs.trig"].text, format=ox.RdfFormat.TRIG))
    by_graph: dict[str, list[ox.Quad]] = {}
    for quad in quads:
        assert isinstance(quad.graph_name, ox.NamedNode)
        by_graph.setdefault(quad.graph_name.value, []).append(quad)
    heads = {q.subject for q in quads if q.predicate == RDF["type"] and q.object == NP["Nanopublication"]}
    assert len(heads) == 71
    assert len(by_graph) == 71 * 4 == len(select_claim_graphs(store.graph_names()))
    for head in heads:
        assert isinstance(head, ox.NamedNode)
        parts = {}
        for part in ("hasAssertion", "hasProvenance", "hasPublicationInfo"):
            (found,) = [_iri(q.object) for q in by_graph[head.value + "/head"] if q.predicate == NP[part]]
            parts[part] = by_graph[found]
        assertion = head.value + "/assertion"
        assert any(_iri(q.subject) == assertion for q in parts["hasProvenance"])
        assert any(q.subject == head for q in parts["hasPublicationInfo"])
        claim = CLAIM + head.value.removeprefix(GRAPH["claim/"].value)
        assert any(_iri(q.subject) == claim for q in parts["hasAssertion"])


def _iri(term: object) -> str:
    """Return the IRI of a named node, else nothing."""
    return term.value if isinstance(term, ox.NamedNode) else ""


def test_no_assertion_holds_a_bare_edge_between_entities(files: dict[str, ExportFile]) -> None:
    quads = ox.parse(files["rrall-kg.nanopubs.trig"].text, format=ox.RdfFormat.TRIG)
    bare = [q for q in quads if str(q.subject).startswith((f"<{BASE}intervention", f"<{BASE}situation"))]
    assert bare == []


def test_exports_are_the_same_bytes_each_time(store: Store) -> None:
    for row in EXPORT_FORMATS.values():
        assert zip_files(row.make_files(store, ROOT)) == zip_files(row.make_files(store, ROOT))


def test_an_unknown_export_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="sssom, fhir, omop, kgx, jsonld, nanopubs"):
        find_export_format("owl")


def test_a_row_that_would_say_treats_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "data" / "mappings" / "biolink.tsv"
    table.parent.mkdir(parents=True)
    table.write_text("term\tslot\tbiolink\tnote\nkg:offers\tpredicate\tbiolink:treats\t\n", encoding="utf-8")
    with pytest.raises(BadData) as caught:
        read_biolink_table(tmp_path)
    assert caught.value.line == 2
    assert KG["offers"]


def test_exports_are_served_with_their_types(client: FlaskClient) -> None:
    kinds = {
        "/export/sssom": "text/tab-separated-values",
        "/mappings.sssom.tsv": "text/tab-separated-values",
        "/export/jsonld": "application/ld+json",
        "/context.jsonld": "application/ld+json",
        "/export/nanopubs": "application/trig",
        "/export/kgx": "application/zip",
        "/export/kgx/edges.jsonl": "application/jsonl",
        "/export": "application/json",
    }
    for address, kind in kinds.items():
        answer = client.get(address)
        assert (answer.status_code, answer.mimetype) == (200, kind), address
    packed = zipfile.ZipFile(io.BytesIO(client.get("/export/kgx").data))
    assert len(packed.namelist()) == 5
    assert client.get("/export/owl").status_code == 404
    assert client.get("/export/kgx/none.tsv").status_code == 404


def test_the_published_context_is_the_one_in_the_file(
    client: FlaskClient, files: dict[str, ExportFile]
) -> None:
    published = json.loads(client.get("/context.jsonld").data)
    assert json.loads(files["rrall-kg.jsonld"].text)["@context"] == published["@context"]
    assert published["@context"]["offersIf"] == {"@id": "kg:offersIf", "@type": "@id"}


def test_a_project_without_the_biolink_table_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"biolink\.tsv: The file cannot be read"):
        read_biolink_table(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"kg:offers\tpredicate\tbiolink:x\t\xe9\n", "not UTF-8"),
        (b"offers\tpredicate\tbiolink:x\tnote\n", "biolink.tsv:1: The row is not valid"),
        (b"kg:offers\tsomething\tbiolink:x\tnote\n", "biolink.tsv:1: The row is not valid"),
        (b"kg:offers\tpredicate\tbiolink:x\n", "biolink.tsv:1: The row is not valid"),
    ],
)
def test_a_broken_biolink_table_is_refused_with_its_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    table = tmp_path / "data" / "mappings" / "biolink.tsv"
    table.parent.mkdir(parents=True)
    table.write_bytes(content)
    with pytest.raises(BadData, match=message):
        read_biolink_table(tmp_path)


def test_what_a_user_added_is_exported_in_a_graph_of_its_own(store: Store) -> None:
    """`graph/inferred` may rest on edits, so an export without them could not be checked."""
    edit = ox.Triple(KG["Feature"], KG["cue"], ox.Literal("an edit"))
    with MemoryStore() as edited:
        edited.load_quads(
            ox.Quad(t.subject, t.predicate, t.object, graph)
            for graph in store.graph_names()
            for t in store.read_graph(graph)
        )
        edited.load_quads([ox.Quad(edit.subject, edit.predicate, edit.object, EDITS)])
        parts = {part["id"]: part["@graph"] for part in json.loads(serialize_jsonld(edited))["@graph"]}
    assert parts["graph:edits"] == [{"id": "kg:Feature", "cue": "an edit"}]
    assert {"graph:asserted", "graph:background", "graph:inferred"} < set(parts)
