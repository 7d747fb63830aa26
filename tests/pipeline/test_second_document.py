"""A second document takes the same road: files only, no Python changed (the recipe is in CONTRIBUTING.md)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.build.building import build
from kg.build.publishing import open_build
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
