"""The answer to a SPARQL query as a table with labels and links."""

from __future__ import annotations

import json
from dataclasses import dataclass

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


def make_results_page(
    reader: PageQueryReader, form: str, body: bytes, milliseconds: int, *, truncated: bool
) -> ResultsPage:
    """Return the page of the answer to a query of a form: JSON of ASK and SELECT, N-Triples of the others."""
    if form == "ASK":
        return ResultsPage(truth=bool(json.loads(body)["boolean"]), milliseconds=milliseconds)
    names: tuple[str, ...] = ("subject", "property", "object")
    rows: list[tuple[Term | None, ...]]
    if form == "SELECT":
        solutions = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        assert isinstance(solutions, ox.QuerySolutions)  # noqa: S101 - a SELECT has solutions
        names = tuple(variable.value for variable in solutions.variables)
        rows = [tuple(row) for row in solutions]
    else:
        rows = [(q.subject, q.predicate, q.object) for q in ox.parse(body, format=ox.RdfFormat.N_TRIPLES)]
    shown = rows[:RESULT_ROWS_SHOWN]
    naming = reader.load_labels({term for row in shown for term in row if term is not None})
    table = tuple(tuple(None if term is None else naming.ref(term) for term in row) for row in shown)
    total, graph = len(rows), form != "SELECT"
    return ResultsPage(names, table, total, truncated=truncated, milliseconds=milliseconds, graph=graph)
