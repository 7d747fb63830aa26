"""What every reader gets and gives: the file, the choices, and the list of what was skipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from kg.errors import BadData
from kg.external.compression import unpacked
from kg.external.formats import HEAD, Format, detect

#: facts a reader finds in the file about itself.
About = Literal["id", "version", "licence", "title"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing skipped under `--lenient`: line (1-based, 0 unknown), column and what was wrong."""

    line: int
    column: int
    what: str


@dataclass(frozen=True, slots=True)
class Options:
    """How to read: `columns` maps a table's columns to roles, `prefix` goes before its bare identifiers.

    `iri` is a pattern with `{id}`: the address of identifiers that are of no known vocabulary.
    """

    lenient: bool = False
    edges: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    iri: str = ""
    format: Format | None = None


@dataclass(slots=True)
class Reading:
    """A file on its way in; readers append to `problems` and fill `about` as they go.

    `strangers` has an identifier for each prefix that no known vocabulary has.
    """

    path: Path
    name: str
    options: Options = field(default_factory=Options)
    problems: list[Problem] = field(default_factory=list)
    about: dict[About, str] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)
    seen: Callable[[int], None] = lambda _: None

    def open(self, silent: bool = False) -> IO[bytes]:
        """Open the unpacked bytes; `silent` keeps a first look out of the progress bar."""
        return unpacked(self.path.open("rb"), self.name, (lambda _: None) if silent else self.seen)

    def format(self) -> Format:
        """Return the format asked for, or the one the first bytes show."""
        if self.options.format:
            return self.options.format
        if self.options.columns:
            return Format.TABLE
        with self.open(silent=True) as stream:
            head = stream.read(HEAD)
        if not head.strip():
            raise BadData("The file is empty.", where=self.name, todo="Fetch it again.")
        return detect(head, self.name)

    def note(self, about: About, value: str) -> None:
        """Keep the first value found for one fact about the file."""
        if value and about not in self.about:
            self.about[about] = value

    def skip(self, problem: Problem, mendable: bool = True) -> None:
        """List `problem` when lenient and go on; raises BadData when strict or when it cannot be skipped."""
        if self.options.lenient and mendable:
            self.problems.append(problem)
            return
        todo = (
            "Mend that line, or run again with --lenient to skip and list what is broken."
            if mendable
            else "Mend that place and run again: in this format nothing can be skipped."
        )
        raise BadData(problem.what, where=self.name, line=problem.line, column=problem.column, todo=todo)
