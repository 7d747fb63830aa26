"""A second document takes the same road: files only, no Python changed (the recipe is in CONTRIBUTING.md)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.build.building import build
from kg.build.opening import open_build
from kg.pages.app import create_app
from kg.questions.question_answers import load_library
from kg.settings import Settings
from tests.demo_document import TEXT, add_demo_document

Kg = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def both(project: Path) -> Path:
    """Return a project to which the demo leaflet was added as the recipe says."""
    add_demo_document(project)
    return project


def test_it_is_found_in_coverage_questions_and_pages(both: Path, tmp_path: Path, kg: Kg) -> None:
    settings = Settings(root=both, build_dir=tmp_path / "build", source_text=TEXT)
    built = build(settings)
    assert "https://w3id.org/rrall-kg/graph/claim/demo-S02-2/assertion" in built.manifest.graphs

    run = kg("coverage", "--format", "json", KG_ROOT=str(both), KG_SOURCE_TEXT=str(TEXT))
    assert run.returncode == 0, run.stderr
    demo, seed = json.loads(run.stdout)
    assert (demo["segments"], demo["claims"], demo["set_aside"], demo["open"]) == (3, 3, 1, 0)
    assert demo["rows"][1]["claims"] == ["demo-S02-1", "demo-S02-2"]
    assert demo["share_inside_spans"] > 0.7
    assert (seed["segments"], seed["claims"], seed["open"]) == (36, 71, 0)

    store = open_build(settings)
    questions = load_library(both)
    raised = questions.ask(store, "raised-for", {"situation": "ALL with tiredness"})
    cells = [raised.format_term(cell) for cell in raised.rows[0]][:6]
    assert cells == ["short walks", "option", "may help", "may help", "demo-S01-1", "demo-S01"]
    case = questions.ask(store, "case-claims", {"feature": ["ALL", "adult", "fatigue", "activeRelapse"]})
    found = {case.format_term(row[0]): case.format_term(row[1]) for row in case.rows}
    assert (found["demo-S01-1"], found["demo-S02-1"], found["demo-S02-2"]) == (
        "option",
        "practice",
        "limited",
    )

    client = create_app(settings, store).test_client()
    for page, words in (
        ("/claim/demo-S02-1", "Rest is frequently recommended"),
        ("/situation/DemoTiredRelapse", "relapsed ALL with tiredness"),
        ("/document/demo", "Demo leaflet on tiredness"),
    ):
        answer = client.get(page, headers={"Accept": "text/html"})
        assert answer.status_code == 200, page
        assert words in answer.get_data(as_text=True)
        assert "2 texts, last revised from December 2014 to January 2026, say." in answer.get_data(
            as_text=True
        )
    for address, media in (("/", "text/html"), ("/case", "application/json"), ("/sparql", "text/turtle")):
        told = client.get(address, headers={"Accept": media}).get_data(as_text=True)
        assert "2 texts, last revised from December 2014 to January 2026, say" in told, address
    for page, title in (
        ("/situation/DemoTired", "Demo leaflet on tiredness"),
        ("/situation/RelapsedALL", "Patient text of 2014 on ALL"),
    ):
        shown = client.get(page, headers={"Accept": "text/html"}).get_data(as_text=True)
        assert title in shown.split('class="statements"')[1].split("</ul>")[0], page
    claim = client.get("/claim/demo-S02-1", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "Demo leaflet on tiredness" in claim

    for address, title in (
        ("/source?document=demo", "Demo leaflet on tiredness"),
        ("/source?document=rrall-2014", "refractory"),
    ):
        told = client.get(address, headers={"Accept": "text/html"}).get_data(as_text=True)
        assert title.casefold() in told.partition('class="lede">')[2].partition("</p>")[0].casefold()
        assert {'href="/source/demo"' in told, 'href="/source/rrall-2014"' in told} == {True}
    asked = client.get("/source", headers={"Accept": "text/html"}, follow_redirects=True)
    listed = asked.get_data(as_text=True)
    assert 'href="/document/demo"' in listed
    assert 'href="/document/rrall-2014"' in listed
    start = client.get("/", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert {f'href="/source/{name}">Read it' in start for name in ("demo", "rrall-2014")} == {True}
    placed = client.get("/claim/S15-1", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert 'href="/source/rrall-2014#S15"' in placed
    lost = client.get("/source?document=other")
    assert lost.status_code == 404
    assert lost.get_json()["next"] == "There are: /source/demo, /source/rrall-2014."


def test_a_build_of_the_first_document_alone_is_as_if_the_second_were_not_there(
    both: Path, tmp_path: Path, settings: Settings, kg: Kg
) -> None:
    """Same bytes, so same answers; an unknown name and a build of another choice get a sentence."""
    shown = {"KG_ROOT": str(both), "KG_BUILD_DIR": str(tmp_path / "build")}
    unknown = kg("build", KG_DOCUMENTS="rrall-2015", **shown)
    assert unknown.stderr.strip() == (
        "kg: KG_DOCUMENTS: There is no document 'rrall-2015'. Name some of demo, rrall-2014."
    )
    assert kg("build", KG_DOCUMENTS="rrall-2014", **shown).returncode == 0
    graph = (tmp_path / "build" / "current" / "graph.nq").read_bytes()
    assert graph == (settings.build_dir / "current" / "graph.nq").read_bytes()
    other = kg("ask", "raised-for", **shown)
    assert other.stderr.strip() == (
        "kg: The build shows rrall-2014, not what KG_DOCUMENTS names. Run `kg build`."
    )
    assert kg("build", KG_DOCUMENTS="demo", **shown).returncode == 0
    asked = kg("ask", "claims-table", "--format", "csv", KG_DOCUMENTS="demo", **shown)
    assert "claim/demo-S02-2" in asked.stdout
    assert "claim/S" not in asked.stdout


_OTHER_DISEASE = """
@prefix dis: <https://w3id.org/rrall-kg/disease/> .
dis:DemoHay a kg:Disease ; skos:prefLabel "hay"@en ; skos:definition "Made up."@en .
feat:DemoHay a kg:DiseaseFeature ; skos:prefLabel "has hay"@en ; skos:definition "Made up."@en ;
  kg:featureOfDisease dis:DemoHay .
