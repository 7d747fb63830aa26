"""When a transitive relation takes the special road of `transitive`, and what of it is left to the rule."""

from __future__ import annotations

from collections.abc import Iterable

from kg.reasoning.compiled import Compiled
from kg.reasoning.relation import LOW, SHIFT, Facts, Ints, Relation, found_in
from kg.reasoning.state import State
from kg.reasoning.transitive import closure

#: from this many new pairs on, a transitive relation takes its own road
MANY = 20_000


def closed_roads(state: State, delta: Facts, first: bool, steps: Iterable[Compiled]) -> Facts:
    """Close the large transitive relations of `steps` before the rules; return `delta` and what that adds."""
    state.left = {}
    for step in steps:
        predicate = step.transitive()
        if predicate is not None and len(state.facts[predicate]) > MANY:
            news = state.facts[predicate].keys if first else delta[predicate].keys
            more = _road(state, predicate, news)
            state.facts, delta = state.facts.plus(more), delta.plus(more)
    return delta


def _road(state: State, predicate: int, news: Ints) -> Facts:
    """Close one relation from its generators, or leave a few new pairs to the rule.

    Return what is new.
    """
    everything, closed = state.facts[predicate], state.closed.get(predicate)
    fresh = news if closed is None else news[~found_in(closed, news)]
    fresh = fresh[fresh >> SHIFT != fresh & LOW]
    generators = state.generators.get(predicate)
    base = everything if generators is None else generators.plus(generators.new_of(fresh))
    state.generators[predicate] = base
    if closed is not None and (not len(fresh) or _cheap(everything, fresh)):
        state.left[predicate] = Relation(fresh)
        return Facts()
    state.closed[predicate] = closure(base.keys)
    return Facts({predicate: Relation(everything.new_of(state.closed[predicate]))})


def _cheap(relation: Relation, fresh: Ints) -> bool:
    """Say whether composing a few new pairs with the relation beats closing it anew."""
    ahead = relation.fan_out(fresh & LOW)
    return ahead + relation.fan_out(fresh >> SHIFT, backwards=True) < len(relation)
