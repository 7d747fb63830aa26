"""A proof as a certificate: numbered steps that a checker without the engine can follow.

    steps = list_steps([proof])          # of any number of proofs; what they share is one step
    Path("proof.txt").write_text("".join(write_text(steps)))      # or write_rdf: PROV-O
    find_redundant_leaves(proof)         # given triples without which the proof's conclusion follows too

`rlreason.check_certificate` reads both forms.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import Triple

from rlreason.certificate_files import Step, write_rdf, write_text
from rlreason.closure import close
from rlreason.proofs import Asserted, Derived, Proof, iterate_leaves
from rlreason.rules import OWL2RL, Rule
from rlreason.term_dictionary import GeneralizedTriple
from rlreason.vocabulary import RDF

__all__ = ["Step", "find_redundant_leaves", "list_steps", "write_rdf", "write_text"]


def list_steps(proofs: Iterable[Proof]) -> dict[str, Step]:
    """Return the steps of proofs by number, premises before what follows from them."""
    numbers: dict[GeneralizedTriple | Proof, str] = {}
    steps: dict[str, Step] = {}
    waiting = list(proofs)[::-1]
    while waiting:
        part = waiting[-1]
        premises = part.premises if isinstance(part, Derived) else ()
        lacking = [each for each in premises if _key(each) not in numbers]
        if _key(part) not in numbers and lacking:
            waiting += reversed(lacking)
            continue
        waiting.pop()
        if _key(part) not in numbers:
            name = numbers[_key(part)] = str(len(numbers) + 1)
            steps[name] = _make_step(part, tuple(numbers[_key(each)] for each in premises))
    return steps


def _key(part: Proof) -> GeneralizedTriple | Proof:
    """Return what tells one step from another: its triple, or a contradiction itself."""
    return part if isinstance(part, Derived) and part.contradicts else part.triple


def _make_step(part: Proof, premises: tuple[str, ...]) -> Step:
    s, p, o = part.triple
    conclusion = None if isinstance(part, Derived) and part.contradicts else (str(s), str(p), str(o))
    return Step(conclusion, "" if isinstance(part, Asserted) else part.rule, premises)


def find_redundant_leaves(proof: Proof, rules: Iterable[Rule] = OWL2RL) -> tuple[Triple, ...]:
    """Return the leaves without each of which the conclusion of a proof still follows from the others.

    A list counts as a whole: the cells of a list that a step rests on are never redundant. Closes the
    leaves once for each.
    """
    rules = tuple(rules)
    leaves = [Triple(*leaf.triple) for leaf in iterate_leaves(proof)]  # type: ignore[arg-type]  # asserted
    candidates = [leaf for leaf in leaves if leaf.predicate not in (RDF["first"], RDF["rest"])]
    return tuple(
        leaf for leaf in candidates if _follows(proof, [one for one in leaves if one != leaf], rules)
    )


def _follows(proof: Proof, triples: list[Triple], rules: tuple[Rule, ...]) -> bool:
    """Return whether some triples lead to the conclusion of a proof."""
    closure = close(triples, rules, axiomatic=True)
    if isinstance(proof, Derived) and proof.contradicts:
        terms = set(proof.bindings.values())
        return any((proof.rule, terms) == (e.rule, set(e.bindings.values())) for e in closure.inconsistencies)
    fact = closure.engine.dictionary.encode_triple(proof.triple)
    return fact is not None and fact in closure.state.facts
