"""The library's README runs where the package stands alone, and names the modules there are."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "rlreason"
README = (LIBRARY / "README.md").read_text("utf-8")
WITH_PYOXIGRAPH, WITH_RDFLIB = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
#: importing the project must fail, also where it is installed in editable mode
ALONE = """
import os, sys
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
sys.path = [folder for folder in sys.path if not os.path.exists(os.path.join(folder, "kg", "__init__.py"))]
for name in ("kg", "sparqlhost"):
    try:
        __import__(name)
    except ImportError:
        continue
    sys.exit(f"{name} can be imported")
"""
RDFLIB_GRAPH = """
from rdflib import RDF, RDFS, Graph, Namespace
EX = Namespace("http://zoo/")
graph = Graph()
graph.add((EX.Cat, RDFS.subClassOf, EX.Animal))
graph.add((EX.tom, RDF.type, EX.Cat))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds a copy of the library and nothing else."""
    path = tmp_path_factory.mktemp("alone")
    shutil.copytree(LIBRARY, path / "rlreason", ignore=shutil.ignore_patterns("__pycache__"))
    return path


def run_alone(folder: Path, code: str) -> str:
    """Run code with the copy of the library and installed packages only; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE + code],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_for_pyoxigraph_runs_alone(folder: Path) -> None:
    lines = run_alone(folder, WITH_PYOXIGRAPH).splitlines()
    assert lines[0].startswith("<http://zoo/tom> rdf:type <http://zoo/Animal> follows by cax-sco")
    assert "  <http://zoo/tom> rdf:type <http://zoo/Cat> is given" in lines
    assert lines[-1] == "True"


def test_the_example_for_rdflib_runs_alone(folder: Path) -> None:
    check = 'print("back", (EX.tom, RDF.type, EX.Animal) in graph, len(graph))'
    printed = run_alone(folder, RDFLIB_GRAPH + WITH_RDFLIB + check)
    assert "follows by cax-sco" in printed
    assert printed.endswith("back True 3\n")


def test_the_examples_are_short() -> None:
    statements = [line for line in WITH_RDFLIB.splitlines() if line]
    assert len(statements) <= 5


def test_rdflib_and_the_engine_are_imported_only_when_needed(folder: Path) -> None:
    run_alone(folder, 'import rlreason, sys; assert not {"numpy", "pyoxigraph", "rdflib"} & set(sys.modules)')
    run_alone(folder, WITH_PYOXIGRAPH + 'import sys; assert "rdflib" not in sys.modules')


def test_every_public_name_can_be_imported(folder: Path) -> None:
    code = (
        "import rlreason; from rlreason import *; print(*(n for n in rlreason.__all__ if n not in globals()))"
    )
    assert run_alone(folder, code).strip() == ""


def test_every_module_has_a_row_in_the_readme() -> None:
    modules = {path.stem for path in LIBRARY.glob("*.py")} - {"__init__"}
    named = {
        name
        for row in re.findall(r"^\| (`.*?) \|", README, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert named == modules
