"""Why a triple does not hold: the rule instances that lack just one premise to derive it.

The question of why-not provenance (Chapman and Jagadish 2009), answered one step deep: each rule whose head
fits is matched without one of its atoms, and what that atom would have to be is the missing premise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from pyoxigraph import Triple

from rlreason.compiled_rules import CompiledRule, instantiate_pattern, unify_head
from rlreason.join import BindingTable, Slot, TriplePattern, match_patterns
from rlreason.relation import FIRST_TERM_NUMBER
from rlreason.rule_engine import ClosureState, RuleEngine
from rlreason.term_dictionary import GeneralizedTriple, Term
from rlreason.wording import is_schema_predicate

#: the missing premise; None where any term would do
PartialTriple = tuple[Term | None, Term | None, Term | None]
#: matches of the other premises of one rule that are looked at
MAX_ROWS_PER_RULE = 40
#: missing premises that are compared with each other
MAX_COMPARED = 200


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A rule that would derive the triple if `lacking_premise` held, as `other_premises` do.

    `linking_predicates` are the predicates by which the two ends of the missing premise are linked instead.
    """

    rule: str
    wording: str
    bindings: Mapping[str, Term]
    lacking_premise: PartialTriple
    other_premises: tuple[GeneralizedTriple, ...]
    linking_predicates: tuple[Term, ...] = ()


def explain_why_not(
    engine: RuleEngine, state: ClosureState, triple: Triple | GeneralizedTriple, limit: int
) -> tuple[WhyNot, ...]:
    """Return the nearest rule instances, best first; none when a term of the triple occurs nowhere.

    Those that lack a fact come alone; one that would ask for another axiom comes only where there are none.
    """
    goal = engine.dictionary.encode_triple(triple)
    if goal is None:
        return ()
    asked = tuple(triple)
    candidates = [
        candidate
        for step in (*engine.plain_rules, *state.specialized_rules.values())
        if not step.rule.finds_violations and step.member is None and not step.row_conditions
        for pattern in step.head
        for candidate in _find_almost_matching(
            engine, state, step, unify_head(pattern, goal[1], np.array(goal[:1]), np.array(goal[2:]))
        )
        if candidate.lacking_premise != asked
    ]
    candidates.sort(key=_rank_why_not)
    near = [
        replace(each, linking_predicates=_find_linking_predicates(engine, state, each))
        for each in _keep_first_per_premise(candidates)[:MAX_COMPARED]
    ]
    near.sort(key=lambda each: (_rank_why_not(each)[:2], not each.linking_predicates, _rank_why_not(each)))
    lacking_facts = [each for each in near if not _lacks_axiom(each)]
    return tuple(lacking_facts[:limit] or near[:1])


def _keep_first_per_premise(candidates: list[WhyNot]) -> list[WhyNot]:
    """Return the first candidate of each missing premise."""
    first: dict[PartialTriple, WhyNot] = {}
    for candidate in candidates:
        first.setdefault(candidate.lacking_premise, candidate)
    return list(first.values())


def _find_linking_predicates(engine: RuleEngine, state: ClosureState, why_not: WhyNot) -> tuple[Term, ...]:
    """Return the predicates that link the ends of a missing premise."""
    numbers, terms = engine.dictionary.numbers, engine.dictionary.terms
    s, o = numbers.get(why_not.lacking_premise[0]), numbers.get(why_not.lacking_premise[2])
    if s is None or o is None:
        return ()
    return tuple(terms[p] for p, relation in state.facts.triples_by_predicate() if relation.contains(s, o))


def _find_almost_matching(
    engine: RuleEngine, state: ClosureState, step: CompiledRule, start: BindingTable
) -> Iterator[WhyNot]:
    """Yield the instances of one rule that lack one premise; none where `start` has no row."""
    for left_out in step.body:
        others = [pattern for pattern in step.body if pattern is not left_out]
        if isinstance(left_out.p, int) and left_out.p < FIRST_TERM_NUMBER:
            continue
        table = match_patterns(others, (state.facts,) * len(others), None, start) if others else start
        for row in range(min(table.row_count, MAX_ROWS_PER_RULE)):
            values = {name: int(column[row]) for name, column in table.columns.items()}
            yield _build_why_not(engine, step, values, left_out, others)


def _build_why_not(
    engine: RuleEngine,
    step: CompiledRule,
    values: dict[str, int],
    lacking: TriplePattern,
    others: list[TriplePattern],
) -> WhyNot:
    """Return one instance as a value."""
    terms = engine.dictionary.terms

    def term_at(slot: Slot) -> Term | None:
        number = values.get(slot) if isinstance(slot, str) else slot
        return None if number is None else terms[number]

    facts = [*step.ground_premises, *(instantiate_pattern(pattern, values) for pattern in others)]
    premises = tuple(engine.dictionary.decode_fact(fact) for fact in facts if fact is not None)
    bindings = {name: terms[number] for name, number in (values | step.fixed_bindings).items()}
    missing = (term_at(lacking.s), term_at(lacking.p), term_at(lacking.o))
    return WhyNot(step.rule.name, step.rule.wording, MappingProxyType(bindings), missing, premises)


def _rank_why_not(why_not: WhyNot) -> tuple[int, int, int, int, str]:
    """Return how far it is: facts before axioms, known terms before unknown, more support before less."""
    data = sum(not is_schema_predicate(premise[1]) for premise in why_not.other_premises)
    unknown = sum(term is None for term in why_not.lacking_premise)
    return (int(_lacks_axiom(why_not)), unknown, -data, len(why_not.other_premises), why_not.rule)


def _lacks_axiom(why_not: WhyNot) -> bool:
    """Return whether an axiom, or that two things are the same, is missing rather than a fact."""
    predicate = why_not.lacking_premise[1]
    return predicate is None or is_schema_predicate(predicate) or why_not.rule.startswith("eq-")
