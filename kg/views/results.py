"""The answer of anybody's query as a table with labels and links."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pyoxigraph as ox

from kg.views.reading import Reader
from kg.views.terms import Ref, Term

MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """Rows of a SELECT, the truth of an ASK, or triples of a CONSTRUCT; or the problem that stopped it."""

    variables: tuple[str, ...] = ()
    rows: tuple[tuple[Ref | None, ...], ...] = ()
    total: int = 0
    truth: bool | None = None
    truncated: bool = False
    milliseconds: int = 0
    problem: str = ""
    graph: bool = False  # of a CONSTRUCT or DESCRIBE


def truth(body: bytes, milliseconds: int) -> ResultsPage:
    """Return the page of an ASK from its JSON."""
    return ResultsPage(truth=bool(json.loads(body)["boolean"]), milliseconds=milliseconds)


def rows(reader: Reader, body: bytes, milliseconds: int, *, truncated: bool) -> ResultsPage:
    """Return the page of a SELECT from its JSON results."""
    solutions = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
    assert isinstance(solutions, ox.QuerySolutions)  # noqa: S101 - a SELECT has solutions
    names = tuple(variable.value for variable in solutions.variables)
    return _page(reader, names, [tuple(row) for row in solutions], milliseconds, truncated=truncated)


def triples(reader: Reader, body: bytes, milliseconds: int, *, truncated: bool) -> ResultsPage:
    """Return the page of a CONSTRUCT or DESCRIBE from its N-Triples."""
    found = [(q.subject, q.predicate, q.object) for q in ox.parse(body, format=ox.RdfFormat.N_TRIPLES)]
    view = _page(reader, ("subject", "property", "object"), found, milliseconds, truncated=truncated)
    return replace(view, graph=True)


def _page(
    reader: Reader,
    names: tuple[str, ...],
    found: Sequence[Sequence[Term | None]],
    milliseconds: int,
    *,
    truncated: bool,
) -> ResultsPage:
    shown = found[:MOST_ROWS]
    naming = reader.naming(_terms(shown))
    table = tuple(tuple(None if term is None else naming.ref(term) for term in row) for row in shown)
    return ResultsPage(names, table, len(found), None, truncated, milliseconds)


def _terms(found: Iterable[Sequence[Term | None]]) -> set[Term]:
    return {term for row in found for term in row if term is not None}
