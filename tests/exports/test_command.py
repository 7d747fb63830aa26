"""`kg export` writes files, folders or a pipe, and says what it cannot write."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kg.cli.export import export
from kg.errors import StoreUnavailable
from kg.exports.export_formats import EXPORT_FORMATS
from tests.conftest import ROOT


def _run(built: Path, *arguments: str) -> Result:
    return CliRunner().invoke(export, list(arguments), env={"KG_BUILD_DIR": str(built)})


def test_help_lists_every_format() -> None:
    text = CliRunner().invoke(export, ["--help"]).output
    assert all(
        f"{row.name} " in text and row.summary.split(",")[0] in text for row in EXPORT_FORMATS.values()
    )


NEW_ROW = """
            ExportFormat(
                "counts",
                "How many triples each graph has.",
                (("counts.txt", "text/plain"),),
                lambda store, root: (str(len(list(store.graph_names()))),),
            ),
"""


def test_a_format_is_added_in_one_file(built: Path, tmp_path: Path) -> None:
    """The recipe of kg/exports/README.md, in a copy of the code: with one row, command and page have it."""
    for package in ("kg", "rlreason", "sparqlhost"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static")
        )
    table = tmp_path / "kg" / "exports" / "export_formats.py"
    text = table.read_text("utf-8")
    marker = "_FORMATS = (\n"
    assert text.count(marker) == 1
    table.write_text(text.replace(marker, marker + NEW_ROW), encoding="utf-8")
    script = (
        "from kg.cli import cli; from kg.pages.exports.view import exports_page; "
        "assert exports_page().offers[0].files[0].href == '/export/counts/counts.txt'; "
        "cli(['export', 'counts'])"
    )
    environment = {
        **os.environ,
        "KG_BUILD_DIR": str(built),
        "KG_ROOT": str(ROOT),
        "PYTHONPATH": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


@pytest.mark.parametrize("name", ["sssom", "jsonld", "nanopubs"])
def test_one_file_goes_to_the_pipe_or_to_its_place(built: Path, tmp_path: Path, name: str) -> None:
    place = tmp_path / "new" / f"out.{name}"
    done = _run(built, name, "--output", str(place))
    assert done.exit_code == 0, done.output
    assert place.read_bytes() == _run(built, name).stdout_bytes


def test_kgx_is_a_folder_of_files_or_an_archive(built: Path, tmp_path: Path) -> None:
    done = _run(built, "kgx", "--output", str(tmp_path / "kgx"))
    assert done.exit_code == 0, done.output
    names = {name for name, _ in EXPORT_FORMATS["kgx"].file_types}
    assert {path.name for path in (tmp_path / "kgx").iterdir()} == names
    packed = zipfile.ZipFile(io.BytesIO(_run(built, "kgx").stdout_bytes))
    assert set(packed.namelist()) == names


def test_wrong_use_and_a_place_that_cannot_be_written_are_told(built: Path, tmp_path: Path) -> None:
    assert _run(built, "owl").exit_code == 2
    assert _run(built).exit_code == 2
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = _run(built, "sssom", "--output", str(tmp_path / "file" / "below"))
    assert isinstance(done.exception, StoreUnavailable)
    assert "cannot be written" in str(done.exception)
