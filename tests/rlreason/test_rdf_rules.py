"""SWRL rules of OWL files and SHACL rules go the road of rules of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyoxigraph import RdfFormat, Triple, parse

from kg.build.project_rules import OWN_RULES_FOLDER, load_project_rules
from kg.cli import cli
from kg.errors import BadData
from rlreason import OWL2RL, RuleError, close, iterate_leaves, read_rdf_rules

PREFIXES = """@prefix : <http://example.org/> . @prefix swrl: <http://www.w3.org/2003/11/swrl#> .
@prefix swrlb: <http://www.w3.org/2003/11/swrlb#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix swrla: <http://swrl.stanford.edu/ontologies/3.3/swrla.owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
UNCLE = """<urn:swrl:x> a swrl:Variable . <urn:swrl:y> a swrl:Variable . <urn:swrl:z> a swrl:Variable .
:uncle a swrl:Imp ; rdfs:label "a parent's brother is an uncle" ;
  swrl:body ( [ a swrl:IndividualPropertyAtom ; swrl:propertyPredicate :parent ;
                swrl:argument1 <urn:swrl:x> ; swrl:argument2 <urn:swrl:y> ]
              [ a swrl:IndividualPropertyAtom ; swrl:propertyPredicate :brother ;
                swrl:argument1 <urn:swrl:y> ; swrl:argument2 <urn:swrl:z> ]
              [ a swrl:ClassAtom ; swrl:classPredicate :Man ; swrl:argument1 <urn:swrl:z> ] ) ;
  swrl:head ( [ a swrl:IndividualPropertyAtom ; swrl:propertyPredicate :uncle ;
                swrl:argument1 <urn:swrl:x> ; swrl:argument2 <urn:swrl:z> ] ) .
"""
ADULT = """<urn:swrl:x> a swrl:Variable . <urn:swrl:n> a swrl:Variable .
[] a swrl:Imp ;
  swrl:body ( [ a swrl:DatavaluedPropertyAtom ; swrl:propertyPredicate :age ;
                swrl:argument1 <urn:swrl:x> ; swrl:argument2 <urn:swrl:n> ]
              [ a swrl:BuiltinAtom ; swrl:builtin swrlb:greaterThanOrEqual ;
                swrl:arguments ( <urn:swrl:n> 18 ) ] ) ;
  swrl:head ( [ a swrl:ClassAtom ; swrl:classPredicate :Adult ; swrl:argument1 <urn:swrl:x> ] ) .
"""
TRIPLE_RULE = """:Shape a sh:NodeShape ; sh:targetClass :Rectangle ; sh:rule
  [ a sh:TripleRule ; sh:subject sh:this ; sh:predicate :size ; sh:object [ sh:path :width ] ] ,
  [ a sh:TripleRule ; sh:subject [ sh:path [ sh:inversePath :has ] ] ; sh:predicate :kind ;
    sh:object :Angular ] .
"""
SPARQL_RULE = ''':Shape a sh:NodeShape ; sh:targetSubjectsOf :width ; sh:rule
  [ a sh:SPARQLRule ; sh:prefixes :here ;
    sh:construct """CONSTRUCT { $this a ex:Square }
                    WHERE { $this ex:width ?w ; ex:height ?h . FILTER(?w = ?h) }""" ] .
:here sh:declare [ sh:prefix "ex" ; sh:namespace "http://example.org/"^^xsd:anyURI ] .
'''


def triples(text: str) -> list[Triple]:
    """Return the triples of a text."""
    return [quad.triple for quad in parse(PREFIXES + text, RdfFormat.TURTLE)]


@pytest.mark.parametrize(
    ("rules", "data", "expected"),
    [
        (UNCLE, ":a :parent :b . :b :brother :c , :d . :c a :Man .", {":a :uncle :c"}),
        (ADULT, ":a :age 17 . :b :age 18 . :c :age 18.5 .", {":b a :Adult", ":c a :Adult"}),
        (
            TRIPLE_RULE,
            ":r a :Rectangle ; :width 3 . :q :has :r . :s :width 5 .",
            {":r :size 3", ":q :kind :Angular"},
        ),
        (SPARQL_RULE, ":r :width 3 ; :height 03 . :s :width 3 ; :height 4 .", {":r a :Square"}),
        (
            TRIPLE_RULE.replace("sh:targetClass :Rectangle", "sh:targetNode :n"),
            ":n :width 3 . :m :width 4 .",
            {":n :size 3"},
        ),
        (UNCLE.replace("a swrl:Imp", "a swrl:Imp ; swrla:isRuleEnabled false"), ":a :parent :b .", set()),
        (
            TRIPLE_RULE.replace("sh:NodeShape", "sh:NodeShape ; sh:deactivated true"),
            ":r a :Rectangle .",
            set(),
        ),
    ],
)
def test_rules_in_rdf_are_applied_with_proofs(rules: str, data: str, expected: set[str]) -> None:
    read = [*OWL2RL, *read_rdf_rules(triples(rules))]
    closure = close(triples(data), read)
    found = {triple for triple in closure if "sameAs" not in str(triple.predicate)}
    assert found >= {triple for text in expected for triple in triples(text + " .")}
    assert len(found) == len(expected) or ":height 03" in data
    for triple in found:
        (proof,) = closure.explain(triple)
        assert triple in close([Triple(*leaf.triple) for leaf in iterate_leaves(proof)], read)  # type: ignore[arg-type]


