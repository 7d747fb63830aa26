"""The matrix against the claim files, read and joined here by other means; its forms against each other."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from rdflib import RDF, Graph, URIRef

import kg.pages.matrix.view as matrix_view
from kg.build.opening import open_build
from kg.namespaces import BASE, KG, compress_iri
from kg.pages.app import create_app
from kg.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
LINKS = {
    "offers": "option",
    "offersToAll": "option",
    "offersIf": "only if",
    "advisesIf": "only if",
    "reportsPractice": "practice",
    "jointlyOffers": "together",
    "discounts": "limit",
}
TO_NARROWER = ("offersToAll", "discounts")
Pair = tuple[str, str]


def term(name: str) -> URIRef:
    return URIRef(KG[name].value)


def expected_cells() -> dict[Pair, set[tuple[str, str, str]]]:
    """Return what each cell must hold, as (how, claim, origin), from the Turtle files alone."""
    graph = Graph()
    for path in sorted([*ROOT.glob("data/claims/*.ttl"), *ROOT.glob("data/concepts/*.ttl")]):
        graph.parse(path)
    cells: dict[Pair, set[tuple[str, str, str]]] = defaultdict(set)
    for link, how in LINKS.items():
        for claim, intervention in graph.subject_objects(term(link)):
            limits = [c for c in graph.subjects(term("concerns"), claim) if is_caution(graph, c)]
            for situation in graph.objects(claim, term("appliesTo")):
                below = list(graph.transitive_subjects(term("broaderSituation"), situation))[1:]
                places: list[tuple[object, str]] = [(situation, "asserted")]
                places += [(each, "inferred") for each in below if link in TO_NARROWER]
                for place, origin in places:
                    cell = cells[compress_iri(str(intervention)), compress_iri(str(place))]
                    cell |= {(how, compress_iri(str(claim)), origin)}
                    cell |= {("limit", compress_iri(str(limit)), origin) for limit in limits}
    return cells


def is_caution(graph: Graph, claim: Any) -> bool:
    return (claim, RDF.type, term("CautionClaim")) in graph


def ask_json(client: FlaskClient, address: str = "/matrix") -> Any:
    answer = client.get(address, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def list_cells(view: Any) -> dict[Pair, Any]:
    """Return the cells of a matrix in JSON that say something."""
    cells = [c for table in view["tables"] for row in table["rows"] for c in row["cells"] if c]
    return {(cell["intervention"]["curie"], cell["situation"]["curie"]): cell for cell in cells}


def ranks() -> dict[str, int]:
    graph = Graph().parse(ROOT / "data/concepts/hedges.ttl")
    return {str(hedge): int(str(rank)) for hedge, rank in graph.subject_objects(term("strengthRank"))}


def hedges() -> dict[str, str]:
    graph = Graph()
    for path in ROOT.glob("data/claims/*.ttl"):
        graph.parse(path)
    return {compress_iri(str(c)): str(h) for c, h in graph.subject_objects(term("hasHedge"))}


def test_every_cell_is_what_the_claim_files_say_and_nothing_else_is(client: FlaskClient) -> None:
    cells, expected = list_cells(ask_json(client)), expected_cells()
    assert len(hedges()) == 71
    assert set(cells) == set(expected)
    rank, hedge_of = ranks(), hedges()
    for pair, said in expected.items():
        cell = cells[pair]
        assert {compress_iri(ref["iri"]) for ref in cell["claims"]} == {claim for _, claim, _ in said}, pair
        assert cell["mark"] == min(origin for _, _, origin in said), pair
        strongest = {
            how: max(rank[hedge_of[claim]] for each, claim, _ in said if each == how)
            for how, _, _ in said
            if how != "limit"
        }
        assert {w["how"]: rank[w["hedge"]["iri"]] for w in cell["offers"]} == strongest, pair
        limits = {hedge_of[claim] for how, claim, _ in said if how == "limit"}
        assert {w["hedge"]["iri"] for w in cell["limits"]} == limits, pair


def test_rows_and_columns_follow_the_hierarchies_and_texts(client: FlaskClient) -> None:
    leukemia, symptoms = ask_json(client)["tables"]
    rows = [(row["heading"]["term"]["curie"], row["heading"]["depth"]) for row in leukemia["rows"]]
    at = rows.index(("int:Chemotherapy", 0))
    assert ("int:Nelarabine", 1) in rows[at + 1 : at + 5]
    columns = [c["term"]["curie"] for c in leukemia["groups"][0]["columns"]]
    assert columns[:3] == ["sit:RefractoryALL", "sit:RefractoryBALL", "sit:RelapsedALL"]
    assert {c["term"]["curie"] for c in symptoms["groups"][0]["columns"]} == {
        "sit:PainFromALL",
        "sit:LowCountsFatigueALL",
        "sit:NauseaAppetiteALL",
        "sit:InfectionInALL",
    }


ADDRESSES = [
    "/matrix",
    "/matrix?fold=int:Chemotherapy&fold=sit:RRALL",
    "/matrix?situation=sit:RelapsedALL",
    "/matrix?intervention=int:Chemotherapy&inherited=no",
    "/matrix?hedge=hedge:OPT-may",
    "/matrix?aim=goal:PainRelief",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_html_json_and_csv_show_the_same(client: FlaskClient, address: str) -> None:
    cells = list_cells(ask_json(client, address))
    words = {
        pair: (
            [f"{w['how']}: {w['hedge']['label']}" for w in cell["offers"]],
            [w["hedge"]["label"] for w in cell["limits"]],
            "stated" if cell["mark"] == "asserted" else "inferred",
        )
        for pair, cell in cells.items()
    }
    text = client.get(f"{address}{'&' if '?' in address else '?'}format=csv").get_data(as_text=True)
    table = list(csv.DictReader(io.StringIO(text)))
    assert words == {
        (row["intervention"], row["situation"]): (
            [word for word in row["wording"].split(" + ") if word],
            [word for word in row["limits"].split(" + ") if word],
            row["mark"],
        )
        for row in table
    }
    html = client.get(address, headers={"Accept": "text/html"}).get_data(as_text=True)
    shown = {read_cell(cell) for cell in re.findall(r'<td role="cell" data-label.*?</td>', html, re.S)}
    labels = {pair: (c["intervention"]["label"], c["situation"]["label"]) for pair, c in cells.items()}
    assert shown == {
        (
            f"{labels[pair][0]}, {labels[pair][1]}:",
            tuple(re.sub(r"^option: (.*)|^(.*?): (.*)", _as_shown, offer) for offer in offers),
            tuple(f"limit {limit}" for limit in limits),
            mark,
        )
        for pair, (offers, limits, mark) in words.items()
    }


def _as_shown(offer: re.Match[str]) -> str:
    return offer[1] or f"{offer[3]} {offer[2]}"


def read_cell(html: str) -> tuple[str, tuple[str, ...], tuple[str, ...], str]:
    """Return what a reader of a cell gets: where, offers, limits, the mark."""
    name, *rest = re.split(r'<span class="wording[^"]*">', html.split("data-label", 1)[1].split(">", 1)[1])
    mark = re.search(r'<span class="mark[^>]*>(\w+)', html)
    assert mark
    words = [" ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split()) for part in rest]
    words = [word.removesuffix(mark[1]).strip() for word in words]
    words = [word for word in words if word != "gathered"]
    offers = tuple(word for word in words if not word.startswith("limit "))
    limits = tuple(word for word in words if word.startswith("limit "))
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", name)).split()), offers, limits, mark[1]


def test_folding_and_filtering_lose_no_limit_and_make_no_offer_plain(client: FlaskClient) -> None:
    """What is folded joins its group's cell; a filter by wording leaves the limits of what it shows."""
    folded = list_cells(ask_json(client, ADDRESSES[1]))["int:Chemotherapy", "sit:RRALL"]
    assert folded["gathered"]
    assert {"claim:S11-2", "claim:S19-1", "claim:S19-2"} <= {c["curie"] for c in folded["claims"]}
    assert len(folded["limits"]) == 2
    transplant = list_cells(ask_json(client, "/matrix?fold=sit:RRALL"))["int:StemCellTransplant", "sit:RRALL"]
    assert [wording["how"] for wording in transplant["offers"]] == ["only if"]
    drugs = list_cells(ask_json(client, ADDRESSES[4]))["int:NewerDrugs", "sit:RefractoryALL"]
    assert [wording["hedge"]["label"] for wording in drugs["limits"]] == ["less likely to work"]
    assert all(cell["mark"] == "asserted" for cell in list_cells(ask_json(client, ADDRESSES[3])).values())


