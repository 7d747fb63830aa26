"""The README of kg.linking names every module, and files that exist for who adds a format."""

from __future__ import annotations

import re
from pathlib import Path

from kg.linking.readers.file_formats import CODE_FORMATS, FileFormat, detect_format
from tests.external.samples import FILES

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "kg" / "linking"
README = (PACKAGE / "README.md").read_text("utf-8")


def test_the_tables_name_the_modules_there_are() -> None:
    rows = re.findall(r"^\| (`.*?) \|", README, re.M)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    modules = [path.stem for path in PACKAGE.rglob("*.py") if path.stem != "__init__"]
    assert sorted(named) == sorted(modules)


def test_the_files_of_the_recipe_exist() -> None:
    recipe = README.partition("**Adding a format**")[2]
    steps = re.findall(r"^\d\. `([\w/.]+)`", recipe, re.M)
    assert len(steps) == 5
    places = [PACKAGE / step if step.startswith("readers/") else ROOT / step for step in steps]
    assert [str(place) for place in places if not place.exists() and "NAME" not in place.name] == []


def test_every_format_has_what_the_recipe_asks_for() -> None:
    """A row in the table of formats, a branch in the dispatch, a sample that is detected."""
    dispatch = (PACKAGE / "readers" / "format_dispatch.py").read_text("utf-8")
    rdf = (PACKAGE / "readers" / "rdf_reader.py").read_text("utf-8")
    sampled = {detect_format(text.encode(), "") for text in FILES.values()}
    assert "CODE_FORMATS" in dispatch  # files of code systems are tested in tests/codes
    for file_format in set(FileFormat) - CODE_FORMATS:
        assert file_format is FileFormat.TABLE or file_format in sampled
        by_default = file_format is FileFormat.TABLE
        assert by_default or f"FileFormat.{file_format.name}" in dispatch + rdf
