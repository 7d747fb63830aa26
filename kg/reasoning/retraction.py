"""Taking facts out of a closure: delete what rested on them, derive anew what still follows (DRed)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kg.reasoning.compiled import Compiled, matches
from kg.reasoning.dictionary import WALK_NUMBERS
from kg.reasoning.join import FIRST_TERM
from kg.reasoning.relation import Facts, Ints, Relation, found_in, sorted_unique
from kg.reasoning.rules import Walk

if TYPE_CHECKING:
    from kg.reasoning.engine import Engine
    from kg.reasoning.state import State


def shrink(engine: Engine, state: State, gone: Facts, given: Facts, steps: list[Compiled]) -> bool:
    """Take facts out: delete all that rested on them, then derive anew what still follows.

    Gupta, Mumick and Subrahmanian 1993; `given` is what stays asserted. Returns False, with the state
    unchanged, when a list, an axiom that rules were specialised from, or what the values of literals led
    to would go.
    """
    rules = [step for step in (*steps, *state.derived_steps.values()) if not step.rule.inconsistency]
    doomed = Facts()
    wave = gone
    while len(wave):
        doomed = doomed.plus(wave)
        found: dict[int, list[Ints]] = {}
        for step in rules:
            for table in matches(step, state.facts, wave, step.head_names()):
                engine.conclude(step, table, found)
        wave = _among(found, state.facts, given, doomed)
    if engine.shapes_rules(doomed) or _values_literals(engine, doomed):
        return False
    state.facts = state.facts.without(doomed)
    state.closed, state.generators, state.left = {}, {}, {}
    again: dict[int, list[Ints]] = {}
    for step in rules:
        for table in matches(step, state.facts, None, step.head_names()):
            engine.conclude(step, table, again)
    engine.rounds(state, state.facts.new_of(again), steps)
    engine.contradictions(state)
    return True


def lengthens(engine: Engine, state: State, new: Facts) -> bool:
    """Say whether new facts lengthen a list that "for all members" may have been asked of."""
    cells = np.concatenate([new[p].subjects() for p in (engine.first, engine.rest)])
    return bool(np.isin(cells, state.facts[WALK_NUMBERS[Walk.CELL]].objects()).any())


def _values_literals(engine: Engine, facts: Facts) -> bool:
    """Say whether some facts have a literal in front, which the datatype rules may have made."""
    return any(engine.dictionary.is_literal(r.subjects()).any() for p, r in facts if p >= FIRST_TERM)


def _among(found: dict[int, list[Ints]], facts: Facts, given: Facts, doomed: Facts) -> Facts:
    """Return those of `found` that are facts, not given and not doomed yet."""
    kept = {}
    for predicate, parts in found.items():
        keys = sorted_unique(np.concatenate(parts))
        keys = keys[found_in(facts[predicate].keys, keys)]
        keys = keys[~found_in(given[predicate].keys, keys)]
        kept[predicate] = Relation(keys[~found_in(doomed[predicate].keys, keys)])
    return Facts(kept)
