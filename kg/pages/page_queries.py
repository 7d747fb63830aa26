"""Ask the page queries (`queries/pages/*.rq`) with their parameters bound as terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Quad

from kg.errors import BadData
from kg.namespaces import BASE, CLAIM, GRAPH
from kg.pages.term_refs import Term, TermLabels
from sparqlhost.store.interface import Store

QueryRow = dict[str, Term]


@lru_cache(maxsize=64)
def _read_query_file(path: Path) -> str:
    """Return the text of a query file; files do not change while a server runs."""
    return path.read_text("utf-8")


@dataclass(frozen=True, slots=True)
class PageQueryReader:
    """A store and the folder of page queries: all a view needs to fill its page."""

    store: Store
    folder: Path

    def bind_query(self, name: str, /, **bound: Iterable[Term]) -> str:
        """Return the query `name` with each `VALUES ?parameter { ... }` line given the bound terms.

        Raises BadData when the query has no such line.
        """
        query = _read_query_file(self.folder / f"{name}.rq")
        for parameter, terms in bound.items():
            values = f"VALUES ?{parameter} {{ {' '.join(str(term) for term in terms)} }}"
            pattern = rf"VALUES\s+\?{parameter}\s*\{{[^}}]*\}}"
            query, found = re.subn(pattern, values.replace("\\", r"\\"), query)
            if not found:
                raise BadData(f"The page query {name}.rq has no VALUES line for ?{parameter}.", location=name)
        return query

    def select_rows(self, name: str, /, **bound: Iterable[Term]) -> list[QueryRow]:
        """Return the rows of a page query."""
        return list(self.store.select(self.bind_query(name, **bound)))

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


def cell_text(row: QueryRow, name: str) -> str:
    """Return the text or IRI of a cell; nothing where it is unbound."""
    return str(getattr(row.get(name), "value", ""))


def cell_number(row: QueryRow, name: str) -> int:
    """Return the whole number in a cell; 0 where it is unbound."""
    return int(cell_text(row, name) or 0)


def terms_in_rows(rows: Iterable[QueryRow]) -> set[Term]:
    """Return every term that stands in some rows."""
    return {term for row in rows for term in row.values()}


#: MERGED kg.views.description
#: MERGED The RDF of one entity: what is stated of it and what points at it, graph by graph.


#: the four parts of a claim's nanopublication
_NANOPUB_PARTS = ("head", "assertion", "provenance", "pubinfo")


def describe_entity(reader: PageQueryReader, iri: str) -> Iterator[Quad]:
    """Yield the statements out of and into `iri`; for a claim, its whole nanopublication too."""
    node = NamedNode(iri)
    for row in reader.select_rows("entity-out", entity=[node]):
        yield Quad(node, row["p"], row["o"], row["graph"])  # type: ignore[arg-type]
    for row in reader.select_rows("entity-in", entity=[node]):
        yield Quad(row["s"], row["p"], node, row["graph"])  # type: ignore[arg-type]
    if iri.startswith(CLAIM):
        for part in _NANOPUB_PARTS:
            yield from read_graph_quads(reader, f"{GRAPH}claim/{iri.removeprefix(CLAIM)}/{part}")


def read_graph_quads(reader: PageQueryReader, iri: str) -> Iterator[Quad]:
    """Yield the quads of one named graph."""
    graph = NamedNode(iri)
    for triple in reader.store.read_graph(graph):
        yield Quad(
            triple.subject, triple.predicate, triple.object, graph if iri.startswith(BASE) else DefaultGraph()
        )
