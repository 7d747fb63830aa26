"""CSV cells that a spreadsheet must not run.

Excel and LibreOffice evaluate a cell that begins with one of `= + - @`, a tab or a carriage return, also when
the file came from somewhere else (OWASP: CSV injection). An apostrophe before the cell stops that, and
changes the value for every other reader. So it is used only where the file is meant for a spreadsheet:
`csv-excel` and the tables of pages. `text/csv` of the SPARQL protocol stays exact (SPARQL 1.1 Query Results
CSV, 3.2).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def escape_formula(cell: str) -> str:
    """Return `cell`, with an apostrophe before it if a spreadsheet would evaluate it; numbers stay numbers.

    >>> escape_formula("=1+1"), escape_formula("-5"), escape_formula("-5+cmd")
    ("'=1+1", '-5', "'-5+cmd")
    """
    return f"'{cell}" if cell.startswith(_FORMULA_START) and not _NUMBER.fullmatch(cell) else cell


def format_spreadsheet(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    r"""Yield each row as a line of CSV (RFC 4180) that a spreadsheet can open and does not run.

    >>> list(format_spreadsheet([["code", "name"], ["=1+1", "a, b"]]))
    ['code,name\r\n', '\'=1+1,"a, b"\r\n']
    """
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for row in rows:
        writer.writerow(map(escape_formula, row))
        yield line.getvalue()
        line.seek(0)
        line.truncate()
