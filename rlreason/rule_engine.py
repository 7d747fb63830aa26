"""The rounds in which rules are applied until nothing new follows: semi-naive evaluation.

A round matches each rule so that at least one premise is a fact found in the round before (the *delta*); a
match of older facts only was made earlier. What is new becomes the next delta (Bancilhon and Ramakrishnan
1986).

Rounds run twice. First without the *axiomatic* rules (scm-cls, scm-op and their like), whose conclusions hold
in every ontology: each class is a subclass of itself and of owl:Thing. Then with them, starting from what
they conclude. The facts between the two passes are kept as `plain_facts`, so that a closure can leave out
what only the second pass says of owl:Thing and owl:Nothing (`omitted_triples`).

eq-ref, "everything is the same as itself", is never stored, see `compiled_rules.make_reflexive_variant`. The
rules prp-ap and dt-type1, which only list terms of OWL, are left out unless asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from rlreason.compiled_rules import (
    CompiledRule,
    compile_rule,
    make_reflexive_variant,
    match_rule,
    specialize_chains,
    specialize_transitivity,
)
from rlreason.inconsistencies import ViolationCollector
from rlreason.join import BindingTable, TriplePattern, group_rows
from rlreason.literals import LiteralIndex
from rlreason.omitted_triples import drop_facts_about
from rlreason.rdf_lists import find_new_walks
from rlreason.relation import (
    FIRST_TERM_NUMBER,
    OBJECT_MASK,
    SUBJECT_SHIFT,
    Fact,
    FactSet,
    IntArray,
    Relation,
    pack_pairs,
)
from rlreason.row_conditions import apply_strata, stratify_rules
from rlreason.rules import Rule, RuleError
from rlreason.term_dictionary import TermDictionary
from rlreason.transitive_closure import close_large_relations
from rlreason.vocabulary import OWL, RDF

#: called after each round with its number, the number of new triples, and seconds
ProgressCallback = Callable[[int, int, float], None]
#: conclusions of a round: keys by predicate, neither sorted nor unique
Conclusions = dict[int, list[IntArray]]


@dataclass(slots=True)
class ClosureState:
    """Where a closure stands between two rounds.

    `plain_facts` are the facts before the axiomatic rules ran. `generators`, `closed_pairs` and
    `remaining_pairs` belong to large transitive relations (`transitive_closure.close_large_relations`).
    `specialized_rules` are the rules made for axioms of the ontology, by name and ground premises. `layers`,
    where they are kept, are the facts in the order in which they were found: each has a rule instance whose
    premises are in earlier layers, which is what proofs are found by (`rule_instances`).
    """

    facts: FactSet = field(default_factory=FactSet)
    plain_facts: FactSet = field(default_factory=FactSet)
    generators: dict[int, Relation] = field(default_factory=dict)
    closed_pairs: dict[int, IntArray] = field(default_factory=dict)
    remaining_pairs: dict[int, Relation] = field(default_factory=dict)
    specialized_rules: dict[tuple[str, tuple[Fact, ...]], CompiledRule] = field(default_factory=dict)
    violations: ViolationCollector = field(default_factory=ViolationCollector)
    round_number: int = 0
    layers: list[FactSet] | None = None

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
        """Put the rules into numbers; `include_declarations` applies prp-ap and dt-type1 too."""
        self.dictionary = dictionary
        self.literals = LiteralIndex(dictionary)
        self.progress = progress
        self.include_declarations = include_declarations
        number = dictionary.number_term
        self.same_as, self.different_from = number(OWL["sameAs"]), number(OWL["differentFrom"])
        self.rdf_type = number(RDF["type"])
        self.rdf_first, self.rdf_rest = number(RDF["first"]), number(RDF["rest"])
        self.rdf_nil = number(RDF["nil"])
        self.owl_thing, self.owl_nothing = number(OWL["Thing"]), number(OWL["Nothing"])
        self.transitive_property = number(OWL["TransitiveProperty"])
        self.property_chain_axiom = number(OWL["propertyChainAxiom"])
        #: heads of malformed lists that stand for more lists than are read
        self.cut_lists: set[int] = set()
        self.rules: dict[str, Rule] = {}
        for rule in rules:
            if self.rules.setdefault(rule.name, rule) != rule:
                raise RuleError(
                    f"There are two rules called {rule.name}; a proof could not tell which it names."
                )
        # Its conclusions are never stored; proofs name it.
        self.reflexivity_rule = self.rules.pop("eq-ref", None)
        self._sort_rules()

    def _sort_rules(self) -> None:
        """Compile the rules and sort them by how they are applied."""
        usable = [
            compile_rule(rule, self.dictionary)
            for rule in self.rules.values()
            if self.include_declarations or not rule.only_declares
        ]
        steps = [step for step in usable if not (step.rule.builtin or step.rule.unroll)]
        self.builtin_rules = {step.rule.name: step for step in usable if step.rule.builtin}
        self.chain_rules = [step for step in usable if step.rule.unroll]
        self.transitivity_rules = [step for step in steps if step.rule.name == "prp-trp"]
        self.axiomatic_rules = [step for step in steps if step.rule.axiomatic]
        self.strata = stratify_rules(self.rules.values())
        self.negated_rules = [step for step in steps if step.rule.negations]
        self.assigning = any(step.rule.assignments for step in steps)
        special = [*self.transitivity_rules, *self.negated_rules]
        plain = [step for step in steps if not step.rule.axiomatic and step not in special]
        # Where a rule asks for a constant, as cls-maxc1 for owl:maxCardinality 0: facts of these predicates
        # are added again with the constant when a literal of its value stands there.
        constants = frozenset(self.dictionary.rule_constants.values())
        patterns = [p for step in (*plain, *self.negated_rules) for p in step.list_patterns()]
        self.constant_predicates = {p.p for p in patterns if p.o in constants and isinstance(p.p, int)}
        variants = (make_reflexive_variant(step, self.same_as) for step in plain)
        self.plain_rules = [*plain, *(variant for variant in variants if variant)]

    def list_rules(self, state: ClosureState) -> list[CompiledRule]:
        """Return all rules that patterns are matched for, with those specialized for `state`."""
        specialized = state.specialized_rules.values()
        return [*self.plain_rules, *self.axiomatic_rules, *self.negated_rules, *specialized]

    def close_state(self, state: ClosureState, delta: FactSet, *, axiomatic: bool = True) -> None:
        """Add the facts `delta` to `state` and close it; without `axiomatic`, the second pass is left out."""
        delta = self.add_literal_facts(state, delta)
        self.run_rounds(state, delta, self.plain_rules)
        state.plain_facts = state.facts
        if axiomatic:
            self.run_axiomatic_pass(state)

    def changes_rules(self, facts: FactSet) -> bool:
        """Return whether facts belong to lists, or to axioms from which rules are specialized."""
        if self._changes_lists(facts) or len(facts[self.property_chain_axiom]):
            return True
        return bool(((facts[self.rdf_type].keys & OBJECT_MASK) == self.transitive_property).any())

    def _changes_lists(self, facts: FactSet) -> bool:
        return bool(len(facts[self.rdf_first]) or len(facts[self.rdf_rest]))

    def collect_violations(self, state: ClosureState) -> None:
        """Find the contradictions of all facts, in the place of those noted so far."""
        state.violations = ViolationCollector()
        self.add_violations(state, self.plain_rules)
        self._collect_literal_violations(state, state.facts)

    def add_violations(
        self, state: ClosureState, steps: Iterable[CompiledRule], delta: FactSet | None = None
    ) -> None:
        """Note the matches of those of some rules that find contradictions; with `delta`, the new ones."""
        for step in steps:
            if step.rule.finds_violations:
                for table in match_rule(step, state.facts, delta, None):
                    state.violations.add_matches(step, table)

    def _collect_literal_violations(self, state: ClosureState, new_facts: FactSet) -> None:
        """Note what the values of literals contradict."""
        state.violations.ill_typed.update(self.literals.ill_typed)
        state.violations.add_literal_pairs(
            self.literals.find_unequal(new_facts[self.same_as].keys),
            self.literals.find_misplaced(new_facts[self.rdf_type].keys),
        )

    def run_axiomatic_pass(self, state: ClosureState, *, keep_top_and_bottom: bool = False) -> None:
        """Close `state` under the axiomatic rules too.

        scm-cls says four things of each class, two of them about owl:Thing and owl:Nothing. Where the
        ontology mentions neither, no rule can use those for anything that is published, so they are not even
        made, unless `keep_top_and_bottom`: facts that are added later may mention them.
        """
        conclusions = self.conclude_all(state.facts, self.axiomatic_rules)
        seeds = state.facts.select_new(conclusions)
        if not (
            keep_top_and_bottom or self.include_declarations or self._mentions_top_or_bottom(state.facts)
        ):
            seeds = drop_facts_about(seeds, np.array([self.owl_thing, self.owl_nothing]))
        steps = [*self.plain_rules, *self.axiomatic_rules]
        self.run_rounds(state, seeds, steps)
        if self.negated_rules:
            apply_strata(self, state, steps)

    def conclude_all(self, facts: FactSet, steps: Iterable[CompiledRule]) -> Conclusions:
        """Return what rules conclude from `facts`, what is known already included."""
        conclusions: Conclusions = {}
        for step in steps:
            for table in match_rule(step, facts, None, step.head_variables()):
                self.add_conclusions(step, table, conclusions)
        return conclusions

    def _mentions_top_or_bottom(self, facts: FactSet) -> bool:
        """Return whether owl:Thing or owl:Nothing is the subject or object of a fact."""
        ends = np.array([self.owl_thing, self.owl_nothing], dtype=np.int64)
        return any(r.count_linked(ends) or np.isin(r.objects(), ends).any() for _, r in facts)

    def add_literal_facts(self, state: ClosureState, delta: FactSet) -> FactSet:
        """Return the new facts of `delta` and what the datatype rules add for literals not met before."""
        types, same = self.literals.learn_new_literals()
        candidates = {p: [r.keys] for p, r in delta}
        candidates.setdefault(self.rdf_type, []).append(types)
        candidates.setdefault(self.same_as, []).append(same)
        for predicate, keys in self.literals.match_rule_constants(delta, self.constant_predicates).items():
            candidates[predicate] += keys
        return state.facts.select_new(candidates)

    def run_rounds(self, state: ClosureState, delta: FactSet, steps: list[CompiledRule]) -> None:
        """Add `delta`, none of which `state` holds, and apply rules until a round finds nothing new."""
        while len(delta):
            started = time.perf_counter()
            state.round_number += 1
            is_first = not len(state.facts)  # all facts are new: joining them once is cheaper than n times
            state.facts = state.facts.union_disjoint(delta)
            # Walks first, since chains are read from complete lists; then what is closed without rules.
            found = delta
            delta = self._add_list_walks(state, delta)
            specialized = self._find_new_specialized_rules(state, delta)
            composing = [*steps, *state.specialized_rules.values(), *specialized.values()]
            delta = close_large_relations(state, delta, is_first, composing)
            if state.layers is not None:
                state.layers += [found, delta.difference(found)] if len(delta) > len(found) else [found]
            conclusions: Conclusions = {}
            for step in (*steps, *state.specialized_rules.values()):
                self._apply_rule(state, step, None if is_first else delta, conclusions)
            # A rule made in this round has not seen the older facts: it is matched against all of them.
            for step in specialized.values():
                self._apply_rule(state, step, None, conclusions)
            state.specialized_rules |= specialized
            self._add_equated_literals(state, delta, conclusions)
            self._collect_literal_violations(state, delta)
            delta = state.facts.select_new(conclusions)
            if self.assigning and self.literals.next_number < len(self.dictionary.terms):
                delta = self.add_literal_facts(state, delta)  # BIND has made new literals
            if self.progress:
                self.progress(state.round_number, len(delta), time.perf_counter() - started)

    def _add_list_walks(self, state: ClosureState, delta: FactSet) -> FactSet:
        """Return `delta` with the walks of lists that it completes, which become facts of `state` too."""
        if not self._changes_lists(delta):
            return delta
        walks = find_new_walks(state.facts, self.rdf_first, self.rdf_rest, self.rdf_nil)
        state.facts = state.facts.union_disjoint(walks)
        return delta.union_disjoint(walks)

    def _add_equated_literals(
        self, state: ClosureState, new_facts: FactSet, conclusions: Conclusions
    ) -> None:
        """Conclude types of, and differences to, the literals that new owl:sameAs facts equate."""
        types, unlike = self.literals.derive_equated_facts(new_facts[self.same_as].keys, state.facts)
        for predicate, keys in ((self.rdf_type, types), (self.different_from, unlike)):
            if len(keys):
                conclusions.setdefault(predicate, []).append(keys)

    def _find_new_specialized_rules(
        self, state: ClosureState, new_facts: FactSet
    ) -> dict[tuple[str, tuple[Fact, ...]], CompiledRule]:
        """Return the rules that axioms among the new facts call for and `state` does not have yet."""
        if not self.changes_rules(new_facts):
            return {}
        candidates = [
            *(
                s
                for step in self.transitivity_rules
                for s in specialize_transitivity(step, state.facts, self.dictionary)
            ),
            *(
                s
                for step in self.chain_rules
                for s in specialize_chains(step, state.facts, self.dictionary, self.cut_lists)
            ),
        ]
        by_axiom = {(s.rule.name, s.ground_premises): s for s in candidates}
        return {axiom: s for axiom, s in by_axiom.items() if axiom not in state.specialized_rules}

    def _apply_rule(
        self, state: ClosureState, step: CompiledRule, delta: FactSet | None, conclusions: Conclusions
    ) -> None:
        """Apply one rule, unless it can be seen at once that it cannot match anything new."""
        if not self._can_match(step, state.facts, delta):
            return
        composed = step.composed_predicate()
        if composed in state.closed_pairs:
            # The relation is closed but for a few pairs, see `close_large_relations`.
            remaining = state.remaining_pairs.get(composed)
            if remaining is None or not len(remaining):
                return
            delta = FactSet({composed: remaining})
        if step.rule.finds_violations:
            self.add_violations(state, [step], delta)
            return
        for table in match_rule(step, state.facts, delta, step.head_variables()):
            self.add_conclusions(step, table, conclusions)

    def _can_match(self, step: CompiledRule, facts: FactSet, delta: FactSet | None) -> bool:
        """Return whether all fixed predicates of a body occur, and one of its atoms may be new."""
        # Of 78 rules few can match in a round; this test costs less than preparing a join.
        fixed = [p.p for p in step.body if isinstance(p.p, int)]
        if not all(predicate in facts.by_predicate for predicate in fixed):
            return False
        if delta is None or len(fixed) < len(step.body):
            return True
        return any(predicate in delta.by_predicate for predicate in fixed)

    def add_conclusions(self, step: CompiledRule, table: BindingTable, conclusions: Conclusions) -> None:
        """Add what the head says for each row; never `x owl:sameAs x`, which is eq-ref's."""
        if not table.row_count:
            return
        for pattern in step.head:
            for predicate, keys in _instantiate_head(pattern, table):
                if predicate == self.same_as:
                    keys = keys[keys >> SUBJECT_SHIFT != keys & OBJECT_MASK]
                if len(keys) and predicate >= FIRST_TERM_NUMBER:
                    conclusions.setdefault(predicate, []).append(keys)


def _instantiate_head(pattern: TriplePattern, table: BindingTable) -> list[tuple[int, IntArray]]:
    """Return what one head atom says in all rows: predicate and keys."""
    s, o = table.column_of(pattern.s), table.column_of(pattern.o)
    if s is None or o is None:
        return []
    keys = pack_pairs(s, o)
    if isinstance(pattern.p, int):
        return [(pattern.p, keys)]
    return [(predicate, keys[rows]) for predicate, rows in group_rows(table.columns[pattern.p])]
