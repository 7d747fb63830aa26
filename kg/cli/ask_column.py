"""`kg ask for-codes --file`: a column of codes answered row by row, as CSV on standard output."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from kg.errors import BadData
from kg.model.questions import Question
from kg.questions.code_answers import COLUMNS
from kg.questions.question_answers import QuestionVocabulary
from sparqlhost.sparql.csv_cells import escape_formula
from sparqlhost.store.interface import get_term_text

_OPTIONS = ("--file", "--column", "--system")


@dataclass(frozen=True, slots=True)
class CodeColumn:
    """A column of a table: its file, its name, and the code system of bare codes ("" for none)."""

    path: Path
    name: str
    system: str

    def check(self) -> None:
        """Raise BadData for a column that the table lacks, before anything is printed."""
        next(self.read_codes(), None)

    def read_codes(self) -> Iterator[str]:
        """Yield the cells of the column; raises BadData for a column that the table lacks, or a short row."""
        with self.path.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            delimiter = max(",\t;", key=head.count)
            names = next(csv.reader([head], delimiter=delimiter), [])
            if self.name not in names:
                raise BadData(
                    f"The table has no column {self.name!r}; its columns are {', '.join(names)[:300]}.",
                    location=str(self.path),
                    line=1,
                    hint="Name one of them with --column.",
                )
            position = names.index(self.name)
            rows = csv.reader(stream, delimiter=delimiter)
            for row in rows:
                if row and len(row) <= position:
                    raise BadData(
                        f"The row has {len(row)} cells; the column {self.name!r} is number {position + 1}.",
                        location=str(self.path),
                        line=rows.line_num + 1,
                        hint="Fix this line, then run again.",
                    )
                if row:
                    yield row[position]


def parse_column(question: Question, given: Sequence[str]) -> CodeColumn | None:
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
    if not values or not question.reads_codes:
        return None
    path = Path(values.get("--file", ""))
    if not values.get("--column") or not path.is_file():
        missing = f"There is no file {str(path)!r}." if values.get("--column") else "--column is missing."
        raise click.UsageError(
            f"{missing} Use: kg ask {question.name} --file FILE --column NAME [--system NDC]"
        )
    return CodeColumn(path, values["--column"], values.get("--system", ""))


def answer_column(question: Question, vocabulary: QuestionVocabulary, column: CodeColumn) -> None:
    """Print the rows for each cell as CSV, with progress on standard error if that is a terminal."""
    column.check()
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    console = Console(stderr=True)
    codes = track(column.read_codes(), "codes", console=console, disable=not console.is_terminal)
    for row in vocabulary.load_code_answers(question).iterate_rows(codes, column.system):
        writer.writerow([escape_formula(get_term_text(cell)) for cell in row])
