"""`close` takes the graphs of rdflib and pyoxigraph, and a closure answers in their terms."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.namespace import OWL, RDF, RDFS

from rlreason import Asserted, Derived, Materialization, close, iterate_leaves

TURTLE = """@prefix : <http://example.org/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
:A rdfs:subClassOf :B . :x a :A, :C ; :name "x"@en, "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
:B owl:disjointWith :C ."""
EX = rdflib.Namespace("http://example.org/")
RDF_TYPE = ox.NamedNode(str(RDF.type))
INFERRED = ox.Triple(ox.NamedNode(EX + "x"), RDF_TYPE, ox.NamedNode(EX + "B"))


def triples() -> list[ox.Triple]:
    """Return the example."""
    return [quad.triple for quad in ox.parse(TURTLE, ox.RdfFormat.TURTLE)]


def ox_store() -> ox.Store:
    """Return the example in two graphs of a store."""
    store = ox.Store()
    first, *others = triples()
    store.add(ox.Quad(first.subject, first.predicate, first.object, ox.NamedNode(EX + "graph")))
    store.extend(ox.Quad(*triple) for triple in others)
    return store


def rdflib_dataset() -> rdflib.Dataset:
    """Return the example in two graphs of a dataset."""
    dataset = rdflib.Dataset()
    first, *others = rdflib_graph()
    dataset.graph(EX.graph).add(first)
    for triple in others:
        dataset.default_graph.add(triple)
    return dataset


def rdflib_graph() -> rdflib.Graph:
    """Return the example."""
    return rdflib.Graph().parse(data=TURTLE, format="turtle")


SOURCES: dict[str, Callable[[], Any]] = {
    "triples": triples,
    "generator": lambda: (triple for triple in triples()),
    "tuples": lambda: [tuple(triple) for triple in triples()],
    "pyoxigraph Store": ox_store,
    "pyoxigraph Dataset": lambda: ox.Dataset(ox_store()),
    "rdflib Graph": rdflib_graph,
    "rdflib Dataset": rdflib_dataset,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_each_kind_of_graph_has_the_same_closure(source: Callable[[], Any]) -> None:
    """An rdflib graph was answered "nothing inferred, consistent"."""
    closure = close(source())
    assert list(closure) == [INFERRED]
    assert [each.rule for each in closure.inconsistencies] == ["cax-dw"]
    assert Materialization(source()).inferred == {INFERRED}


@pytest.mark.parametrize(
    "source",
    [
        None,
        42,
        "x a A",
        b"x a A",
        ["x a A"],
        ["abc"],
        [1, 2],
        [("x", "a", "A")],
        [(EX.x, RDF.type, EX.A)],
        [ox.Quad(*INFERRED)],
        [INFERRED, None],
    ],
    ids=repr,
)
def test_anything_else_raises(source: object) -> None:
    with pytest.raises(TypeError):
        close(source)


def test_a_closure_is_a_container_of_what_follows() -> None:
    closure = close(triples())
    assert len(closure) == 1
    assert closure.inferred == {INFERRED}
    assert closure.asserted == set(triples())
    assert INFERRED in closure
    assert triples()[0] in closure
    assert (EX.x, RDF.type, EX.B) in closure
    assert (EX.x, RDF.type, EX.nowhere) not in closure
    assert (EX.B, RDF.type, EX.A) not in closure
    with pytest.raises(TypeError):
        ("x", "a", "B") in closure  # noqa: B015


def test_a_closure_comes_back_as_rdflib() -> None:
    closure = close(rdflib_graph())
    assert set(closure.to_rdflib()) == {(EX.x, RDF.type, EX.B)}
    assert set(closure.to_rdflib(with_asserted=True)) == {*rdflib_graph(), (EX.x, RDF.type, EX.B)}


def test_a_closure_is_written_as_n_triples() -> None:
    stream = io.BytesIO()
    close(triples()).write_ntriples(stream)
    assert stream.getvalue() == f"{INFERRED} .\n".encode()
    stream = io.BytesIO()
    close(triples()).write_ntriples(stream, with_asserted=True)
    written = ox.parse(stream.getvalue(), ox.RdfFormat.N_TRIPLES)
    assert {quad.triple for quad in written} == {*triples(), INFERRED}


def test_a_closure_explains() -> None:
    closure = close(rdflib_graph())
    (proof,) = closure.explain((EX.x, RDF.type, EX.B))
    assert isinstance(proof, Derived)
    assert proof.rule == "cax-sco"
    assert {leaf.triple for leaf in iterate_leaves(proof)} == {
        tuple(triple) for triple in triples() if EX + "A" in str(triple)
    }
    assert str(proof).count("is given") == 2
    (given,) = closure.explain((EX.x, RDF.type, EX.A))
    assert isinstance(given, Asserted)
    assert str(given).endswith("is given")
    assert closure.explain((EX.x, RDF.type, EX.D)) == ()


def test_a_closure_says_what_is_missing() -> None:
    closure = close([*triples(), ox.Triple(ox.NamedNode(EX + "y"), RDF_TYPE, ox.NamedNode(EX + "C"))])
    why_not = closure.why_not((EX.y, RDF.type, EX.B))
    assert why_not[0].rule == "cax-sco"
    assert str(why_not[0].lacking_premise[2]) == f"<{EX}A>"


def test_sentences_name_terms_as_the_caller_does() -> None:
    (plain,) = close(triples()).inconsistencies
    (named,) = close(triples(), format_term=lambda term: str(term)[-2:-1]).inconsistencies
    assert f"<{EX}x> rdf:type <{EX}C>" in str(plain)
    assert "x e C" in str(named)


def test_blank_nodes_and_lexical_forms_keep_their_names_over_rdflib() -> None:
    node, literal = rdflib.BNode("b1"), rdflib.Literal("007", datatype=rdflib.XSD.integer, normalize=False)
    graph = rdflib.Graph()
    graph.add((EX.p, RDFS.domain, EX.C))
    graph.add((node, EX.p, literal))
    graph.add((EX.p, OWL.equivalentProperty, EX.q))
    closed = set(close(graph).to_rdflib())
    assert (node, RDF.type, EX.C) in closed
    assert [str(o) for s, p, o in closed if p == EX.q] == ["007"]
