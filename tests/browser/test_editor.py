"""The query editor: what it offers and marks, how an answer is shown, shared, copied, and stopped."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from .conftest import Visit, visiting

WIDE = ViewportSize(width=1280, height=900)
COUNTS = "SELECT ?hedge (COUNT(*) AS ?claims) WHERE { ?c kg:hasHedge ?hedge } GROUP BY ?hedge"
GRAPH = "CONSTRUCT { ?i kg:optionFor ?s } WHERE { ?i kg:optionFor ?s }"
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"

pytestmark = pytest.mark.usefixtures("scripts")


@contextmanager
def editing(browser: Browser, base: str, query: str = "") -> Iterator[tuple[Visit, Page]]:
    """Open the editor with a query, as a share link does."""
    with visiting(browser, base, viewport=WIDE, permissions=["clipboard-read", "clipboard-write"]) as visit:
        yield visit, visit.go("/sparql" + (f"#query={quote(query)}" if query else ""))


def run(page: Page) -> None:
    """Run by keyboard."""
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+Enter")


def copied(page: Page, name: str) -> str:
    """Copy the query as code, and return the code."""
    page.locator(".copy-as").evaluate("element => { element.open = true; }")
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_it_completes_from_this_graphs_own_terms(browser: Browser, live_server: str) -> None:
    with editing(browser, live_server, " ") as (visit, page):
        page.locator(".cm-content").focus()
        page.keyboard.type("SELECT * WHERE { ?c kg:hasHe")
        offer = page.locator(".cm-tooltip-autocomplete li", has_text="kg:hasHedge")
        expect(offer).to_contain_text("has hedge")
        expect(page.locator(".cm-completionInfo")).to_contain_text("wording of the claim")
        page.wait_for_timeout(150)  # a list just opened takes no key, so that nobody picks by accident
        page.keyboard.press("Enter")
        expect(page.locator(".cm-content")).to_contain_text("kg:hasHedge")
        assert visit.outside() == []


def test_an_error_is_marked_as_one_types_by_the_servers_own_parser(
    browser: Browser, live_server: str
) -> None:
    with editing(browser, live_server, "SELECT * WHERE { ?c a kg:Claim ; kg:hasHedge }") as (_, page):
        expect(page.locator(".cm-lintRange-error")).to_have_text("}")
        page.locator(".cm-lintRange-error").hover()
        expect(page.locator(".cm-tooltip-lint")).to_contain_text("needs an object before this")


def test_triples_are_drawn_and_stand_as_text_below(browser: Browser, live_server: str) -> None:
    """The drawing had no class that shows it, so a CONSTRUCT showed text only."""
    with editing(browser, live_server, GRAPH) as (visit, page):
        run(page)
        expect(page.locator("#answer canvas").first).to_be_visible()
        expect(page.locator("#answer .summary")).to_contain_text("14 triples")
        expect(page.locator("#answer pre")).to_contain_text("optionFor")
        assert visit.complaints == []


def test_rows_are_links_with_labels_a_chart_and_downloads(browser: Browser, live_server: str) -> None:
    with editing(browser, live_server, COUNTS) as (_, page):
        run(page)
        row = page.locator(".results tbody tr", has_text="may (option)")
        expect(row.get_by_role("link")).to_have_attribute("href", "/hedge/OPT-may")
        page.get_by_text("Chart", exact=True).click()
        assert page.locator("#answer meter").count() == page.locator(".results tbody tr").count()
        with page.expect_download() as saved:
            page.get_by_role("button", name="CSV with labels").click()
        assert "may (option)" in saved.value.path().read_text("utf-8-sig")


def test_the_library_and_the_history_bring_a_query_back(browser: Browser, live_server: str) -> None:
    with editing(browser, live_server) as (_, page):
        page.locator("[data-query]", has_text="What can be done for pain, in order?").click()
        expect(page.locator(".cm-content")).to_contain_text("# question: What can be done for pain")
        run(page)
        expect(page.locator("#answer .summary")).to_contain_text("rows")
        page.reload()
        page.locator(".history summary").click()
        page.locator(".history button").first.click()
        expect(page.locator(".cm-content")).to_contain_text("# question: What can be done for pain")


def test_a_share_link_opens_the_query(browser: Browser, live_server: str) -> None:
    with editing(browser, live_server, COUNTS) as (_, page):
        page.get_by_role("button", name="Copy link").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        link = page.evaluate("navigator.clipboard.readText()")
        page.goto("about:blank")
        page.goto(link)
        expect(page.locator(".cm-content")).to_have_text(COUNTS)


@pytest.mark.parametrize("name", ["curl", "Python (SPARQLWrapper)", "Python (rdflib)"])
def test_a_query_copied_as_code_runs_and_answers(browser: Browser, live_server: str, name: str) -> None:
    """What is copied is run for real, quotes and all."""
    query = """PREFIX kg: <https://w3id.org/rrall-kg/ont#>
SELECT ?cue WHERE { ?c kg:cue ?cue FILTER (?cue = "may be an option" && "it's" != '''"it"''') }"""
    with editing(browser, live_server, query) as (_, page):
        code = copied(page, name)
    command = ["bash", "-c", code] if name == "curl" else [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("may be an option") == 2


@pytest.mark.parametrize("name", ["R", "JavaScript"])
def test_a_query_copied_for_other_languages_names_the_endpoint(
    browser: Browser, live_server: str, name: str
) -> None:
    with editing(browser, live_server, COUNTS) as (_, page):
        assert f'"{live_server}/sparql"' in copied(page, name)


def until(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until something holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def running(base: str) -> int:
    """Return how many queries the engine works on."""
    with urllib.request.urlopen(base + "/metrics") as answer:  # noqa: S310 - the test's own server
        lines = answer.read().decode().splitlines()
    return int(float(next(line.split()[-1] for line in lines if line.startswith("kg_engine_running "))))


def test_cancel_stops_the_work_on_the_server(browser: Browser, live_server: str) -> None:
    """The button asked an address that was not there, and the query ran on to its deadline."""
    with editing(browser, live_server, ENDLESS) as (_, page):
        run(page)
        expect(page.locator("#answer")).to_have_text("Running…")
        until(lambda: running(live_server) == 1)
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#answer").get_by_role("alert")).to_contain_text("The query was cancelled")
        until(lambda: running(live_server) == 0)
        expect(page.get_by_role("button", name="Run")).to_be_enabled()
