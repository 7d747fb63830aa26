"""Each page, scripts on and off, light and dark, wide and narrow: no fault of access, no outside request."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, ViewportSize

from kg.pages.app import create_app
from kg.settings import Settings
from sparqlhost.protocol.endpoint_table import Endpoint, get_endpoint_table
from sparqlhost.store.local_store import MemoryStore
from tests.conftest import ROOT

from .conftest import TEXT_KEY, visiting

#: examples for addresses with variables, and further ones where the parameters make another page.
EXAMPLES = {
    "/matrix": ("/matrix", "/matrix?cell=int:NewerDrugs+sit:RefractoryALL&fold=int:Chemotherapy"),
    "/search": ("/search?q=ALL", "/search?q=nothing-of-the-kind"),
    "/{kind}/": ("/intervention/",),
    "/{kind}/{name}": (
        "/disease/ALL",
        "/situation/RefractoryALL",
        "/feature/adult",
        "/intervention/Blinatumomab",
        "/problem/Pain",
        "/goal/Comfort",
        "/hedge/OPT-may",
        "/span/S07-1",
        "/sentence/S07",
        "/document/rrall-2014",
        "/decision/A10",
        "/relation/X10",
    ),
    "/claim/{name}": ("/claim/S07-1", "/claim/S05-5?without=1"),
    "/graph/{name}": ("/graph/background",),
    "/questions/{name}": ("/questions/raised-for",),
    "/source/{name}": ("/source/rrall-2014",),
    "/explain": ("/explain", "/explain?s=int:Blinatumomab&p=kg:optionFor&o=sit:RelapsedBALL"),
    "/sparql": ("/sparql", "/sparql?query=SELECT+*+WHERE+{+?s+?p+?o+}+LIMIT+5"),
    "/mappings.{suffix}": ("/mappings.html",),
    "/ont.{suffix}": ("/ont.html",),
    "/ont/{name}": ("/ont/claim",),
    "/ont/{name}/{version}": ("/ont/claim/0.2.0",),
    "/resolve": ("/resolve?curie=RXNORM:1597258",),
}


def list_page_endpoints() -> dict[str, Endpoint]:
    """Return the endpoint of each address that answers GET with HTML; the table needs no data."""
    app = create_app(Settings(root=ROOT), MemoryStore())
    return {
        path: endpoint
        for endpoint in get_endpoint_table(app)
        if "GET" in endpoint.methods and "text/html" in endpoint.formats
        for path in endpoint.list_path_templates()
    }


PAGE_ENDPOINTS = list_page_endpoints()
PAGES = [address for path in PAGE_ENDPOINTS for address in EXAMPLES.get(path, (path,))]
WIDE = ViewportSize(width=1280, height=900)
NARROW = ViewportSize(width=390, height=844)


def test_every_page_of_the_endpoint_table_has_an_example() -> None:
    assert set(EXAMPLES) <= set(PAGE_ENDPOINTS)
    assert [address for address in PAGES if "{kind}" in address or "{name}" in address] == []
    (kinds,) = (p.schema["enum"] for p in PAGE_ENDPOINTS["/{kind}/{name}"].parameters if p.name == "kind")
    shown = {address.split("/")[1] for address in EXAMPLES["/{kind}/{name}"]}
    assert set(kinds) - shown == {"test", "variable"}  # the text of 2014 has neither
    assert {"/", "/about", "/case", "/export", "/mappings/review", "/source"} <= set(PAGES)


@pytest.mark.usefixtures("scripts")
@pytest.mark.parametrize("path", PAGES)
def test_with_scripts_a_page_is_accessible_quiet_and_asks_no_one_else(
    browser: Browser, live_server: str, axe: str, path: str
) -> None:
    """One visit a page; its width and theme are switched in place."""
    with visiting(browser, live_server, viewport=WIDE, reduced_motion="reduce") as visit:
        page = visit.go(path)
        assert page.title().endswith("rrall-kg")
        found = visit.in_every_look(axe)
        assert visit.outside() == []
        assert visit.complaints == []
        assert found == []


@pytest.mark.usefixtures("scripts")
def test_the_readers_text_is_accessible_in_every_look(
    browser: Browser, reading_server: str, axe: str
) -> None:
    with visiting(browser, reading_server, viewport=WIDE, reduced_motion="reduce") as visit:
        page = visit.go(f"/source/demo?key={TEXT_KEY}")
        assert page.locator(".said-span", has_text="Short walks may help").count() == 1
        assert visit.in_every_look(axe) == []
        assert visit.outside() == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("theme", "size"), [("dark", WIDE), ("light", NARROW)], ids=["dark-1280", "light-390"]
)
def test_without_scripts_a_page_reads_and_is_quiet(
    browser: Browser, live_server: str, path: str, theme: str, size: ViewportSize
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
    with visiting(browser, live_server, viewport=ViewportSize(width=320, height=600)) as visit:
        for path in ("/", "/situation/RefractoryALL", "/about", "/source", "/mappings", "/ont"):
            page = visit.go(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
