"""Links in the browser: judging candidates with the update token, and coming with an outside code."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from kg.linking.workbench import open_workbench
from kg.mapping_files import read_mappings
from kg.settings import Settings
from tests.demo_document import copy_project
from tests.outside_samples import import_sample, write_samples

from .conftest import Visit, serving, visiting

WIDE = ViewportSize(width=1280, height=900)
TOKEN = secrets.token_hex(8)
PATIENCE = 30_000  # a verdict asks the questions anew, to say which answers change


@pytest.fixture(scope="module")
def curated(settings: Settings, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings over a copy of the curated folders, with one imported ontology, indexed."""
    base = copy_project(tmp_path_factory.mktemp("curated"))
    made = replace(settings, root=base, imports_dir=base / "imports")
    import_sample("mondo", write_samples(root, base)["mondo"], made)
    with open_workbench(made):
        return made


@pytest.fixture(scope="module")
def review_server(curated: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server that takes verdicts from whoever has the token."""
    own = {
        "KG_BUILD_DIR": str(curated.build_dir),
        "KG_ROOT": str(curated.root),
        "KG_IMPORTS_DIR": str(curated.imports_dir),
        "KG_UPDATE_TOKEN": TOKEN,
    }
    with serving(tmp_path_factory.mktemp("review") / "output", own) as (base, _process):
        yield base


def begin(visit: Visit, token: str = TOKEN) -> tuple[Page, tuple[str, str]]:
    """Open the review, say who judges, and return the page and the pair that comes first."""
    page = visit.go("/mappings/review")
    page.get_by_label("Token").fill(token)
    page.get_by_label("Your name").fill("A. Curator")
    first = page.locator("form[data-candidate]").first
    pair = tuple(first.locator(f"input[name={name}]").input_value() for name in ("subject", "object"))
    return page, (pair[0], pair[1])


def written(curated: Settings, verdict: str, pair: tuple[str, str]) -> bool:
    """Say whether the mapping files hold a pair, by the judge's name."""
    rows = read_mappings(curated.root).rows(verdict)
    return any(row.subject_and_object == pair and row.author_label == "A. Curator" for row in rows)


@pytest.mark.usefixtures("scripts")
def test_a_pair_is_judged_by_mouse_and_the_row_is_written(
    browser: Browser, review_server: str, curated: Settings
) -> None:
    with visiting(browser, review_server, viewport=WIDE) as visit:
        page, pair = begin(visit)
        before = int(page.locator("[data-left]").inner_text())
        page.locator("form[data-candidate]").first.get_by_role("button", name="broad").click()
        expect(page.locator("[data-said]")).to_contain_text(
            f"Written: {pair[0]} skos:broadMatch {pair[1]}", timeout=PATIENCE
        )
        expect(page.locator("[data-left]")).to_have_text(str(before - 1))
        assert written(curated, "accepted", pair)
        assert TOKEN not in page.url
        assert visit.outside() == []


@pytest.mark.usefixtures("scripts")
def test_a_pair_is_judged_by_one_key_and_the_next_pair_has_the_focus(
    browser: Browser, review_server: str, curated: Settings
) -> None:
    with visiting(browser, review_server, viewport=WIDE) as visit:
        page, pair = begin(visit)
        page.keyboard.press("Tab")  # out of the field, into the first pair
        page.keyboard.press("x")
        expect(page.locator("[data-said]")).to_contain_text(f"Written: {pair[0]}", timeout=PATIENCE)
        assert written(curated, "rejected", pair)
        second = page.locator("form[data-candidate]:not([hidden])").first
        expect(second.locator("button").first).to_be_focused()
        page.keyboard.press("s")
        expect(page.locator("[data-said]")).to_have_text("Skipped; nothing was written.")


@pytest.mark.usefixtures("scripts")
def test_a_wrong_token_or_no_name_writes_nothing_and_says_why(
    browser: Browser, review_server: str, curated: Settings
) -> None:
    with visiting(browser, review_server, viewport=WIDE) as visit:
        page, pair = begin(visit, token=secrets.token_hex(4))
        first = page.locator("form[data-candidate]").first
        first.get_by_role("button", name="exact").click()
        expect(first.get_by_role("alert")).to_contain_text("token", ignore_case=True)
        page.get_by_label("Your name").fill("")
        first.get_by_role("button", name="exact").click()
        expect(first.get_by_role("alert")).to_have_text("A verdict needs your name.")
        expect(page.get_by_label("Your name")).to_be_focused()
        assert not written(curated, "accepted", pair)


@pytest.mark.usefixtures("scripts")
def test_pairs_under_review_are_accessible_in_every_look(
    browser: Browser, review_server: str, axe: str
) -> None:
    with visiting(browser, review_server, viewport=WIDE) as visit:
        visit.go("/mappings/review")
        assert visit.in_every_look(axe) == []
        assert visit.complaints == []


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_code_leads_to_the_entity_its_claims_and_their_sentences(
    browser: Browser, live_server: str, by: str
) -> None:
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/mappings", scripted=False)
        page.get_by_label("Identifier").fill("rxcui:1597258")
        if by == "mouse":
            page.get_by_role("button", name="Resolve").click()
        else:
            page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("blinatumomab")
        offer = page.locator(".statements li", has_text="relapsed B-cell")
        expect(offer).to_contain_text("may be an option")
        expect(offer.locator(".hedge-weakest")).to_be_visible()
        offer.get_by_role("link", name="sentence S15").click()
        assert page.url.endswith("/source#S15")
        page.go_back()
        page.locator(".hits a").first.click()
        expect(page.locator("h1")).to_have_text("blinatumomab")


def test_a_code_without_a_link_gets_a_page_with_near_ones(browser: Browser, live_server: str) -> None:
    with visiting(browser, live_server, viewport=WIDE, java_script_enabled=False) as visit:
        page = visit.go("/resolve?curie=RXNORM:1597259", scripted=False)
        expect(page.locator("main")).to_contain_text("rxnorm:1597258")
        page.goto(live_server + "/resolve")
        expect(page.locator("main")).to_contain_text("No identifier is given")
