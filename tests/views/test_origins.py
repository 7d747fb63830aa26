"""Who states a statement: its mark, what depends on a claim alone, and the weakest of several hedges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pyoxigraph import Literal, NamedNode, Quad, Triple

from kg.model.graphs import is_claim_assertion
from kg.namespaces import BASE, CLAIM, GRAPH, PREFIXES, SKOS
from kg.pages.app import create_app
from kg.pages.explain.view import explain_triple
from kg.pages.page_queries import PageQueryReader, ReasonerInput
from kg.pages.term_refs import (
    ASSERTED,
    BACKGROUND,
    CURATED,
    HEDGE_LEVELS,
    INFERRED,
    OUTSIDE,
    HedgeBadge,
    find_origin_mark,
    find_weakest_hedge,
    hedge_level,
)
from kg.settings import Settings
from rlreason import OWL2RL
from sparqlhost.store.interface import Store
from sparqlhost.store.local_store import MemoryStore

BROWSER, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}
OPTION = tuple(
    NamedNode(PREFIXES[prefix] + local)
    for prefix, local in (("int", "Blinatumomab"), ("kg", "optionFor"), ("sit", "RelapsedBALL"))
)
EDITED = Quad(
    NamedNode(f"{BASE}intervention/Blinatumomab"), SKOS["note"], Literal("A note of a user."), GRAPH["edits"]
)


@pytest.fixture(scope="module")
def edited(store: Store) -> Iterator[MemoryStore]:
    """Return the session's build with an edit of a user, and a part of an imported vocabulary."""
    opened = MemoryStore(version="edited")
    opened.load_quads(
        Quad(triple.subject, triple.predicate, triple.object, graph)
        for graph in store.graph_names()
        for triple in store.read_graph(graph)
    )
    assertion = GRAPH["claim/S15-1/assertion"]
    opened.load_quads(
        [
            EDITED,
            Quad(
                NamedNode("http://example.org/L01"),
                SKOS["prefLabel"],
                Literal("a class"),
                GRAPH["outside/atc"],
            ),
            *(
                Quad(triple.subject, triple.predicate, triple.object, GRAPH["edits"])
                for triple in store.read_graph(assertion)
            ),
        ]
    )
    yield opened
    opened.close()


@pytest.fixture
def edited_client(settings: Settings, edited: MemoryStore) -> FlaskClient:
    """Return a client of a server over the edited store."""
    return create_app(settings, edited).test_client()


@pytest.mark.parametrize(
    ("graphs", "mark"),
    [
        (["asserted"], CURATED),
        (["ontology"], CURATED),
        (["source"], CURATED),
        (["meta"], CURATED),
        (["claim/S07-1/head"], CURATED),
        (["asserted", "claim/S07-1/assertion"], ASSERTED),
        (["claim/S07-1/assertion"], ASSERTED),
        (["background"], BACKGROUND),
        (["edits"], BACKGROUND),
        (["inferred"], INFERRED),
        (["weakest-hedges"], INFERRED),
        (["mappings"], OUTSIDE),
        (["outside/atc"], OUTSIDE),
        (["import/mondo"], OUTSIDE),
        (["inferred", "edits"], BACKGROUND),
        (["edits", "claim/S07-1/assertion"], ASSERTED),
    ],
)
def test_the_mark_of_a_statement_follows_from_its_graphs(graphs: list[str], mark: str) -> None:
    assert find_origin_mark(GRAPH[name] for name in graphs) == mark
    assert find_origin_mark(GRAPH[name] for name in reversed(graphs)) == mark


def test_stated_is_only_what_a_claim_says(client: FlaskClient, store: Store) -> None:
    """The features of a situation and the right spelling of a brand were marked as stated by the text."""
    stated = {t for g in store.graph_names() if is_claim_assertion(g) for t in store.read_graph(g)}
    counts = {ASSERTED: 0, CURATED: 0}
    for kind in ("feature", "disease", "situation", "intervention", "problem", "goal"):
        for item in client.get(f"/{kind}/", headers=JSON).get_json()["items"]:
            page = client.get(f"{item['ref']['href']}.json").get_json()
            for edge in (*page["facts"], *page["incoming"]):
                if edge["mark"] in counts:
                    counts[edge["mark"]] += 1
                    is_said = any(matches_row(triple, edge) for triple in stated)
                    assert is_said is (edge["mark"] == ASSERTED), edge
    assert counts[CURATED] > 200
    html = client.get("/situation/RelapsedBALL", headers=BROWSER).get_data(as_text=True)
    assert '<span class="mark mark-curated">curated</span>' in html
    brand = client.get(
        "/explain",
        query_string={"s": "int:Blinatumomab", "p": "kg:brandName", "o": '"Blincyto"', "format": "json"},
    ).get_json()
    assert brand["proofs"][0]["steps"][0]["mark"] == CURATED
    assert brand["summary"].endswith("was modeled by curators; no claim says it.")


def matches_row(triple: Triple, row: dict[str, Any]) -> bool:
    """Say whether a triple is that of a row."""
    shown = [row[end]["iri"] or row[end]["label"] for end in ("subject", "property", "object")]
    return [term.value for term in triple if not isinstance(term, Triple)] == shown


