"""The RDF of one entity: what is stated of it and what points at it, graph by graph."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import DefaultGraph, NamedNode, Quad

from kg.namespaces import BASE, CLAIM, GRAPH
from kg.views.reading import Reader

#: the four parts of a claim's nanopublication
_PARTS = ("head", "assertion", "provenance", "pubinfo")


def description(reader: Reader, iri: str) -> Iterator[Quad]:
    """Yield the statements out of and into `iri`; for a claim, its whole nanopublication too."""
    node = NamedNode(iri)
    for row in reader.rows("entity-out", entity=[node]):
        yield Quad(node, row["p"], row["o"], row["graph"])  # type: ignore[arg-type]
    for row in reader.rows("entity-in", entity=[node]):
        yield Quad(row["s"], row["p"], node, row["graph"])  # type: ignore[arg-type]
    if iri.startswith(CLAIM):
        for part in _PARTS:
            yield from graph_quads(reader, f"{GRAPH}claim/{iri.removeprefix(CLAIM)}/{part}")


def graph_quads(reader: Reader, iri: str) -> Iterator[Quad]:
    """Yield the quads of one named graph."""
    graph = NamedNode(iri)
    for triple in reader.store.quads(graph):
        yield Quad(
            triple.subject, triple.predicate, triple.object, graph if iri.startswith(BASE) else DefaultGraph()
        )
