"""Where a closure stands between two rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from kg.namespaces import OWL, RDF
from rlreason.compiled_rules import (
    CompiledRule,
    compile_rule,
    make_reflexive_variant,
    match_rule,
    specialize_chains,
    specialize_transitivity,
)
from rlreason.inconsistencies import Fact, ViolationCollector
from rlreason.join import FIRST_TERM_NUMBER, BindingTable, TriplePattern, group_rows
from rlreason.literals import LiteralIndex
from rlreason.rdf_lists import changes_lists, find_new_walks
from rlreason.relation import (
    OBJECT_MASK,
    SUBJECT_SHIFT,
    FactSet,
    IntArray,
    Relation,
    contains_each,
    pack_pairs,
)
from rlreason.rules import Rule
from rlreason.term_dictionary import TermDictionary
from rlreason.transitive_closure import close_transitively


@dataclass(slots=True)
class ClosureState:
    """Where a closure stands: all facts, those given, and those only the axiomatic rules led to."""

    facts: FactSet = field(default_factory=FactSet)
    plain_facts: FactSet = field(default_factory=FactSet)
    generators: dict[int, Relation] = field(default_factory=dict)
    closed_pairs: dict[int, IntArray] = field(default_factory=dict)
    remaining_pairs: dict[int, Relation] = field(default_factory=dict)
    specialized_rules: dict[tuple[str, tuple[Fact, ...]], CompiledRule] = field(default_factory=dict)
    violations: ViolationCollector = field(default_factory=ViolationCollector)
    round_number: int = 0

    def copy(self) -> ClosureState:
        """Return a state that can go on without changing this one; the arrays are shared."""
        return ClosureState(
            self.facts,
            self.plain_facts,
            dict(self.generators),
            dict(self.closed_pairs),
            dict(self.remaining_pairs),
            dict(self.specialized_rules),
            self.violations.copy(),
            self.round_number,
        )


#: MERGED kg.reasoning.roads
#: MERGED When a transitive relation takes the special road of `transitive`, and what of it is left to the rule.


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


#: MERGED kg.reasoning.engine
#: MERGED Semi-naive closure: each round applies the rules to what the round before found.
#: MERGED
#: MERGED Rounds first run without the axiomatic rules (scm-cls and its like), then with them; what only the second pass
#: MERGED finds is told apart, so that noise can be left out. eq-ref is never stored: rules that need it are tried with
#: MERGED both sides the same, and `--axiomatic` writes it out at the end.


#: what is told after each round: number, new triples, seconds
ProgressCallback = Callable[[int, int, float], None]


class RuleEngine:
    """The rules in numbers, over one dictionary."""

    def __init__(
        self,
        rules: Iterable[Rule],
        dictionary: TermDictionary,
        progress: ProgressCallback | None = None,
        *,
        include_declarations: bool = False,
    ) -> None:
        """Put the rules into numbers.

        `declarations` lets in prp-ap and dt-type1, from which nothing follows.
        """
        self.dictionary = dictionary
        self.literals = LiteralIndex(dictionary)
        self.progress = progress
        number = dictionary.number_term
        self.same_as, self.rdf_type = number(OWL["sameAs"]), number(RDF["type"])
        self.different_from = number(OWL["differentFrom"])
        self.rdf_first, self.rdf_rest, self.rdf_nil = (
            number(RDF["first"]),
            number(RDF["rest"]),
            number(RDF["nil"]),
        )
        self.owl_thing, self.owl_nothing = number(OWL["Thing"]), number(OWL["Nothing"])
        self.transitive_property = number(OWL["TransitiveProperty"])
        self.include_declarations = include_declarations
        self.property_chain_axiom = number(OWL["propertyChainAxiom"])
        self.rules = {rule.name: rule for rule in rules if rule.name != "eq-ref"}
        usable = [
            compile_rule(r, dictionary)
            for r in self.rules.values()
            if include_declarations or not _only_declares(r)
        ]
        steps = [step for step in usable if not (step.rule.builtin or step.rule.unroll)]
        self.builtin_rules = [step for step in usable if step.rule.builtin]
        self.chain_rules = [step for step in usable if step.rule.unroll]
        self.transitivity_rules = [step for step in steps if step.rule.name == "prp-trp"]
        self.axiomatic_rules = [step for step in steps if step.rule.axiomatic]
        plain = [step for step in steps if not step.rule.axiomatic and step not in self.transitivity_rules]
        constants = frozenset(dictionary.rule_constants.values())
        self.constant_predicates = {
            p.p for step in plain for p in step.body if p.o in constants and isinstance(p.p, int)
        }
        self.plain_rules = [
            *plain,
            *(r for step in plain if (r := make_reflexive_variant(step, self.same_as))),
        ]

    def find_builtin_rule(self, name: str) -> CompiledRule | None:
        """Return a rule that is worked out by value, for its name and wording."""
        return next((step for step in self.builtin_rules if step.rule.name == name), None)

    def close_state(self, state: ClosureState, delta: FactSet, *, axiomatic: bool = True) -> None:
        """Take `delta` into `state` and close it; `axiomatic` leaves out or lets in the second pass."""
        delta = self.add_literal_facts(state, delta)
        self.run_rounds(state, delta, self.plain_rules)
        state.plain_facts = state.facts
        if axiomatic:
            self.run_axiomatic_pass(state)

    def extend_closure(self, state: ClosureState, delta: FactSet, steps: list[CompiledRule]) -> None:
        """Close `state` over new facts."""
        self.run_rounds(state, delta, steps)

    def changes_rules(self, facts: FactSet) -> bool:
        """Say whether some facts belong to lists, or to axioms that rules are specialised from."""
        if any(len(facts[p]) for p in (self.rdf_first, self.rdf_rest, self.property_chain_axiom)):
            return True
        return bool(((facts[self.rdf_type].keys & OBJECT_MASK) == self.transitive_property).any())

    def collect_violations(self, state: ClosureState) -> None:
        """Look for contradictions in all facts anew."""
        state.violations = ViolationCollector()
        for step in self.plain_rules:
            if step.rule.finds_violations:
                for table in match_rule(step, state.facts, None, None):
                    state.violations.add_matches(step, table)
        self._collect_literal_violations(state, state.facts)

    def _collect_literal_violations(self, state: ClosureState, new_facts: FactSet) -> None:
        """Note what the values of literals contradict."""
        state.violations.ill_typed.update(self.literals.ill_typed)
        state.violations.add_literal_pairs(
            self.literals.find_unequal(new_facts[self.same_as].keys),
            self.literals.find_misplaced(new_facts[self.rdf_type].keys),
        )

    def run_axiomatic_pass(self, state: ClosureState, *, keep_top_and_bottom: bool = False) -> None:
        """Go on with the axiomatic rules; unless `all_of_it`, without what would lead nowhere."""
        found: dict[int, list[IntArray]] = {}
        for step in self.axiomatic_rules:
            for table in match_rule(step, state.facts, None, step.head_variables()):
                self.add_conclusions(step, table, found)
        seeds = state.facts.select_new(found)
        if not (
            keep_top_and_bottom or self.include_declarations or self._mentions_top_or_bottom(state.facts)
        ):
            seeds = self._drop_top_and_bottom(seeds)
        self.run_rounds(state, seeds, [*self.plain_rules, *self.axiomatic_rules])

    def _mentions_top_or_bottom(self, facts: FactSet) -> bool:
        """Say whether owl:Thing or owl:Nothing occurs; else what scm-cls says of them leads nowhere."""
        ends = np.array([self.owl_thing, self.owl_nothing], dtype=np.int64)
        return any(r.count_linked(ends) or np.isin(r.keys & OBJECT_MASK, ends).any() for _, r in facts)

    def _drop_top_and_bottom(self, facts: FactSet) -> FactSet:
        """Return the facts that do not mention owl:Thing or owl:Nothing."""
        ends = np.array([self.owl_thing, self.owl_nothing], dtype=np.int64)
        return FactSet(
            {
                p: Relation(
                    r.keys[~(np.isin(r.keys >> SUBJECT_SHIFT, ends) | np.isin(r.keys & OBJECT_MASK, ends))]
                )
                for p, r in facts
            }
        )

    def add_literal_facts(self, state: ClosureState, delta: FactSet) -> FactSet:
        """Return `delta` with what the datatype rules add for literals not met before."""
        types, same = self.literals.learn_new_literals()
        found = {p: [r.keys] for p, r in delta}
        found.setdefault(self.rdf_type, []).append(types)
        found.setdefault(self.same_as, []).append(same)
        for predicate, keys in self.literals.match_rule_constants(delta, self.constant_predicates).items():
            found[predicate] += keys
        return state.facts.select_new(found)

    def run_rounds(self, state: ClosureState, delta: FactSet, steps: list[CompiledRule]) -> None:
        """Run rounds until nothing new is found."""
        while len(delta):
            started = time.perf_counter()
            state.round_number += 1
            first = not len(state.facts)
            state.facts = state.facts.union_disjoint(delta)
            delta = self._add_list_walks(state, delta)
            ways = [
                *steps,
                *state.specialized_rules.values(),
                *self.specialize_rules(state, delta, peek=True),
            ]
            delta = close_large_relations(state, delta, first, ways)
            found = self._apply_rules(state, None if first else delta, delta, steps)
            delta = state.facts.select_new(found)
            if self.progress:
                self.progress(state.round_number, len(delta), time.perf_counter() - started)

    def _add_list_walks(self, state: ClosureState, delta: FactSet) -> FactSet:
        """Return `delta` with the list walks it opens, which enter the facts too."""
        if not changes_lists(delta, self.rdf_first, self.rdf_rest):
            return delta
        walks = state.facts.select_new(
            find_new_walks(state.facts, self.rdf_first, self.rdf_rest, self.rdf_nil)
        )
        state.facts = state.facts.union_disjoint(walks)
        return delta.union_disjoint(walks)

    def _apply_rules(
        self, state: ClosureState, delta: FactSet | None, new_facts: FactSet, steps: list[CompiledRule]
    ) -> dict[int, list[IntArray]]:
        """Return what one round concludes; `delta` is None in the first, when everything is new."""
        found: dict[int, list[IntArray]] = {}
        for step in steps:
            self._apply_rule(state, step, delta, found)
        for step in state.specialized_rules.values():
            self._apply_rule(state, step, delta, found)
        for step in self.specialize_rules(state, new_facts):
            self._apply_rule(state, step, None, found)
        self._add_equated_literals(state, new_facts, found)
        self._collect_literal_violations(state, new_facts)
        return found

    def _add_equated_literals(
        self, state: ClosureState, new_facts: FactSet, conclusions: dict[int, list[IntArray]]
    ) -> None:
        """Add types and differences of the literals that something else turned out to be the same as."""
        types, unlike = self.literals.derive_equated_facts(new_facts[self.same_as].keys, state.facts)
        for predicate, keys in ((self.rdf_type, types), (self.different_from, unlike)):
            if len(keys):
                conclusions.setdefault(predicate, []).append(keys)

    def specialize_rules(
        self, state: ClosureState, new_facts: FactSet, *, peek: bool = False
    ) -> list[CompiledRule]:
        """Return the rules that new axioms call for, and remember them unless only asked to `peek`."""
        if not self.changes_rules(new_facts):
            return []
        wanted = [
            *(
                s
                for step in self.transitivity_rules
                for s in specialize_transitivity(step, state.facts, self.dictionary)
            ),
            *(s for step in self.chain_rules for s in specialize_chains(step, state.facts, self.dictionary)),
        ]
        fresh = {
            (s.rule.name, s.ground_premises): s
            for s in wanted
            if (s.rule.name, s.ground_premises) not in state.specialized_rules
        }
        if not peek:
            state.specialized_rules.update(fresh)
        return list(fresh.values())

    def _apply_rule(
        self,
        state: ClosureState,
        step: CompiledRule,
        delta: FactSet | None,
        conclusions: dict[int, list[IntArray]],
    ) -> None:
        """Apply one rule, unless it can be seen at once that it cannot match anything new."""
        if not self._can_match(step, state.facts, delta):
            return
        composed = step.composed_predicate()
        if composed in state.closed_pairs:
            fresh = state.remaining_pairs.get(composed)
            if fresh is None or not len(fresh):
                return
            delta = FactSet({composed: fresh})
        if step.rule.finds_violations:
            for table in match_rule(step, state.facts, delta, None):
                state.violations.add_matches(step, table)
            return
        for table in match_rule(step, state.facts, delta, step.head_variables()):
            self.add_conclusions(step, table, conclusions)

    def _can_match(self, step: CompiledRule, facts: FactSet, delta: FactSet | None) -> bool:
        """Say whether all fixed predicates of a body occur, and one of its atoms may be new."""
        fixed = [p.p for p in step.body if isinstance(p.p, int)]
        if not all(predicate in facts.by_predicate for predicate in fixed):
            return False
        if delta is None or len(fixed) < len(step.body):
            return True
        return any(predicate in delta.by_predicate for predicate in fixed)

    def add_conclusions(
        self, step: CompiledRule, table: BindingTable, conclusions: dict[int, list[IntArray]]
    ) -> None:
        """Add what the head says for each row."""
        if not table.row_count:
            return
        for pattern in step.head:
            for predicate, keys in _instantiate_head(pattern, table):
                if predicate == self.same_as:
                    keys = keys[keys >> SUBJECT_SHIFT != keys & OBJECT_MASK]
                if len(keys) and predicate >= FIRST_TERM_NUMBER:
                    conclusions.setdefault(predicate, []).append(keys)


def _only_declares(rule: Rule) -> bool:
    """Say whether a rule only lists what OWL 2 declares."""
    return not rule.body and len(rule.head) > 1


def _instantiate_head(pattern: TriplePattern, table: BindingTable) -> list[tuple[int, IntArray]]:
    """Return predicate and pairs of what one head atom says."""
    s, o = table.column_of(pattern.s), table.column_of(pattern.o)
    if s is None or o is None:
        return []
    keys = pack_pairs(s, o)
    if isinstance(pattern.p, int):
        return [(pattern.p, keys)]
    column = table.columns[pattern.p]
    return [(predicate, keys[rows]) for predicate, rows in group_rows(column)]
