"""Proofs suffice, and a checker that shares nothing with the engine certifies them: every triple, every rule.

`make certify` does the same for 300 generated ontologies.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyoxigraph import NamedNode, RdfFormat, Triple, parse

import rlreason
from kg.build.project_rules import load_project_rules
from kg.cli import cli
from kg.pages.page_queries import ReasonerInput
from kg.settings import PROJECT_ROOT
from rlreason import (
    Closure,
    Prover,
    close,
    count_rule_applications,
    format_proof,
    iterate_leaves,
)
from rlreason.certificates import find_redundant_leaves, list_steps, write_rdf, write_text
from rlreason.check_certificate import check_step, check_steps, read_certificate, read_rules
from rlreason.vocabulary import RDF
from sparqlhost.store.interface import Store
from tests.rlreason.certified import CHECKED_RULES, Tally, certify_generated

PREFIXES = """@prefix : <http://e/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . """
CASES = sorted((Path(__file__).parent / "cases").glob("*/*/given.ttl"))
MODULES = Path(rlreason.__file__).parent


def read(text: str) -> list[Triple]:
    """Return the triples of a text."""
    return [quad.triple for quad in parse(PREFIXES + text, RdfFormat.TURTLE)]


def member(number: int) -> Triple:
    """Return what the hierarchies below lead to."""
    return Triple(NamedNode("http://e/x"), RDF["type"], NamedNode(f"http://e/C{number}"))


def chain(length: int) -> list[Triple]:
    """Return a member of the lowest of some classes, and of one that excludes the highest."""
    links = " ".join(f":C{i} rdfs:subClassOf :C{i + 1} ." for i in range(length))
    return read(f":x a :C0, :D . :C{length} owl:disjointWith :D . {links}")


def doublings(count: int) -> list[Triple]:
    """Return a hierarchy in which each class is reached from the one below in two ways, both needed."""
    steps = [
        f":C{i} rdfs:subClassOf :D{i}, :E{i} . :C{i + 1} owl:intersectionOf (:D{i} :E{i}) ."
        for i in range(count)
    ]
    return read(f":x a :C0 . {' '.join(steps)}")


def replayed(closure: Closure, number: int) -> int:
    """Prove the member of a class, have it certified and follow from its leaves; return the steps."""
    (proof,) = closure.explain(member(number))
    assert member(number) in close([leaf.triple for leaf in iterate_leaves(proof)])
    assert list(check_steps(list_steps([proof]), CHECKED_RULES)) == []
    return count_rule_applications(proof)


def test_every_case_of_every_rule_is_certified() -> None:
    """A list ended where the member was found: 434 of 2,230 proofs did not follow from their leaves."""
    tally = Tally()
    for path in CASES:
        text = path.read_text("utf-8")
        tally.add_closure(read(text), axiomatic="# axiomatic: yes" in text)
    assert tally.ontologies == len(CASES) > 250
    assert tally.triples > 1_000
    assert tally.contradictions > 40
    assert tally.unchecked == 0


def test_generated_ontologies_are_certified() -> None:
    tally = certify_generated(40)
    assert tally.ontologies == 40
    assert tally.triples > 200
    assert tally.unchecked == 0


def test_every_inferred_triple_of_the_build_is_certified(store: Store) -> None:
    """All are certified; every 40th is also closed again from its leaves alone."""
    loaded = ReasonerInput.load(store, load_project_rules(PROJECT_ROOT))
    closure = close(loaded.graphs_by_triple, loaded.rules)
    proofs = list(closure.iterate_proofs())
    assert len(proofs) == len(closure) > 1_000
    tally = Tally()
    tally.add_certificate(proofs)
    assert tally.unchecked == 0
    for triple in sorted(closure, key=str)[::40]:
        (proof,) = closure.explain(triple)
        assert triple in close([leaf.triple for leaf in iterate_leaves(proof)])


def test_proofs_are_as_small_as_they_can_be() -> None:
    assert replayed(close(doublings(20)), 20) == 60
    assert replayed(close(chain(30)), 30) <= 30


def test_a_step_without_one_of_its_premises_is_refused() -> None:
    """A checker that lets everything pass would make the tests above worthless."""
    refused, accepted = 0, []
    for path in CASES:
        closure = close(read(path.read_text("utf-8")))
        steps = list_steps(closure.iterate_proofs())
        said = {name: step.conclusion for name, step in steps.items()}
        for step in steps.values():
            premises = [triple for name in step.premises if (triple := said[name]) is not None]
            for left_out in premises if step.rule else ():
                verdict = check_step(CHECKED_RULES[step.rule], step.conclusion, {*premises} - {left_out})
                refused += verdict is not True
                accepted += [(step, left_out)] if verdict is True else []
    assert accepted == []
    assert refused > 1_000


