"""The main act of each page, by mouse and by keyboard, with and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from .conftest import TEXT_KEY, visiting

WIDE = {"width": 1280, "height": 900}


def focused(page: Page) -> str:
    """Return the text of what has the keyboard's focus."""
    return str(
        page.evaluate("(document.activeElement.textContent || document.activeElement.name || '').trim()")
    )


def test_the_newcomers_walk_from_start_to_sentence_proof_sparql_and_code(
    browser: Browser, live_server: str
) -> None:
    """From the start page to the sentence behind an offer, its proof, SPARQL, and an outside code."""
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/", scripted=False)
        page.locator(".big-search input").fill("blinatumomab")
        page.locator(".big-search button").click()
        page.locator(".hits a").first.click()
        expect(page.locator("h1")).to_have_text("blinatumomab")
        offer = page.locator("#c-S15-1")
        expect(offer).to_contain_text("may be an option")
        expect(page.locator("aside")).to_contain_text("rxnorm:", ignore_case=True)
        page.get_by_role("link", name="Why: blinatumomab option for relapsed B-cell ALL").click()
        expect(page.locator(".proof")).to_contain_text("S15")
        page.go_back()
        offer.get_by_role("link", name="claim S15-1").click()
        page.get_by_role("link", name="sentence S15", exact=True).click()
        assert page.url.endswith("/source#S15")
        page.goto(live_server + "/intervention/Blinatumomab")
        offer.get_by_role("link", name="sentence S15").click()
        assert page.url.endswith("/source#S15")
        page.goto(live_server + "/intervention/Blinatumomab")
        page.get_by_role("link", name="Query its claims in SPARQL").click()
        expect(page.locator(".results")).to_contain_text("may be an option")
        assert visit.outside() == []


@pytest.mark.usefixtures("scripts")
def test_search_by_keyboard_alone_from_any_page(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE) as visit:
        page = visit.go("/about")
        page.keyboard.press("/")
        page.keyboard.type("Blinocyt")
        expect(page.get_by_role("option").first).to_contain_text("blinatumomab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("blinatumomab")


def test_search_works_without_scripts(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/", scripted=False)
        page.locator(".top [name=q]").fill("Gleevec")
        page.locator(".top form button").click()
        expect(page.locator(".hit").first).to_contain_text("imatinib")


def test_the_first_tab_stop_skips_to_the_content(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE) as visit:
        page = visit.go("/situation/RefractoryALL")
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to the content"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.usefixtures("scripts")
def test_the_theme_is_switched_and_remembered(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE, color_scheme="light") as visit:
        page = visit.go("/")
        light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        page.locator("[data-theme-toggle]").click()
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert light != dark
        visit.go("/about")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == dark


@pytest.mark.parametrize("scripted", [True, False])
def test_a_question_is_asked_by_its_pick_list(browser: Browser, live_server: str, scripted: bool) -> None:
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=scripted) as visit:
        page = visit.go("/questions/raised-for")
        page.locator("main select").first.select_option(label="refractory ALL")
        page.locator("main form button").click()
        expect(page.locator(".results")).to_contain_text("stem cell transplant")
        assert "RefractoryALL" in page.url


def test_the_editor_answers_without_scripts_and_an_error_keeps_the_query(
    browser: Browser, live_server: str
) -> None:
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/sparql", scripted=False)
        page.locator("textarea").fill("ASK { ?s a <https://w3id.org/rrall-kg/ont#Claim> }")
        page.get_by_role("button", name="Run").click()
        expect(page.locator("#answer")).to_contain_text("Yes")
        page.locator("textarea").fill("SELECT * WHERE { ?s ?p }")
        page.get_by_role("button", name="Run").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator("textarea")).to_have_value("SELECT * WHERE { ?s ?p }")


@pytest.mark.usefixtures("scripts")
def test_the_editor_runs_a_query_by_keyboard(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE) as visit:
        page = visit.go("/sparql")
        editor = page.locator(".cm-content")
        editor.click()
        page.keyboard.press("Control+a")
        page.keyboard.type("SELECT ?c WHERE { ?c a kg:Claim } LIMIT 3")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#answer")).to_contain_text(re.compile("3 rows"))
        assert visit.outside() == []


