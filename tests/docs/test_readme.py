"""What README and CONTRIBUTING say is run or held against the code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kg.cli import COMMANDS
from kg.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
Run = Callable[[str], subprocess.CompletedProcess[str]]


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language, without their indent."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.M | re.S)
    return [re.sub(rf"^{indent}", "", body, flags=re.M) for indent, body in found]


@pytest.fixture
def run(built: Path) -> Run:
    """Return a function that runs a shell command over the session's build, `kg` being this checkout's."""

    def call(command: str) -> subprocess.CompletedProcess[str]:
        words = shlex.split(command)
        if Path(words[0]).name == "kg":
            words = [sys.executable, "-m", "kg", *words[1:]]
        environment = os.environ | {"KG_BUILD_DIR": str(built)}
        return subprocess.run(
            words,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    return call


def test_the_first_screen_says_what_for_whom_two_commands_and_an_answer() -> None:
    screen = "\n".join(README.splitlines()[:30])
    assert blocks(README, "sh")[0].split("\n")[:2] == ["make serve", "make test"]
    for words in ("clinical informaticians", "not medical advice", "kg ask", "S15", "kg explain"):
        assert words in screen


def test_the_sessions_print_what_the_readme_shows(run: Run) -> None:
    (session,) = blocks(README, "console")
    steps = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.M)
    assert len(steps) == 2
    for command, shown in steps:
        done = run(command)
        assert done.returncode == 0, done.stderr
        printed = [" ".join(line.split()) for line in done.stdout.splitlines()]
        for line in shown.splitlines():
            assert " ".join(line.split()) in printed, command


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`(kg [a-z][^`]*)`", README))))
def test_every_command_in_the_readme_runs(run: Run, command: str) -> None:
    if "FILE" in command or command == "kg reason":
        command = re.sub(r" --source-text FILE", "", command) + (" --help" if command == "kg reason" else "")
    if command in {"kg build"}:
        command += " --help"  # run for real in tests/pipeline/test_build.py
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_lines_of_python_run(run: Run) -> None:
    (lines,) = blocks(README, "python")
    assert len(lines.strip().splitlines()) == 6
    done = run(f"{shlex.quote(sys.executable)} -c {shlex.quote(lines)}")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) > 10


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib warns of its own default_context
def test_kg_load_reaches_every_triple_with_the_prefixes_bound(built: Path, settings: Settings) -> None:
    import kg
    from kg.build.publishing import read_manifest

    graph = kg.load(built)
    manifest = read_manifest(settings)
    plain = graph.query("SELECT * WHERE { ?s ?p ?o }")
    assert len(plain) == manifest.default_triples
    named = graph.query("SELECT * WHERE { GRAPH ?g { ?s ?p ?o } }")
    assert len(named) == sum(entry.triples for entry in manifest.graphs.values())
    assert dict(graph.namespaces())["int"].endswith("/intervention/")


def test_the_curl_command_of_the_readme_is_answered(live_server: str, run: Run) -> None:
    (command,) = [block for block in blocks(README, "sh") if "curl" in block]
    done = run(command.replace("\\\n", " ").replace("http://127.0.0.1:8000", live_server))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "drug,situation,cue"
    assert "intervention/Blinatumomab" in done.stdout
    assert "may be an option" in done.stdout


@pytest.mark.parametrize("route", sorted(set(re.findall(r"`(/[a-z][\w/-]*)`", README))))
def test_every_route_in_the_readme_is_a_page(client: FlaskClient, route: str) -> None:
    answer = client.get(route, headers={"Accept": "text/html"})
    assert answer.status_code == 200, route
    assert answer.mimetype == "text/html"


def test_every_setting_in_the_readme_exists() -> None:
    names = {f"KG_{field.name.upper()}" for field in fields(Settings)}
    mentioned = set(re.findall(r"\bKG_[A-Z_]+\b", README + CONTRIBUTING))
    assert mentioned
    assert mentioned <= names


def test_every_link_and_folder_in_the_documents_exists() -> None:
    for text in (README, CONTRIBUTING):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (ROOT / target).exists(), target
    for folder in re.findall(r"^\| `([a-z]+)/`", README, re.M):
        assert (ROOT / folder).is_dir(), folder


@pytest.mark.parametrize(
    "target", ["setup", "build", "serve", "test", "check", "bench", "soak", "fuzz", "clean"]
)
def test_make_knows_the_target_and_tells_what_it_does(run: Run, target: str) -> None:
    assert re.search(rf"^  make {target} +\S", run("make help").stdout, re.M)
    assert run(f"make -n {target}").returncode == 0


EXAMPLES = {
    "kg build --source-text ~/my-copies",
    "kg build --project ~/my-texts",
    "kg check --source-text ~/my-copies",
    "kg coverage --source-text ~/my-copies",
    "kg build --reasoner owlrl",
    "kg build",
    "kg check",
    "kg query --format csv - < my.rq",
    "kg ask for-codes --file list.csv --column ndc --system NDC",
}  # with a file of the reader's, or run for real in tests/pipeline and tests/packaging
#: what stands for NAME in an example: help texts name no disease and no treatment
NAMES = {
    "--situation NAME": "--situation RelapsedALL",
    '--intervention "A NAME"': '--intervention "stem cell transplant"',
    '--feature NAME --feature "ANOTHER NAME"': '--feature ALL --feature "B-cell lineage"',
}


def help_examples() -> list[str]:
    """Return the examples in the help of the commands of the build."""
    found = []
    for command in ("build", "check", "coverage", "query", "ask"):
        text = (ROOT / "kg" / "cli" / f"{command}.py").read_text("utf-8")
        found += [line.strip() for line in re.findall(r"^  (kg .*)$", text, re.M)]
    return found


@pytest.mark.parametrize("command", [line for line in help_examples() if line not in EXAMPLES])
def test_every_example_in_the_help_runs(run: Run, command: str) -> None:
    for placeholder, name in NAMES.items():
        command = command.replace(placeholder, name)
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_application_starts_without_a_request(app: Flask) -> None:
    assert len(list(app.url_map.iter_rules())) > 20


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_shows_examples_a_line_each(run: Run, command: str) -> None:
    text = run(f"kg {command} --help").stdout
    assert re.search(rf"^ +kg {command}( |$)", text, re.M)
    assert "\\b" not in text
