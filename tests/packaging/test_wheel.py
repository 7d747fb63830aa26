"""The wheel of a clean copy, installed where no checkout is: it holds the graph, serves it and answers."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import requests

from tests.serving.servers import ROOT, running

LIBRARIES = """
import rlreason, sparqlhost, kg
from rdflib import Graph
graph = Graph().parse(data="@prefix : <x:> . @prefix owl: <http://www.w3.org/2002/07/owl#> . "
                           ":p a owl:SymmetricProperty . :a :p :b .", format="turtle")
print(len(rlreason.close(graph)), sparqlhost.__name__, len(kg.load()) > 10_000)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a virtual environment that has our wheel, and its dependencies, but no checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    clone = _copy_sources(folder / "clone")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(clone)]
    subprocess.run(build, check=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", symlinks=True)
    python = folder / "env" / "bin" / "python"
    subprocess.run([*pip[:3], "--python", str(python), "install", "-q", "--no-deps", str(wheel)], check=True)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    shutil.rmtree(clone)
    return folder / "env" / "bin"


def _copy_sources(target: Path) -> Path:
    """Copy what git holds, with its changes of today, and the built scripts."""
    listed = ["git", "-C", str(ROOT), "ls-files", "-coz", "--exclude-standard"]
    names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0")[:-1]
    built = [str(p.relative_to(ROOT)) for p in (ROOT / "kg/pages/static/dist").rglob("*") if p.is_file()]
    assert len(names) > 800
    for name in [*names, *built]:
        if (ROOT / name).is_file() or (ROOT / name).is_symlink():  # not deleted in the work tree
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name, follow_symlinks=False)
    return target


def _run(installed: Path, folder: Path, *command: str) -> str:
    """Run a command of the environment in an empty folder and return what it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("KG_", "PYTHON"))}
    done = subprocess.run(
        [str(installed / command[0]), *command[1:]],
        cwd=folder,
        env=environment | {"XDG_DATA_HOME": str(installed.parent / "data")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_answers_a_question_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    answer = _run(installed, tmp_path, "kg", "ask", "raised-for", "--situation", "RRTALL", "--format", "csv")
    assert "intervention/Nelarabine,option," in answer
    assert list(tmp_path.iterdir()) == []  # the build is kept in the user's data folder


def test_it_serves_pages_and_scripts(installed: Path, tmp_path: Path) -> None:
    program = [str(installed / "kg"), "serve"]
    with running(tmp_path, program=program, XDG_DATA_HOME=str(installed.parent / "data")) as server:
        page = requests.get(f"{server.address}/", timeout=10)
        assert page.status_code == 200
        asked = requests.get(
            f"{server.address}/sparql",
            params={"query": "ASK { <https://w3id.org/rrall-kg/intervention/Nelarabine> ?p ?o }"},
            headers={"Accept": "application/sparql-results+json"},
            timeout=10,
        )
        assert asked.json()["boolean"] is True


def test_python_and_both_libraries_work(installed: Path, tmp_path: Path) -> None:
    assert _run(installed, tmp_path, "python", "-c", LIBRARIES) == "1 sparqlhost True\n"


def test_a_project_of_ones_own_is_built_beside_its_files(installed: Path, tmp_path: Path) -> None:
    project = tmp_path / "mine"
    for name in ("ontology", "data", "queries"):
        shutil.copytree(ROOT / name, project / name)
    printed = _run(installed, tmp_path, "kg", "build", "--project", str(project))
    assert str(project / "build") in printed
    assert (project / "build" / "current" / "graph.nq").is_file()
