"""Each page, scripts on and off, light and dark, wide and narrow: no fault of access, no outside request."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from .conftest import visiting

PAGES = (
    "/",
    "/search?q=ALL",
    "/search?q=nothing-of-the-kind",
    "/intervention/",
    "/intervention/Blinatumomab",
    "/situation/RefractoryALL",
    "/problem/Pain",
    "/hedge/OPT-may",
    "/claim/S07-1",
    "/claim/S05-5",
    "/sentence/S07",
    "/graph/background",
    "/questions",
    "/questions/raised-for",
    "/source",
    "/explain?s=int:Blinatumomab&p=kg:optionFor&o=sit:RelapsedBALL",
    "/case",
    "/sparql",
    "/ont",
    "/mappings",
    "/about",
)
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}


def test_the_list_of_pages_is_whole() -> None:
    assert len(PAGES) == 21


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("theme", "size"), [("light", WIDE), ("dark", NARROW)], ids=["light-1280", "dark-390"]
)
def test_with_scripts_a_page_is_accessible_quiet_and_asks_no_one_else(
    browser: Browser, live_server: str, axe: str, path: str, theme: str, size: dict[str, int]
) -> None:
    with visiting(browser, live_server, viewport=size, color_scheme=theme, reduced_motion="reduce") as visit:
        page = visit.go(path)
        assert page.title().endswith("rrall-kg")
        assert visit.axe(axe) == []
        assert visit.outside() == []
        assert visit.complaints == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            "the page scrolls sideways"
        )


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("theme", "size"), [("dark", WIDE), ("light", NARROW)], ids=["dark-1280", "light-390"]
)
def test_without_scripts_a_page_reads_and_is_quiet(
    browser: Browser, live_server: str, path: str, theme: str, size: dict[str, int]
) -> None:
    with visiting(
        browser, live_server, viewport=size, color_scheme=theme, java_script_enabled=False
    ) as visit:
        page = visit.go(path, scripted=False)
        assert page.locator("main h1").count() == 1
        assert len(page.locator("main").inner_text()) > 60
        assert visit.outside() == []
        assert visit.complaints == []


@pytest.mark.parametrize("path", ["/situation/RefractoryALL", "/claim/S07-1", "/questions/raised-for"])
def test_a_page_prints_without_its_controls(browser: Browser, live_server: str, path: str) -> None:
    with visiting(browser, live_server, viewport=WIDE) as visit:
        page = visit.go(path)
        page.emulate_media(media="print")
        assert not page.locator(".top nav").is_visible()
        assert page.locator("main h1").is_visible()
        assert page.locator(".foot").get_by_text("Not medical advice").is_visible()


def test_twice_as_large_nothing_is_lost_sideways(browser: Browser, live_server: str) -> None:
    """WCAG 1.4.10: 1280 px at 400 % is 320 px."""
    with visiting(browser, live_server, viewport={"width": 320, "height": 600}) as visit:
        for path in ("/", "/situation/RefractoryALL", "/about", "/source"):
            page = visit.go(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
