"""A folder of one's own for imports, and samples imported once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kg.linking.workbench import Workbench, open_workbench
from kg.settings import Settings
from tests.outside_samples import import_sample, write_samples


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with an empty folder for imports."""
    return replace(settings, imports_dir=tmp_path / "imports")


@pytest.fixture(scope="session")
def linked(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose imports are the samples; tests must not change them."""
    made = replace(settings, imports_dir=tmp_path_factory.mktemp("imports"))
    files = write_samples(settings.root, tmp_path_factory.mktemp("samples"))
    for name in ("mondo", "hp", "maxo", "pharmgkb", "doid", "unii"):
        import_sample(name, files[name], made)
    return made


@pytest.fixture(scope="session")
def bench(linked: Settings) -> Iterator[Workbench]:
    """The workbench over the samples."""
    with open_workbench(linked) as opened:
        yield opened


@pytest.fixture
def curated(linked: Settings, root: Path, tmp_path: Path) -> Settings:
    """Settings over a copy of the curated folders, for verdicts to be written into."""
    for folder in ("data", "queries", "ontology"):
        shutil.copytree(root / folder, tmp_path / "root" / folder)
    return replace(linked, root=tmp_path / "root")