"""


def test_a_claim_about_another_disease_is_neither_undecided_nor_asked_about(
    both: Path, tmp_path: Path
) -> None:
    """44 of 47 claims were undecided for a patient with another disease, and the first was asked for."""
    with (both / "data" / "concepts" / "demo.ttl").open("a", encoding="utf-8") as concepts:
        concepts.write(_OTHER_DISEASE)
    with (both / "data" / "mappings" / "unmapped.tsv").open("a", encoding="utf-8") as rows:
        rows.write("dis:DemoHay\tMade up.\nfeat:DemoHay\tMade up.\n")
    settings = Settings(root=both, build_dir=tmp_path / "build")
    build(settings)
    client = create_app(settings, open_build(settings)).test_client()
    case = client.post("/case", json={"yes": ["has hay"]}, headers={"Accept": "application/json"}).get_json()
    assert {claim["status"] for claim in case["claims"]} == {"does not apply"}
    assert len(case["claims"]) > 40
    assert case["ask_next"] == []
    assert [choice["group"] for choice in case["choices"][:3]] == ["disease feature"] * 2 + ["population"]
    both_diseases = client.post(
        "/case", json={"yes": ["has hay", "ALL"]}, headers={"Accept": "application/json"}
    )
    assert both_diseases.status_code == 400
    assert "exclude each other" in both_diseases.get_json()["detail"]


def test_names_of_the_two_documents_never_meet(both: Path) -> None:
    sentences = (both / "data" / "sources" / "demo" / "sentences.ttl").read_text("utf-8")
    (both / "data" / "sources" / "demo" / "sentences.ttl").write_text(
        sentences.replace("sent:demo-S01", "sent:S01")
    )
    from kg.build.loading import load_project
    from kg.build.turtle_files import SourceLocator
    from kg.build.vocabulary_checks import find_duplicate_definitions

    found = [
        mistake.message for mistake in find_duplicate_definitions(SourceLocator(load_project(both).files))
    ]
    assert len(found) == 1
    assert found[0].startswith("sent:S01 is defined here and in ")
