"""No sentence of the source text is in the repository: never eight of its words in a row."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_RUN = 8
_TEXT = {
    ".ttl",
    ".tsv",
    ".md",
    ".py",
    ".rq",
    ".txt",
    ".html",
    ".css",
    ".js",
    ".ts",
    ".json",
    ".toml",
    ".yml",
    "",
}


def _words(text: str) -> list[str]:
    """Return the words of a text, without case or punctuation."""
    return re.findall(r"[a-z0-9]+", text.lower())


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    """Return every run of eight words."""
    return {tuple(words[index : index + _RUN]) for index in range(len(words) - _RUN + 1)}


def _files(root: Path) -> Iterator[Path]:
    """Yield the text files of the repository, committed or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("git does not list the files here: not a checkout")
    for name in listed.stdout.splitlines():
        path = root / name
        if path.suffix in _TEXT and path.is_file() and path.stat().st_size < 3_000_000:
            yield path


def test_no_eight_words_in_a_row_of_the_source_stand_in_any_file(root: Path, shared: Path) -> None:
    runs = _runs(_words((shared / "source" / "source-text.txt").read_text("utf-8")))
    files = list(_files(root))
    found = {
        path.relative_to(root).as_posix(): sorted(" ".join(run) for run in shown)
        for path in files
        if (shown := runs & _runs(_words(path.read_text("utf-8", errors="replace"))))
    }
    assert len(runs) > 400
    assert len(files) > 30
    assert found == {}
