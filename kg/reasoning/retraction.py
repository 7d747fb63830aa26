"""Taking facts out of a closure: delete what rested on them, derive anew what still follows (DRed)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kg.reasoning.compiled import CompiledRule, match_rule
from kg.reasoning.dictionary import WALK_NUMBERS
from kg.reasoning.join import FIRST_TERM_NUMBER
from kg.reasoning.relation import FactSet, IntArray, Relation, contains_each, sort_unique
from kg.reasoning.rules import ListWalk

if TYPE_CHECKING:
    from kg.reasoning.engine import RuleEngine
    from kg.reasoning.state import ClosureState


def retract_facts(
    engine: RuleEngine, state: ClosureState, removed: FactSet, asserted: FactSet, steps: list[CompiledRule]
) -> bool:
    """Take facts out: delete all that rested on them, then derive anew what still follows.

    Gupta, Mumick and Subrahmanian 1993; `given` is what stays asserted. Returns False, with the state
    unchanged, when a list, an axiom that rules were specialised from, or what the values of literals led
    to would go.
    """
    rules = [step for step in (*steps, *state.specialized_rules.values()) if not step.rule.finds_violations]
    doomed = FactSet()
    wave = removed
    while len(wave):
        doomed = doomed.union_disjoint(wave)
        found: dict[int, list[IntArray]] = {}
        for step in rules:
            for table in match_rule(step, state.facts, wave, step.head_variables()):
                engine.add_conclusions(step, table, found)
        wave = _select_overdeleted(found, state.facts, asserted, doomed)
    if engine.changes_rules(doomed) or _has_literal_subjects(engine, doomed):
        return False
    state.facts = state.facts.difference(doomed)
    state.closed_pairs, state.generators, state.remaining_pairs = {}, {}, {}
    again: dict[int, list[IntArray]] = {}
    for step in rules:
        for table in match_rule(step, state.facts, None, step.head_variables()):
            engine.add_conclusions(step, table, again)
    engine.run_rounds(state, state.facts.select_new(again), steps)
    engine.collect_violations(state)
    return True


def extends_walked_list(engine: RuleEngine, state: ClosureState, added: FactSet) -> bool:
    """Say whether new facts lengthen a list that "for all members" may have been asked of."""
    cells = np.concatenate([added[p].subjects() for p in (engine.rdf_first, engine.rdf_rest)])
    return bool(np.isin(cells, state.facts[WALK_NUMBERS[ListWalk.CELL]].objects()).any())


def _has_literal_subjects(engine: RuleEngine, facts: FactSet) -> bool:
    """Say whether some facts have a literal in front, which the datatype rules may have made."""
    return any(engine.dictionary.is_literal(r.subjects()).any() for p, r in facts if p >= FIRST_TERM_NUMBER)


def _select_overdeleted(
    candidates: dict[int, list[IntArray]], facts: FactSet, asserted: FactSet, overdeleted: FactSet
) -> FactSet:
    """Return those of `found` that are facts, not given and not doomed yet."""
    kept = {}
    for predicate, parts in candidates.items():
        keys = sort_unique(np.concatenate(parts))
        keys = keys[contains_each(facts[predicate].keys, keys)]
        keys = keys[~contains_each(asserted[predicate].keys, keys)]
        kept[predicate] = Relation(keys[~contains_each(overdeleted[predicate].keys, keys)])
    return FactSet(kept)
