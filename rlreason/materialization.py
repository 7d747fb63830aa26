"""Taking facts out of a closure: delete what rested on them, derive anew what still follows (DRed)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyoxigraph import Triple

from rlreason.closure import decode_triples, drop_trivial_triples, keep_valid_rdf, subtract_facts
from rlreason.compiled_rules import CompiledRule, match_rule
from rlreason.inconsistencies import Inconsistency, describe_inconsistencies
from rlreason.join import FIRST_TERM_NUMBER
from rlreason.relation import (
    OBJECT_MASK,
    SUBJECT_SHIFT,
    FactSet,
    IntArray,
    Relation,
    contains_each,
    sort_unique,
)
from rlreason.rule_engine import ClosureState, RuleEngine
from rlreason.rules import ListWalk, Rule, load_rules
from rlreason.term_dictionary import WALK_NUMBERS, TermDictionary

if TYPE_CHECKING:
    from rlreason.rule_engine import ClosureState, RuleEngine


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


#: MERGED kg.reasoning.materialisation
#: MERGED A closure that follows changes: additions semi-naively, deletions by delete-and-rederive (DRed).
#: MERGED
#: MERGED     kept = Materialisation(triples)
#: MERGED     change = kept.add(more)        # change.added, change.removed: what the inferred graph gains and loses
#: MERGED     change = kept.remove(some)
#: MERGED     kept.inferred, kept.inconsistencies
#: MERGED
#: MERGED A list that grows, and what is taken from a list, a chain, a transitive property or the literals compared by
#: MERGED value, are closed anew: rare, and not monotone. The result is always that of a closure from scratch.


@dataclass(frozen=True, slots=True)
class InferenceChange:
    """What the inferred graph gains and loses by one change of the asserted triples."""

    added: frozenset[Triple]
    removed: frozenset[Triple]


class Materialization:
    """The closure of a changing set of triples."""

    def __init__(self, triples: Iterable[Triple] = (), rules: Iterable[Rule] | None = None) -> None:
        self._rules = tuple(load_rules() if rules is None else rules)
        self._close_from_scratch(triples)

    def _close_from_scratch(self, triples: Iterable[Triple]) -> None:
        """Close from scratch."""
        self._dictionary, self._has_stale_literals = TermDictionary(), False
        self._engine = RuleEngine(self._rules, self._dictionary)
        self._asserted_facts = self._dictionary.encode_triples(triples)
        self._plain_state = ClosureState()
        self._engine.close_state(self._plain_state, self._asserted_facts, axiomatic=False)
        self._full_state = self._plain_state.copy()
        self._engine.run_axiomatic_pass(self._full_state, keep_top_and_bottom=True)
        self._inferred_facts = self._select_inferred()

    def infer_hypothetically(self, triples: Iterable[Triple]) -> frozenset[Triple]:
        """Return what more would follow if `triples` held too; nothing here changes.

        Without what only the axiomatic rules lead to: answers about a case do not need it.
        """
        state = self._plain_state.copy()
        new = subtract_facts(self._dictionary.encode_triples(triples), state.facts)
        self._engine.extend_closure(state, new, self._engine.plain_rules)
        grown = subtract_facts(subtract_facts(state.facts, self._plain_state.facts), new)
        return frozenset(decode_triples(keep_valid_rdf(grown, self._dictionary), self._dictionary))

    def copy(self) -> Materialization:
        """Return a copy that changes alone; facts are shared, so it costs little."""
        other = object.__new__(Materialization)
        self._has_stale_literals = other._has_stale_literals = True
        other._rules, other._dictionary, other._engine = self._rules, self._dictionary, self._engine
        other._asserted_facts, other._inferred_facts = self._asserted_facts, self._inferred_facts
        other._plain_state, other._full_state = self._plain_state.copy(), self._full_state.copy()
        return other

    @property
    def inferred(self) -> frozenset[Triple]:
        """Return the inferred triples, without noise."""
        return frozenset(decode_triples(self._inferred_facts, self._dictionary))

    @property
    def asserted(self) -> frozenset[Triple]:
        """Return the asserted triples."""
        return frozenset(decode_triples(self._asserted_facts, self._dictionary))

    @property
    def inconsistencies(self) -> tuple[Inconsistency, ...]:
        """Return what contradicts the ontology."""
        return describe_inconsistencies(self._full_state.violations, self._engine, self._asserted_facts)

    def add(self, triples: Iterable[Triple]) -> InferenceChange:
        """Take triples in.

        Return what the inferred graph gains and loses (what was inferred and is now said).
        """
        new = subtract_facts(self._dictionary.encode_triples(triples), self._asserted_facts)
        if not len(new):
            return InferenceChange(frozenset(), frozenset())
        before = self._inferred_facts
        given = self._asserted_facts.union_disjoint(new)
        if extends_walked_list(self._engine, self._plain_state, new) or (
            self._has_stale_literals and self._affects_comparisons(new)
        ):
            return self._rebuild(given)
        if self._affects_equated_literals(new):
            return self._rebuild(given)
        self._asserted_facts = given
        news = self._engine.add_literal_facts(self._plain_state, new)
        for state, steps in self._list_states():
            self._engine.extend_closure(state, subtract_facts(news, state.facts), steps)
        self._inferred_facts = self._select_inferred()
        return self._compare_inferred(before)

    def remove(self, triples: Iterable[Triple]) -> InferenceChange:
        """Take triples out; return what the inferred graph gains (what still follows) and loses."""
        asked = self._dictionary.encode_triples(triples)
        gone = FactSet(
            {p: Relation(r.keys[contains_each(self._asserted_facts[p].keys, r.keys)]) for p, r in asked}
        )
        if not len(gone):
            return InferenceChange(frozenset(), frozenset())
        before = self._inferred_facts
        given = self._asserted_facts.difference(gone)
        if (
            self._engine.changes_rules(gone)
            or self._affects_comparisons(gone)
            or self._affects_equated_literals(gone)
        ):
            return self._rebuild(given)
        self._asserted_facts = given
        self._has_stale_literals = self._has_stale_literals or self._has_literals(gone)
        for state, steps in self._list_states():
            if not retract_facts(self._engine, state, gone, given, steps):
                return self._rebuild(given)
        self._inferred_facts = self._select_inferred()
        return self._compare_inferred(before)

    def _list_states(self) -> list[tuple[ClosureState, list[CompiledRule]]]:
        """Return the two closures to keep: without and with the axiomatic rules."""
        return [
            (self._plain_state, self._engine.plain_rules),
            (self._full_state, [*self._engine.plain_rules, *self._engine.axiomatic_rules]),
        ]

    def _select_inferred(self) -> FactSet:
        """Return the inferred facts without noise."""
        inferred = keep_valid_rdf(
            subtract_facts(self._full_state.facts, self._asserted_facts), self._dictionary
        )
        return drop_trivial_triples(inferred, self._plain_state.facts, self._dictionary)

    def _compare_inferred(self, before: FactSet) -> InferenceChange:
        """Return the difference to an earlier inferred graph."""
        return InferenceChange(
            frozenset(decode_triples(subtract_facts(self._inferred_facts, before), self._dictionary)),
            frozenset(decode_triples(subtract_facts(before, self._inferred_facts), self._dictionary)),
        )

    def _rebuild(self, asserted: FactSet) -> InferenceChange:
        """Close from scratch and return the difference."""
        before = self.inferred
        self._close_from_scratch(list(decode_triples(asserted, self._dictionary)))
        now = self.inferred
        return InferenceChange(now - before, before - now)

    def _affects_equated_literals(self, changed: FactSet) -> bool:
        """Say whether literals come or go beside one that stands for something: it differs from others."""
        same = self._plain_state.facts[self._engine.same_as].keys
        return bool(self._engine.literals.find_equated_literals(same)) and self._has_literals(changed)

    def _has_literals(self, facts: FactSet) -> bool:
        """Say whether some facts have a literal for an object."""
        return any(self._dictionary.is_literal(r.objects()).any() for p, r in facts if p >= FIRST_TERM_NUMBER)

    def _affects_comparisons(self, changed: FactSet) -> bool:
        """Say whether some facts speak of datatypes, or of literals that are not plain strings.

        Literals that are gone, or a copy's own, stay in the dictionary, where others would still equal them.
        """
        matters = self._engine.literals.affects_comparisons
        return any(
            matters(term)
            for p, r in changed
            if p >= FIRST_TERM_NUMBER
            for term in {p, *(r.keys >> SUBJECT_SHIFT).tolist(), *(r.keys & OBJECT_MASK).tolist()}
        )
