"""The page of a named graph: what it holds, a page of triples at a time."""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.pages.edge_rows import INFERRED, EdgeRow, is_negative, origin_of_graphs, proof_address
from kg.pages.page_queries import PageQueryReader, cell_number, terms_in_rows
from kg.pages.term_refs import TermRef

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
    first = (page - 1) * TRIPLES_PER_PAGE
    if first < 0 or first >= total:
        return None
    rows = reader.select_rows("graph-triples", graph=[node])
    rows = rows[first : first + TRIPLES_PER_PAGE]
    naming = reader.load_labels(terms_in_rows(rows) | {node})
    ref, mark = naming.ref_of_iri(iri), origin_of_graphs([iri])
    edges = tuple(
        EdgeRow(
            naming.ref(row["s"]),
            naming.ref(row["p"]),
            naming.ref(row["o"]),
            mark,
            is_negative(row["p"].value if isinstance(row["p"], NamedNode) else ""),
            proof_address(row["s"], row["p"], row["o"]) if mark == INFERRED else "",
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
        next=f"{ref.href}?page={page + 1}" if first + TRIPLES_PER_PAGE < total else "",
        range=f"{first + 1} to {first + len(edges)} of {total}",
    )
