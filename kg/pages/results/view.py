"""The answer to a SPARQL query as a table with labels and links."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyoxigraph as ox

from kg.pages.page_queries import PageQueryReader
from kg.pages.term_refs import Term, TermRef

RESULT_ROWS_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """Rows of a SELECT, the value of an ASK, triples of a CONSTRUCT, or the error that stopped the query."""

    variables: tuple[str, ...] = ()
    rows: tuple[tuple[TermRef | None, ...], ...] = ()
    total: int = 0
    truth: bool | None = None
    truncated: bool = False
    milliseconds: int = 0
    problem: str = ""
    graph: bool = False  # of a CONSTRUCT or DESCRIBE


def ask_result(body: bytes, milliseconds: int) -> ResultsPage:
    """Return the page of an ASK from its JSON."""
    return ResultsPage(truth=bool(json.loads(body)["boolean"]), milliseconds=milliseconds)


def select_result(reader: PageQueryReader, body: bytes, milliseconds: int, *, truncated: bool) -> ResultsPage:
    """Return the page of a SELECT from its JSON results."""
    solutions = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
    assert isinstance(solutions, ox.QuerySolutions)  # noqa: S101 - a SELECT has solutions
    names = tuple(variable.value for variable in solutions.variables)
    return _result_table(reader, names, [tuple(row) for row in solutions], milliseconds, truncated=truncated)


def construct_result(
    reader: PageQueryReader, body: bytes, milliseconds: int, *, truncated: bool
) -> ResultsPage:
    """Return the page of a CONSTRUCT or DESCRIBE from its N-Triples."""
    rows = [(q.subject, q.predicate, q.object) for q in ox.parse(body, format=ox.RdfFormat.N_TRIPLES)]
    view = _result_table(reader, ("subject", "property", "object"), rows, milliseconds, truncated=truncated)
    return replace(view, graph=True)


def _result_table(
    reader: PageQueryReader,
    names: tuple[str, ...],
    rows: Sequence[Sequence[Term | None]],
    milliseconds: int,
    *,
    truncated: bool,
) -> ResultsPage:
    shown = rows[:RESULT_ROWS_SHOWN]
    naming = reader.load_labels({term for row in shown for term in row if term is not None})
    table = tuple(tuple(None if term is None else naming.ref(term) for term in row) for row in shown)
    return ResultsPage(names, table, len(rows), None, truncated, milliseconds)
