"""Triples to rdflib and back, blank node labels and lexical forms kept (rdflib's parsers change both)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.term import Node


def to_rdflib_graph(triples: Iterable[ox.Triple]) -> Graph:
    """Return triples as an rdflib graph."""
    graph = Graph()
    graph.addN(
        (_to_rdflib_term(t.subject), _to_rdflib_term(t.predicate), _to_rdflib_term(t.object), graph)
        for t in triples
    )
    return graph


def from_rdflib_graph(graph: Graph) -> Iterator[ox.Triple]:
    """Yield the triples that RDF 1.1 allows; owlrl also makes literal subjects."""
    for subject, predicate, object_ in graph:
        first, middle, last = (
            _from_rdflib_term(subject),
            _from_rdflib_term(predicate),
            _from_rdflib_term(object_),
        )
        if not isinstance(first, ox.Literal) and isinstance(middle, ox.NamedNode):
            yield ox.Triple(first, middle, last)


def _to_rdflib_term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Node:
    """Return a term as rdflib has it."""
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return BNode(term.value)
    if isinstance(term, ox.Triple):
        raise TypeError("rdflib has no triple terms")
    datatype = None if term.language else URIRef(term.datatype.value)
    return Literal(term.value, lang=term.language, datatype=datatype, normalize=False)


def _from_rdflib_term(node: Node) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """Return an rdflib node as a term."""
    if isinstance(node, URIRef):
        return ox.NamedNode(str(node))
    if isinstance(node, Literal):
        datatype = ox.NamedNode(str(node.datatype)) if node.datatype and not node.language else None
        return ox.Literal(str(node), language=node.language, datatype=datatype)
    return ox.BlankNode(str(node))
