"""A copy of the project's files that a test may spoil."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo_document import copy_project

Kg = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with ontology/, data/ and queries/ as they stand."""
    return copy_project(tmp_path / "project")


@pytest.fixture
def kg(built: Path) -> Kg:
    """Return a function that runs the command `kg` as a user does, over the session's build."""

    def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"KG_BUILD_DIR": str(built), **settings}
        command = [sys.executable, "-m", "kg", *words]
        return subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )

    return run
