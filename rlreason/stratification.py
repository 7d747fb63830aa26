"""FILTER NOT EXISTS in rules of one's own: in which order such rules are applied, and which sets are refused.

A rule that asks for an absence may conclude too early, and take back nothing. So rules are put into *strata*:
one that negates a predicate stands above all that conclude it, and a set in which that is impossible is
refused (Apt, Blair and Walker 1988). Axioms of an ontology can still lead from what a rule concludes to what
it negates; so when all is closed each such conclusion is looked at again, and refused when it does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from pyoxigraph import NamedNode

from rlreason.compiled_rules import CompiledRule, match_rule
from rlreason.errors import RuleError
from rlreason.relation import contains_each
from rlreason.rules import Atom, Rule
from rlreason.vocabulary import RDF

if TYPE_CHECKING:
    from rlreason.rule_engine import ClosureState, Conclusions, RuleEngine

#: a predicate, or a predicate and its object; None stands for any
_Key = tuple[NamedNode | None, NamedNode | None]


def stratify_rules(rules: Iterable[Rule]) -> dict[str, int]:
    """Return the stratum of each rule of one's own, 0 for those that rest on no absence.

    Raises RuleError when a rule rests on the absence of what it leads to.
    """
    own = [rule for rule in rules if not rule.table]
    strata = {rule.name: int(bool(rule.negations)) for rule in own}
    if not any(strata.values()):
        return strata
    for _ in range(len(own) + 2):
        before = dict(strata)
        for rule in own:
            for other in own:
                below = strata[other.name]
                if _concludes(other, rule.body):
                    strata[rule.name] = max(strata[rule.name], below)
                if _concludes(other, [atom for negation in rule.negations for atom in negation.atoms]):
                    strata[rule.name] = max(strata[rule.name], below + 1)
        if strata == before:
            return strata
    name = max(strata, key=lambda each: strata[each])
    raise RuleError(
        f"The rule {name} rests on the absence of what it leads to: FILTER NOT EXISTS in a circle."
    )


def _concludes(rule: Rule, atoms: Iterable[Atom]) -> bool:
    """Return whether a rule may conclude what some atoms match."""
    heads = [_make_key(atom) for atom in rule.head]
    return any(_overlap(head, _make_key(atom)) for head in heads for atom in atoms)


def _make_key(atom: Atom) -> _Key:
    """Return what an atom is about: its predicate, and of rdf:type the class."""
    predicate = atom.p if isinstance(atom.p, NamedNode) else None
    named = predicate == RDF["type"] and isinstance(atom.o, NamedNode)
    return predicate, atom.o if named and isinstance(atom.o, NamedNode) else None


def _overlap(one: _Key, other: _Key) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def apply_strata(engine: RuleEngine, state: ClosureState, steps: list[CompiledRule]) -> None:
    """Apply the rules with FILTER NOT EXISTS to a closed state, a stratum at a time, and close it again.

    Raises RuleError where a conclusion rests on an absence that does not last.
    """
    concluded: Conclusions = {}
    negated = [step for step in engine.negated_rules if not step.rule.finds_violations]
    for stratum in sorted({engine.strata[step.rule.name] for step in negated}):
        here = [step for step in negated if engine.strata[step.rule.name] <= stratum]
        while True:
            conclusions = engine.conclude_all(state.facts, here)
            for predicate, keys in conclusions.items():
                concluded.setdefault(predicate, []).extend(keys)
            found = state.facts.select_new(conclusions)
            if not len(found):
                break
            engine.run_rounds(state, engine.add_literal_facts(state, found), steps)
    _check_that_absences_last(engine, state, negated, concluded)
    for step in engine.negated_rules:
        if step.rule.finds_violations:
            for table in match_rule(step, state.facts, None, None):
                state.violations.add_matches(step, table)


def _check_that_absences_last(
    engine: RuleEngine, state: ClosureState, negated: list[CompiledRule], concluded: Conclusions
) -> None:
    final = engine.conclude_all(state.facts, negated)
    for predicate, keys in concluded.items():
        lasting = np.sort(np.concatenate(final.get(predicate, [keys[0][:0]])))
        if not contains_each(lasting, np.concatenate(keys)).all():
            names = ", ".join(sorted(step.rule.name for step in negated))
            raise RuleError(
                f"With these triples, a rule rests on the absence of what it leads to ({names}): what it "
                f"concludes of {engine.dictionary.terms[predicate]} does not hold once all is closed."
            )