@pytest.mark.parametrize("scripted", [True, False])
def test_a_case_is_ticked_and_judged(
    browser: Browser, live_server: str, scripted: bool, request: pytest.FixtureRequest
) -> None:
    if scripted:
        request.getfixturevalue("scripts")
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=scripted) as visit:
        page = visit.go("/case")
        for name in ("ALL", "BCell", "activeRelapse"):
            page.locator(f"input[name={name}][value=yes]").focus()
            page.keyboard.press("Space")
        if not scripted:
            page.get_by_role("button", name="Show what the text says").click()
        expect(page.locator("#result")).to_contain_text("may be an option")
        expect(page.locator("#result")).to_contain_text("Applies")
        assert "BCell" not in visit.asked[-1]
        assert ("#" in page.url) is scripted
        if not scripted:
            assert page.locator("input[name=BCell][value=yes]").is_checked()


@pytest.mark.parametrize("scripted", [True, False])
def test_contradicting_ticks_are_refused_with_a_sentence(
    browser: Browser, live_server: str, scripted: bool, request: pytest.FixtureRequest
) -> None:
    if scripted:
        request.getfixturevalue("scripts")
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=scripted) as visit:
        page = visit.go("/case")
        page.locator("input[name=BCell][value=yes]").check()
        page.locator("input[name=TCell][value=yes]").check()
        if not scripted:
            page.get_by_role("button", name="Show what the text says").click()
        expect(page.locator("#result").get_by_role("alert")).to_be_visible()
        assert page.locator("input[name=TCell][value=yes]").is_checked()


LIT = re.compile(r"\blit\b")


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize("copy", [True, False])
def test_a_sentence_its_claims_and_its_names_on_the_map_light_up_together(
    browser: Browser, live_server: str, request: pytest.FixtureRequest, copy: bool
) -> None:
    """Beside a copy of another document, and without any: a copy of this one is not in the repository."""
    base = request.getfixturevalue("reading_server") if copy else live_server
    with visiting(browser, base, viewport=WIDE) as visit:
        page = visit.go("/source/rrall-2014")
        transplant = page.locator(".text-map a", has_text=re.compile("^stem cell transplant$"))
        page.locator("#S07 .words").hover()
        expect(page.locator("#claim-S07-1")).to_have_class(LIT)
        expect(transplant).to_have_class(LIT)
        expect(page.locator(".two-sides .bar[data-claims='S07-1']")).to_have_class(LIT)
        page.locator("#S06 a.no").focus()
        expect(page.locator(".text-map a", has_text="blinatumomab")).to_have_class(LIT)
        expect(page.locator("#S06 .bars .bar").first).to_have_class(LIT)
        transplant.hover()
        expect(page.locator("#S07")).to_have_class(LIT)
        assert visit.outside() == []


@pytest.mark.usefixtures("scripts")
def test_the_readers_words_light_up_with_their_claim_and_its_names(
    browser: Browser, reading_server: str
) -> None:
    with visiting(browser, reading_server, viewport=WIDE) as visit:
        page = visit.go(f"/source/demo?key={TEXT_KEY}")
        words = page.locator("#demo-S02 .said-span", has_text="walks are less likely to work")
        walks = page.locator(".text-map a", has_text="short walks")
        words.hover()
        expect(words).to_have_class(LIT)
        expect(page.locator("#claim-demo-S02-2")).to_have_class(LIT)
        expect(page.locator("#claim-demo-S01-1")).not_to_have_class(LIT)
        walks.hover()
        expect(page.locator("#demo-S01")).to_have_class(LIT)
        assert visit.outside() == []


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_name_on_the_map_brings_its_sentences_into_view_one_after_the_other(
    browser: Browser, live_server: str, by: str
) -> None:
    with visiting(browser, live_server, viewport=WIDE, reduced_motion="reduce") as visit:
        page = visit.go("/source")
        name = page.locator(".text-map a", has_text="blinatumomab")

        def choose() -> None:
            name.click() if by == "mouse" else name.press("Enter")

        choose()
        expect(page.locator("#S06")).to_be_in_viewport()
        expect(page.locator("#S06")).to_have_class(re.compile("chosen"))
        choose()
        expect(page.locator("#S15")).to_be_in_viewport()
        expect(page.locator("#S06")).to_have_class(re.compile("chosen"))
        expect(page.locator("[data-found]")).to_contain_text("now S15, 2 of 2")
        page.keyboard.press("Escape")
        expect(page.locator(".sentence.chosen")).to_have_count(0)


def test_without_scripts_a_name_on_the_map_leads_to_its_first_sentence(
    browser: Browser, live_server: str
) -> None:
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/source", scripted=False)
        page.locator(".text-map a", has_text="nelarabine").click()
        assert page.url.endswith("/source#S17")
        expect(page.locator("#S17")).to_be_in_viewport()


