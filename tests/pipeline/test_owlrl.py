"""The reference reasoner behind the seam: its noise dropped, its error triples turned into sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from kg.build.owlrl_reasoner import close
from kg.build.reasoning import REASONERS, load_reasoner
from kg.errors import BadData
from kg.namespaces import OWL, RDF, RDFS
from kg.settings import PROJECT_ROOT
from rlreason import close as close_by_rules

HEAD = f"""@prefix : <http://example.org/> . @prefix owl: <{OWL}> . @prefix rdfs: <{RDFS}> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
FAMILY = (
    HEAD
    + """
:Parent rdfs:subClassOf :Person . :hasChild a owl:ObjectProperty ; owl:inverseOf :childOf .
:hasGrandchild owl:propertyChainAxiom ( :hasChild :hasChild ) . :name a owl:DatatypeProperty .
:ann a :Parent ; :hasChild :bob ; :name "Ann"@en . :bob :hasChild :cem ; :name "007"^^xsd:integer .
"""
)


def triples(turtle: str) -> list[Triple]:
    return [quad.triple for quad in parse(input=turtle, format=RdfFormat.TURTLE)]


def ex(name: str) -> NamedNode:
    return NamedNode(f"http://example.org/{name}")


def test_it_infers_what_follows() -> None:
    found = close(triples(FAMILY)).inferred
    assert Triple(ex("ann"), RDF["type"], ex("Person")) in found
    assert Triple(ex("bob"), ex("childOf"), ex("ann")) in found
    assert Triple(ex("ann"), ex("hasGrandchild"), ex("cem")) in found


def test_its_noise_is_dropped() -> None:
    for triple in close(triples(FAMILY)).inferred:
        assert not isinstance(triple.subject, Literal)
        assert not (triple.predicate == OWL["sameAs"] and triple.subject == triple.object)
        assert triple.object not in {OWL["Thing"], RDFS["Resource"], RDFS["Datatype"]}
        assert not str(triple.subject).startswith("<http://www.w3.org/")
        assert "agent-ont" not in str(triple)


def test_what_was_given_is_not_inferred() -> None:
    given = triples(FAMILY)
    assert not set(given) & set(close(given).inferred)


def test_a_contradiction_is_a_sentence_and_no_triple() -> None:
    closure = close(triples(HEAD + ":A owl:disjointWith :B . :x a :A, :B ."))
    assert len(closure.inconsistencies) >= 1
    assert any("example.org/x" in text for text in closure.inconsistencies)


@pytest.mark.parametrize("name", sorted(REASONERS))
def test_both_reasoners_agree_on_what_the_graph_uses(name: str) -> None:
    closure = load_reasoner(name, PROJECT_ROOT).close(triples(FAMILY))
    ours = {t for t in closure.inferred if str(t.predicate).startswith("<http://example.org/")}
    other = {
        t
        for t in close_by_rules(triples(FAMILY)).inferred
        if str(t.predicate).startswith("<http://example.org/")
    }
    assert ours - {Triple(ex("bob"), ex("name"), Literal(7))} == other  # owlrl rewrites 007
    assert not list(closure.inconsistencies)


def test_an_unknown_reasoner_names_the_ones_there_are() -> None:
    with pytest.raises(BadData, match="Use one of: rules, owlrl"):
        load_reasoner("pellet", PROJECT_ROOT)


def test_the_same_facts_give_the_same_closure_in_any_order(tmp_path: Path) -> None:
    given = triples(FAMILY)
    assert close(given).inferred == close(list(reversed(given))).inferred
