"""The house rules a machine can hold: layers, sizes, names, prefixes, terms, what must not be written."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from kg.build.building import add_generated_graphs
from kg.build.loading import load_project
from kg.build.turtle_positions import scan_turtle
from kg.namespaces import KG, PREFIXES, RDF

ROOT = Path(__file__).resolve().parents[1]

#: package or module under kg -> layer; imports point from a higher number to the same or a lower one.
LAYERS = {
    "namespaces": 0, "errors": 0, "settings": 0,
    "claims": 1, "reasoning": 1, "cases": 1, "questions": 1, "mappings": 1, "search": 1,
    "store": 2, "files": 2, "external": 2,
    "pipeline": 3, "views": 3, "exports": 3, "linking": 3, "notebook": 3,
    "web": 4, "cli": 4, "serving": 4, "__init__": 4, "__main__": 4,
}  # fmt: skip
HTTP_CLIENTS = {"requests", "httpx", "aiohttp", "SPARQLWrapper", "urllib3"}
HTTP_MODULES = {"urllib.request", "http.client"}
SKIPPED = {"node_modules", "dist", "out", "__pycache__"}


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files git tracks; outside a checkout, all files that are not made."""
    run = subprocess.run(
        ["/usr/bin/env", "git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = run.stdout.splitlines() if run.returncode == 0 else []
    paths = [ROOT / name for name in names] or [p for p in ROOT.rglob("*") if not SKIPPED & set(p.parts)]
    return tuple(path for path in paths if path.is_file() and ".venv" not in path.parts)


def sources() -> list[Path]:
    """Return the Python modules of the package."""
    return sorted(path for path in tracked() if path.suffix == ".py" and path.is_relative_to(ROOT / "kg"))


@cache
def docstrings(path: Path) -> frozenset[int]:
    """Return the identities of the strings that are docstrings."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    heads = (node.body[0] for node in ast.walk(tree(path)) if isinstance(node, kinds) and node.body)
    return frozenset(id(head.value) for head in heads if isinstance(head, ast.Expr))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the modules a file imports, wherever in it, with the line; names only types need excepted."""
    typing_only = {
        node
        for branch in ast.walk(tree(path))
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree(path)):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno


def part(module: str) -> str:
    """Return the part of kg that a module belongs to."""
    return module.split(".")[1] if "." in module else "__init__"


def own_part(path: Path) -> str:
    relative = path.relative_to(ROOT / "kg")
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def test_every_part_of_the_package_has_a_layer() -> None:
    assert {own_part(path) for path in sources()} <= set(LAYERS)


def test_imports_point_down_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {own_part(path)} imports {module}"
        for path in sources()
        for module, line in imported(path)
        if module.split(".")[0] == "kg" and module != "kg" and LAYERS[part(module)] > LAYERS[own_part(path)]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("libraries", "allowed"),
    [
        ({"flask", "werkzeug", "jinja2"}, {"web", "serving"}),
        (HTTP_CLIENTS | HTTP_MODULES, {"store", "external"}),
        ({"granian"}, {"serving"}),
        ({"click"}, {"cli", "serving"}),
    ],
    ids=["flask", "http clients", "server", "command line"],
)
def test_a_library_stays_where_it_belongs(libraries: set[str], allowed: set[str]) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: imports {module}"
        for path in sources()
        for module, line in imported(path)
        if (module in libraries or module.split(".")[0] in libraries) and own_part(path) not in allowed
    ]
    assert not wrong, "\n".join(wrong)


def functions() -> list[tuple[str, int]]:
    """Return each function with its length in lines, docstring and decorators not counted."""
    found = []
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                first = body[0].lineno if body else node.lineno
                found.append(
                    (
                        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}",
                        (node.end_lineno or 0) - first + 1,
                    )
                )
    return found


def test_functions_are_short() -> None:
    lengths = functions()
    assert [name for name, lines in lengths if lines > 60] == []
    assert statistics.median(lines for _, lines in lengths) <= 12


def test_modules_are_short_and_are_named_for_what_they_are() -> None:
    sizes = {str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for path in sources()}
    assert {name: lines for name, lines in sizes.items() if lines > 400} == {}
    assert [
        name for name in sizes if re.search(r"(^|[/_])(utils?|helpers?|manager|misc|common)s?[._/]", name)
    ] == []


@cache
def vocabulary() -> frozenset[str]:
    """Return the IRIs that the built graph defines before reasoning."""
    found = load_project(ROOT)
    add_generated_graphs(found)
    triples = (triple for graph in found.dataset.graphs.values() for triple in graph)
    return frozenset(
        t.subject.value for t in triples if isinstance(t.subject, NamedNode) and t.predicate == RDF["type"]
    )


