"""The pages beside the entities: start, questions, source, ontology, about, editor."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
import rdflib
from flask.testing import FlaskClient
from rdflib.namespace import DCTERMS, OWL, RDF

from kg.build.opening import open_build
from kg.namespaces import BASE, CC, GRAPH
from kg.pages.app import create_app
from kg.pages.page_queries import PageQueryReader
from kg.pages.start.view import count_graphs
from kg.settings import Settings
from sparqlhost.store.interface import Store
from tests.demo_document import TEXT

BROWSER = {"Accept": "text/html"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def both(demo_settings: Settings) -> Iterator[Store]:
    """Return a store with the two documents."""
    with open_build(demo_settings) as opened:
        yield opened


@pytest.fixture
def reading(demo_settings: Settings, both: Store) -> FlaskClient:
    """Return a client of a server that was given the reader's own copy, that of the demo leaflet."""
    return _make_reader(demo_settings, both)


def _make_reader(settings: Settings, store: Store) -> FlaskClient:
    """Return a client that has the key of the server's start."""
    client = create_app(replace(settings, text_key=KEY), store).test_client()
    client.set_cookie("kg-text-key", KEY, path="/source")
    return client


KEY = "the-key-of-this-start"
#: the sentences of the leaflet, as the needles for what must not be sent
SENTENCES = TEXT.read_text("utf-8").splitlines()


def test_the_start_page_says_what_from_which_text_and_of_which_date(client: FlaskClient) -> None:
    html = client.get("/", headers=BROWSER).get_data(as_text=True)
    assert "2014-12-03" in html
    assert 'href="/questions/raised-for"' in html
    assert "default graph" in html
    view = client.get("/", headers={"Accept": "application/json"}).get_json()
    assert len(view["questions"]) == len(list((ROOT / "queries" / "questions").glob("*.rq"))) >= 38
    assert {item["label"]: item["count"] for item in view["counts"]}["claims"] == 71


def test_the_start_page_answers_one_question_and_shows_the_matrix_first(client: FlaskClient) -> None:
    """Its example is an offer with its limit; every question stands under a group, as on /questions."""
    html = client.get("/", headers=BROWSER).get_data(as_text=True)
    example = html[html.index('class="example"') : html.index('class="matrix"')]
    assert "may be tried" in example
    assert '<li class="limiting" id="c-S05-5">' in example
    assert html.index('class="matrix"') < html.index("raised-for") < html.index("How to read")
    view = client.get("/", headers={"Accept": "application/json"}).get_json()
    groups = [item["group"] for item in view["questions"]]
    assert "" not in groups
    assert len(set(groups)) == sum(a != b for a, b in zip(["", *groups], groups, strict=False))
    listed = client.get("/questions", headers={"Accept": "application/json"}).get_json()["questions"]
    assert listed == view["questions"]


def test_questions_are_filtered_by_words_and_say_which_import_they_need(client: FlaskClient) -> None:
    view = client.get("/questions?q=codes", headers={"Accept": "application/json"}).get_json()
    assert {item["group"] for item in view["questions"]} == {"Codes and outside vocabularies"}
    needs = {item["name"]: item["needs"] for item in view["questions"] if item["needs"]}
    assert needs == {
        "opioids-outside": ["atc", "chebi"],
        "ancestors-outside": ["mondo"],
        "siblings-outside": ["atc"],
    }
    html = client.get("/questions?q=codes", headers=BROWSER).get_data(as_text=True)
    assert html.count("needs an import: ") == 3
    assert "No question contains" in client.get("/questions?q=xyz", headers=BROWSER).get_data(as_text=True)


def test_every_question_is_a_form_with_an_answer_its_query_and_its_address(client: FlaskClient) -> None:
    listed = client.get("/questions", headers={"Accept": "application/json"}).get_json()["questions"]
    assert len(listed) == len(list((ROOT / "queries" / "questions").glob("*.rq"))) >= 38
    for item in listed:
        html = client.get(item["href"], headers=BROWSER)
        assert html.status_code == 200, item["name"]
        assert b"The query behind it" in html.data
        data = client.get(item["href"] + ".json").get_json()
        rows = list(csv.reader(io.StringIO(client.get(item["href"] + ".csv").get_data(as_text=True))))
        assert len(rows) - 1 == data["total"], item["name"]
        assert client.get(item["href"] + ".rq").mimetype == "application/sparql-query"


