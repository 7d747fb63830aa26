"""Why something does not hold: the rule instances that lack just one premise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from pyoxigraph import NamedNode, Triple

from kg.namespaces import OWL, RDF, RDFS
from rlreason.compiled_rules import CompiledRule
from rlreason.inconsistencies import Fact
from rlreason.join import FIRST_TERM_NUMBER, BindingTable, Slot, TriplePattern, match_patterns
from rlreason.rule_engine import ClosureState, RuleEngine
from rlreason.term_dictionary import Term

#: a term of the missing premise; None where any would do
PartialTriple = tuple[Term | None, Term | None, Term | None]
#: rows of one rule that are looked at
MAX_ROWS_PER_RULE = 40
#: distinct gaps that are compared
MAX_COMPARED = 200
_SCHEMA_NAMESPACES = (str(OWL), str(RDFS), str(RDF) + "first", str(RDF) + "rest")


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A rule that would derive the triple if `missing` held; `held` are its other premises.

    `instead` are the predicates that do link the two terms of the missing premise.
    """

    rule: str
    wording: str
    bindings: Mapping[str, Term]
    lacking_premise: PartialTriple
    other_premises: tuple[tuple[Term, Term, Term], ...]
    linking_predicates: tuple[Term, ...] = ()


def explain_why_not(
    engine: RuleEngine, state: ClosureState, triple: Triple, limit: int
) -> tuple[WhyNot, ...]:
    """Return the nearest rule instances, best first; none when a term of the triple occurs nowhere."""
    numbers = engine.dictionary.numbers
    goal = (numbers.get(triple.subject), numbers.get(triple.predicate), numbers.get(triple.object))
    if goal[1] is None:
        return ()
    found = [
        gap
        for step in (*engine.plain_rules, *state.specialized_rules.values())
        if not step.rule.finds_violations and step.member is None
        for pattern in step.head
        if (bound := _unify_head(pattern, goal)) is not None
        for gap in _find_almost_matching(engine, state, step, bound)
        if gap.lacking_premise != (triple.subject, triple.predicate, triple.object)
    ]
    found.sort(key=_rank_why_not)
    near = [
        replace(gap, linking_predicates=_find_linking_predicates(engine, state, gap))
        for gap in _keep_first_per_premise(found)[:MAX_COMPARED]
    ]
    near.sort(key=lambda gap: (_rank_why_not(gap)[:2], not gap.linking_predicates, _rank_why_not(gap)))
    facts = [gap for gap in near if not _lacks_axiom(gap)]
    return tuple(facts[:limit] or near[:1])


def _keep_first_per_premise(candidates: list[WhyNot]) -> list[WhyNot]:
    """Return the first gap of each missing premise."""
    first: dict[PartialTriple, WhyNot] = {}
    for gap in candidates:
        first.setdefault(gap.lacking_premise, gap)
    return list(first.values())


def _find_linking_predicates(engine: RuleEngine, state: ClosureState, why_not: WhyNot) -> tuple[Term, ...]:
    """Return the predicates that link the ends of a missing premise."""
    numbers, terms = engine.dictionary.numbers, engine.dictionary.terms
    s, o = numbers.get(why_not.lacking_premise[0]), numbers.get(why_not.lacking_premise[2])
    if s is None or o is None:
        return ()
    pair = np.array([s], dtype=np.int64), np.array([o], dtype=np.int64)
    return tuple(
        terms[p] for p, relation in state.facts if p >= FIRST_TERM_NUMBER and relation.contains(*pair)[0]
    )


def _unify_head(
    head: TriplePattern, goal: tuple[int | None, int | None, int | None]
) -> dict[str, int] | None:
    """Return what the head's variables must be for it to say the goal; None when it cannot."""
    bound: dict[str, int] = {}
    for slot, number in zip((head.s, head.p, head.o), goal, strict=True):
        if number is None:
            return None
        if isinstance(slot, int):
            if slot != number:
                return None
        elif bound.setdefault(slot, number) != number:
            return None
    return bound


def _find_almost_matching(
    engine: RuleEngine, state: ClosureState, step: CompiledRule, bound: dict[str, int]
) -> Iterator[WhyNot]:
    """Yield the instances of one rule that lack one premise."""
    start = BindingTable(1, {name: np.array([value], dtype=np.int64) for name, value in bound.items()})
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

    facts: list[Fact] = list(step.ground_premises)
    for pattern in others:
        s, p, o = (
            values[slot] if isinstance(slot, str) else slot for slot in (pattern.s, pattern.p, pattern.o)
        )
        if p >= FIRST_TERM_NUMBER:
            facts.append((s, p, o))
    held = tuple((terms[s], terms[p], terms[o]) for s, p, o in facts)
    bindings = {name: terms[number] for name, number in (values | step.fixed_bindings).items()}
    missing = (term_at(lacking.s), term_at(lacking.p), term_at(lacking.o))
    return WhyNot(step.rule.name, step.rule.wording, MappingProxyType(bindings), missing, held)


def _rank_why_not(why_not: WhyNot) -> tuple[int, int, int, int, str]:
    """Return how far a gap is: facts before axioms, known terms before unknown, more support before less."""
    data = sum(
        not (isinstance(h[1], NamedNode) and h[1].value.startswith(_SCHEMA_NAMESPACES))
        for h in why_not.other_premises
    )
    unknown = sum(term is None for term in why_not.lacking_premise)
    return (int(_lacks_axiom(why_not)), unknown, -data, len(why_not.other_premises), why_not.rule)


def _lacks_axiom(why_not: WhyNot) -> bool:
    """Say whether a gap asks to change the ontology, or to make two things one, in the place of a fact."""
    predicate = why_not.lacking_premise[1]
    axiom = predicate is None or (
        isinstance(predicate, NamedNode) and predicate.value.startswith(_SCHEMA_NAMESPACES)
    )
    return axiom or why_not.rule.startswith("eq-")
