"""When something is amiss: what a reader sees, and that nothing typed or ticked is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from .conftest import serving, visiting

WIDE = ViewportSize(width=1280, height=900)
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.mark.usefixtures("scripts")
def test_a_server_that_goes_away_is_said_and_query_and_ticks_are_kept(
    browser: Browser, built: Path, tmp_path: Path
) -> None:
    own = {"KG_BUILD_DIR": str(built)}
    with (
        serving(tmp_path / "output", own) as (base, process),
        visiting(browser, base, viewport=WIDE) as visit,
    ):
        editor = visit.go("/sparql#query=ASK%20%7B%20%3Fs%20a%20kg%3AClaim%20%7D")
        case = visit.page.context.new_page()
        case.goto(base + "/case", wait_until="networkidle")
        process.terminate()
        process.wait(20)
        editor.locator(".cm-content").focus()
        editor.keyboard.press("Control+Enter")
        expect(editor.locator("#answer").get_by_role("alert")).to_contain_text("The server did not answer")
        expect(editor.locator(".cm-content")).to_contain_text("ASK")
        case.locator("input[name=BCell][value=yes]").check()
        expect(case.locator("#result")).to_contain_text("The server did not answer")
        assert case.url.endswith("#yes=BCell")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_query_past_its_deadline_is_stopped_and_says_so(
    browser: Browser, built: Path, tmp_path: Path, scripted: bool, request: pytest.FixtureRequest
) -> None:
    if scripted:
        request.getfixturevalue("scripts")
    own = {"KG_BUILD_DIR": str(built), "KG_QUERY_DEADLINE": "1"}
    with (
        serving(tmp_path / "output", own) as (base, _process),
        visiting(browser, base, viewport=WIDE, java_script_enabled=scripted) as visit,
    ):
        page = visit.go("/sparql", scripted=scripted)
        if scripted:
            page.goto(f"{base}/sparql#query={ENDLESS}")
            page.reload()
            page.locator(".cm-content").focus()
            page.keyboard.press("Control+Enter")
        else:
            page.locator("textarea").fill(ENDLESS)
            page.get_by_role("button", name="Run").click()
            expect(page.locator("textarea")).to_have_value(ENDLESS)
        trouble = page.locator("#answer").get_by_role("alert")
        expect(trouble).to_contain_text("took longer than 1 seconds and was stopped")
        expect(trouble).to_contain_text("Narrow it")


def test_a_value_that_does_not_exist_is_said_on_the_form_it_was_given_to(
    browser: Browser, live_server: str
) -> None:
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/questions/raised-for?situation=RefractoryAL", scripted=False)
        expect(page.get_by_role("alert")).to_contain_text("RefractoryALL")
        expect(page.locator("main select")).to_be_visible()