OWN_RULES = {
    "adult": 'CONSTRUCT { ?x a :Adult ; :is ?y } WHERE { ?x :age ?age . BIND("x" AS ?y) FILTER(?age >= 18) }',
    "sibling": "CONSTRUCT { ?x :sibling ?z } WHERE { ?x :parent/^:parent ?z . FILTER(?x != ?z) }",
    "only-child": "CONSTRUCT { ?x a :Only } WHERE { ?x :parent ?y FILTER NOT EXISTS { ?x :sibling ?z } }",
    "eighteen": "CONSTRUCT { ?x a :Eighteen } WHERE { ?x :age 18 }",
}


def test_rules_of_ones_own_are_certified_but_for_what_is_absent(tmp_path: Path) -> None:
    """Steps by comparison filters were unchecked."""
    for name, query in OWN_RULES.items():
        (tmp_path / f"{name}.rq").write_text(f"# rule: {name}\nPREFIX : <http://e/>\n{query}", "utf-8")
    given = ':a :age 18.0 ; :parent :p . :b :age 17 ; :parent :p . :c :age "020"^^xsd:int ; :parent :q .'
    closure = close(
        read(f"@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . {given}"),
        [*rlreason.OWL2RL, *rlreason.load_own_rules(tmp_path)],
    )
    steps = list_steps(closure.iterate_proofs())
    rules = CHECKED_RULES | read_rules([tmp_path])
    unchecked = {name for name, fault in check_steps(steps, rules) if fault == "unchecked"}
    assert [steps[name].rule for name in unchecked] == ["only-child"]
    assert sorted(step.rule for step in steps.values() if step.rule and "child" not in step.rule) == [
        *("adult", "adult", "adult", "adult", "eighteen", "sibling", "sibling")
    ]
    said = {name: step.conclusion for name, step in steps.items()}
    for step in steps.values():
        premises = {triple for name in step.premises if (triple := said[name]) is not None}
        younger = {(s, p, o.replace("18", "7").replace("20", "7")) for s, p, o in premises}
        if step.rule in {"adult", "eighteen"}:
            assert check_step(rules[step.rule], step.conclusion, younger) is False
        if step.rule == "only-child":
            assert check_step(rules[step.rule], step.conclusion, set()) is False


def test_a_wrong_certificate_is_refused() -> None:
    steps = list_steps(close(read(":A rdfs:subClassOf :B . :x a :A .")).iterate_proofs())
    assert list(check_steps(steps, CHECKED_RULES)) == []
    (name,) = (name for name, step in steps.items() if step.rule)
    last = steps[name]
    assert last.conclusion is not None
    _, predicate, obj = last.conclusion
    wrong = {
        "cax-sco does not say this": replace(last, conclusion=("<http://e/y>", predicate, obj)),
        "there is no rule cax-xxx": replace(last, rule="cax-xxx"),
        f"its premise {name} does not come before": replace(last, premises=(*last.premises, name)),
    }
    for reason, step in wrong.items():
        ((_, fault),) = check_steps({**steps, name: step}, CHECKED_RULES)
        assert fault.startswith(reason)


def test_the_checker_is_small_and_shares_nothing_with_the_engine() -> None:
    assert len((MODULES / "check_certificate.py").read_text("utf-8").splitlines()) <= 200
    for path in [MODULES / "check_certificate.py", *MODULES.glob("certificate_*.py")]:
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        imported = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
        assert not [name for name in imported if name.startswith("rlreason") and "certificate_" not in name]


@pytest.mark.parametrize("name", ["proof.txt", "proof.ttl"])
def test_a_certificate_is_written_and_checked_from_the_command_line(name: str, tmp_path: Path) -> None:
    given, proof = tmp_path / "a.ttl", tmp_path / name
    text = ':U owl:unionOf (:A :B) . :x a :A ; rdfs:label "a \\"b\\"\\tc\\n" . :U owl:disjointWith :A . '
    given.write_text(PREFIXES + text + "rdfs:label rdfs:domain :L .", "utf-8")
    result = CliRunner().invoke(cli, ["reason", str(given), "--certificate", str(proof)])
    assert result.exit_code == 3
    command = [sys.executable, "-m", "rlreason.check_certificate", str(proof)]

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, check=False)

    checked = check()
    assert checked.returncode == 0, checked.stderr
    assert " 0 wrong, 0 unchecked" in checked.stdout
    proof.write_text(proof.read_text("utf-8").replace("unionOf", "oneOf"), "utf-8")
    checked = check()
    assert checked.returncode == 1
    assert "is wrong: cls-uni does not say this of its premises" in checked.stderr
    proof.write_text("nonsense", "utf-8")
    assert check().returncode == 2


def test_both_forms_of_a_certificate_say_the_same(tmp_path: Path) -> None:
    steps = list_steps(close(doublings(3)).iterate_proofs())
    (tmp_path / "a.txt").write_text("".join(write_text(steps)), "utf-8")
    (tmp_path / "a.nt").write_text("".join(write_rdf(steps)), "utf-8")
    assert read_certificate(tmp_path / "a.txt") == steps
    rdf = read_certificate(tmp_path / "a.nt")
    # The names of list cells are those of blank nodes, which a reader of RDF may change.
    assert [step.rule for step in rdf.values()] == [step.rule for step in steps.values()]
    assert list(check_steps(rdf, CHECKED_RULES)) == []


