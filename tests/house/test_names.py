"""Sizes, and one name for one thing."""

from __future__ import annotations

import ast
import re
import statistics
from collections import defaultdict
from collections.abc import Iterator

from tests.house.source_tree import ROOT, list_modules, name_module, parse_module, show

#: file names that the folder gives a meaning: a page's view, its handler, and a package's own basics.
ROLES = {"__init__", "view", "handler", "errors", "settings", "namespaces"}


def iter_function_lengths() -> Iterator[tuple[str, int]]:
    """Yield each function with its length in lines, docstring and decorators not counted."""
    for path in list_modules():
        for node in ast.walk(parse_module(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                first = body[0].lineno if body else node.lineno
                yield f"{show(path, node.lineno)} {node.name}", (node.end_lineno or 0) - first + 1


def test_functions_are_short() -> None:
    lengths = dict(iter_function_lengths())
    assert len(lengths) > 1500
    assert [name for name, lines in lengths.items() if lines > 60] == []
    assert statistics.median(lengths.values()) <= 12


def test_modules_are_short_and_few() -> None:
    sizes = {show(path): path.read_text("utf-8").count("\n") for path in list_modules()}
    assert {name: lines for name, lines in sizes.items() if lines > 400} == {}
    modules = [name for name in sizes if not name.endswith("__init__.py")]
    assert 100 < len(modules) < 245  # 291 before the libraries stood apart


def test_no_module_is_named_for_nothing() -> None:
    names = [show(path) for path in list_modules()]
    assert [n for n in names if re.search(r"(^|[/_])(utils?|helpers?|manager|misc|common)s?[._/]", n)] == []


def test_no_two_modules_have_one_name() -> None:
    places = defaultdict(list)
    for path in list_modules():
        if path.stem not in ROLES:
            places[path.stem].append(show(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_no_public_class_name_means_two_things() -> None:
    places = defaultdict(list)
    for path in list_modules():
        for node in parse_module(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name_module(path))
    assert len(places) > 150
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_every_package_has_a_page_that_names_only_what_exists() -> None:
    rooms = [ROOT / name for name in ("rlreason", "sparqlhost")]
    rooms += sorted(path.parent for path in (ROOT / "kg").glob("*/__init__.py"))
    missing = [show(room) for room in rooms if not (room / "README.md").exists()]
    assert missing == []
    wrong = [
        f"{show(room)}/README.md: {name}"
        for room in rooms
        for name in re.findall(r"`([a-z_]+(?:/[a-z_]+)*\.py)`", (room / "README.md").read_text("utf-8"))
        if not any((base / name).exists() for base in (room, ROOT))
    ]
    assert wrong == []