def test_a_pick_list_changes_the_answer_and_keeps_the_choice(client: FlaskClient) -> None:
    page = client.get("/questions/raised-for?situation=sit:RefractoryALL", headers=BROWSER).get_data(
        as_text=True
    )
    assert '<option value="sit:RefractoryALL" selected>' in page
    assert "stem cell transplant" in page


def test_an_answer_of_one_situation_points_to_broader_and_narrower_ones_with_rows(
    client: FlaskClient,
) -> None:
    page = client.get("/questions/raised-for?situation=sit:RRALL", headers=BROWSER).get_data(as_text=True)
    assert "No row for this situation; related situations have some" in page
    assert "does not say" not in page
    data = client.get("/questions/raised-for.json?situation=sit:RelapsedBALL").get_json()
    assert [other["label"] for other in data["broader"]] == ["relapsed ALL"]
    assert not data["narrower"]
    assert client.get(data["broader"][0]["href"], headers={"Accept": "application/json"}).get_json()["total"]


def test_a_situation_whose_rows_are_shown_already_is_not_pointed_to(client: FlaskClient) -> None:
    data = client.get("/questions/options-with-general.json?situation=sit:RelapsedBALL").get_json()
    assert data["total"] == 3
    assert not data["broader"]


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("raised-for", "What is offered at all for relapsed ALL, how strongly, and which sentence says so?"),
        (
            "raised-for?situation=sit:RelapsedALL",
            "What is offered at all for relapsed ALL, how strongly, and which sentence says so?",
        ),
        ("raised-for?situation=sit:RRALL", "What is offered for a situation: relapsed or refractory ALL"),
        ("raised-for?situation=RRALL", "What is offered for a situation: relapsed or refractory ALL"),
    ],
)
def test_the_heading_of_a_question_follows_its_values(
    client: FlaskClient, address: str, heading: str
) -> None:
    """A picture of the page named relapsed ALL above the rows of another situation."""
    page = client.get(f"/questions/{address}", headers=BROWSER).get_data(as_text=True)
    assert f"<h1>{heading}</h1>" in page
    assert f"<title>{heading} · rrall-kg</title>" in page


@pytest.mark.parametrize(
    "address", ["raised-for?situation=sit:RelapsedALL", "outside-identifiers?entity=int:Imatinib"]
)
def test_csv_names_each_column_once_and_labels_iris_only(client: FlaskClient, address: str) -> None:
    text = client.get(f"/questions/{address}&format=csv").text
    heading, *rows = csv.reader(text.splitlines())
    assert len(set(heading)) == len(heading)
    assert rows
    first = dict(zip(heading, rows[0], strict=True))
    labelled = [name for name in heading if f"{name}_label" in heading]
    assert labelled
    assert all(first[name].startswith("http") for name in labelled)


def test_a_value_that_does_not_exist_is_400_on_the_form_with_those_that_do(client: FlaskClient) -> None:
    page = client.get("/questions/raised-for?situation=RefractoryAL", headers=BROWSER)
    assert page.status_code == 400
    assert b"RefractoryALL" in page.data
    assert b"<select" in page.data
    data = client.get("/questions/raised-for?situation=RefractoryAL", headers={"Accept": "application/json"})
    assert data.status_code == 400
    assert client.get("/questions/raised-fr", headers=BROWSER).status_code == 404
    assert client.get("/questions/raised-for?format=pdf").status_code == 400


def test_without_a_copy_the_source_page_has_paraphrases_and_says_how_to_supply_it(
    client: FlaskClient,
) -> None:
    html = client.get("/source", headers=BROWSER).get_data(as_text=True)
    assert "KG_SOURCE_TEXT" in html
    assert html.count('class="sentence"') == 36
    assert html.count('<li class="claim-card') == 72  # 71 claims, and why one sentence is set aside


def test_overlapping_claims_are_bars_side_by_side_with_the_weight_of_their_hedge(
    client: FlaskClient,
) -> None:
    view = client.get("/source", headers={"Accept": "application/json"}).get_json()
    segments = {s["name"]: s for paragraph in view["paragraphs"] for s in paragraph["segments"]}
    assert sum(len(segment["bars"]) for segment in segments.values()) == 71
    for segment in segments.values():
        drawn = segment["bars"]
        for bar in drawn:
            assert 0 <= bar["top"] < bar["bottom"] <= 100
            beside = [b for b in drawn if b["lane"] == bar["lane"] and b is not bar]
            assert all(b["bottom"] <= bar["top"] or b["top"] >= bar["bottom"] for b in beside)
    limit = next(bar for bar in segments["S05"]["bars"] if bar["claim"] == "S05-5")
    assert limit["negative"]
    assert max(bar["lane"] for bar in segments["S05"]["bars"]) == 1
    html = client.get("/source", headers=BROWSER).get_data(as_text=True)
    assert 'class="bar hedge-weakest negative" data-claims="S05-5"' in html


