"""The queries of pages (`queries/pages/*.rq`), run with their parameters bound, and cells of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Quad

from kg.model.graphs import CLAIM_PARTS, name_claim_graph
from kg.model.query_binding import replace_values_line
from kg.namespaces import BASE, CLAIM
from kg.pages.term_refs import Term, TermLabels
from kg.text_files import read_text
from sparqlhost.store.interface import Store

QueryRow = dict[str, Term]


@lru_cache(maxsize=64)
def _read_query_file(path: Path) -> str:
    """Return the text of a query file; files do not change while a server runs."""
    return read_text(path)


@dataclass(frozen=True, slots=True)
class PageQueryReader:
    """A store and the folder of page queries: all a view needs to fill its page."""

    store: Store
    folder: Path

    @classmethod
    def from_root(cls, store: Store, root: Path) -> PageQueryReader:
        """Return the reader of the page queries below the root of the project."""
        return cls(store, root / "queries" / "pages")

    def bind_query(self, name: str, /, **bound: Iterable[Term]) -> str:
        """Return the query `name` with each `VALUES ?parameter { ... }` line given the bound terms.

        Raises BadData when the query has no such line.
        """
        query = _read_query_file(self.folder / f"{name}.rq")
        for parameter, terms in bound.items():
            query = replace_values_line(query, parameter, terms)
        return query

    def select_rows(self, name: str, /, **bound: Iterable[Term]) -> list[QueryRow]:
        """Return the rows of a page query."""
        return list(self.store.select(self.bind_query(name, **bound)))

    def ask(self, name: str, /, **bound: Iterable[Term]) -> bool:
        """Return the answer of a page query of the form ASK."""
        return self.store.ask(self.bind_query(name, **bound))

    def load_labels(self, terms: Iterable[Term]) -> TermLabels:
        """Return the labels of all IRIs among `terms`, in one query."""
        iris = {term for term in terms if isinstance(term, NamedNode)}
        if not iris:
            return TermLabels({})
        rows = self.select_rows("labels", iri=sorted(iris, key=str))
        return TermLabels(
            {cell_text(row, "iri"): cell_text(row, "label") for row in rows},
            {cell_text(row, "iri"): int(cell_text(row, "rank")) for row in rows if "rank" in row},
        )

    def load_all_labels(self) -> TermLabels:
        """Return the labels of all terms, and the ranks of hedges: for proofs, which may name any term."""
        labels: dict[str, str] = {}
        ranks: dict[str, int] = {}
        for row in self.select_rows("all-labels"):
            labels.setdefault(cell_text(row, "term"), cell_text(row, "label"))
            if "rank" in row:
                ranks[cell_text(row, "term")] = cell_number(row, "rank")
        return TermLabels(labels, ranks)


def cell_text(row: QueryRow, name: str) -> str:
    """Return the text or IRI of a cell; nothing where it is unbound."""
    return str(getattr(row.get(name), "value", ""))


def cell_number(row: QueryRow, name: str) -> int:
    """Return the whole number in a cell; 0 where it is unbound."""
    return int(cell_text(row, name) or 0)


def terms_in_rows(rows: Iterable[QueryRow]) -> set[Term]:
    """Return every term that stands in some rows."""
    return {term for row in rows for term in row.values()}


def describe_entity(reader: PageQueryReader, iri: str) -> Iterator[Quad]:
    """Yield the statements out of and into `iri`; for a claim, its whole nanopublication too."""
    node = NamedNode(iri)
    for row in reader.select_rows("entity-out", entity=[node]):
        yield Quad(node, row["p"], row["o"], row["graph"])  # type: ignore[arg-type]
    for row in reader.select_rows("entity-in", entity=[node]):
        yield Quad(row["s"], row["p"], node, row["graph"])  # type: ignore[arg-type]
    if iri.startswith(CLAIM):
        for part in CLAIM_PARTS:
            yield from read_graph_quads(reader, name_claim_graph(iri.removeprefix(CLAIM), part).value)


def read_graph_quads(reader: PageQueryReader, iri: str) -> Iterator[Quad]:
    """Yield the quads of one named graph."""
    graph = NamedNode(iri)
    for triple in reader.store.read_graph(graph):
        yield Quad(
            triple.subject, triple.predicate, triple.object, graph if iri.startswith(BASE) else DefaultGraph()
        )
