"""Templates: short lines, one folder a page, no logic beyond loops, conditions and macros."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import nodes

PAGES = Path(__file__).resolve().parents[2] / "kg" / "pages"
TEMPLATES = sorted(path.relative_to(PAGES).as_posix() for path in PAGES.rglob("*.html"))
#: of the frame, of every page, and of what the host answers
SHARED = {"base.html", "_macros.html", "error.html", "sparql.html"}
LINE_LENGTH = 110


def test_templates_are_found() -> None:
    assert len(TEMPLATES) > 20
    assert SHARED < set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_lines_are_short(name: str) -> None:
    lines = (PAGES / name).read_text("utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > LINE_LENGTH] == []


@pytest.mark.parametrize("name", sorted(set(TEMPLATES) - SHARED))
def test_a_template_stands_in_the_folder_of_the_page_that_renders_it(name: str) -> None:
    folder = PAGES / name.split("/")[0]
    assert (folder / "view.py").is_file()
    assert f'"{name}"' in (folder / "handler.py").read_text("utf-8")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_changes_no_value(app: Flask, name: str) -> None:
    """No `update`, `append` or `do`: a template that fills a dictionary does the work of a view."""
    tree = app.jinja_env.parse((PAGES / name).read_text("utf-8"), name)
    called = {call.node.attr for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Getattr)}
    assert called.isdisjoint({"update", "append", "extend", "pop", "setdefault", "insert", "clear"})


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_macro_that_a_template_calls_exists(app: Flask, name: str) -> None:
    tree = app.jinja_env.parse((PAGES / "_macros.html").read_text("utf-8"))
    defined = {macro.name for macro in tree.find_all(nodes.Macro)}
    used = set(re.findall(r"\bmacros\.(\w+)", (PAGES / name).read_text("utf-8")))
    assert used <= defined


#: what makes a browser load or send something by itself; a link does nothing until it is followed
_LOADS = re.compile(
    r"""(?:<(?:script|img|iframe|link|source|video|audio|object|embed|form)\b[^>]*?(?:src|href|action|data|poster)="""
    r"""["']|url\(\s*["']?|@import\s+["']?)\s*(?:https?:)?//""",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", [*TEMPLATES, "static/site.css"])
def test_nothing_is_loaded_from_another_host(name: str) -> None:
    assert not _LOADS.search((PAGES / name).read_text("utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        '<script defer src="https://cdn.example/x.js">',
        '<link rel="stylesheet" href="//example.org/a.css">',
        "background: url(https://example.org/a.png)",
        '@import "https://example.org/a.css"',
        '<form action="https://example.org/">',
    ],
)
def test_what_would_load_from_another_host_is_noticed(text: str) -> None:
    assert _LOADS.search(text)


def test_a_link_loads_nothing() -> None:
    assert not _LOADS.search('<a href="https://example.org/" rel="external noreferrer">')
