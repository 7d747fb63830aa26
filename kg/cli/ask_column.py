"""`kg ask for-codes --file`, `kg ask for-text --file`: a column answered row by row, as CSV."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from kg.model.questions import Question
from kg.questions.code_answers import format_rows, read_column
from kg.questions.question_answers import QuestionVocabulary

_OPTIONS = ("--file", "--column", "--system")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table: its file, its name, and the code system of bare codes ("" for none)."""

    path: Path
    name: str
    system: str

    def read_cells(self) -> Iterator[str]:
        """Yield the cells of the column; raises BadData for a column that the table lacks, or a short row."""
        with self.path.open(encoding="utf-8-sig", newline="") as stream:
            yield from read_column(stream, self.name, str(self.path))


def parse_column(question: Question, given: Sequence[str]) -> TableColumn | None:
    """Return the column that `--file`, `--column`, `--system` name; None without. Raises UsageError."""
    values: dict[str, str] = {}
    rest = list(given)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in _OPTIONS:
            if values:
                raise click.UsageError(f"With --file only {', '.join(_OPTIONS)} are taken, not {name}.")
            return None
        values[name] = value if equals else (rest.pop(0) if rest else "")
    if not values or not question.reads_columns:
        return None
    path = Path(values.get("--file", ""))
    if not values.get("--column") or not path.is_file():
        missing = f"There is no file {str(path)!r}." if values.get("--column") else "--column is missing."
        raise click.UsageError(
            f"{missing} Use: kg ask {question.name} --file FILE --column NAME [--system NDC]"
        )
    return TableColumn(path, values["--column"], values.get("--system", ""))


def answer_column(question: Question, vocabulary: QuestionVocabulary, column: TableColumn) -> None:
    """Print the rows for each cell as CSV, with progress on standard error if that is a terminal.

    Raises BadData for a column that the table lacks, before anything is printed.
    """
    next(column.read_cells(), None)
    console = Console(stderr=True)
    cells = track(column.read_cells(), "rows", console=console, disable=not console.is_terminal)
    sys.stdout.writelines(format_rows(vocabulary.load_column_answers(question), cells, column.system))
