"""The leaflet that was written for the tests: a second document with a text that every checkout has."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "pipeline" / "second_document"
TEXT = FOLDER / "text.txt"


def copy_project(folder: Path) -> Path:
    """Copy ontology/, data/ and queries/ as they stand to `folder`, and return it."""
    for name in ("ontology", "data", "queries"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def add_demo_document(project: Path) -> None:
    """Add the leaflet to a copy of the project, as the recipe in CONTRIBUTING says."""
    data = project / "data"
    shutil.copytree(FOLDER / "sources" / "demo", data / "sources" / "demo")
    shutil.copytree(FOLDER / "claims" / "demo", data / "claims" / "demo")
    shutil.copy(FOLDER / "concepts" / "demo.ttl", data / "concepts")
    shutil.copy(FOLDER / "lexicon" / "demo.tsv", data / "lexicon")
    with (data / "mappings" / "unmapped.tsv").open("a", encoding="utf-8") as stream:
        stream.write((FOLDER / "unmapped.tsv").read_text("utf-8"))