def test_a_part_of_an_import_is_marked_as_outside(edited_client: FlaskClient) -> None:
    page = edited_client.get("/graph/outside/atc", headers={"Accept": "application/json"}).get_json()
    assert page["mark"] == OUTSIDE
    assert {edge["mark"] for edge in page["edges"]} == {OUTSIDE}
    html = edited_client.get("/graph/outside/atc", headers=BROWSER).get_data(as_text=True)
    assert 'class="mark mark-outside"' in html
    assert 'class="mark mark-asserted"' not in html


def test_an_edit_of_a_user_is_not_marked_as_said_by_the_text(edited_client: FlaskClient) -> None:
    json = {"Accept": "application/json"}
    page = edited_client.get("/intervention/Blinatumomab", headers=json).get_json()
    marks = [edge["mark"] for edge in page["facts"] if edge["object"]["label"] == "A note of a user."]
    assert marks == [BACKGROUND]
    assert edited_client.get("/graph/edits", headers=json).get_json()["mark"] == BACKGROUND


def test_only_triples_of_the_inferred_graph_have_a_link_to_a_proof(client: FlaskClient) -> None:
    json = {"Accept": "application/json"}
    assert all(edge["why"] for edge in client.get("/graph/inferred", headers=json).get_json()["edges"])
    assert not any(
        edge["why"] for edge in client.get("/graph/weakest-hedges", headers=json).get_json()["edges"]
    )


def test_what_a_user_states_too_does_not_depend_on_a_claim(store: Store, edited: MemoryStore) -> None:
    for opened, is_lost in ((store, True), (edited, False)):
        reasoner_input = ReasonerInput.load(opened, tuple(OWL2RL))
        impact = reasoner_input.find_retraction_impact(reasoner_input.close(), CLAIM["S15-1"].value)
        assert (OPTION in impact) is is_lost


def test_the_page_of_a_claim_agrees_with_the_prover(
    edited_client: FlaskClient, edited: MemoryStore, root: Path
) -> None:
    """What the page says depends on the claim alone has no proof without it, and the rest has one."""
    page = edited_client.get("/claim/S15-1?without=1", headers={"Accept": "application/json"}).get_json()
    reader = PageQueryReader.from_root(edited, root)
    own = GRAPH["claim/S15-1/assertion"]
    without = ReasonerInput(
        {
            triple: rest
            for triple, graphs in ReasonerInput.load(edited, tuple(OWL2RL)).graphs_by_triple.items()
            if (rest := tuple(graph for graph in graphs if graph != own))
        },
        tuple(OWL2RL),
    ).make_prover()
    labels = reader.load_all_labels()
    assert explain_triple(without, reader, labels, Triple(*OPTION)).status == "inferred"
    for edge in page["falls"]:
        ends = (NamedNode(edge[part]["iri"]) for part in ("subject", "property", "object"))
        assert not without.is_provable(Triple(*ends))


def badge(rank: int, name: str = "a") -> HedgeBadge:
    """Return a hedge of a rank."""
    return HedgeBadge(name, f"/hedge/{name}", f"{BASE}hedge/{name}", hedge_level(rank))


def test_of_several_hedges_the_weakest_counts() -> None:
    """The minimum of the ranks: a maximum would overstate what rests on a cautious claim."""
    weak, strong = badge(2, "weak"), badge(4, "strong")
    assert find_weakest_hedge([strong, weak]) == find_weakest_hedge([weak, strong]) == weak
    assert find_weakest_hedge([strong]) == strong
    assert find_weakest_hedge([]) is None


def test_of_equally_weak_hedges_the_first_iri_counts_as_in_the_published_edges() -> None:
    first, second = badge(1, "a"), badge(1, "b")
    assert find_weakest_hedge([second, first]) == find_weakest_hedge([first, second]) == first


def test_ranks_beyond_the_scale_count_as_its_ends() -> None:
    assert [hedge_level(rank) for rank in (-1, 0, 1, 5, 9)] == [
        HEDGE_LEVELS[0], HEDGE_LEVELS[0], HEDGE_LEVELS[0], HEDGE_LEVELS[-1], HEDGE_LEVELS[-1],
    ]  # fmt: skip


def test_a_proof_reads_as_the_weakest_of_both_hedges_of_its_claim(store: Store, root: Path) -> None:
    """S22-1 has two hedges; which of them a proof showed was once left to the order of the rows."""
    reader = PageQueryReader.from_root(store, root)
    triple = Triple(*(
        NamedNode(PREFIXES[prefix] + local)
        for prefix, local in (("sit", "PersistentALL"), ("kg", "canLeadTo"), ("sit", "CureUnlikely"))
    ))  # fmt: skip
    page = explain_triple(
        ReasonerInput.load(store, tuple(OWL2RL)).make_prover(), reader, reader.load_all_labels(), triple
    )
    hedges = [step.anchor.hedge for step in page.proofs[0].steps if step.anchor]
    assert {hedge.label for hedge in hedges if hedge} == {"may become clear"}
    assert page.proofs[0].hedge
    assert page.proofs[0].hedge.level == "weakest"
