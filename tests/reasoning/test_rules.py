"""Every rule of OWL 2 RL/RDF fires where it must and stays silent where it must; the cases are files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, Triple, parse

from rlreason.closure import Closure, close
from rlreason.proofs import Prover, iterate_leaves
from rlreason.rules import load_rules

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
    for rule in load_rules():
        by_table.setdefault(rule.table, set()).add(rule.name)
    assert by_table == {table: set(text.split()) for table, text in SPECIFIED.items()}
    assert len(load_rules()) == 78


def test_every_rule_has_a_wording_that_names_only_its_own_variables() -> None:
    for rule in load_rules():
        named = set(re.findall(r"\{(\w+)\}", rule.wording))
        assert rule.wording
        assert named <= set(rule.variable_names()), rule.name


def test_every_rule_has_a_case_that_fires_and_one_that_is_silent() -> None:
    kinds: dict[str, set[str]] = {}
    for case in FOUND:
        kinds.setdefault(case.parent.name, set()).add(case.name.partition("-")[0])
    assert kinds == {rule.name: {"fires", "silent"} for rule in load_rules()}


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
    prover = Prover.from_closure(closure)
    for each in closure.inconsistencies:
        proof = prover.prove_inconsistency(each)
        assert proof.premises, str(each)
        assert len(list(iterate_leaves(proof))) > 0


@pytest.mark.parametrize(
    "case", [c for c in FOUND if "axiomatic: yes" not in (c / "given.ttl").read_text()], ids=names
)
def test_every_inference_of_a_case_has_a_proof_down_to_what_was_given(case: Path) -> None:
    closure = closed(case)
    prover = Prover.from_closure(closure)
    said = {(one.subject, one.predicate, one.object) for one in prover.asserted}
    for triple in closure.inferred:
        (proof,) = prover.prove(triple)
        assert {leaf.triple for leaf in iterate_leaves(proof)} <= said, triple