def test_the_map_joins_what_is_done_to_what_for_and_each_name_leads_to_its_sentences(
    client: FlaskClient,
) -> None:
    view = client.get("/source", headers={"Accept": "application/json"}).get_json()["map"]
    left = {place["ref"]["label"]: place for place in view["left"]}
    assert left["blinatumomab"]["sentences"] == ["S06", "S15"]
    assert left["blinatumomab"]["claims"] == ["S06-1", "S15-1"]
    assert {line["claim"] for line in view["lines"]} >= {"S06-1", "S15-1", "S05-5"}
    offer = next(line for line in view["lines"] if line["claim"] == "S05-3")
    limits = [line for line in view["lines"] if line["claim"] == "S05-5"]
    assert all(line["negative"] for line in limits)
    assert all((line["left"], line["right"]) != (offer["left"], offer["right"]) for line in limits)
    html = client.get("/source", headers=BROWSER).get_data(as_text=True)
    assert '<a href="#S06" title="blinatumomab: S06, S15"' in html


def test_the_depths_cover_the_text_once_and_agree_with_the_share(client: FlaskClient) -> None:
    view = client.get("/source", headers={"Accept": "application/json"}).get_json()
    assert sum(stretch["length"] for stretch in view["depths"]) == view["characters"]
    assert sum(s["length"] for s in view["depths"] if s["depth"]) == view["covered"]


def test_with_a_copy_the_sentences_are_shown_and_never_cached(reading: FlaskClient) -> None:
    assert len(SENTENCES) == 3
    answer = reading.get("/source/demo", headers=BROWSER)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "ETag" not in answer.headers
    page = answer.get_data(as_text=True)
    shown = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", page)))
    assert all(needle in shown for needle in SENTENCES)
    marked = re.findall(r'class="said-span [^"]*"[^>]*>([^<]*)<', page)
    assert {SENTENCES[0], SENTENCES[1][:53], SENTENCES[1][59:88]} <= set(marked)
    view = reading.get("/source/demo", headers={"Accept": "application/json"})
    assert not any(needle in view.get_data(as_text=True) for needle in SENTENCES)


def test_with_the_licensed_copy_its_sentences_are_shown_on_its_own_page_only(
    settings: Settings, store: Store, shared: Path
) -> None:
    text = shared / "source" / "source-text.txt"
    client = _make_reader(replace(settings, source_text=text), store)
    page = client.get("/source", headers=BROWSER).get_data(as_text=True)
    assert page.count("said-span") > 60
    needles = [line[:60] for line in text.read_text("utf-8").split("\n") if len(line) > 100]
    assert len(needles) > 5
    for path in ("/sentence/S07", "/claim/S07-1", "/span/S07-1", "/document/rrall-2014"):
        body = client.get(path, headers=BROWSER).get_data(as_text=True)
        assert not any(needle in body for needle in needles), path


@pytest.mark.parametrize(
    "path",
    [
        "/sentence/demo-S02",
        "/claim/demo-S02-1",
        "/claim/demo-S02-1.trig",
        "/span/demo-S02-1",
        "/document/demo",
        "/source/rrall-2014",
    ],
)
def test_no_other_page_holds_the_text(reading: FlaskClient, path: str) -> None:
    answer = reading.get(path, headers=BROWSER)
    assert answer.status_code == 200
    body = answer.get_data(as_text=True)
    assert not any(needle in body for needle in (*SENTENCES, SENTENCES[1][:53]))


