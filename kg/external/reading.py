"""What every reader gets and gives: the file, the choices, and the list of what was skipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from kg.errors import BadData
from kg.external.compression import open_decompressed
from kg.external.formats import HEAD_SIZE, FileFormat, detect_format

#: facts a reader finds in the file about itself.
SourceFact = Literal["id", "version", "licence", "title"]


@dataclass(frozen=True, slots=True)
class ReadProblem:
    """One thing skipped under `--lenient`: line (1-based, 0 unknown), column and what was wrong."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read: `columns` maps a table's columns to roles, `prefix` goes before its bare identifiers.

    `iri` is a pattern with `{id}`: the address of identifiers that are of no known vocabulary.
    """

    lenient: bool = False
    edges: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    iri: str = ""
    format: FileFormat | None = None


@dataclass(slots=True)
class SourceReading:
    """A file on its way in; readers append to `problems` and fill `about` as they go.

    `strangers` has an identifier for each prefix that no known vocabulary has.
    """

    path: Path
    name: str
    options: ReadOptions = field(default_factory=ReadOptions)
    problems: list[ReadProblem] = field(default_factory=list)
    facts: dict[SourceFact, str] = field(default_factory=dict)
    unknown_prefixes: dict[str, str] = field(default_factory=dict)
    on_bytes_read: Callable[[int], None] = lambda _: None

    def open_stream(self, silent: bool = False) -> IO[bytes]:
        """Open the unpacked bytes; `silent` keeps a first look out of the progress bar."""
        return open_decompressed(
            self.path.open("rb"), self.name, (lambda _: None) if silent else self.on_bytes_read
        )

    def choose_format(self) -> FileFormat:
        """Return the format asked for, or the one the first bytes show."""
        if self.options.format:
            return self.options.format
        if self.options.columns:
            return FileFormat.TABLE
        with self.open_stream(silent=True) as stream:
            head = stream.read(HEAD_SIZE)
        if not head.strip():
            raise BadData("The file is empty.", location=self.name, hint="Fetch it again.")
        return detect_format(head, self.name)

    def note_fact(self, fact: SourceFact, value: str) -> None:
        """Keep the first value found for one fact about the file."""
        if value and fact not in self.facts:
            self.facts[fact] = value

    def skip_or_raise(self, problem: ReadProblem, skippable: bool = True) -> None:
        """List `problem` when lenient and go on; raises BadData when strict or when it cannot be skipped."""
        if self.options.lenient and skippable:
            self.problems.append(problem)
            return
        todo = (
            "Mend that line, or run again with --lenient to skip and list what is broken."
            if skippable
            else "Mend that place and run again: in this format nothing can be skipped."
        )
        raise BadData(
            problem.message, location=self.name, line=problem.line, column=problem.column, hint=todo
        )
