"""Semi-naive closure: each round applies the rules to what the round before found.

Rounds first run without the axiomatic rules (scm-cls and its like), then with them; what only the second pass
finds is told apart, so that noise can be left out. eq-ref is never stored: rules that need it are tried with
both sides the same, and `--axiomatic` writes it out at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np

from kg.namespaces import OWL, RDF
from kg.reasoning.compiled import Compiled, chain_steps, compile_rule, matches, reflexive, transitive_steps
from kg.reasoning.dictionary import Dictionary
from kg.reasoning.join import FIRST_TERM, Pattern, Table, groups
from kg.reasoning.lists import changed, fresh_walks
from kg.reasoning.literals import Literals
from kg.reasoning.relation import LOW, SHIFT, Facts, Ints, Relation, pack
from kg.reasoning.roads import closed_roads
from kg.reasoning.rules import Rule
from kg.reasoning.state import State
from kg.reasoning.violations import Found

#: what is told after each round: number, new triples, seconds
Progress = Callable[[int, int, float], None]


class Engine:
    """The rules in numbers, over one dictionary."""

    def __init__(
        self,
        rules: Iterable[Rule],
        dictionary: Dictionary,
        progress: Progress | None = None,
        *,
        declarations: bool = False,
    ) -> None:
        """Put the rules into numbers.

        `declarations` lets in prp-ap and dt-type1, from which nothing follows.
        """
        self.dictionary = dictionary
        self.literals = Literals(dictionary)
        self.progress = progress
        number = dictionary.number
        self.same_as, self.type = number(OWL["sameAs"]), number(RDF["type"])
        self.different_from = number(OWL["differentFrom"])
        self.first, self.rest, self.nil = number(RDF["first"]), number(RDF["rest"]), number(RDF["nil"])
        self.thing, self.nothing = number(OWL["Thing"]), number(OWL["Nothing"])
        self.declared_transitive = number(OWL["TransitiveProperty"])
        self.declarations = declarations
        self.chain_axiom = number(OWL["propertyChainAxiom"])
        self.rules = {rule.name: rule for rule in rules if rule.name != "eq-ref"}
        usable = [
            compile_rule(r, dictionary) for r in self.rules.values() if declarations or not _declares(r)
        ]
        steps = [step for step in usable if not (step.rule.builtin or step.rule.unroll)]
        self.by_value = [step for step in usable if step.rule.builtin]
        self.chain = [step for step in usable if step.rule.unroll]
        self.transitive = [step for step in steps if step.rule.name == "prp-trp"]
        self.axioms = [step for step in steps if step.rule.axiomatic]
        plain = [step for step in steps if not step.rule.axiomatic and step not in self.transitive]
        constants = frozenset(dictionary.constants.values())
        self.constant_predicates = {
            p.p for step in plain for p in step.body if p.o in constants and isinstance(p.p, int)
        }
        self.steps = [*plain, *(r for step in plain if (r := reflexive(step, self.same_as)))]

    def named(self, name: str) -> Compiled | None:
        """Return a rule that is worked out by value, for its name and wording."""
        return next((step for step in self.by_value if step.rule.name == name), None)

    def run(self, state: State, delta: Facts, *, axiomatic: bool = True) -> None:
        """Take `delta` into `state` and close it; `axiomatic` leaves out or lets in the second pass."""
        delta = self.with_literals(state, delta)
        self.rounds(state, delta, self.steps)
        state.plain = state.facts
        if axiomatic:
            self.second_pass(state)

    def grow(self, state: State, delta: Facts, steps: list[Compiled]) -> None:
        """Close `state` over new facts."""
        self.rounds(state, delta, steps)

    def shapes_rules(self, facts: Facts) -> bool:
        """Say whether some facts belong to lists, or to axioms that rules are specialised from."""
        if any(len(facts[p]) for p in (self.first, self.rest, self.chain_axiom)):
            return True
        return bool(((facts[self.type].keys & LOW) == self.declared_transitive).any())

    def contradictions(self, state: State) -> None:
        """Look for contradictions in all facts anew."""
        state.violations = Found()
        for step in self.steps:
            if step.rule.inconsistency:
                for table in matches(step, state.facts, None, None):
                    state.violations.take(step, table)
        self._contradictory_values(state, state.facts)

    def _contradictory_values(self, state: State, news: Facts) -> None:
        """Note what the values of literals contradict."""
        state.violations.ill_typed.update(self.literals.ill_typed)
        state.violations.literals(
            self.literals.unequal(news[self.same_as].keys), self.literals.misplaced(news[self.type].keys)
        )

    def second_pass(self, state: State, *, all_of_it: bool = False) -> None:
        """Go on with the axiomatic rules; unless `all_of_it`, without what would lead nowhere."""
        found: dict[int, list[Ints]] = {}
        for step in self.axioms:
            for table in matches(step, state.facts, None, step.head_names()):
                self.conclude(step, table, found)
        seeds = state.facts.new_of(found)
        if not (all_of_it or self.declarations or self._speaks_of_extremes(state.facts)):
            seeds = self._without_extremes(seeds)
        self.rounds(state, seeds, [*self.steps, *self.axioms])

    def _speaks_of_extremes(self, facts: Facts) -> bool:
        """Say whether owl:Thing or owl:Nothing occurs; else what scm-cls says of them leads nowhere."""
        ends = np.array([self.thing, self.nothing], dtype=np.int64)
        return any(r.fan_out(ends) or np.isin(r.keys & LOW, ends).any() for _, r in facts)

    def _without_extremes(self, facts: Facts) -> Facts:
        """Return the facts that do not mention owl:Thing or owl:Nothing."""
        ends = np.array([self.thing, self.nothing], dtype=np.int64)
        return Facts(
            {
                p: Relation(r.keys[~(np.isin(r.keys >> SHIFT, ends) | np.isin(r.keys & LOW, ends))])
                for p, r in facts
            }
        )

    def with_literals(self, state: State, delta: Facts) -> Facts:
        """Return `delta` with what the datatype rules add for literals not met before."""
        types, same = self.literals.learn()
        found = {p: [r.keys] for p, r in delta}
        found.setdefault(self.type, []).append(types)
        found.setdefault(self.same_as, []).append(same)
        for predicate, keys in self.literals.constants_in(delta, self.constant_predicates).items():
            found[predicate] += keys
        return state.facts.new_of(found)

    def rounds(self, state: State, delta: Facts, steps: list[Compiled]) -> None:
        """Run rounds until nothing new is found."""
        while len(delta):
            started = time.perf_counter()
            state.round += 1
            first = not len(state.facts)
            state.facts = state.facts.plus(delta)
            delta = self._walked(state, delta)
            ways = [*steps, *state.derived_steps.values(), *self.specialised(state, delta, peek=True)]
            delta = closed_roads(state, delta, first, ways)
            found = self._apply(state, None if first else delta, delta, steps)
            delta = state.facts.new_of(found)
            if self.progress:
                self.progress(state.round, len(delta), time.perf_counter() - started)

    def _walked(self, state: State, delta: Facts) -> Facts:
        """Return `delta` with the list walks it opens, which enter the facts too."""
        if not changed(delta, self.first, self.rest):
            return delta
        walks = state.facts.new_of(fresh_walks(state.facts, self.first, self.rest, self.nil))
        state.facts = state.facts.plus(walks)
        return delta.plus(walks)

    def _apply(
        self, state: State, delta: Facts | None, news: Facts, steps: list[Compiled]
    ) -> dict[int, list[Ints]]:
        """Return what one round concludes; `delta` is None in the first, when everything is new."""
        found: dict[int, list[Ints]] = {}
        for step in steps:
            self._step(state, step, delta, found)
        for step in state.derived_steps.values():
            self._step(state, step, delta, found)
        for step in self.specialised(state, news):
            self._step(state, step, None, found)
        self._standing_literals(state, news, found)
        self._contradictory_values(state, news)
        return found

    def _standing_literals(self, state: State, news: Facts, found: dict[int, list[Ints]]) -> None:
        """Add types and differences of the literals that something else turned out to be the same as."""
        types, unlike = self.literals.standing(news[self.same_as].keys, state.facts)
        for predicate, keys in ((self.type, types), (self.different_from, unlike)):
            if len(keys):
                found.setdefault(predicate, []).append(keys)

    def specialised(self, state: State, news: Facts, *, peek: bool = False) -> list[Compiled]:
        """Return the rules that new axioms call for, and remember them unless only asked to `peek`."""
        if not self.shapes_rules(news):
            return []
        wanted = [
            *(s for step in self.transitive for s in transitive_steps(step, state.facts, self.dictionary)),
            *(s for step in self.chain for s in chain_steps(step, state.facts, self.dictionary)),
        ]
        fresh = {
            (s.rule.name, s.ground): s for s in wanted if (s.rule.name, s.ground) not in state.derived_steps
        }
        if not peek:
            state.derived_steps.update(fresh)
        return list(fresh.values())

    def _step(self, state: State, step: Compiled, delta: Facts | None, found: dict[int, list[Ints]]) -> None:
        """Apply one rule, unless it can be seen at once that it cannot match anything new."""
        if not self._can_match(step, state.facts, delta):
            return
        composed = step.transitive()
        if composed in state.closed:
            fresh = state.left.get(composed)
            if fresh is None or not len(fresh):
                return
            delta = Facts({composed: fresh})
        if step.rule.inconsistency:
            for table in matches(step, state.facts, delta, None):
                state.violations.take(step, table)
            return
        for table in matches(step, state.facts, delta, step.head_names()):
            self.conclude(step, table, found)

    def _can_match(self, step: Compiled, facts: Facts, delta: Facts | None) -> bool:
        """Say whether all fixed predicates of a body occur, and one of its atoms may be new."""
        fixed = [p.p for p in step.body if isinstance(p.p, int)]
        if not all(predicate in facts.by_predicate for predicate in fixed):
            return False
        if delta is None or len(fixed) < len(step.body):
            return True
        return any(predicate in delta.by_predicate for predicate in fixed)

    def conclude(self, step: Compiled, table: Table, found: dict[int, list[Ints]]) -> None:
        """Add what the head says for each row."""
        if not table.n:
            return
        for pattern in step.head:
            for predicate, keys in _heads(pattern, table):
                if predicate == self.same_as:
                    keys = keys[keys >> SHIFT != keys & LOW]
                if len(keys) and predicate >= FIRST_TERM:
                    found.setdefault(predicate, []).append(keys)


def _declares(rule: Rule) -> bool:
    """Say whether a rule only lists what OWL 2 declares."""
    return not rule.body and len(rule.head) > 1


def _heads(pattern: Pattern, table: Table) -> list[tuple[int, Ints]]:
    """Return predicate and pairs of what one head atom says."""
    s, o = table.value(pattern.s), table.value(pattern.o)
    if s is None or o is None:
        return []
    keys = pack(s, o)
    if isinstance(pattern.p, int):
        return [(pattern.p, keys)]
    column = table.columns[pattern.p]
    return [(predicate, keys[rows]) for predicate, rows in groups(column)]
