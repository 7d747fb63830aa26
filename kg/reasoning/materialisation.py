"""A closure that follows changes: additions semi-naively, deletions by delete-and-rederive (DRed).

    kept = Materialisation(triples)
    change = kept.add(more)        # change.added, change.removed: what the inferred graph gains and loses
    change = kept.remove(some)
    kept.inferred, kept.inconsistencies

A list that grows, and what is taken from a list, a chain, a transitive property or the literals compared by
value, are closed anew: rare, and not monotone. The result is always that of a closure from scratch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Triple

from kg.reasoning.closure import triples_of
from kg.reasoning.compiled import Compiled
from kg.reasoning.dictionary import Dictionary
from kg.reasoning.engine import Engine
from kg.reasoning.inconsistency import Inconsistency, inconsistencies
from kg.reasoning.join import FIRST_TERM
from kg.reasoning.noise import minus, rdf_only, without_noise
from kg.reasoning.relation import LOW, SHIFT, Facts, Relation, found_in
from kg.reasoning.retraction import lengthens, shrink
from kg.reasoning.rulebook import owl2rl
from kg.reasoning.rules import Rule
from kg.reasoning.state import State


@dataclass(frozen=True, slots=True)
class Change:
    """What the inferred graph gains and loses by one change of the asserted triples."""

    added: frozenset[Triple]
    removed: frozenset[Triple]


class Materialisation:
    """The closure of a changing set of triples."""

    def __init__(self, triples: Iterable[Triple] = (), rules: Iterable[Rule] | None = None) -> None:
        self._rules = tuple(owl2rl() if rules is None else rules)
        self._start(triples)

    def _start(self, triples: Iterable[Triple]) -> None:
        """Close from scratch."""
        self._dictionary, self._may_know_more = Dictionary(), False
        self._engine = Engine(self._rules, self._dictionary)
        self._given = self._dictionary.facts(triples)
        self._plain = State()
        self._engine.run(self._plain, self._given, axiomatic=False)
        self._full = self._plain.copy()
        self._engine.second_pass(self._full, all_of_it=True)
        self._inferred = self._published()

    def what_if(self, triples: Iterable[Triple]) -> frozenset[Triple]:
        """Return what more would follow if `triples` held too; nothing here changes.

        Without what only the axiomatic rules lead to: answers about a case do not need it.
        """
        state = self._plain.copy()
        new = minus(self._dictionary.facts(triples), state.facts)
        self._engine.grow(state, new, self._engine.steps)
        grown = minus(minus(state.facts, self._plain.facts), new)
        return frozenset(triples_of(rdf_only(grown, self._dictionary), self._dictionary))

    def copy(self) -> Materialisation:
        """Return a copy that changes alone; facts are shared, so it costs little."""
        other = object.__new__(Materialisation)
        self._may_know_more = other._may_know_more = True
        other._rules, other._dictionary, other._engine = self._rules, self._dictionary, self._engine
        other._given, other._inferred = self._given, self._inferred
        other._plain, other._full = self._plain.copy(), self._full.copy()
        return other

    @property
    def inferred(self) -> frozenset[Triple]:
        """Return the inferred triples, without noise."""
        return frozenset(triples_of(self._inferred, self._dictionary))

    @property
    def asserted(self) -> frozenset[Triple]:
        """Return the asserted triples."""
        return frozenset(triples_of(self._given, self._dictionary))

    @property
    def inconsistencies(self) -> tuple[Inconsistency, ...]:
        """Return what contradicts the ontology."""
        return inconsistencies(self._full.violations, self._engine, self._given)

    def add(self, triples: Iterable[Triple]) -> Change:
        """Take triples in.

        Return what the inferred graph gains and loses (what was inferred and is now said).
        """
        new = minus(self._dictionary.facts(triples), self._given)
        if not len(new):
            return Change(frozenset(), frozenset())
        before = self._inferred
        given = self._given.plus(new)
        if lengthens(self._engine, self._plain, new) or (self._may_know_more and self._valued(new)):
            return self._again(given)
        if self._stands_by_value(new):
            return self._again(given)
        self._given = given
        news = self._engine.with_literals(self._plain, new)
        for state, steps in self._passes():
            self._engine.grow(state, minus(news, state.facts), steps)
        self._inferred = self._published()
        return self._change(before)

    def remove(self, triples: Iterable[Triple]) -> Change:
        """Take triples out; return what the inferred graph gains (what still follows) and loses."""
        asked = self._dictionary.facts(triples)
        gone = Facts({p: Relation(r.keys[found_in(self._given[p].keys, r.keys)]) for p, r in asked})
        if not len(gone):
            return Change(frozenset(), frozenset())
        before = self._inferred
        given = self._given.without(gone)
        if self._engine.shapes_rules(gone) or self._valued(gone) or self._stands_by_value(gone):
            return self._again(given)
        self._given = given
        self._may_know_more = self._may_know_more or self._has_literals(gone)
        for state, steps in self._passes():
            if not shrink(self._engine, state, gone, given, steps):
                return self._again(given)
        self._inferred = self._published()
        return self._change(before)

    def _passes(self) -> list[tuple[State, list[Compiled]]]:
        """Return the two closures to keep: without and with the axiomatic rules."""
        return [
            (self._plain, self._engine.steps),
            (self._full, [*self._engine.steps, *self._engine.axioms]),
        ]

    def _published(self) -> Facts:
        """Return the inferred facts without noise."""
        inferred = rdf_only(minus(self._full.facts, self._given), self._dictionary)
        return without_noise(inferred, self._plain.facts, self._dictionary)

    def _change(self, before: Facts) -> Change:
        """Return the difference to an earlier inferred graph."""
        return Change(
            frozenset(triples_of(minus(self._inferred, before), self._dictionary)),
            frozenset(triples_of(minus(before, self._inferred), self._dictionary)),
        )

    def _again(self, given: Facts) -> Change:
        """Close from scratch and return the difference."""
        before = self.inferred
        self._start(list(triples_of(given, self._dictionary)))
        now = self.inferred
        return Change(now - before, before - now)

    def _stands_by_value(self, changed: Facts) -> bool:
        """Say whether literals come or go beside one that stands for something: it differs from others."""
        same = self._plain.facts[self._engine.same_as].keys
        return bool(self._engine.literals.stand(same)) and self._has_literals(changed)

    def _has_literals(self, facts: Facts) -> bool:
        """Say whether some facts have a literal for an object."""
        return any(self._dictionary.is_literal(r.objects()).any() for p, r in facts if p >= FIRST_TERM)

    def _valued(self, changed: Facts) -> bool:
        """Say whether some facts speak of datatypes, or of literals that are not plain strings.

        Literals that are gone, or a copy's own, stay in the dictionary, where others would still equal them.
        """
        matters = self._engine.literals.matters
        return any(
            matters(term)
            for p, r in changed
            if p >= FIRST_TERM
            for term in {p, *(r.keys >> SHIFT).tolist(), *(r.keys & LOW).tolist()}
        )