def test_a_cell_opens_its_claims_with_their_words_and_limits(client: FlaskClient) -> None:
    cell = list_cells(ask_json(client))["int:NewerDrugs", "sit:RefractoryBALL"]
    html = client.get(cell["href"], headers={"Accept": "text/html"}).get_data(as_text=True)
    opened = html.partition('<section id="cell"')[2]
    assert 'id="c-S05-3"' in opened
    assert "may be tried" in opened
    assert re.search(r'<li class="limiting" id="c-S05-5">.*?limits-word', opened, re.S)
    assert "said of a broader situation" in opened
    assert "Not medical advice" in html


def test_pages_of_rows_make_up_the_whole_matrix(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(list_cells(ask_json(client)))
    monkeypatch.setattr(matrix_view, "ROWS_PER_MATRIX", 6)
    pages, address = [], "/matrix"
    while address:
        view = ask_json(client, address)
        assert sum(len(table["rows"]) for table in view["tables"]) <= 6
        pages += list(list_cells(view))
        address = view["next"]
    assert pages == whole


def test_each_of_two_documents_can_be_asked_alone(demo_settings: Settings) -> None:
    with open_build(demo_settings) as store:
        client = create_app(demo_settings, store).test_client()
        both = ask_json(client)
        documents = next(c["options"] for c in both["choices"] if c["name"] == "document")
        assert len(documents) == 2
        claims = [
            {
                ref["iri"].removeprefix(f"{BASE}claim/")
                for cell in list_cells(ask_json(client, f"/matrix?document={ref['curie']}")).values()
                for ref in cell["claims"]
            }
            for ref in documents
        ]
        assert all(claims)
        assert not claims[0] & claims[1]
        everything = {ref["iri"] for cell in list_cells(both).values() for ref in cell["claims"]}
        assert len(everything) == len(claims[0] | claims[1])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("situation=sit:Nowhere", "The matrix has no situation 'sit:Nowhere'"),
        ("cell=int:Nelarabine sit:PainFromALL", "Nothing is said in the cell"),
        ("fold=int:Nothing", "The matrix has nothing called 'int:Nothing'"),
        ("inherited=yes", "inherited is `no` or left out"),
        ("page=99", "The matrix has no page 99"),
    ],
)
def test_what_no_cell_has_is_refused_in_one_sentence(client: FlaskClient, query: str, words: str) -> None:
    answer = client.get(f"/matrix?{query}", headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert words in answer.get_data(as_text=True)
