"""Who may import whom: layers, cycles, and the borders of the libraries we use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.source_tree import ROOT, list_imports, list_modules, name_module, name_room, show

#: room -> layer; a room imports rooms of its own or of a lower layer.
LAYERS = {
    "rlreason": 0, "sparqlhost": 0,
    "kg.namespaces": 1, "kg.errors": 1, "kg.settings": 1, "kg.text_files": 1,
    "kg.model": 2,
    "kg.mapping_files": 3, "kg.texts": 3, "kg.questions": 3, "kg.build": 3, "kg.linking": 3,
    "kg.exports": 4, "kg.pages": 4,
    "kg.notebook": 5, "kg.cli": 5, "kg": 5, "kg.__main__": 5,
}  # fmt: skip
HTTP_CLIENTS = {"requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client"}


def layer_room(module: str) -> str:
    """Return the room of a module as LAYERS names it."""
    return "sparqlhost" if module.split(".")[0] == "sparqlhost" else name_room(module)


def own_imports(path: Path) -> list[tuple[str, int]]:
    """Return the imports of modules of ours, each with its line."""
    return [
        (i.module, i.line)
        for i in list_imports(path)
        if i.module.split(".")[0] in {"kg", "rlreason", "sparqlhost"}
    ]


def test_every_room_has_a_layer() -> None:
    assert {layer_room(name_module(path)) for path in list_modules()} == set(LAYERS)


def test_imports_point_down_only() -> None:
    wrong = [
        f"{show(path, line)}: {room} imports {module}"
        for path in list_modules()
        for room in [layer_room(name_module(path))]
        for module, line in own_imports(path)
        if LAYERS[layer_room(module)] > LAYERS[room]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", ["rlreason", "sparqlhost"])
def test_a_library_imports_nothing_of_the_project(library: str) -> None:
    wrong = [
        f"{show(path, line)}: imports {module}"
        for path in list_modules()
        if path.is_relative_to(ROOT / library)
        for module, line in own_imports(path)
        if module.split(".")[0] != library
    ]
    assert not wrong, "\n".join(wrong)


def find_cycles(edges: dict[str, set[str]]) -> set[frozenset[str]]:
    """Return the pairs of nodes that reach each other."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            new = edges.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        return seen

    reachable = {node: reach(node) for node in edges}
    return {frozenset((a, b)) for a in edges for b in reachable[a] if a != b and a in reachable.get(b, ())}


def test_no_two_rooms_import_each_other() -> None:
    edges: dict[str, set[str]] = {}
    for path in list_modules():
        room = name_room(name_module(path))
        edges.setdefault(room, set()).update(name_room(module) for module, _ in own_imports(path))
    # the top modules of a package may name its rooms; they are the front door, not a room
    for front in ("kg", "sparqlhost"):
        edges.pop(front, None)
    assert find_cycles(edges) == set()


def test_no_two_modules_import_each_other() -> None:
    edges = {name_module(path): {module for module, _ in own_imports(path)} for path in list_modules()}
    assert find_cycles(edges) == set()


def test_the_search_for_cycles_finds_one() -> None:
    assert find_cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {
        frozenset("ab"), frozenset("bc"), frozenset("ac")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("libraries", "allowed"),
    [
        (
            {"flask", "werkzeug", "jinja2"},
            ("sparqlhost/protocol", "sparqlhost/ops", "sparqlhost/host_app.py", "kg/pages"),
        ),
        (HTTP_CLIENTS, ("sparqlhost/http.py",)),
        ({"SPARQLWrapper"}, ("sparqlhost/remote",)),
        ({"granian"}, ("sparqlhost/ops/granian_server.py",)),
        ({"click"}, ("kg/cli",)),
    ],
    ids=["flask", "http clients", "sparql client", "server", "command line"],
)
def test_a_library_stays_where_it_belongs(libraries: set[str], allowed: tuple[str, ...]) -> None:
    borders = [ROOT / place for place in allowed]
    wrong = [
        f"{show(path, found.line)}: imports {found.module}"
        for path in list_modules()
        if not any(path.is_relative_to(border) for border in borders)
        for found in list_imports(path)
        if found.module in libraries or found.module.split(".")[0] in libraries
    ]
    assert not wrong, "\n".join(wrong)


def test_a_view_knows_no_flask() -> None:
    wrong = [
        show(path, found.line)
        for path in list_modules()
        if path.name == "view.py"
        for found in list_imports(path)
        if found.module.split(".")[0] in {"flask", "werkzeug"}
    ]
    assert not wrong


def test_a_store_of_the_engine_is_opened_only_by_the_host() -> None:
    allowed = (ROOT / "sparqlhost" / "store", ROOT / "sparqlhost" / "pool")
    wrong = [
        show(path)
        for path in list_modules()
        if not any(path.is_relative_to(place) for place in allowed)
        and any(
            call in path.read_text("utf-8") for call in ("ox.Store(", "Store.read_only(", "Store.secondary(")
        )
    ]
    assert not wrong
