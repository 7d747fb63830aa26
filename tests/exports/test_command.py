"""`kg export` writes files, folders or a pipe, and says what it cannot write."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kg.cli.export import EXPORT_NAMES, export
from kg.errors import StoreUnavailable
from kg.exports.export_formats import EXPORT_FILES, EXPORT_WRITERS


def _run(built: Path, *arguments: str) -> Result:
    return CliRunner().invoke(export, list(arguments), env={"KG_BUILD_DIR": str(built)})


def test_the_command_offers_what_there_is() -> None:
    assert tuple(EXPORT_WRITERS) == EXPORT_NAMES == tuple(EXPORT_FILES)


@pytest.mark.parametrize("name", ["sssom", "jsonld", "nanopubs"])
def test_one_file_goes_to_the_pipe_or_to_its_place(built: Path, tmp_path: Path, name: str) -> None:
    place = tmp_path / "new" / f"out.{name}"
    done = _run(built, name, "--output", str(place))
    assert done.exit_code == 0, done.output
    assert place.read_bytes() == _run(built, name).stdout_bytes


def test_kgx_is_a_folder_of_files_or_an_archive(built: Path, tmp_path: Path) -> None:
    done = _run(built, "kgx", "--output", str(tmp_path / "kgx"))
    assert done.exit_code == 0, done.output
    names = {name for name, _ in EXPORT_FILES["kgx"]}
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
