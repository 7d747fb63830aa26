"""What a closure can be made of and turned into: pyoxigraph, rdflib, N-Triples.

rdflib is optional: it is imported only when a graph of it is wanted, and recognized without being imported.
Terms go over one by one, which keeps blank node labels and lexical forms; rdflib's parsers change both.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from rlreason.relation import FactSet
from rlreason.term_dictionary import Term, TermDictionary
from rlreason.vocabulary import RDF

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

#: an rdflib Graph or Dataset, a pyoxigraph Store or Dataset, or triples (pyoxigraph's, or tuples of its
#: terms)
TripleSource = Any

#: lines joined into one block of bytes
LINES_PER_BLOCK = 200_000


class ObjectIndex:
    """The objects of triples by subject and predicate, for those who read a small graph in Python."""

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.objects: dict[tuple[Term, ox.NamedNode], list[Term]] = {}
        for triple in triples:
            self.objects.setdefault((triple.subject, triple.predicate), []).append(triple.object)

    def list_objects(self, subject: Term | None, predicate: ox.NamedNode) -> list[Term]:
        """Return the objects of a subject and predicate."""
        return self.objects.get((subject, predicate), []) if subject is not None else []

    def get_object(self, subject: Term | None, predicate: ox.NamedNode) -> Term | None:
        """Return the first object, None if there is none."""
        return next(iter(self.list_objects(subject, predicate)), None)

    def list_members(self, head: Term | None) -> list[Term]:
        """Return the members of an RDF list; a cell seen twice ends it."""
        cells: dict[Term, None] = {}
        while head is not None and head != RDF["nil"] and head not in cells:
            cells[head] = None
            head = self.get_object(head, RDF["rest"])
        return [member for cell in cells for member in self.list_objects(cell, RDF["first"])]


def iterate_triples(source: TripleSource) -> Iterable[Any]:
    """Return the triples of a graph or iterable; of a store or dataset, those of all its graphs together.

    Raises TypeError for anything else. Whether an iterable holds triples shows when it is
    read.
    """
    if isinstance(source, ox.Store | ox.Dataset):
        return (quad.triple for quad in source)
    if _is_rdflib(source, "Dataset", "ConjunctiveGraph"):
        return _from_rdflib((s, p, o) for s, p, o, _ in source.quads())
    if _is_rdflib(source, "Graph"):
        return from_rdflib_graph(source)
    if isinstance(source, str | bytes | bytearray) or not isinstance(source, Iterable):
        raise TypeError(f"a graph, a store or triples expected, not {type(source).__name__}")
    return source


def to_triple(triple: Iterable[Any]) -> tuple[Term, Term, Term]:
    """Return the terms of a triple of pyoxigraph or rdflib; raises TypeError for anything else."""
    s, p, o = (term if isinstance(term, Term) else from_rdflib_term(term) for term in triple)
    return s, p, o


def to_rdflib_graph(triples: Iterable[ox.Triple]) -> Graph:
    """Return triples as an rdflib graph; equal terms are one object, which rdflib compares faster."""
    from rdflib import Graph

    graph = Graph()
    convert = cache(to_rdflib_term)
    for triple in triples:
        graph.add((convert(triple.subject), convert(triple.predicate), convert(triple.object)))
    return graph


def from_rdflib_graph(graph: Graph) -> Iterator[ox.Triple]:
    """Yield the triples that RDF 1.1 allows; owlrl also makes literal subjects."""
    return _from_rdflib(graph)


def _from_rdflib(triples: Iterable[tuple[Node, Node, Node]]) -> Iterator[ox.Triple]:
    for triple in triples:
        subject, predicate, obj = (from_rdflib_term(node) for node in triple)
        if not isinstance(subject, ox.Literal) and isinstance(predicate, ox.NamedNode):
            yield ox.Triple(subject, predicate, obj)


def _is_rdflib(value: object, *names: str) -> bool:
    """Return whether a value is of a class of rdflib; nobody has one who has not imported rdflib."""
    rdflib = sys.modules.get("rdflib")
    return rdflib is not None and isinstance(value, tuple(getattr(rdflib, name) for name in names))


def to_rdflib_term(term: Term) -> Node:
    """Return a term as rdflib has it."""
    from rdflib import BNode, Literal, URIRef

    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return BNode(term.value)
    if isinstance(term, ox.Triple):
        raise TypeError("rdflib has no triple terms")
    datatype = None if term.language else URIRef(term.datatype.value)
    return Literal(term.value, lang=term.language, datatype=datatype, normalize=False)


def from_rdflib_term(node: object) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """Return an rdflib node as a term."""
    if _is_rdflib(node, "URIRef"):
        return ox.NamedNode(str(node))
    if _is_rdflib(node, "BNode"):
        return ox.BlankNode(str(node))
    if _is_rdflib(node, "Literal"):
        language, datatype = getattr(node, "language", None), getattr(node, "datatype", None)
        named = ox.NamedNode(str(datatype)) if datatype and not language else None
        return ox.Literal(str(node), language=language, datatype=named)
    raise TypeError(f"{node!r} is not an RDF term")


def serialize_ntriples(facts: FactSet, dictionary: TermDictionary) -> Iterator[bytes]:
    """Yield blocks of N-Triples lines; `facts` must be valid RDF, see `omitted_triples.keep_valid_rdf`.

    A term is serialized once for all its triples, so this is bound by joining strings.
    """
    texts: dict[int, str] = {}
    terms = dictionary.terms
    for predicate, relation in facts:
        middle = f" {terms[predicate]} "
        for start in range(0, len(relation), LINES_PER_BLOCK):
            subjects = relation.subjects()[start : start + LINES_PER_BLOCK].tolist()
            objects = relation.objects()[start : start + LINES_PER_BLOCK].tolist()
            for number in {*subjects, *objects} - texts.keys():
                texts[number] = str(terms[number])
            pairs = zip(subjects, objects, strict=True)
            yield "".join([f"{texts[s]}{middle}{texts[o]} .\n" for s, o in pairs]).encode()