@pytest.mark.parametrize(
    ("peer", "headers"),
    [("192.0.2.7", {}), ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}), ("::ffff:192.0.2.7", {})],
)
def test_the_text_is_shown_to_this_machine_only(
    reading: FlaskClient, peer: str, headers: dict[str, str]
) -> None:
    answer = reading.get("/source/demo", headers={**BROWSER, **headers}, environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert 'class="sentence"' in page
    assert not any(needle in page for needle in (*SENTENCES, SENTENCES[1][:53]))


@pytest.mark.parametrize("query", ["", "?key=", "?key=another"])
def test_without_the_key_of_the_start_the_text_is_not_shown(
    demo_settings: Settings, both: Store, query: str
) -> None:
    """A proxy on this machine that sets no header makes every visitor look local."""
    for key in ("", KEY):
        client = create_app(replace(demo_settings, text_key=key), both).test_client()
        answer = client.get(f"/source/demo{query}", headers=BROWSER)
        assert not any(needle in answer.get_data(as_text=True) for needle in SENTENCES)
        assert "Set-Cookie" not in answer.headers


def test_the_key_in_the_address_is_kept_as_a_cookie(demo_settings: Settings, both: Store) -> None:
    client = create_app(replace(demo_settings, text_key=KEY), both).test_client()
    shown = client.get(f"/source/demo?key={KEY}", headers=BROWSER)
    assert "HttpOnly; Path=/source; SameSite=Strict" in shown.headers["Set-Cookie"]
    assert SENTENCES[0] in re.sub(r"<[^>]*>", "", client.get("/source/demo", headers=BROWSER).text)


def test_a_copy_that_is_another_text_is_said_and_not_shown(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Not that text at all.", "utf-8")
    client = _make_reader(replace(settings, source_text=other), store)
    html = client.get("/source", headers=BROWSER).get_data(as_text=True)
    assert "is not the text the claims were taken from" in html
    assert "Not that text at all" not in html
    gone = _make_reader(replace(settings, source_text=tmp_path / "gone.txt"), store)
    assert b"cannot be read" in gone.get("/source", headers=BROWSER).data


def test_the_ontology_page_has_definitions_axioms_in_words_and_use_counts(client: FlaskClient) -> None:
    view = client.get("/ont.json").get_json()
    terms = {term["name"]: term for term in (*view["classes"], *view["properties"])}
    bare = [term for term in terms.values() if not term["definition"]]
    assert all(term["axioms"][0].startswith("Exactly what is") for term in bare)  # the generated recognisers
    assert len(bare) <= 21
    assert terms["optionFor"]["axioms"][0].startswith(("Follows from", "The same as"))
    assert any(
        "Follows from “offered by” then “applies to”" in axiom for axiom in terms["optionFor"]["axioms"]
    )
    assert terms["Claim"]["uses"] == 71
    html = client.get("/ont", headers=BROWSER).get_data(as_text=True)
    assert 'class="term" id="optionFor"' in html
    assert client.get("/ont", headers={"Accept": "text/turtle"}).mimetype == "text/turtle"
    assert client.get("/ont.exe").status_code == 404


def test_the_about_page_tests_the_network_and_names_limits_and_addresses(client: FlaskClient) -> None:
    html = client.get("/about", headers=BROWSER).get_data(as_text=True)
    assert html.count("passed:") == 4
    assert "query deadline" in html
    view = client.get("/about", headers={"Accept": "application/json"}).get_json()
    assert [mark["word"] for mark in view["marks"]] == [
        "stated",
        "curated",
        "inferred",
        "background",
        "outside",
    ]
    assert view["hedges"][0]["level"] == "weakest"
    assert view["hedges"][-1]["level"] == "fact"
    assert {hedge["label"] for hedge in view["hedges"] if hedge["against"]} == {
        "less likely to work",
        "eventually not very helpful",
        "not likely",
        "extremely unlikely",
    }
    assert all(hedge["kind"] for hedge in view["hedges"])


def test_the_editor_page_works_as_a_plain_form_and_has_the_library(client: FlaskClient) -> None:
    html = client.get("/sparql", headers=BROWSER).get_data(as_text=True)
    assert '<textarea id="query" name="query"' in html
    assert html.count("data-query=") >= 38


def test_search_without_scripts_is_a_page_and_an_empty_result_helps_on(client: FlaskClient) -> None:
    found = client.get("/search?q=Blinocyt", headers=BROWSER).get_data(as_text=True)
    assert 'href="/intervention/Blinatumomab"' in found
    assert "as printed in the text" in found
    nothing = client.get("/search?q=zzzzzz", headers=BROWSER).get_data(as_text=True)
    assert "Nothing is called" in nothing
    assert "<script>" not in client.get("/search?q=<script>alert(1)</script>", headers=BROWSER).get_data(
        as_text=True
    )


def test_completion_offers_only_terms_of_this_graph(client: FlaskClient) -> None:
    terms = client.get("/api/terms").get_json()
    assert "kg:Claim" in {item["curie"] for item in terms["classes"]}
    assert {"curie", "iri", "label", "definition", "domain", "range", "count"} == set(terms["properties"][0])
    assert any(item["curie"] == "int:Blinatumomab" for item in terms["entities"])


def test_no_page_has_inline_styles_scripts_or_other_hosts(client: FlaskClient) -> None:
    for path in (
        "/",
        "/search?q=all",
        "/intervention/Blinatumomab",
        "/claim/S07-1",
        "/source",
        "/ont",
        "/about",
        "/sparql",
        "/questions/raised-for",
    ):
        html = client.get(path, headers=BROWSER).get_data(as_text=True)
        assert " style=" not in html, path
        assert "<style" not in html, path
        assert "<script>" not in html, path
        assert " on" + "click=" not in html, path
        assert 'src="http' not in html, path


@pytest.mark.parametrize("given", ["0123456789abcdef", "", "no id at all", "0123456789ABCDEF"])
def test_stopping_a_query_that_does_not_run_is_404_with_what_to_send(client: FlaskClient, given: str) -> None:
    answer = client.post("/sparql/cancel", data={"id": given}, headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert "X-Query-Id" in answer.get_json()["next"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "forms"),
    [
        ("SELECT ?s { ?s ?p ?o } LIMIT 2", ["csv", "tsv", "json", "xml"]),
        ("ASK { ?s ?p ?o }", ["json", "xml"]),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 2", ["ttl", "nt", "jsonld"]),
    ],
)
def test_an_answer_offers_only_downloads_that_its_form_has(
    client: FlaskClient, query: str, forms: list[str]
) -> None:
    """Turtle was offered for rows, and answered 406."""
    html = client.get("/sparql", query_string={"query": query}, headers=BROWSER).get_data(as_text=True)
    found = re.findall(r"&amp;format=(\w+)", html)
    assert found == forms
    for form in forms:
        answer = client.get("/sparql", query_string={"query": query, "format": form})
        assert answer.status_code == 200, form


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_case_in_an_address_is_refused_and_not_said_back(client: FlaskClient, accept: str) -> None:
    """`/case?feature=ALL` was answered as if nothing had been asked."""
    found = client.get("/case?feature=ALL&TCell=yes", headers={"Accept": accept})
    said = found.get_data(as_text=True)
    assert found.status_code == 400
    assert "POST the features" in said
    assert "TCell" not in said


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("/search?query=ALL", "q"),
        ("/intervention/?seite=2", "page"),
        ("/api/xrefs?iri=x", "curie"),
        ("/claim/S07-1?witout=1", "profile, without"),
        ("/mappings/review?entiti=x", "entity, in"),
    ],
)
def test_a_parameter_that_an_address_does_not_read_is_refused(
    client: FlaskClient, address: str, taken: str
) -> None:
    found = client.get(address)
    assert found.status_code == 400
    assert found.get_json()["next"] == f"Parameters here: {taken}."


