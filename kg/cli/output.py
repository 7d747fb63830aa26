"""What commands print: answers as a table, CSV or JSON on stdout, and the current step on stderr."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
from pyoxigraph import BlankNode, Literal, NamedNode
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kg.namespaces import XSD, compress_iri
from sparqlhost.store.interface import Solutions, Term

OUTPUT_FORMATS = ("table", "csv", "json")

_MIN_COLUMN_WIDTH = 8  # characters a column needs to be read

TermFormatter = Callable[[Term | None], str]


@contextmanager
def show_progress() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows the current step on stderr, if that is a terminal."""
    console = Console(stderr=True)
    with console.status("starting") as status:
        yield lambda step: status.update(f"{step} …")


def print_solutions(solutions: Solutions, format: str, format_cell: TermFormatter | None = None) -> None:
    """Print solutions in one of OUTPUT_FORMATS; `format_cell` makes the cells of the table."""
    if format == "json":
        click.echo(json.dumps(solutions_to_json(solutions), indent=1, ensure_ascii=False))
    elif format == "csv":
        click.echo(solutions_to_csv(solutions), nl=False)
    else:
        _print_table(solutions, format_cell or format_term)


def solutions_to_json(solutions: Solutions) -> dict[str, object]:
    """Return solutions as SPARQL 1.1 Query Results JSON."""
    rows = [{name: _term_to_json(term) for name, term in row.items()} for row in solutions]
    return {"head": {"vars": list(solutions.variables)}, "results": {"bindings": rows}}


def solutions_to_csv(solutions: Solutions) -> str:
    """Return solutions as SPARQL 1.1 CSV: a header, IRIs and lexical forms, CR LF."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(solutions.variables)
    for row in solutions.rows:
        writer.writerow([_term_to_text(term) for term in row])
    return text.getvalue()


def format_term(term: Term | None) -> str:
    """Return an IRI as a CURIE, a literal as its lexical form."""
    return compress_iri(term.value) if isinstance(term, NamedNode) else _term_to_text(term)


def _term_to_text(term: Term | None) -> str:
    """Return an IRI, a lexical form, `_:label`, or nothing."""
    if isinstance(term, NamedNode | Literal):
        return term.value
    return "" if term is None else str(term)


def _term_to_json(term: Term) -> dict[str, str]:
    """Return a term as SPARQL 1.1 Query Results JSON, section 3.2.2, has it."""
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, BlankNode):
        return {"type": "bnode", "value": term.value}
    if not isinstance(term, Literal):
        return {"type": "triple", "value": str(term)}
    binding = {"type": "literal", "value": term.value}
    if term.language:
        binding["xml:lang"] = term.language
    elif term.datatype != XSD["string"]:
        binding["datatype"] = term.datatype.value
    return binding


def _print_table(solutions: Solutions, format_cell: TermFormatter) -> None:
    """Print a table as wide as the terminal, unfolded when piped; records on a narrow terminal."""
    console = Console(highlight=False)
    cells = [[format_cell(term) for term in row] for row in solutions.rows]
    if console.is_terminal and console.width < _MIN_COLUMN_WIDTH * len(solutions.variables):
        _print_records(solutions.variables, cells)
    else:
        _print_columns(console, solutions.variables, cells)
    noun = "row" if len(cells) == 1 else "rows"
    click.echo(f"{len(cells)} {noun}", err=True)


def _print_records(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print each row as lines of name and value, a blank line between rows."""
    for row in rows:
        for name, cell in zip(names, row, strict=True):
            if cell:
                click.echo(f"{name.replace('_', ' ')}: {cell}")
        click.echo()


def _print_columns(console: Console, names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print rows in columns."""
    table = Table(box=None, pad_edge=False, header_style="bold", row_styles=("", "dim"))
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    if not console.is_terminal:
        console.width = _measure_unfolded_width(names, cells)
    console.print(table)


def _measure_unfolded_width(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return the width at which no cell is folded."""
    columns = zip(names, *rows, strict=True)
    return sum(max(map(len, column)) + 2 for column in columns) + 2
