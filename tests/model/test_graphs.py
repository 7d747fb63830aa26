"""`kg/model/graphs.py` is the one place that says which graph is what; queries and stores agree with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from kg.model import graphs
from kg.model.graphs import GraphOrigin, is_in_default_graph, is_reasoner_input, name_claim_graph
from kg.namespaces import GRAPH, IMPORT_GRAPH
from sparqlhost.store.interface import Store
from tests.conftest import ROOT

#: graph -> origin, member, reasoner input, exported, from build
TABLE = {
    graphs.ONTOLOGY: (GraphOrigin.ONTOLOGY, True, True, False, True),
    graphs.SOURCE: (GraphOrigin.RECORD, True, False, False, True),
    graphs.ASSERTED: (GraphOrigin.MODEL, True, True, True, True),
    graphs.BACKGROUND: (GraphOrigin.CURATOR, True, True, True, True),
    graphs.EDITS: (GraphOrigin.USER, True, True, True, False),
    graphs.INFERRED: (GraphOrigin.RULES, False, False, True, True),
    graphs.WEAKEST_HEDGES: (GraphOrigin.RULES, False, False, True, True),
    graphs.MAPPINGS: (GraphOrigin.VOCABULARY, False, False, False, True),
    graphs.METADATA: (GraphOrigin.RECORD, False, False, False, True),
    graphs.IMPORTS: (GraphOrigin.RECORD, False, False, False, False),
    name_claim_graph("S07-1", "assertion"): (GraphOrigin.TEXT, True, True, True, True),
    name_claim_graph("S07-1", "head"): (GraphOrigin.RECORD, False, False, False, True),
    name_claim_graph("S07-1", "provenance"): (GraphOrigin.RECORD, False, False, False, True),
    name_claim_graph("S07-1", "pubinfo"): (GraphOrigin.RECORD, False, False, False, True),
    IMPORT_GRAPH["ncit"]: (GraphOrigin.VOCABULARY, False, False, False, False),
    graphs.name_outside_extract("ncit"): (GraphOrigin.VOCABULARY, False, False, False, False),
    NamedNode("http://example.org/mine"): (GraphOrigin.USER, False, False, False, False),
    GRAPH["claim/S07-1"]: (GraphOrigin.USER, False, False, False, False),
    GRAPH["claim/assertion"]: (GraphOrigin.USER, False, False, False, False),
}


@pytest.mark.parametrize("graph", TABLE, ids=lambda graph: graph.value.removeprefix(GRAPH))
def test_each_graph_has_its_role(graph: NamedNode) -> None:
    role = graphs.get_role(graph)
    assert (
        role.origin, role.is_member, role.is_reasoner_input, role.is_exported, role.is_from_build
    ) == TABLE[graph]  # fmt: skip
    assert graphs.is_default_graph_member(graph) is role.is_member
    assert graphs.is_from_build(graph) is role.is_from_build
    assert graphs.is_exported(graph) is role.is_exported


def test_the_reasoner_reads_only_members_and_the_default_graph_adds_what_follows() -> None:
    assert all(member for _, member, is_input, _, _ in TABLE.values() if is_input)
    assert {g for g in TABLE if is_in_default_graph(g)} == {g for g, row in TABLE.items() if row[1]} | {
        graphs.INFERRED
    }


def test_a_claim_graph_is_taken_apart_and_put_together() -> None:
    for part in graphs.CLAIM_PARTS:
        assert graphs.parse_claim_graph(name_claim_graph("S07-1", part)) == ("S07-1", part)
    assert graphs.parse_claim_graph(graphs.name_publication("S07-1")) is None
    assert graphs.parse_claim_graph(name_claim_graph("S07-1", "other")) is None


def test_every_graph_of_a_build_is_from_a_build(store: Store) -> None:
    names = store.graph_names()
    assert len(names) > 250
    assert [name for name in names if not graphs.is_from_build(name)] == []
    assert len(graphs.select_claim_graphs(names)) == 71 * 4


def test_every_graph_that_a_query_names_is_known() -> None:
    named = {
        (path.relative_to(ROOT).as_posix(), local)
        for path in (ROOT / "queries").rglob("*.rq")
        for local in re.findall(r"\bgraph:([\w/-]+)", path.read_text("utf-8"))
    }
    assert len(named) > 20
    known = {graph for graph in TABLE if graph.value.startswith(GRAPH)}
    assert [(path, local) for path, local in named if GRAPH[local] not in known] == []


def test_the_check_of_predicates_reads_what_the_reasoner_reads_and_makes() -> None:
    text = (ROOT / "queries" / "checks" / "12-undeclared-predicates.rq").read_text("utf-8")
    listed = re.search(r"\?graph IN \(([^)]*)\) \|\| STRENDS\(STR\(\?graph\), \"/assertion\"\)", text)
    assert listed
    in_query = {GRAPH[name.strip().removeprefix("graph:")] for name in listed[1].split(",")}
    stated = {g for g in TABLE if is_reasoner_input(g) and not graphs.is_claim_assertion(g)}
    assert in_query == (stated | {graphs.INFERRED}) - {graphs.EDITS}  # a build has no edits


def test_no_other_module_spells_a_graph() -> None:
    modules = [path for folder in ("kg", "sparqlhost") for path in (ROOT / folder).rglob("*.py")]
    assert len(modules) > 100
    spelled = [
        f"{path.relative_to(ROOT)}: {found}"
        for path in modules
        if path != ROOT / "kg" / "model" / "graphs.py"
        for found in re.findall(r"\bGRAPH\[[^\]]*\]|[\"']/assertion[\"']|\{GRAPH\}claim/", _code_of(path))
        if not found.startswith("IMPORT_")
    ]
    assert spelled == []


def _code_of(path: Path) -> str:
    return path.read_text("utf-8").replace("IMPORT_GRAPH[", "")
