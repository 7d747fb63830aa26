"""Answers on the command line: a table for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence

import click
from pyoxigraph import BlankNode, Literal, NamedNode
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kg.namespaces import XSD, shorten
from kg.store.protocol import Solutions, Term

FORMATS = ("table", "csv", "json")

_NARROW = 8  # characters a column needs to be read

Show = Callable[[Term | None], str]


def write(found: Solutions, format: str, show: Show | None = None) -> None:
    """Print solutions in a format; `show` says what a cell of the table reads."""
    if format == "json":
        click.echo(json.dumps(sparql_json(found), indent=1, ensure_ascii=False))
    elif format == "csv":
        click.echo(sparql_csv(found), nl=False)
    else:
        _table(found, show or short)


def sparql_json(found: Solutions) -> dict[str, object]:
    """Return solutions as SPARQL 1.1 Query Results JSON."""
    rows = [{name: _json_term(term) for name, term in row.items()} for row in found]
    return {"head": {"vars": list(found.variables)}, "results": {"bindings": rows}}


def sparql_csv(found: Solutions) -> str:
    """Return solutions as SPARQL 1.1 CSV: a header, IRIs and lexical forms, CR LF."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(found.variables)
    for row in found.rows:
        writer.writerow([_plain(term) for term in row])
    return text.getvalue()


def short(term: Term | None) -> str:
    """Return a term as people write it: a CURIE, or a lexical form."""
    return shorten(term.value) if isinstance(term, NamedNode) else _plain(term)


def _plain(term: Term | None) -> str:
    """Return an IRI, a lexical form, `_:label`, or nothing."""
    if isinstance(term, NamedNode | Literal):
        return term.value
    return "" if term is None else str(term)


def _json_term(term: Term) -> dict[str, str]:
    """Return a term in the form of the specification, section 3.2.2."""
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, BlankNode):
        return {"type": "bnode", "value": term.value}
    if not isinstance(term, Literal):
        return {"type": "triple", "value": str(term)}
    found = {"type": "literal", "value": term.value}
    if term.language:
        found["xml:lang"] = term.language
    elif term.datatype != XSD["string"]:
        found["datatype"] = term.datatype.value
    return found


def _table(found: Solutions, show: Show) -> None:
    """Print a table as wide as the terminal, or as it needs to be when piped; records when too narrow."""
    console = Console(highlight=False)
    cells = [[show(term) for term in row] for row in found.rows]
    if console.is_terminal and console.width < _NARROW * len(found.variables):
        _records(found.variables, cells)
    else:
        _columns(console, found.variables, cells)
    noun = "row" if len(cells) == 1 else "rows"
    click.echo(f"{len(cells)} {noun}", err=True)


def _records(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print each row as lines of name and value, a blank line between rows."""
    for row in rows:
        for name, cell in zip(names, row, strict=True):
            if cell:
                click.echo(f"{name.replace('_', ' ')}: {cell}")
        click.echo()


def _columns(console: Console, names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print rows in columns."""
    table = Table(box=None, pad_edge=False, header_style="bold", row_styles=("", "dim"))
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    if not console.is_terminal:
        console.width = _width(names, cells)
    console.print(table)


def _width(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return the width at which no cell is folded."""
    columns = zip(names, *rows, strict=True)
    return sum(max(map(len, column)) + 2 for column in columns) + 2
