"""The RDF of one entity: what is stated of it and what points at it, graph by graph."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import DefaultGraph, NamedNode, Quad

from kg.namespaces import BASE, CLAIM, GRAPH
from kg.views.reading import PageQueryReader

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