@pytest.mark.parametrize("path", ["/about", "/claim/S15-1"])
def test_a_reader_is_told_how_claims_were_curated(client: FlaskClient, path: str) -> None:
    assert "not reviewed by a clinician." in client.get(path, headers=BROWSER).get_data(as_text=True).replace(
        "</dd>", "."
    )


def test_each_import_and_version_iri_of_the_ontology_is_served(client: FlaskClient) -> None:
    """Nine imports and the version IRI answered 404, and no catalog said where their files are."""
    graph = rdflib.Graph().parse(data=client.get("/ont.ttl").text)
    modules = set(graph.subjects(RDF.type, OWL.Ontology))
    assert {*graph.objects(None, OWL.imports)} == modules - {rdflib.URIRef(f"{BASE}ont")}
    for module in modules:
        paths = [f"/{str(iri).removeprefix(BASE)}" for iri in (module, graph.value(module, OWL.versionIRI))]
        answers = [client.get(path, headers={"Accept": "text/turtle"}) for path in paths]
        assert answers[0].data == answers[1].data
        described = rdflib.Graph().parse(data=answers[0].text)
        assert str(described.value(module, DCTERMS.license)) == f"{CC}by/4.0/"
        assert str(described.value(module, DCTERMS.creator)) == f"{BASE}ont#Contributors"
    catalog = ElementTree.parse(ROOT / "ontology" / "catalog-v001.xml").getroot()  # noqa: S314 - our own file
    files = {entry.attrib["name"]: ROOT / "ontology" / entry.attrib["uri"] for entry in catalog}
    assert files.keys() == {str(module) for module in modules}
    assert all(f"<{iri}> a owl:Ontology" in path.read_text("utf-8") for iri, path in files.items())
    assert client.get("/ont/claim", headers=BROWSER).location == "/ont"
    for path in ("/ont/claim/9.9.9", "/ont/rules", "/ont/..%2Fdata"):
        assert client.get(path).status_code == 404
    assert "Modules: case, claim" in client.get("/ont/claims.ttl").get_json()["next"]


