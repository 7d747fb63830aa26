"""Every rule of OWL 2 RL/RDF fires where it must and stays silent where it must; the cases are files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, Triple, parse

from rlreason import OWL2RL, Closure, RuleError, close, iterate_leaves, load_rules
from rlreason.rules import parse_rule

CASES = Path(__file__).parent / "cases"
FOUND = sorted(path.parent for path in CASES.glob("*/*/given.ttl"))

#: OWL 2 Profiles (second edition), Tables 4 to 9.
SPECIFIED = {
    4: "eq-ref eq-sym eq-trans eq-rep-s eq-rep-p eq-rep-o eq-diff1 eq-diff2 eq-diff3",
    5: (
        "prp-ap prp-dom prp-rng prp-fp prp-ifp prp-irp prp-symp prp-asyp prp-trp prp-spo1 prp-spo2 prp-eqp1 "
        "prp-eqp2 prp-pdw prp-adp prp-inv1 prp-inv2 prp-key prp-npa1 prp-npa2"
    ),
    6: (
        "cls-thing cls-nothing1 cls-nothing2 cls-int1 cls-int2 cls-uni cls-com cls-svf1 cls-svf2 cls-avf "
        "cls-hv1 cls-hv2 cls-maxc1 cls-maxc2 cls-maxqc1 cls-maxqc2 cls-maxqc3 cls-maxqc4 cls-oo"
    ),
    7: "cax-sco cax-eqc1 cax-eqc2 cax-dw cax-adc",
    8: "dt-type1 dt-type2 dt-eq dt-diff dt-not-type",
    9: (
        "scm-cls scm-sco scm-eqc1 scm-eqc2 scm-op scm-dp scm-spo scm-eqp1 scm-eqp2 scm-dom1 scm-dom2 "
        "scm-rng1 scm-rng2 scm-hv scm-svf1 scm-svf2 scm-avf1 scm-avf2 scm-int scm-uni"
    ),
}
LISTS = (
    "eq-diff2 eq-diff3 prp-spo2 prp-adp prp-key cls-int1 cls-int2 cls-uni cls-oo cax-adc scm-int scm-uni"
).split()


def read(path: Path) -> list[Triple]:
    """Return the triples of a case file."""
    return [quad.triple for quad in parse(path=str(path), format=RdfFormat.TURTLE)] if path.exists() else []


def closed(case: Path) -> Closure:
    """Return the closure of what a case gives."""
    return close(read(case / "given.ttl"), axiomatic="# axiomatic: yes" in (case / "given.ttl").read_text())


def names(case: Path) -> str:
    """Return the name of a case."""
    return f"{case.parent.name}/{case.name}"


def test_rule_files_hold_each_rule_of_the_specification_and_no_other() -> None:
    by_table: dict[int, set[str]] = {}
    for rule in OWL2RL:
        by_table.setdefault(rule.table, set()).add(rule.name)
    assert by_table == {table: set(text.split()) for table, text in SPECIFIED.items()}
    assert len(OWL2RL) == 78


def test_every_rule_has_a_wording_that_names_only_its_own_variables() -> None:
    for rule in OWL2RL:
        named = set(re.findall(r"\{(\w+)\}", rule.wording))
        assert rule.wording
        assert named <= set(rule.variable_names()), rule.name


def test_every_rule_has_a_case_that_fires_and_one_that_is_silent() -> None:
    kinds: dict[str, set[str]] = {}
    for case in FOUND:
        kinds.setdefault(case.parent.name, set()).add(case.name.partition("-")[0])
    assert kinds == {rule.name: {"fires", "silent"} for rule in OWL2RL}


@pytest.mark.parametrize("rule", LISTS)
def test_list_rules_have_cases_for_the_last_member_and_lengths_zero_and_one(rule: str) -> None:
    found = " ".join(case.name for case in FOUND if case.parent.name == rule)
    assert "length-0" in found
    assert "length-1" in found
    assert any(word in found for word in ("last-member", "last-key", "every-member"))


def test_no_case_is_lost() -> None:
    assert len(FOUND) == 252


@pytest.mark.parametrize("case", FOUND, ids=names)
def test_case(case: Path) -> None:
    closure = closed(case)
    known = {*read(case / "given.ttl"), *closure.inferred}
    for triple in read(case / "then.ttl"):
        assert triple in known, f"missing: {triple}"
    for triple in read(case / "never.ttl"):
        assert triple not in known, f"unwanted: {triple}"
    wanted = "# expect: inconsistent" in (case / "given.ttl").read_text()
    assert bool(closure.inconsistencies) == wanted, [str(each) for each in closure.inconsistencies]


@pytest.mark.parametrize(
    "case", [c for c in FOUND if "expect: inconsistent" in (c / "given.ttl").read_text()], ids=names
)
def test_every_contradiction_has_a_proof_down_to_what_was_given(case: Path) -> None:
    closure = closed(case)
    for each in closure.inconsistencies:
        proof = closure.explain_inconsistency(each)
        assert proof.premises, str(each)
        assert len(list(iterate_leaves(proof))) > 0


@pytest.mark.parametrize(
    "case", [c for c in FOUND if "axiomatic: yes" not in (c / "given.ttl").read_text()], ids=names
)
def test_every_inference_of_a_case_has_a_proof_down_to_what_was_given(case: Path) -> None:
    closure = closed(case)
    said = {(one.subject, one.predicate, one.object) for one in closure.asserted}
    for triple in closure.inferred:
        (proof,) = closure.explain(triple)
        assert {leaf.triple for leaf in iterate_leaves(proof)} <= said, triple


HEADER = "# rule: r\n# table: 9\n# wording: {x}\nPREFIX : <http://example.org/>\n"


@pytest.mark.parametrize(
    ("query", "place", "reason"),
    [
        ("CONSTRUCT { ?x :p ?z } WHERE { ?x :q ?z . FILTER(?x != ?z) }", (5, 49), "NOT expected, ( found"),
        (
            "CONSTRUCT { ?x a :C } WHERE { ?x :q ?y FILTER NOT EXISTS { ?x :p ?z } }",
            (5, 69),
            "FILTER expected",
        ),
        ("CONSTRUCT { ?x :p ?z } WHERE { ?x :q ?y . }", (5, 43), "the body does not bind ?z of the head"),
        ("CONSTRUCT { ?x p:p ?y } WHERE { ?x :q ?y . }", (5, 16), "the prefix p: is not declared"),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q/:r ?y . }", (6, 14), "'/:r ?y . }' cannot be read"),
        ("SELECT * WHERE { ?x :q ?y . }", (5, 29), "a SELECT * with `# inconsistent:` finds"),
    ],
)
def test_what_a_rule_may_not_say_is_refused_with_its_place(
    query: str, place: tuple[int, int], reason: str
) -> None:
    """A filter was passed over, and the rule applied without it; FILTER NOT EXISTS was read as "for all"."""
    with pytest.raises(RuleError) as refused:
        parse_rule(HEADER + query, "r.rq")
    assert reason in refused.value.message
    assert (refused.value.line, refused.value.column) == place
    assert str(refused.value).startswith(f"r.rq:{place[0]}:{place[1]}: This is not a rule: ")


def test_a_rule_without_a_name_is_refused() -> None:
    with pytest.raises(RuleError, match="'rule' is missing"):
        parse_rule("CONSTRUCT { ?x a ?y } WHERE { ?x a ?y }")


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no rules in this folder"):
        load_rules(tmp_path)


def test_a_closure_is_made_by_the_rules_it_is_given() -> None:
    given = read(next(case for case in FOUND if names(case) == "prp-trp/fires-cycle") / "given.ttl")
    without = [rule for rule in OWL2RL if rule.name != "prp-trp"]
    assert len(close(given).inferred) > len(close(given, without).inferred)


@pytest.mark.parametrize(
    ("literal", "well_typed"),
    [
        ('"' + "1" * 5000 + '"^^xsd:integer', True),  # was ill-typed: Python refuses int() of so many digits
        ('"' + "1" * 5000 + '.5"^^xsd:decimal', True),
        ('"' + "1" * 5000 + '"^^xsd:long', False),
        ('"a\u00a0b"^^xsd:token', True),  # XSD has four blanks, a no-break space is none of them
        ('"a\tb"^^xsd:token', False),
        ('"a\u00e9-1.b"^^xsd:NCName', True),
        ('"a\u00b2"^^xsd:NCName', False),  # a letter or digit for Python, none of XML's name characters
        ('"\u00aa"^^xsd:NCName', False),
        ('"a:b"^^xsd:NCName', False),
        ('"a:b"^^xsd:Name', True),
        ('"-a"^^xsd:NMTOKEN', True),
        ('"-a"^^xsd:Name', False),
        ('"1e-400"^^xsd:double', True),  # was ill-typed; XSD 1.1 rounds
        ('"1e39"^^xsd:float', True),
        ('"QQ=="^^xsd:base64Binary', True),
        ('"Q Q = ="^^xsd:base64Binary', True),
        ('"QR=="^^xsd:base64Binary', False),  # bits that no octet has
        ('"QQ  =="^^xsd:base64Binary', False),
        ('"' + "1" * 5000 + "-01-01T00:00:00." + "1" * 5000 + '"^^xsd:dateTime', True),
    ],
)
def test_the_edges_of_the_lexical_spaces(literal: str, well_typed: bool) -> None:
    text = f"@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . <http://e/a> <http://e/p> {literal} ."
    (quad,) = parse(text, format=RdfFormat.TURTLE)
    assert (close([quad.triple]).inconsistencies == ()) == well_typed
