"""When a transitive relation takes the special road of `transitive`, and what of it is left to the rule."""

from __future__ import annotations

from collections.abc import Iterable

from kg.reasoning.compiled import CompiledRule
from kg.reasoning.relation import OBJECT_MASK, SUBJECT_SHIFT, FactSet, IntArray, Relation, contains_each
from kg.reasoning.state import ClosureState
from kg.reasoning.transitive import close_transitively

#: from this many new pairs on, a transitive relation takes its own road
LARGE_RELATION = 20_000


def close_large_relations(
    state: ClosureState, delta: FactSet, is_first_round: bool, steps: Iterable[CompiledRule]
) -> FactSet:
    """Close the large transitive relations of `steps` before the rules; return `delta` and what that adds."""
    state.remaining_pairs = {}
    for step in steps:
        predicate = step.composed_predicate()
        if predicate is not None and len(state.facts[predicate]) > LARGE_RELATION:
            news = state.facts[predicate].keys if is_first_round else delta[predicate].keys
            more = _close_relation(state, predicate, news)
            state.facts, delta = state.facts.union_disjoint(more), delta.union_disjoint(more)
    return delta


def _close_relation(state: ClosureState, predicate: int, new_pairs: IntArray) -> FactSet:
    """Close one relation from its generators, or leave a few new pairs to the rule.

    Return what is new.
    """
    everything, closed = state.facts[predicate], state.closed_pairs.get(predicate)
    fresh = new_pairs if closed is None else new_pairs[~contains_each(closed, new_pairs)]
    fresh = fresh[fresh >> SUBJECT_SHIFT != fresh & OBJECT_MASK]
    generators = state.generators.get(predicate)
    base = everything if generators is None else generators.union_disjoint(generators.select_new(fresh))
    state.generators[predicate] = base
    if closed is not None and (not len(fresh) or _is_join_cheaper(everything, fresh)):
        state.remaining_pairs[predicate] = Relation(fresh)
        return FactSet()
    state.closed_pairs[predicate] = close_transitively(base.keys)
    return FactSet({predicate: Relation(everything.select_new(state.closed_pairs[predicate]))})


def _is_join_cheaper(relation: Relation, new_pairs: IntArray) -> bool:
    """Say whether composing a few new pairs with the relation beats closing it anew."""
    ahead = relation.count_linked(new_pairs & OBJECT_MASK)
    return ahead + relation.count_linked(new_pairs >> SUBJECT_SHIFT, backwards=True) < len(relation)
