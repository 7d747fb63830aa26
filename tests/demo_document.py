"""The leaflets that were written for the tests: documents with a text that every checkout has."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

from kg.build.text_authoring import TextFacts, add_text, locate_claims

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "pipeline" / "second_document"
TEXT = FOLDER / "text.txt"
SHAPES_FOLDER = ROOT / "tests" / "pipeline" / "shapes_document"
SHAPES_TEXT = SHAPES_FOLDER / "text.txt"
COMPARED_FOLDER = ROOT / "tests" / "pipeline" / "compared_document"


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


def add_shapes_document(project: Path) -> None:
    """Add the leaflet of shapes that real texts have: lead-ins with lists, tests, trials, doses, no date."""
    facts = TextFacts(
        "Leaflet of shapes",
        topic="Sunburn in adults with ALL",
        undated_because="The leaflet prints no date.",
    )
    _add_leaflet(project, SHAPES_FOLDER, "leaf", "Leaf", facts)


def add_compared_document(project: Path) -> None:
    """Add the garden leaflet, which speaks of the things of the two others, so that texts can be compared."""
    facts = TextFacts(
        "Garden leaflet",
        topic="Sunburn and tiredness in adults with ALL",
        revised="2025-05-04",
        revised_printed="4 May 2025",
    )
    _add_leaflet(project, COMPARED_FOLDER, "garden", "Garden", facts)


def _add_leaflet(project: Path, folder: Path, name: str, prefix: str, facts: TextFacts) -> None:
    data, text = project / "data", folder / "text.txt"
    described = replace(
        facts,
        creator="kg:Contributors",
        created="2026-11-27",
        claims_license="https://creativecommons.org/licenses/by/4.0/",
        curator_type="written for the tests",
    )
    add_text(project, text, name, described)
    (data / "claims" / name).mkdir()
    shutil.copy(folder / "claims.ttl", data / "claims" / name)
    shutil.copy(folder / "concepts.ttl", data / "concepts" / f"{name}.ttl")
    shutil.copy(folder / "lexicon.tsv", data / "lexicon" / f"{name}.tsv")
    names = re.findall(rf"^(\w+:{prefix}\w+) a", (folder / "concepts.ttl").read_text("utf-8"), re.M)
    with (data / "mappings" / "unmapped.tsv").open("a", encoding="utf-8") as stream:
        stream.writelines(f"{entity}\tMade up for the tests.\n" for entity in names)
    locate_claims(project, name, text.read_text("utf-8"))