def test_a_leaf_that_others_make_redundant_is_reported() -> None:
    closure = close(read(":E rdfs:subClassOf :D . :E owl:equivalentClass :D ."))
    (proof,) = closure.explain(read(":D owl:equivalentClass :E .")[0])
    assert [leaf.predicate.value.rpartition("#")[2] for leaf in find_redundant_leaves(proof)] == [
        "subClassOf"
    ]
    (proof,) = close(doublings(2)).explain(member(2))
    assert find_redundant_leaves(proof) == ()


def test_a_proof_is_no_longer_than_the_instances_it_uses() -> None:
    """45 doublings made the proof vanish, and 16 gave 655,356 lines."""
    closure = close(doublings(60))
    assert replayed(closure, 60) == 180
    (proof,) = closure.explain(member(60))
    lines = list(format_proof(proof))
    assert len(lines) < 700
    assert sum("as shown above" in line for line in lines) == 59
    assert len(repr(proof)) < 500


@pytest.mark.parametrize("length", [200, 700, 3000])
def test_a_long_hierarchy_is_proved_without_recursion(length: int) -> None:
    """203 triples ended in a RecursionError, 703 took 5 GB: all instances of scm-sco were written down."""
    closure = close(chain(length))
    (contradiction,) = closure.inconsistencies
    proof = closure.explain_inconsistency(contradiction)
    assert len(list(iterate_leaves(proof))) == length + 3
    assert count_rule_applications(proof) <= length + 2
    assert sum(1 for _ in format_proof(proof)) < 3 * length
    assert list(check_steps(list_steps([proof]), CHECKED_RULES)) == []


def test_pairs_of_a_circle_are_proved_along_it() -> None:
    """Large relations are closed without rules, also where everything reaches itself."""
    links = " ".join(f":C{i} rdfs:subClassOf :C{(i + 1) % 200} ." for i in range(200))
    closure = close(read(f"{links} :x a :C0 ."))
    assert replayed(closure, 199) <= 199
    (proof,) = closure.explain(read(":C5 rdfs:subClassOf :C5 .")[0])
    assert len(list(iterate_leaves(proof))) == 200
    assert list(check_steps(list_steps([proof]), CHECKED_RULES)) == []


def test_contradictions_that_sameness_repeats_are_told_once_with_their_cause() -> None:
    """There were four: a and a, a and d, d and a, d and d; the first named no owl:sameAs."""
    closure = close(read("[] a owl:AllDifferent ; owl:distinctMembers (:a :d :c) . :a owl:sameAs :d ."))
    (contradiction,) = closure.inconsistencies
    leaves = {leaf.triple for leaf in iterate_leaves(closure.explain_inconsistency(contradiction))}
    assert tuple(read(":a owl:sameAs :d .")[0]) in leaves
    assert len(close(read("[] a owl:AllDifferent ; owl:members (:a :b :a) .")).inconsistencies) == 1
    repeated = read(":C owl:disjointWith :D . :x a :C, :D . :x owl:sameAs :y, :z . :z a :C, :D .")
    assert len(close(repeated).inconsistencies) == 2


def test_contradictions_of_one_axiom_are_grouped() -> None:
    text = ":C rdfs:subClassOf :D, :E . :D owl:disjointWith :E . :F owl:complementOf :G . :y a :F, :G . "
    closure = close(read(text + " ".join(f":x{i} a :C ." for i in range(100))))
    groups = closure.group_inconsistencies()
    assert [(group.rule, len(group.members)) for group in groups] == [("cax-dw", 100), ("cls-com", 1)]
    assert [len(group.axioms) for group in groups] == [3, 1]


def test_the_command_line_tells_a_cause_once_and_ends_with_three(tmp_path: Path) -> None:
    given = tmp_path / "a.nt"
    more = read(" ".join(f":y{i} a :C0, :D ." for i in range(9)))
    given.write_text("".join(f"{triple} .\n" for triple in [*chain(300), *more]), "utf-8")
    result = CliRunner().invoke(cli, ["reason", str(given), "--output", str(tmp_path / "out.nt")])
    assert result.exit_code == 3
    assert result.stderr.count("inconsistent: ") == 1
    assert "9 more contradictions have the same cause." in result.stderr
    assert "more lines of this proof; --certificate FILE writes all of it." in result.stderr
    assert len(result.stderr.splitlines()) < 80


def test_a_prover_answers_for_triples_with_graphs() -> None:
    graph = NamedNode("http://e/g")
    asserted = {triple: (graph,) for triple in read(":A rdfs:subClassOf :B . :x a :A .")}
    prover = Prover(close(asserted), asserted)
    (proof,) = prover.prove(read(":x a :B .")[0])
    assert {leaf.graph for leaf in iterate_leaves(proof)} == {graph}