def test_the_ontology_is_filtered_by_words_and_every_anchor_stands(client: FlaskClient) -> None:
    whole = client.get("/ont", headers=BROWSER).get_data(as_text=True)
    found = client.get("/ont.json?q=weakest+hedge").get_json()
    names = {term["name"] for term in found["properties"]}
    assert "weakestHedge" in names
    assert "optionFor" not in names
    html = client.get("/ont?q=weakest+hedge", headers=BROWSER).get_data(as_text=True)
    assert 'id="weakestHedge" open' in html
    assert 'id="optionFor"' not in html
    for term in client.get("/ont.json").get_json()["properties"]:
        assert f'<details class="term" id="{term["name"]}">' in whole
    assert client.get("/ont.ttl?q=hedge").status_code == 400


def test_mappings_come_fifty_at_a_time_and_are_filtered_by_words(client: FlaskClient) -> None:
    whole = client.get("/mappings.json").get_json()
    first = client.get("/mappings", headers=BROWSER).get_data(as_text=True)
    assert first.count('data-label="Match"') == 50
    assert 'href="/mappings?page=2#accepted"' in first
    pages = -(-len(whole["accepted"]) // 50)
    last = client.get(f"/mappings?page={pages}", headers=BROWSER).get_data(as_text=True)
    assert last.count('data-label="Match"') == len(whole["accepted"]) - 50 * (pages - 1)
    assert client.get(f"/mappings?page={pages + 1}", headers=BROWSER).status_code == 404
    found = client.get("/mappings.json?q=RXNORM:").get_json()["accepted"]
    coded = [row for row in whole["accepted"] if row["curie"].casefold().startswith("rxnorm:")]
    assert 0 < len(coded) <= len(found) < len(whole["accepted"])
    assert all(row in found for row in coded)
    nothing = client.get("/mappings?q=nothing-of-the-kind", headers=BROWSER)
    assert nothing.status_code == 200
    assert "No accepted row matches" in nothing.get_data(as_text=True)


def test_a_case_that_contradicts_itself_is_not_told_to_begin(client: FlaskClient) -> None:
    found = client.post("/case", data={"BCell": "yes", "TCell": "yes"}, headers=BROWSER)
    page = found.get_data(as_text=True)
    assert found.status_code == 400
    assert "exclude each other" in page
    assert "to begin" not in page


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("/questons", "Similar addresses: /questions."),
        ("/claims/", "Similar addresses: /claim/"),
        ("/zzzzzz/", "Start at /"),
    ],
)
def test_an_unknown_address_names_near_ones(client: FlaskClient, address: str, near: str) -> None:
    found = client.get(address)
    assert found.status_code == 404
    assert found.get_json()["detail"] == f"There is no page at {address}."
    assert found.get_json()["next"].startswith(near)


def test_a_format_that_is_not_on_offer_is_told_with_the_short_names(client: FlaskClient) -> None:
    found = client.get("/sparql?query=ASK{}&format=foo")
    assert found.status_code == 406
    assert "?format= takes json, xml, csv, tsv" in found.get_json()["next"]
    described = client.get("/sparql?query=DESCRIBE<http://x.example/a>&format=csv").get_json()
    assert described["detail"].startswith("Answers to CONSTRUCT and DESCRIBE queries are not available")
    assert "csv" not in described["next"]


def test_sizes_of_graphs_are_those_of_the_store_and_add_up_by_part(store: Store) -> None:
    shown = {
        count.label: count.count for count in count_graphs(PageQueryReader(store, ROOT / "queries" / "pages"))
    }
    held = {graph: sum(1 for _ in store.read_graph(graph)) for graph in store.graph_names()}
    for name in ("asserted", "mappings", "ontology"):
        assert shown[name] == held[GRAPH[name]] > 100
    assert sum(shown.values()) == sum(held.values())
