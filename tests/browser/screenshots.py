"""Draw the gallery into screenshots/: each page in light and dark, 1280 and 390 px (`make screenshots`).

The pictures that the README shows are drawn anew into docs/screenshots/.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PAGES = {
    "start": "/",
    "matrix": "/matrix",
    "search": "/search?q=ALL",
    "intervention": "/intervention/Blinatumomab",
    "situation": "/situation/RefractoryALL",
    "claim": "/claim/S07-1",
    "source": "/source",
    "why": "/explain?s=int:Blinatumomab&p=kg:optionFor&o=sit:RelapsedBALL",
    "case": "/case#yes=ALL,BCell,activeRelapse",
    "sparql": "/sparql",
    "questions": "/questions",
    "question": "/questions/raised-for",
    "ontology": "/ont",
    "mappings": "/mappings",
    "about": "/about",
    "not-found": "/intervention/Blinatumoma",
}
WIDTHS = {1280: 900, 390: 844}
#: page -> the heading at the top of its picture in the README
SHOWN = {"situation": "main h1", "source": "main h2", "why": "main h1", "case": "main h1"}


def main() -> int:
    """Start a server on the current build, visit each page, and write a PNG a theme and width."""
    if not CHROMIUM.exists():
        sys.stderr.write(f"{CHROMIUM} is absent: the gallery needs Debian's chromium.\n")
        return 1
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    printed = folder / "server.log"
    with printed.open("w") as stream:
        command = [sys.executable, str(ROOT / "server.py"), "--host", "127.0.0.1", "--port", "0"]
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env={**os.environ})
    try:
        base = _address(process, printed)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            for theme in ("light", "dark"):
                for width, height in WIDTHS.items():
                    _draw(browser, base, folder, theme, width, height)
            _show(browser, base, ROOT / "docs" / "screenshots")
            browser.close()
    finally:
        process.terminate()
        process.wait(20)
    return 0


def _draw(browser: Browser, base: str, folder: Path, theme: str, width: int, height: int) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light"
    )
    page = context.new_page()
    for name, path in PAGES.items():
        page.goto(base + path, wait_until="networkidle")
        page.screenshot(path=str(folder / f"{name}-{theme}-{width}.png"))
    context.close()


def _show(browser: Browser, base: str, folder: Path) -> None:
    """Draw what the README shows: the content of a page, without the bar above it."""
    page = browser.new_page(viewport={"width": 1080, "height": 720}, color_scheme="light")
    for name, heading in SHOWN.items():
        page.goto(base + PAGES[name], wait_until="networkidle")
        page.locator(heading).first.evaluate("heading => heading.scrollIntoView()")
        page.screenshot(path=str(folder / f"{name}.png"))


def _address(process: subprocess.Popen[bytes], printed: Path) -> str:
    """Return the address the server prints."""
    for _ in range(1500):
        if found := re.search(r"http://127\.0\.0\.1:\d+", printed.read_text("utf-8")):
            return found.group()
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise SystemExit("the server did not start:\n" + printed.read_text("utf-8"))


if __name__ == "__main__":
    sys.exit(main())
