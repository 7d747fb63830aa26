"""The page of a named graph: what it holds, a page of triples at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pyoxigraph import NamedNode

from kg.model import graphs
from kg.pages.page_queries import (
    PageQueryReader,
    QueryRow,
    cell_number,
    number_addresses,
    slice_page,
    terms_in_rows,
)
from kg.pages.term_refs import (
    EdgeRow,
    TermLabels,
    TermRef,
    find_origin_mark,
    link_address,
    make_edge_row,
)

TRIPLES_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class GraphPage:
    """A page of a graph's triples; its JSON has the same fields."""

    ref: TermRef
    title: str
    kind: str
    mark: str
    total: int
    edges: tuple[EdgeRow, ...]
    previous: str
    next: str
    range: str


def graph_page(reader: PageQueryReader, iri: str, page: int = 1) -> GraphPage | None:
    """Return page `page` (from 1) of the triples of a named graph, or None when it holds none there."""
    node = NamedNode(iri)
    total = next((cell_number(row, "count") for row in reader.select_rows("graph-size", graph=[node])), 0)
    listed = slice_page(range(total), page, number_addresses(link_address(iri)), per_page=TRIPLES_PER_PAGE)
    if not listed or not listed.items:
        return None
    sorted_rows = reader.select_rows("graph-triples", graph=[node])
    rows = sorted_rows[listed.items[0] : listed.items[-1] + 1]
    naming = reader.load_labels(terms_in_rows(rows) | {node})
    mark = find_origin_mark([node])
    return GraphPage(
        ref=naming.ref_of_iri(iri),
        title=naming.ref_of_iri(iri).label,
        kind="graph",
        mark=mark,
        total=total,
        edges=tuple(_edge_row(row, naming, mark, has_proof=node == graphs.INFERRED) for row in rows),
        previous=listed.previous,
        next=listed.next,
        range=listed.range,
    )


def _edge_row(row: QueryRow, naming: TermLabels, mark: str, *, has_proof: bool) -> EdgeRow:
    edge = make_edge_row((row["s"], row["p"], row["o"]), naming, mark)
    return edge if has_proof else replace(edge, why="")