def test_the_label_of_a_rule_words_its_proof() -> None:
    (rule,) = read_rdf_rules(triples(UNCLE))
    assert (rule.name, rule.wording) == ("uncle", "a parent's brother is an uncle")


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (ADULT.replace("greaterThanOrEqual", "add"), "the built-in <http://www.w3.org/2003/11/swrlb#add>"),
        (UNCLE.replace("swrl:argument1 <urn:swrl:x> ; ", "", 1), "lacks an argument (uncle)"),
        (
            UNCLE.replace("propertyPredicate", "dataRange", 1),
            "an atom is",
        ),
        (TRIPLE_RULE.replace("sh:targetClass :Rectangle", ":a 1"), "no target that is supported"),
        (TRIPLE_RULE.replace("sh:path :width", "sh:minus :width"), "node expression of sh:object"),
        (
            TRIPLE_RULE.replace("sh:object [", "sh:condition :C ; sh:object ["),
            "sh:condition is not supported",
        ),
        (SPARQL_RULE.replace("FILTER(?w = ?h)", "OPTIONAL { ?w ex:q ?h }"), "OPTIONAL is not supported"),
        (SPARQL_RULE.replace("$this a ex:Square", "$this ex:p ?zz"), "does not bind ?zz"),
    ],
)
def test_what_is_not_supported_is_refused(rules: str, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        read_rdf_rules(triples(rules), "rules.ttl")
    assert reason in str(refused.value)
    assert str(refused.value).startswith("rules.ttl: ")


def run(*arguments: str) -> Result:
    """Run `kg reason`."""
    return CliRunner().invoke(cli, ["reason", *arguments])


def test_kg_reason_takes_folders_and_rdf_files_of_rules(tmp_path: Path) -> None:
    data, rules, folder = tmp_path / "data.ttl", tmp_path / "rules.ttl", tmp_path / "own"
    data.write_text(PREFIXES + ":a :parent :b ; :age 20 . :b :brother :c . :c a :Man .")
    rules.write_text(PREFIXES + UNCLE + ADULT)
    folder.mkdir()
    (folder / "nephew.rq").write_text(
        "PREFIX : <http://example.org/>\nCONSTRUCT { ?y :nephew ?x } WHERE { ?x :uncle ?y }"
    )
    result = run(str(data), "--rules", str(rules), "--rules", str(folder))
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    assert "<http://example.org/c> <http://example.org/nephew> <http://example.org/a> ." in result.stdout
    (folder / "wrong.rq").write_text("CONSTRUCT { ?x ?p ?z }\nWHERE { ?x ?p ?y }")
    refused = run(str(data), "--rules", str(folder)).exception
    assert isinstance(refused, BadData)
    assert (refused.line, refused.column) == (1, 19)
    assert str(refused.location).endswith("wrong.rq")
    assert isinstance(run(str(data), "--rules", str(data)).exception, BadData)
    assert run(str(data), "--rules", str(folder), "--remote", "http://127.0.0.1:1/query").exit_code == 2


def test_the_rules_of_the_relation_ontology_are_read(shared: Path, tmp_path: Path) -> None:
    """RO has 25 SWRL rules; here one acts on two facts."""
    relations = str(shared / "ontologies" / "ontologies" / "ro.owl")
    data = tmp_path / "data.ttl"
    effector, regulates = "obo:RO_0002025", "obo:RO_0002630"
    data.write_text(
        "@prefix obo: <http://purl.obolibrary.org/obo/> . @prefix : <http://example.org/> .\n"
        f":mf {effector} :eff ; {regulates} :mf2 ."
    )
    assert run(str(data)).stdout == ""
    assert (
        "<http://example.org/eff> <http://purl.obolibrary.org/obo/RO_0002630> <http://example.org/mf2> ."
        in run(str(data), "--rules", relations).stdout
    )


def test_a_project_may_have_rules_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ontology" / "rules").mkdir(parents=True)
    (tmp_path / "ontology" / "rules" / "owl2rl").symlink_to(Path(__file__).parents[2] / "rlreason" / "owl2rl")
    own = tmp_path / OWN_RULES_FOLDER
    own.mkdir()
    assert len(load_project_rules(tmp_path)) == 78
    (own / "mine.rq").write_text("CONSTRUCT { ?y ?p ?x } WHERE { ?x ?p ?y }")
    assert load_project_rules(tmp_path)[-1].name == "mine"
    (own / "mine.rq").write_text("CONSTRUCT { ?y ?p ?x }\nWHERE { ?x ?p ?y OPTIONAL { ?x ?p ?z } }")
    with pytest.raises(BadData) as refused:
        load_project_rules(tmp_path)
    assert (refused.value.location, refused.value.line) == ("ontology/rules/own/mine.rq", 2)