def concepts() -> dict[str, str]:
    """Return the words that name drugs, diseases, features and the like, each with its concept."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "data" / "concepts").glob("*.ttl")):
        if path.stem in {"hedges", "goals"}:
            continue
        for quad in parse(path=str(path), format=RdfFormat.TURTLE):
            if quad.predicate.value.endswith(("prefLabel", "altLabel")) and isinstance(
                quad.subject, NamedNode
            ):
                found[quad.object.value] = quad.subject.value
                found[quad.subject.value.rsplit("/", 1)[1]] = quad.subject.value
    return found


def test_python_knows_no_drug_disease_feature_or_situation() -> None:
    """Names that are ordinary English words (blood, pain) are looked for as identifiers only."""
    words = {
        name for name in concepts() if len(name) > 6 and (name[0].isupper() or " " in name or "-" in name)
    }
    words |= {
        "blinatumomab",
        "nelarabine",
        "imatinib",
        "ibuprofen",
        "morphine",
        "chemotherapy",
    }
    pattern = re.compile(
        r"(?<![\w-])(" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + r")(?![\w-])"
    )
    wrong = []
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _told(path, node):
                wrong += [
                    f"{path.relative_to(ROOT)}:{node.lineno}: {word}" for word in pattern.findall(node.value)
                ]
    assert not wrong, "\n".join(wrong)


def _told(path: Path, constant: ast.Constant) -> bool:
    """Say whether a string is a docstring, or the examples that help texts show."""
    return id(constant) in docstrings(path) or "Examples:" in str(constant.value)


HEADS = [path for path in tracked() if path.suffix in {".rq", ".ttl"} and path.is_relative_to(ROOT)]


def test_every_prefix_in_queries_and_turtle_agrees_with_the_one_module_that_spells_iris() -> None:
    prefix = re.compile(r"^\s*(?:@prefix|PREFIX)\s+([\w-]*):\s*<([^>]*)>", re.M | re.I)
    wrong = [
        f"{path.relative_to(ROOT)}: {name}: <{iri}>"
        for path in HEADS
        if not path.is_relative_to(ROOT / "tests")
        for name, iri in prefix.findall(path.read_text("utf-8"))
        if PREFIXES.get(name, iri) != iri
    ]
    assert len(HEADS) > 100
    assert not wrong, "\n".join(wrong)


def test_every_term_of_ours_in_a_query_exists() -> None:
    checked = 0
    wrong = []
    for path in HEADS:
        if path.suffix != ".rq" or not path.is_relative_to(ROOT / "queries"):
            continue
        text = path.read_text("utf-8")
        body = re.sub(r"^#.*$", "", text, flags=re.M)
        for iri, places in scan_turtle(_turtle(body), path.name).terms.items():
            local = iri.removeprefix(KG)
            if iri.startswith(KG) and local:
                checked += 1
                if iri not in vocabulary():
                    wrong.append(f"{path.relative_to(ROOT)}:{places[0].line}: kg:{local}")
    assert checked > 300
    assert not wrong, "\n".join(wrong)


def _turtle(query: str) -> str:
    """Return a query with its PREFIX lines as Turtle has them, so that the scanner reads its terms."""
    return re.sub(r"[|*+?^/{}!]", " ", query) if "PREFIX" not in query else _spaced(query)


def _spaced(query: str) -> str:
    """Put blanks around path operators, outside IRIs."""
    return re.sub(r"(<[^>\s]*>)|([|*+?^/{}!])", lambda m: m.group(1) or " ", query)


def test_nothing_names_a_package_registry_or_a_path_of_one_machine() -> None:
    hosts = "|".join(
        ["pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "deb\\." + "debian"]
    )
    paths = r"(?<![\w.])/(?:" + "|".join(["wo" + "rk", "fa" + "rm", "ro" + "ot"]) + ")/"
    wrong = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {m.group()}" for m in re.finditer(f"{hosts}|{paths}", text)]
    assert not wrong, "\n".join(wrong)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def test_no_eight_words_in_a_row_of_the_source_text_stand_in_the_repository(shared: Path) -> None:
    source = words((shared / "source" / "source-text.txt").read_text("utf-8"))
    runs = {tuple(source[i : i + 8]) for i in range(len(source) - 7)}
    wrong = []
    for path in tracked():
        try:
            found = words(path.read_text("utf-8"))
        except UnicodeDecodeError:
            continue
        if any(tuple(found[i : i + 8]) in runs for i in range(len(found) - 7)):
            wrong.append(str(path.relative_to(ROOT)))
    assert not wrong


def test_only_the_command_line_prints_and_no_except_is_bare() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not wrong
