"""The closure agrees with owlrl 7.6.2, on our ontology and generated ones, but for the listed differences."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from kg.build.owlrl_reasoner import close as owlrl_close
from kg.settings import PROJECT_ROOT
from rlreason import close
from rlreason.vocabulary import OWL, RDFS
from tests.rlreason.generated import ontologies

#: what owlrl 7.6.2 says otherwise, each with its reason; see `explained` for those told by their shape
DIFFERENCES = {
    "owl:Thing as domain or range": "scm-dom1, scm-rng1 over scm-cls: true of any property; noise by default",
    "scm-eqc1, reflexive": "owlrl takes no subClassOf from C equivalentClass C; incomplete",
    "prp-key, last key": "owlrl never compares the last key and infers sameAs from differing keys; unsound",
    "prp-adp, eq-diff2, last member": "owlrl never looks at the last member of a list; incomplete",
    "dt-eq, dt-diff across types": "owlrl compares literals of one datatype only; incomplete",
    "dt-diff through names": "owlrl tells no names of unlike literals apart; incomplete",
    "dt-not-type": "owlrl lets tokens with stray blanks pass and stops at dates that do not exist",
}


def explained(triple: Triple) -> bool:
    """Say whether a triple that only owlrl has is a listed difference."""
    return triple.object == OWL["Thing"] and triple.predicate in (RDFS["domain"], RDFS["range"])


def named(term: object) -> object:
    """Return a blank node as an IRI: rdflib gives blank nodes new names."""
    return NamedNode(f"http://example.org/blank/{term.value}") if isinstance(term, BlankNode) else term


def our_ontology() -> list[Triple]:
    """Return the logic of our ontology and concepts, without labels and notes."""
    paths = [*(PROJECT_ROOT / "ontology").glob("*.ttl"), PROJECT_ROOT / "data" / "background.ttl"]
    paths += [
        PROJECT_ROOT / "data" / "concepts" / "situations.ttl",
        PROJECT_ROOT / "data" / "claims" / "02-refractory.ttl",
    ]
    found = [q.triple for path in sorted(paths) for q in parse(path=str(path), format=RdfFormat.TURTLE)]
    logic = [t for t in found if not isinstance(t.object, Literal) and _is_logic(t.predicate)]
    return [Triple(named(t.subject), t.predicate, named(t.object)) for t in logic]  # type: ignore[arg-type]


def _is_logic(predicate: NamedNode) -> bool:
    """Say whether a predicate is more than an annotation."""
    return not predicate.value.endswith(("isDefinedBy", "Match", "source", "inSentence", "seeAlso"))


def test_owlrl_is_the_version_the_differences_were_listed_for() -> None:
    assert version("owlrl") == "7.6.2"


def test_closure_of_our_ontology_agrees_with_owlrl() -> None:
    triples = our_ontology()
    assert len(triples) > 500
    ours, theirs = close(triples).inferred, owlrl_close(triples).inferred
    assert ours - theirs == frozenset()
    assert [str(t) for t in theirs - ours if not explained(t)] == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ontologies)
def test_closure_of_generated_ontologies_agrees_with_owlrl(triples: list[Triple]) -> None:
    triples = [t for t in triples if t.predicate != OWL["equivalentClass"] or t.subject != t.object]
    ours, theirs = close(triples).inferred, owlrl_close(triples).inferred
    assert [str(t) for t in ours - theirs] == []
    assert [str(t) for t in theirs - ours if not explained(t)] == []


@pytest.mark.parametrize(
    "case",
    [
        "prp-key/silent-last-key-differs",
        "prp-adp/fires-last-member",
        "eq-diff2/fires-last-member",
        "dt-diff/fires-between-names",
    ],
)
def test_listed_differences_are_still_there(case: str) -> None:
    """When owlrl fixes one of these, the list above is to be shortened."""
    path = Path(__file__).parent / "cases" / case / "given.ttl"
    triples = [q.triple for q in parse(path=str(path), format=RdfFormat.TURTLE)]
    ours, theirs = close(triples), owlrl_close(triples)
    assert ours.inferred != theirs.inferred or bool(ours.inconsistencies) != bool(theirs.inconsistencies)
