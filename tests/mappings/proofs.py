"""Re-reading the files that prove mappings: `Proofs(folder).records(file, id)`.

A record is the smallest part that stands for one thing: a line of a table (with the lines of the same first
cell), a stanza of an OBO file, the triples of a subject, an object of a JSON file, the axioms between two
blank lines.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

_GROUPED = ("drugbank_mappings.tsv.gz",)
_OBJECT = re.compile(r'\{\s*"(?:id|efo_uri|code)"\s*:')


class Proofs:
    """The files of a folder by name; the text of the last one read is kept."""

    def __init__(self, folder: Path) -> None:
        self.paths = {path.name: path for path in folder.rglob("*") if path.is_file()}
        self._held = ("", "")

    def records(self, name: str, local: str) -> Iterator[str]:
        """Yield the records of file `name` that hold the identifier `local` as a word."""
        text = self._text(name)
        start = 0
        while (at := text.find(local, start)) >= 0:
            start = at + len(local)
            if not text[at - 1 : at].isalnum() and not text[start : start + 1].isalnum():
                begin, end = _bounds(name, text, at)
                yield text[begin:end]

    def _text(self, name: str) -> str:
        if self._held[0] != name:
            path = self.paths[name]
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            self._held = (name, raw.decode("utf-8", "replace"))
        return self._held[1]


def _bounds(name: str, text: str, at: int) -> tuple[int, int]:
    """Return where the record around offset `at` begins and ends."""
    kind = name.removesuffix(".gz").rsplit(".", 1)[-1]
    if kind in {"obo", "ofn", "owl"}:
        end = text.find("\n\n", at)
        return text.rfind("\n\n", 0, at) + 2, end if end >= 0 else len(text)
    if kind == "json":
        begin = max((m.start() for m in _OBJECT.finditer(text, max(0, at - 20_000), at + 1)), default=0)
        after = _OBJECT.search(text, at)
        return begin, after.start() if after else len(text)
    begin, end = _line(text, at)
    if kind == "nt" or name in _GROUPED:
        return _grouped(text, begin, end)
    return begin, end


def _line(text: str, at: int) -> tuple[int, int]:
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, end if end >= 0 else len(text)


def _grouped(text: str, begin: int, end: int) -> tuple[int, int]:
    """Widen a line to its neighbours with the same first cell."""
    key = text[begin:end].split(None, 1)[0]
    while begin > 0 and text.startswith(key, (before := _line(text, begin - 1))[0]):
        begin = before[0]
    while text.startswith(key, end + 1):
        end = _line(text, end + 1)[1]
    return begin, end
