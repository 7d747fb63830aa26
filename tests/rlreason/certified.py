"""Proofs put to the test: `python -m tests.rlreason.certified 300` makes 300 ontologies.

A proof of a closure is right when its leaves were asserted, when their closure holds the conclusion, and when
the checker, which shares nothing with the engine, finds every step of its certificate right.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from pyoxigraph import Triple

import rlreason
from rlreason import Closure, Inconsistency, Proof, close, iterate_leaves
from rlreason.certificates import find_redundant_leaves, list_steps
from rlreason.check_certificate import check_steps, read_rules
from rlreason.vocabulary import OWL
from tests.rlreason.generated import all_ontologies

CHECKED_RULES = read_rules([Path(rlreason.__file__).parent / "owl2rl"])


@dataclass(slots=True)
class Tally:
    """What was tested, and what is wrong."""

    ontologies: int = 0
    triples: int = 0
    contradictions: int = 0
    steps: int = 0
    unchecked: int = 0
    redundant: int = 0

    def add_closure(self, triples: Iterable[Triple], *, axiomatic: bool = False) -> None:
        """Certify and replay every inferred triple and every contradiction of a closure."""
        closure = close(triples, axiomatic=axiomatic)
        self.ontologies += 1
        proofs: list[Proof] = []
        for triple in closure.inferred:
            (proof,) = closure.explain(triple)
            proofs.append(proof)
            assert triple in replay(closure, proof, axiomatic).inferred, f"not from its leaves:\n{proof}"
        for each in closure.inconsistencies:
            proof = closure.explain_inconsistency(each)
            proofs.append(proof)
            assert clashes_again(replay(closure, proof), each), f"not from its leaves:\n{each}\n{proof}"
        self.triples += len(closure.inferred)
        self.contradictions += len(closure.inconsistencies)
        self.add_certificate(proofs)

    def add_certificate(self, proofs: list[Proof]) -> None:
        """Have the checker certify proofs."""
        steps = list_steps(proofs)
        faults = list(check_steps(steps, CHECKED_RULES))
        wrong = [(name, fault, steps[name]) for name, fault in faults if fault != "unchecked"]
        assert not wrong, wrong
        self.steps += len(steps)
        self.unchecked += len(faults)

    def add_redundancy(self, triples: Iterable[Triple]) -> None:
        """Count the proofs with a leaf that the others make redundant."""
        closure = close(triples)
        for triple in closure.inferred:
            self.redundant += bool(find_redundant_leaves(closure.explain(triple)[0]))


def replay(closure: Closure, proof: Proof, axiomatic: bool = False) -> Closure:
    """Return the closure of the leaves of a proof, all of which were asserted."""
    leaves = [leaf.triple for leaf in iterate_leaves(proof)]
    assert set(leaves) <= {(t.subject, t.predicate, t.object) for t in closure.asserted}
    return close(leaves, axiomatic=axiomatic)


def clashes_again(closure: Closure, contradiction: Inconsistency) -> bool:
    """Return whether a closure has a contradiction by the same rule, and all the triples that clash.

    Not whether it reports this one: of those that owl:sameAs repeats, another may be the one reported.
    """
    limits = (OWL["maxCardinality"], OWL["maxQualifiedCardinality"])  # the rule's own literal of that value
    clashing = [premise for premise in contradiction.premises if premise[1] not in limits]
    facts = [closure.engine.dictionary.encode_triple(premise) for premise in clashing]
    hold = all(fact is not None and fact in closure.state.facts for fact in facts)
    return hold and contradiction.rule in {each.rule for each in closure.inconsistencies}


def certify_generated(count: int) -> Tally:
    """Return what testing `count` generated ontologies found; the same ones each time."""
    tally = Tally()

    @settings(
        max_examples=count,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(all_ontologies)
    def certify(triples: list[Triple]) -> None:
        tally.add_closure(triples)
        tally.add_redundancy(triples)

    certify()
    return tally


if __name__ == "__main__":
    sys.stdout.write(f"{certify_generated(int(sys.argv[1]))}\n")
