"""The page of a named graph: what it holds, a page of triples at a time."""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.views.edges import Edge, why
from kg.views.marks import INFERRED, is_negative, mark_of
from kg.views.reading import Reader, number, terms_of
from kg.views.terms import Ref

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class GraphPage:
    """A page of a graph's triples; its JSON has the same fields."""

    ref: Ref
    title: str
    kind: str
    mark: str
    total: int
    edges: tuple[Edge, ...]
    previous: str
    next: str
    range: str


def graph_page(reader: Reader, iri: str, page: int = 1) -> GraphPage | None:
    """Return page `page` (from 1) of the triples of a named graph, or None when it holds none there."""
    node = NamedNode(iri)
    total = next((number(row, "count") for row in reader.rows("graph-size", graph=[node])), 0)
    first = (page - 1) * PAGE_SIZE
    if first < 0 or first >= total:
        return None
    rows = reader.rows("graph-triples", graph=[node])
    rows = rows[first : first + PAGE_SIZE]
    naming = reader.naming(terms_of(rows) | {node})
    ref, mark = naming.iri(iri), mark_of([iri])
    edges = tuple(
        Edge(
            naming.ref(row["s"]),
            naming.ref(row["p"]),
            naming.ref(row["o"]),
            mark,
            is_negative(row["p"].value if isinstance(row["p"], NamedNode) else ""),
            why(row["s"], row["p"], row["o"]) if mark == INFERRED else "",
        )
        for row in rows
    )
    return GraphPage(
        ref=ref,
        title=ref.label,
        kind="graph",
        mark=mark,
        total=total,
        edges=edges,
        previous=f"{ref.href}?page={page - 1}" if page > 1 else "",
        next=f"{ref.href}?page={page + 1}" if first + PAGE_SIZE < total else "",
        range=f"{first + 1} to {first + len(edges)} of {total}",
    )
