"""A real browser before a real server: Debian's Chromium by Playwright, and axe-core from frontend/."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, sync_playwright

from kg.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT_KEY = "the-key-of-the-browser-tests"
CHROMIUM = Path("/usr/bin/chromium")
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
DIST = ROOT / "kg" / "pages" / "static" / "dist" / "manifest.json"
#: so that the browser itself asks no other host for anything
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Debian's Chromium; skip where it is not installed."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is absent: browser tests need Debian's chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def scripts() -> None:
    """Skip where the front end is not built."""
    if not DIST.exists():
        pytest.skip("the front end is not built (make setup builds it): pages have no scripts")


@pytest.fixture(scope="session")
def axe() -> str:
    """Return axe-core; skip where the front end's packages are not installed."""
    if not AXE.exists():
        pytest.skip("axe-core is absent: npm ci in frontend/ (make setup) installs it")
    return AXE.read_text("utf-8")


@pytest.fixture(scope="session")
def reading_server(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server of two documents, with the copy of the invented one."""
    own = {
        "KG_ROOT": str(demo_settings.root),
        "KG_BUILD_DIR": str(demo_settings.build_dir),
        "KG_SOURCE_TEXT": str(demo_settings.source_text),
        "KG_TEXT_KEY": TEXT_KEY,
    }
    with serving(tmp_path_factory.mktemp("reading") / "output", own) as (base, _process):
        yield base


@contextmanager
def serving(printed: Path, own: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a server with settings of its own; give its address and its process, and stop it."""
    environment = {**os.environ, "KG_WORKERS": "1", **own}
    command = [sys.executable, str(ROOT / "server.py"), "--host", "127.0.0.1", "--port", "0"]
    with printed.open("w") as stream:
        process = subprocess.Popen(command, env=environment, stderr=subprocess.STDOUT, stdout=stream)
    try:
        yield _address(process, printed), process
    finally:
        process.terminate()
        process.wait(20)


def _address(process: subprocess.Popen[bytes], printed: Path) -> str:
    """Return the address the server prints; fails with what it printed when it prints none."""
    for _ in range(1500):
        if found := re.search(r"http://127\.0\.0\.1:\d+", printed.read_text("utf-8")):
            return found.group()
        if process.poll() is not None:
            break
        time.sleep(0.02)
    pytest.fail("the server did not say where it listens:\n" + printed.read_text("utf-8"))


LOOKS = (ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844))
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOUR = ["color-contrast", "link-in-text-block"]
LAYOUT = [
    *COLOUR,
    "target-size",
    "scrollable-region-focusable",
    "aria-hidden-focus",
    "region",
    "page-has-heading-one",
]


class Visit:
    """A page being looked at: what it asked for, and what the console complained of."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.base = base
        self.page: Page = context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def go(self, path: str, *, scripted: bool = True) -> Page:
        """Open a page; where it has scripts, wait until they rest."""
        self.page.goto(self.base + path, wait_until="networkidle" if scripted else "load")
        return self.page

    def outside(self) -> list[str]:
        """Return what was asked of any host but the server."""
        return [url for url in self.asked if not url.startswith((self.base, "data:", "blob:"))]

    def in_every_look(self, script: str) -> list[str]:
        """Return what axe-core finds wide and narrow, light and dark, and whether it scrolls sideways.

        A theme changes colours only and a width the layout: they are judged by the rules they can break.
        """
        self.page.evaluate(script)
        found = []
        for size in LOOKS:
            self.page.set_viewport_size(size)
            if not self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                found.append(f"{size['width']}: the page scrolls sideways")
            self.page.emulate_media(color_scheme="light")
            rules = ("tag", TAGS) if size is LOOKS[0] else ("rule", LAYOUT)
            found += [f"{size['width']} light: {line}" for line in self._axe(*rules)]
            self.page.emulate_media(color_scheme="dark")
            found += [f"{size['width']} dark: {line}" for line in self._axe("rule", COLOUR)]
        return found

    def _axe(self, kind: str, values: list[str]) -> list[str]:
        """Return what axe-core finds, one line a rule."""
        found: dict[str, Any] = self.page.evaluate(
            "only => axe.run(document, {resultTypes: ['violations'], runOnly: only})",
            {"type": kind, "values": values},
        )
        return [
            f"{rule['id']}: {rule['help']}: {[node['html'][:120] for node in rule['nodes'][:3]]}"
            for rule in found["violations"]
        ]


@contextmanager
def visiting(browser: Browser, base: str, **options: Any) -> Iterator[Visit]:
    """Open a fresh context: nothing is remembered from one test to the next."""
    context = browser.new_context(**options)
    context.set_default_timeout(10_000)
    try:
        yield Visit(context, base)
    finally:
        context.close()
