"""Fixtures every test may use: the material beside the project, a build, a store, the application."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from kg.build.building import build
from kg.build.opening import open_build
from kg.pages.app import create_app
from kg.settings import Settings
from sparqlhost.store.interface import Store
from tests import virtuoso
from tests.demo_document import TEXT, add_demo_document, copy_project

ROOT = Path(__file__).resolve().parent.parent

# a busy machine is no fault of what is tested
hypothesis_settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("busy")

NO_IMPORTS = (
    ROOT / "tests" / "no-imports"
)  # what a developer imported into this checkout is no part of a test
#: where the W3C suites are (`tests/w3c`) is no setting of the project
for name in {name for name in os.environ if name.startswith("KG_")} - {"KG_RDF_TESTS"}:
    del os.environ[name]
os.environ["KG_IMPORTS_DIR"] = str(NO_IMPORTS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End the run by saying what was skipped and why, in five lines at most."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    shown = reasons.most_common(5 if len(reasons) <= 5 else 4)
    for reason, count in shown:
        terminalreporter.write_line(f"{count} skipped: {reason}")
    if rest := reasons.total() - sum(count for _, count in shown):
        terminalreporter.write_line(
            f"{rest} skipped for {len(reasons) - 4} other reasons; pytest -rs lists them"
        )


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of material beside the project; skip where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("../shared is absent: this test needs the real files that stand beside the project")
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return a build folder (it holds `current/`) made once a run, however many test processes there are."""
    base = _common_folder(tmp_path_factory, worker_id)
    folder = base / "build"
    with (base / "build.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        if not (folder / "current").exists():
            build(Settings(root=ROOT, build_dir=folder))
    return folder


@pytest.fixture(scope="session")
def demo_settings(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """Return settings over a build of both documents, with the text of the invented one; made once a run."""
    base = _common_folder(tmp_path_factory, worker_id)
    root, folder = base / "demo-project", base / "demo-build"
    made = Settings(root=root, build_dir=folder, imports_dir=NO_IMPORTS, source_text=TEXT)
    with (base / "demo.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        if not (folder / "current").exists():
            add_demo_document(copy_project(root))
            build(made)
    return made


def _common_folder(factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the temporary folder that all test processes of a run share."""
    base = factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def settings(built: Path) -> Settings:
    """Return settings over the session's build; use dataclasses.replace for others."""
    return Settings(root=ROOT, build_dir=built, imports_dir=NO_IMPORTS)


@pytest.fixture(scope="session")
def store(settings: Settings) -> Iterator[Store]:
    """Return a store over the session's build; tests must not write to it."""
    opened = open_build(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def app(settings: Settings, store: Store) -> Flask:
    """Return the application over the session's build."""
    app = create_app(settings, store)
    app.testing = True
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a client of the application."""
    return app.test_client()


@pytest.fixture(scope="session")
def live_server(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the base address of a real server process over the session's build."""
    environment = {**os.environ, "KG_BUILD_DIR": str(built), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(ROOT / "server.py"), "--host", "127.0.0.1", "--port", "0"]
    printed = tmp_path_factory.mktemp("server") / "output"
    with printed.open("w") as stream:
        process = subprocess.Popen(command, env=environment, stderr=subprocess.STDOUT, stdout=stream)
    try:
        yield _address(process, printed)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def virtuoso_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the query address of a Virtuoso server; skip where it is not installed."""
    if virtuoso.SERVER is None or virtuoso.CLIENT is None:
        pytest.skip(virtuoso.ABSENT)
    with virtuoso.virtuoso(tmp_path_factory.mktemp("virtuoso")) as address:
        yield address


def _address(process: subprocess.Popen[bytes], printed: Path, patience: float = 30.0) -> str:
    """Return the first address a server prints; fails with what it printed when it prints none."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+", printed.read_text("utf-8")):
            return found.group()
        time.sleep(0.02)
    pytest.fail("the server did not say where it listens:\n" + printed.read_text("utf-8"))
