"""Every IRI of the graph is a page: what it says, in which forms, how fast and how large."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import fields

import pyoxigraph as ox
import pytest
from flask.testing import FlaskClient

from kg.namespaces import BASE, ENTITY_KINDS
from kg.pages.claim.view import ClaimPage
from kg.pages.entity.view import EntityPage
from sparqlhost.store.interface import Store

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FORMS = {
    "ttl": ("text/turtle", ox.RdfFormat.TURTLE),
    "jsonld": ("application/ld+json", ox.RdfFormat.JSON_LD),
    "nt": ("application/n-triples", ox.RdfFormat.N_TRIPLES),
    "rdf": ("application/rdf+xml", ox.RdfFormat.RDF_XML),
    "trig": ("application/trig", ox.RdfFormat.TRIG),
    "nq": ("application/n-quads", ox.RdfFormat.N_QUADS),
}
ADDRESSES = (
    "/intervention/Blinatumomab",
    "/situation/RelapsedBALL",
    "/claim/S07-1",
    "/span/S07-1",
    "/sentence/S07",
    "/hedge/OPT-may",
    "/document/rrall-2014",
    "/graph/background",
)


@pytest.fixture(scope="session")
def paths(store: Store) -> list[str]:
    """Return the path of every named subject of ours that has a page of its own."""
    rows = store.select(f'SELECT DISTINCT ?s WHERE {{ ?s ?p ?o FILTER(STRSTARTS(STR(?s), "{BASE}")) }}')
    found = [str(row["s"].value).removeprefix(BASE) for row in rows]  # type: ignore[union-attr]
    return sorted(f"/{path}" for path in found if path.split("/")[0] in ENTITY_KINDS and "#" not in path)


def test_every_entity_of_the_graph_is_a_page_under_40_kilobytes(
    client: FlaskClient, paths: list[str]
) -> None:
    assert len(paths) > 300
    for path in paths:
        answer = client.get(path, headers=BROWSER)
        assert answer.status_code == 200, path
        assert answer.mimetype == "text/html", path
        assert len(gzip.compress(answer.data)) < 40_000, path
        assert b"Not medical advice" in answer.data, path


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("suffix", sorted(FORMS))
def test_a_suffix_gives_rdf_that_parses_and_speaks_of_the_entity(
    client: FlaskClient, path: str, suffix: str
) -> None:
    media, form = FORMS[suffix]
    answer = client.get(f"{path}.{suffix}")
    assert answer.mimetype == media
    quads = list(ox.parse(answer.data, format=form, base_iri=BASE))
    assert quads
    if not path.startswith("/graph/"):
        assert any(quad.subject == ox.NamedNode(BASE + path[1:]) for quad in quads)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        (BROWSER["Accept"], "text/html"),
        ("text/turtle", "text/turtle"),
        ("application/ld+json", "application/ld+json"),
        ("application/json", "application/json"),
        ("text/turtle;q=0.3, application/rdf+xml;q=0.9", "application/rdf+xml"),
        ("text/html;q=0.1, application/n-triples", "application/n-triples"),
        ("application/trig;q=1.0, text/html;q=0.9", "application/trig"),
        ("text/html;q=0, text/turtle;q=0.1", "text/turtle"),
        ("application/*", "application/ld+json"),
    ],
)
def test_accept_chooses_the_form_with_its_weights(
    client: FlaskClient, accept: str | None, expected: str
) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = client.get("/intervention/Blinatumomab", headers=headers)
    assert answer.status_code == 200
    assert answer.mimetype == expected
    assert "Accept" in answer.headers["Vary"]


def test_a_form_not_on_offer_is_406_with_the_offers(client: FlaskClient) -> None:
    answer = client.get("/intervention/Blinatumomab", headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert "text/turtle" in answer.get_data(as_text=True)


@pytest.mark.parametrize("kind", ["intervention", "situation", "claim"])
def test_an_unknown_name_is_404_with_near_names_in_the_form_asked_for(client: FlaskClient, kind: str) -> None:
    page = client.get(f"/{kind}/Blinatumoma", headers=BROWSER)
    assert page.status_code == 404
    assert page.mimetype == "text/html"
    assert b'href="/intervention/Blinatumomab"' in page.data
    data = client.get(f"/{kind}/Blinatumoma", headers={"Accept": "application/json"})
    assert data.status_code == 404
    assert data.mimetype == "application/problem+json"
    assert "/intervention/Blinatumomab" in json.loads(data.data)["next"]


def test_html_and_json_are_made_from_one_object(client: FlaskClient) -> None:
    entity = client.get("/intervention/Blinatumomab.json").get_json()
    assert list(entity) == [field.name for field in fields(EntityPage)]
    claim = client.get("/claim/S07-1.json").get_json()
    assert list(claim) == [field.name for field in fields(ClaimPage)]


def test_an_offer_is_a_sentence_with_its_cue_its_hedge_and_its_sentence_number(client: FlaskClient) -> None:
    page = client.get("/intervention/Blinatumomab.json").get_json()
    offer = next(item for item in page["offers"] if item["name"] == "S15-1")
    assert (
        "".join(part["text"] for part in offer["parts"])
        == "blinatumomab may be an option for relapsed B-cell ALL."
    )
    assert offer["sentence"]["label"] == "S15"
    assert offer["hedges"][0]["level"] == "weakest"
    html = client.get("/intervention/Blinatumomab", headers=BROWSER).get_data(as_text=True)
    assert '<q class="cue">may be an option</q>' in html
    assert "Blinocyt" in html


def test_a_condition_is_never_lost_from_the_sentence(client: FlaskClient) -> None:
    page = client.get("/claim/S07-1.json").get_json()
    words = "".join(part["text"] for part in page["statement"]["parts"])
    assert "only if: at least partial remission" in words


def test_a_limit_stands_beside_the_offer_it_limits(client: FlaskClient) -> None:
    html = client.get("/situation/RefractoryALL", headers=BROWSER).get_data(as_text=True)
    offer, limit, later = html.index('id="c-S05-3"'), html.index('id="c-S05-5"'), html.index('id="c-S07-1"')
    assert offer < limit < later
    assert '<li class="limiting" id="c-S05-5">' in html
    assert '<span class="limits-word">limit</span>' in html


@pytest.mark.parametrize("path", ["/situation/RelapsedALL", "/intervention/MoreChemotherapy"])
def test_a_limit_of_the_outcome_stands_beside_the_offer_too(client: FlaskClient, path: str) -> None:
    page = client.get(f"{path}.json").get_json()
    assert "S11-1" in {item["name"] for item in page["offers"]}
    assert "S11-2" in {item["name"] for item in page["cautions"]}


def test_a_condition_is_said_once(client: FlaskClient) -> None:
    page = client.get("/situation/SecondRemission.json").get_json()
    advice = next(item for item in page["offers"] if item["name"] == "S18-1")
    said = "".join(part["text"] for part in advice["parts"])
    assert said.count("stem cell transplant possible") == 1


def test_a_derived_edge_is_marked_and_leads_to_its_proof(client: FlaskClient) -> None:
    page = client.get("/intervention/Blinatumomab.json").get_json()
    edge = next(e for e in page["inferred"] if e["property"]["curie"] == "kg:optionFor")
    assert edge["mark"] == "inferred"
    assert edge["why"].startswith("/explain?s=int%3ABlinatumomab&p=kg%3AoptionFor&o=sit%3A")


def test_the_weakest_wording_stands_beside_each_derived_edge(client: FlaskClient) -> None:
    edges = client.get("/situation/RefractoryALL.json").get_json()["inferred"]
    wordings = {
        (e["subject"]["curie"], e["property"]["curie"]): [h["label"] for h in e["hedges"]] for e in edges
    }
    assert wordings["int:NewerDrugs", "kg:optionFor"] == ["may (option)"]
    assert wordings["int:NewerDrugs", "kg:limitedBenefitFor"] == ["less likely to work"]
    assert wordings["sit:RefractoryALL", "kg:canLeadTo"] == ["may become clear"]  # by its proof
    assert wordings["sit:RefractoryALL", "kg:hasFeature"] == []  # by definition
    html = client.get("/situation/RefractoryALL", headers=BROWSER).get_data(as_text=True)
    follows = html.split('id="follows"', 1)[1].split("</table>", 1)[0]
    assert follows.count('class="hedge hedge-weakest"') == 7
    assert follows.count(">no claim</span>") == 1


def test_the_wording_beside_an_edge_is_the_one_its_proof_names(client: FlaskClient) -> None:
    edges = [
        edge
        for path in ("/intervention/Morphine", "/situation/RefractoryBALL", "/problem/Pain")
        for edge in client.get(f"{path}.json").get_json()["inferred"]
    ]
    assert len(edges) > 10
    for edge in edges:
        proof = client.get(edge["why"], headers={"Accept": "application/json"}).get_json()["proofs"][0]
        named = [proof["hedge"]["label"]] if proof["hedge"] else []
        assert edge["hedges"] == [] if not named else named[0] in [h["label"] for h in edge["hedges"]], edge


def test_what_points_at_an_entity_is_knowledge_not_bookkeeping(client: FlaskClient) -> None:
    """The weakest hedges are statements about edges; they were listed as if they were facts, as stated."""
    page = client.get("/situation/RefractoryALL.json").get_json()
    assert page["incoming"]
    assert not any("weakest-hedges" in edge["subject"]["iri"] for edge in page["incoming"])


def test_a_claim_begins_with_its_words_and_ends_with_how_it_was_curated(client: FlaskClient) -> None:
    html = client.get("/claim/S05-5", headers=BROWSER).get_data(as_text=True)
    order = [
        "less likely to work</q>",
        "how strongly",
        "sentence S05</a>,",
        "What follows",
        "What depends on this claim alone",
    ]
    order += ["A curator decided", "Every part"]
    places = [html.index(words) for words in order]
    assert places == sorted(places)


def test_curated_background_and_derived_are_told_apart(client: FlaskClient) -> None:
    page = client.get("/situation/RefractoryALL.json").get_json()
    assert {edge["mark"] for edge in page["facts"]} == {"curated", "background"}
    assert {edge["mark"] for edge in page["inferred"]} == {"inferred"}


def test_outside_identifiers_have_their_page_match_and_proof(client: FlaskClient) -> None:
    page = client.get("/intervention/Blinatumomab.json").get_json()
    codes = {item["curie"].upper(): item for item in page["identifiers"]}
    assert "ATC:L01FX07" in codes
    for item in codes.values():
        assert item["href"].startswith("http")
        assert item["match"] in {"exact", "close", "broad", "narrow", "related"}
        assert item["proof"]


def test_iris_are_shown_short_and_whole_on_demand(client: FlaskClient) -> None:
    html = client.get("/intervention/Blinatumomab", headers=BROWSER).get_data(as_text=True)
    shown = html.split("<main", 1)[1]
    assert "<summary>int:Blinatumomab</summary>" in shown
    assert shown.count(f"{BASE}intervention/Blinatumomab") <= 4


def test_lists_page_and_say_what_is_shown(client: FlaskClient) -> None:
    first = client.get("/graph/inferred", headers=BROWSER).get_data(as_text=True)
    assert 'rel="next"' in first
    assert client.get("/graph/inferred?page=2", headers=BROWSER).status_code == 200
    assert client.get("/intervention/?page=9", headers=BROWSER).status_code == 404
    assert client.get("/intervention/?page=x", headers=BROWSER).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/intervention/%00", "/intervention/a%20b", "/claim/%3Cscript%3E", "/graph/x%22y", "/span/%F0%9F%92%A5"],
)
def test_names_that_cannot_be_are_404_not_500(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_neighbourhood_has_the_entity_first_and_marks_on_its_edges(client: FlaskClient) -> None:
    around = client.get("/api/neighbourhood?iri=sit:RefractoryALL").get_json()
    assert around["nodes"][0]["id"] == f"{BASE}situation/RefractoryALL"
    assert {"asserted", "inferred"} <= {edge["mark"] for edge in around["edges"]}
    limits = [edge for edge in around["edges"] if edge["negative"]]
    assert {edge["label"] for edge in limits} >= {"less likely to work"}
    assert client.get("/api/neighbourhood?iri=sit:Nowhere").status_code == 404
    assert client.get("/api/neighbourhood").status_code == 404


def test_what_would_fall_without_a_claim_is_worked_out_by_the_reasoner_on_request(
    client: FlaskClient,
) -> None:
    assert client.get("/claim/S15-1.json").get_json()["falls"] is None
    falls = client.get("/claim/S15-1.json?without=1").get_json()["falls"]
    edges = {(e["subject"]["curie"], e["property"]["curie"], e["object"]["curie"]) for e in falls}
    assert ("int:Blinatumomab", "kg:optionFor", "sit:RelapsedBALL") in edges
    assert ("int:Blinatumomab", "kg:optionFor", "sit:RefractoryBALL") not in edges
    html = client.get("/claim/S15-1", headers=BROWSER).get_data(as_text=True)
    assert 'href="/claim/S15-1?without=1#falls"' in html


@pytest.mark.parametrize("suffix", ["ttl", "trig", "rdf"])
def test_the_rdf_of_a_page_declares_only_the_prefixes_it_uses(client: FlaskClient, suffix: str) -> None:
    text = client.get(f"/claim/S11-2.{suffix}").get_data(as_text=True)
    assert "w3id.org/rrall-kg/hedge/" in text
    for unused in ("biolink", "oboInOwl", "semapv", "sssom", "scn"):
        assert f"{unused}" not in text


def test_an_offer_reads_no_stronger_than_its_wording(client: FlaskClient) -> None:
    """The word "unconditional" beside "may be an option" read like a promise."""
    page = client.get("/claim/S15-1", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "offer without a condition" in page
    assert "unconditional" not in page


def test_statements_do_not_name_the_one_document_there_is(client: FlaskClient) -> None:
    page = client.get("/situation/RelapsedALL", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "/document/" not in page.split('class="statements"')[1].split("</ul>")[0]


def test_an_outside_code_has_a_link_to_what_it_stands_for_here(client: FlaskClient) -> None:
    page = client.get("/intervention/Blinatumomab", headers={"Accept": "text/html"}).get_data(as_text=True)
    links = re.findall(r'href="(/resolve\?curie=[^"]+)"', page)
    assert links
    assert client.get(links[0], headers={"Accept": "application/json"}).status_code == 200


def test_a_situation_shows_what_is_said_of_broader_and_narrower_ones_apart(client: FlaskClient) -> None:
    """Conditional offers of a broader situation, and its cautions, were on no page of a narrower one."""
    view = client.get("/situation/RefractoryBALL.json").get_json()
    nearby = {
        (row["claim"]["curie"][6:], row["holds"]["label"], row["how"]["label"]) for row in view["nearby"]
    }
    assert {("S07-1", "here too", "only if"), ("S05-5", "here too", "limited")} <= nearby
    assert "S06-1" not in {claim for claim, _, _ in nearby}
    assert all(row["document"] and row["date"] and row["hedge"] for row in view["nearby"])
    below = client.get("/situation/RelapsedALL.json").get_json()["nearby"]
    assert {row["holds"]["label"] for row in below} == {"for some of its patients only"}
    html = client.get("/situation/RefractoryBALL", headers={"Accept": "text/html"}).text
    assert "Said of broader and narrower situations" in html
    assert "at least partial remission can be reached" in html
    assert client.get("/intervention/Blinatumomab.json").get_json()["nearby"] == []
