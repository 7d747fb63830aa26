"""The ontology stays inside OWL 2 RL; what lies outside is reported with file and axiom."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, Triple, parse

from kg.model.recognisers import generate_recognisers
from kg.namespaces import BASE, PREFIXES
from rlreason import check_profile as check_any_profile
from rlreason import make_term_formatter
from tests.model.conftest import patterns

_HEAD = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in PREFIXES.items()) + (
    "kg:A a owl:Class . kg:B a owl:Class . kg:C a owl:Class . kg:D a rdfs:Datatype . "
    "kg:p a owl:ObjectProperty . kg:q a owl:ObjectProperty . kg:d a owl:DatatypeProperty .\n"
)
check_profile = partial(check_any_profile, own_namespace=BASE, format_term=make_term_formatter(PREFIXES))
_CASES = patterns("profile.tsv")
OUTSIDE = [axiom for axiom, complaint in _CASES.items() if complaint]
INSIDE = [axiom for axiom, complaint in _CASES.items() if not complaint]


def _read(turtle: str) -> list[Triple]:
    return [quad.triple for quad in parse(input=turtle, format=RdfFormat.TURTLE)]


def _ontology(root: Path) -> dict[str, list[Triple]]:
    """Return the triples of each file that the reasoner reads, by file name."""
    paths = [
        *root.glob("ontology/*.ttl"),
        *root.glob("data/concepts/*.ttl"),
        root / "data" / "background.ttl",
    ]
    paths += root.glob("data/claims/**/*.ttl")
    return {path.relative_to(root).as_posix(): _read(path.read_text("utf-8")) for path in sorted(paths)}


def test_ontology_and_data_stay_inside_owl_2_rl(root: Path) -> None:
    files = _ontology(root)
    everything = [triple for triples in files.values() for triple in triples]
    found = [
        f"{name}: {each}" for name, triples in files.items() for each in check_profile(triples, everything)
    ]
    assert len(files) >= 25
    assert found == []


def test_recognisers_stay_inside_owl_2_rl(root: Path) -> None:
    everything = [triple for triples in _ontology(root).values() for triple in triples]
    made = generate_recognisers(everything)
    assert len(made) > 200
    assert [str(each) for each in check_profile(made, everything)] == []


def test_all_axiom_shapes_are_tried() -> None:
    assert (len(OUTSIDE), len(INSIDE)) == (37, 16)


@pytest.mark.parametrize("axiom", OUTSIDE)
def test_an_axiom_outside_the_profile_is_reported(axiom: str) -> None:
    found = [str(each) for each in check_profile(_read(_HEAD + axiom))]
    assert any(_CASES[axiom] in each for each in found), found


@pytest.mark.parametrize("axiom", INSIDE)
def test_an_axiom_inside_the_profile_is_not_reported(axiom: str) -> None:
    assert [str(each) for each in check_profile(_read(_HEAD + axiom))] == []


def test_a_report_names_the_axiom() -> None:
    (found,) = check_profile(_read(_HEAD + "kg:A rdfs:subClassOf owl:Thing ."))
    assert str(found) == "kg:A rdfs:subClassOf owl:Thing: owl:Thing is not allowed as a superclass"
