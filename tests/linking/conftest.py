"""A folder of one's own for imports, and real slices imported once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kg.linking.importing import ImportRequest, import_file
from kg.linking.readers.source_reading import ReadOptions
from kg.linking.workbench import Workbench, open_workbench
from kg.settings import Settings

SLICES = {
    "mondo": "mondo_acute_lymphoblastic_leukemia.obo",
    "hp": "hp_symptoms.obo",
    "maxo": "maxo_procedures.obo",
    "pharmgkb": "pharmgkb_drugs.obo",
    "doid": "doid_2016_leukemia.obo",
}
UNII = ReadOptions(columns=(("id", "UNII"), ("label", "Display Name"), ("synonym", "Name")), prefix="unii")


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with an empty folder for imports."""
    return replace(settings, imports_dir=tmp_path / "imports")


@pytest.fixture(scope="session")
def linked(settings: Settings, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose imports are the slices; tests must not change them."""
    made = replace(settings, imports_dir=tmp_path_factory.mktemp("imports"))
    slices = shared / "ontologies/slices"
    for ident, name in SLICES.items():
        import_file(slices / name, ImportRequest(name, ident), made.locate_import_store(), made)
    import_file(
        slices / "unii_drug_rows.tsv",
        ImportRequest("unii", "unii", options=UNII),
        made.locate_import_store(),
        made,
    )
    return made


@pytest.fixture(scope="session")
def bench(linked: Settings) -> Iterator[Workbench]:
    """The workbench over the slices."""
    with open_workbench(linked) as opened:
        yield opened


@pytest.fixture
def curated(linked: Settings, root: Path, tmp_path: Path) -> Settings:
    """Settings over a copy of the curated folders, for verdicts to be written into."""
    for folder in ("data", "queries", "ontology"):
        shutil.copytree(root / folder, tmp_path / "root" / folder)
    return replace(linked, root=tmp_path / "root")
