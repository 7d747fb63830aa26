"""What must and must not stand in the repository: declared terms, agreeing prefixes, no drug in Python."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from functools import cache
from pathlib import Path

from pyoxigraph import NamedNode, RdfFormat, parse

from kg.build.building import add_generated_graphs
from kg.build.loading import load_project
from kg.build.turtle_positions import scan_turtle
from kg.namespaces import KG, PREFIXES, RDF
from tests.house.source_tree import (
    ROOT,
    collect_docstring_ids,
    list_modules,
    list_tracked_files,
    name_module,
    parse_module,
    show,
)


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
                found.setdefault(quad.object.value, quad.subject.value)
                found.setdefault(quad.subject.value.rsplit("/", 1)[1], quad.subject.value)
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
    for path in list_modules():
        for node in ast.walk(parse_module(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _is_example(path, node):
                wrong += [
                    f"{path.relative_to(ROOT)}:{node.lineno}: {word}" for word in pattern.findall(node.value)
                ]
    assert not wrong, "\n".join(wrong)


def _is_example(path: Path, constant: ast.Constant) -> bool:
    """Return whether a string is a docstring, or the examples that help texts show."""
    return id(constant) in collect_docstring_ids(path) or "Examples:" in str(constant.value)


def test_no_page_help_text_example_or_comment_names_a_disease_a_treatment_or_a_situation() -> None:
    """Titles and examples were wired to the disease of the first text; now they come from the data."""
    kinds = ("/disease/", "/intervention/")
    names = {word for word, iri in concepts().items() if any(kind in iri for kind in kinds)}
    names |= {iri.rpartition("/")[2] for iri in concepts().values() if "/situation/" in iri}
    assert {"ALL", "acute lymphoblastic leukemia", "RelapsedALL", "blinatumomab"} <= names
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")
    files = [*ROOT.glob("kg/**/*.py"), *ROOT.glob("kg/**/*.html")]
    assert len(files) > 100
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {word}"
        for path in sorted(files)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for word in pattern.findall(line)
    ]
    assert not wrong, "\n".join(wrong)


HEADS = [
    path for path in list_tracked_files() if path.suffix in {".rq", ".ttl"} and path.is_relative_to(ROOT)
]


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
    for path in list_tracked_files():
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
    for path in list_tracked_files():
        try:
            found = words(path.read_text("utf-8"))
        except UnicodeDecodeError:
            continue
        if any(tuple(found[i : i + 8]) in runs for i in range(len(found) - 7)):
            wrong.append(str(path.relative_to(ROOT)))
    assert not wrong


def test_only_the_command_line_prints_and_no_except_is_bare() -> None:
    command_line = ROOT / "kg" / "cli"
    wrong = [
        show(path, node.lineno)
        for path in list_modules()
        for node in ast.walk(parse_module(path))
        if (isinstance(node, ast.ExceptHandler) and node.type is None)
        or (isinstance(node, ast.Call) and _is_print(node) and not path.is_relative_to(command_line))
    ]
    assert not wrong


def _is_print(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "print"


def test_the_examples_in_docstrings_run() -> None:
    """Doctests of every module, counted: one that is not found would pass unseen."""
    failed, tried = 0, 0
    for path in list_modules():
        if ">>> " in path.read_text("utf-8"):
            results = doctest.testmod(importlib.import_module(name_module(path)))
            failed, tried = failed + results.failed, tried + results.attempted
    assert failed == 0
    assert tried >= 9
