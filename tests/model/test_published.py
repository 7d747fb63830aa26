"""What is published of the closure: named things, properties that say something; each term has a parent."""

from __future__ import annotations

from pyoxigraph import BlankNode, NamedNode, Triple

from kg.build.reasoning import select_published
from kg.namespaces import GRAPH, KG, RDF
from sparqlhost.store.interface import Store
from tests.model.conftest import Ask

ROOTS = 9


def test_no_published_inference_speaks_of_an_anonymous_class_or_by_an_abstract_property(store: Store) -> None:
    inferred = list(store.read_graph(GRAPH["inferred"]))
    types = [t for t in store.read_graph(GRAPH["ontology"]) if t.predicate == RDF["type"]]
    abstract = {t.subject for t in types if t.object == KG["PropertyGroup"]}
    assert len(abstract) == ROOTS
    assert 1000 < len(inferred) < 2500
    assert [t for t in inferred if isinstance(t.subject, BlankNode) or isinstance(t.object, BlankNode)] == []
    assert [t for t in inferred if t.predicate in abstract] == []


def test_every_class_and_property_but_the_roots_has_a_parent(ask: Ask) -> None:
    assert not ask(
        "?term a ?kind ; rdfs:isDefinedBy ?o "
        "FILTER (?kind IN (owl:ObjectProperty, owl:DatatypeProperty, owl:AnnotationProperty)) "
        "FILTER NOT EXISTS { ?term a kg:PropertyGroup } "
        "FILTER NOT EXISTS { ?term rdfs:subPropertyOf ?parent }"
    )
    assert not ask(
        "?term a owl:Class ; rdfs:isDefinedBy ?o FILTER (?term != kg:Entity) "
        "FILTER NOT EXISTS { ?term rdfs:subClassOf ?parent FILTER (isIRI(?parent)) }"
    )


def test_a_blank_node_that_is_no_class_keeps_its_inferences() -> None:
    node, claim = BlankNode(), KG["Claim"]
    inferred = {Triple(node, RDF["type"], claim)}
    assert select_published(inferred, [Triple(node, KG["offers"], NamedNode(KG + "x"))]) == inferred