@pytest.mark.usefixtures("scripts")
def test_the_proof_folds_by_keyboard(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE) as visit:
        page = visit.go("/explain?s=int:Blinatumomab&p=kg:optionFor&o=sit:RelapsedBALL")
        root = page.locator(".proof > li")
        root.focus()
        page.keyboard.press("ArrowLeft")
        expect(root).to_have_attribute("aria-expanded", "false")
        expect(page.locator(".proof ul").first).to_be_hidden()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".proof ul").first).to_be_visible()


@pytest.mark.usefixtures("scripts")
def test_the_drawing_appears_with_its_table_beside_it(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE) as visit:
        page = visit.go("/situation/RefractoryALL")
        expect(page.locator(".graph canvas").first).to_be_visible()
        expect(page.locator(".graph + .key + details table")).to_have_count(1)


def test_a_page_that_is_not_there_names_near_ones(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/intervention/Blinatumoma", scripted=False)
        page.locator("main .note a").first.click()
        expect(page.locator("h1")).to_have_text("blinatumomab")


@pytest.mark.usefixtures("scripts")
def test_the_next_best_question_leads_to_its_answer_by_keyboard_and_no_tick_reaches_the_server_by_address(
    browser: Browser, live_server: str
) -> None:
    with visiting(browser, live_server, viewport=WIDE) as visit:
        page = visit.go("/case#yes=ALL,BCell")
        first = page.locator("a[data-answer]").first
        first.focus()
        named = str(first.get_attribute("href")).removeprefix("#f-")
        page.keyboard.press("Enter")
        expect(page.locator(f"input[name={named}][value=unknown]")).to_be_focused()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(page.locator(f"input[name={named}][value=yes]")).to_be_checked()
        expect(page.locator(f"a[data-answer][href='#f-{named}']")).to_have_count(0)
        assert page.locator("input[name=BCell][value=yes]").is_checked()
        assert named in page.url.partition("#")[2]
        assert not any("BCell" in url.partition("#")[0] or named in url for url in visit.asked)


def test_a_case_prints_its_ticks_and_its_answer(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/case", scripted=False)
        page.locator("input[name=ALL][value=yes]").check()
        page.get_by_role("button", name="Show what the text says").click()
        page.emulate_media(media="print")
        assert page.locator("input[name=ALL][value=yes]").is_visible()
        assert not page.get_by_role("button", name="Show what the text says").is_visible()
        assert page.locator("#result").evaluate("element => element.scrollHeight <= element.clientHeight + 1")


@pytest.mark.usefixtures("scripts")
def test_the_matrix_is_one_tab_stop_that_arrows_walk_and_enter_opens(
    browser: Browser, live_server: str
) -> None:
    with visiting(browser, live_server, viewport=WIDE) as visit:
        page = visit.go("/matrix?intervention=int:NewerDrugs")
        place = "document.activeElement.closest('td, th').getAttribute('data-label')"
        page.locator(".matrix .cell").first.focus()
        assert page.evaluate(place) == "refractory ALL"
        page.keyboard.press("ArrowRight")
        assert page.evaluate(place) == "refractory B-cell ALL"
        page.keyboard.press("Home")
        assert focused(page) == "newer drugs"
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowUp")
        assert focused(page) == "refractory ALL"
        page.keyboard.press("Tab")
        assert not page.evaluate("!!document.activeElement.closest('.matrix td')")
        page.locator(".matrix .cell").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#cell #c-S05-3")).to_contain_text("may be tried")
        expect(page.locator("#cell .limiting")).to_contain_text("limit")
        assert visit.outside() == []


def test_the_matrix_folds_without_scripts_and_is_cards_on_a_phone(browser: Browser, live_server: str) -> None:
    phone = ViewportSize(width=390, height=844)
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/matrix", scripted=False)
        rows = page.locator(".matrix tbody tr").count()
        page.get_by_role("link", name="Fold chemotherapy").click()
        assert page.locator(".matrix tbody tr").count() < rows
        page.get_by_role("link", name="Unfold chemotherapy").click()
        assert page.locator(".matrix tbody tr").count() == rows
        page.set_viewport_size(phone)
        cell = page.locator(".matrix td[data-label]").first
        assert cell.evaluate("cell => getComputedStyle(cell).display") == "block"
        assert "refractory ALL" in cell.evaluate("cell => getComputedStyle(cell, '::before').content")
        expect(page.get_by_role("table").first).to_be_visible()
