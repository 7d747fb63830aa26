"""A closure that follows changes: additions semi-naively, deletions by deletion and rederivation (DRed).

    materialization = Materialization(triples)
    change = materialization.add(more)        # change.added, change.removed: what the inferred graph gains,
    loses change = materialization.remove(some)
    materialization.what_if(others)           # what more would follow; nothing changes

The result is always that of a closure from scratch. Some changes no round can follow, and then it is one:

- a list grows after "for all members" (cls-int1, prp-key) may have been asked of it: what was concluded from
  the shorter list need not hold any more, though triples were only added;
- a triple of a list, of a property chain or the declaration of a transitive property goes: rules were
  specialized from it (`compiled_rules`), and their conclusions would have to be found without them;
- there are rules with FILTER NOT EXISTS (`stratification`);
- literals come or go that are compared by value, see `_affects_comparisons` and `_affects_equated_literals`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from pyoxigraph import Triple

from rlreason.compiled_rules import CompiledRule, match_conclusions, match_rule
from rlreason.inconsistencies import Inconsistency, describe_inconsistencies
from rlreason.omitted_triples import keep_valid_rdf, select_informative
from rlreason.relation import FactSet, Relation, contains_each, sort_unique
from rlreason.rule_engine import ClosureState, Conclusions, RuleEngine
from rlreason.rules import OWL2RL, ListWalk, Rule
from rlreason.term_dictionary import WALK_NUMBERS, TermDictionary
from rlreason.transitive_closure import forget_pairs
from rlreason.triple_sources import TripleSource, iterate_triples
from rlreason.wording import TermFormatter, format_standard_term


def retract_facts(
    engine: RuleEngine, state: ClosureState, removed: FactSet, asserted: FactSet, steps: list[CompiledRule]
) -> FactSet | None:
    """Take facts out of a closed state; `asserted` are those that stay asserted.

    DRed (Gupta, Mumick and Subrahmanian 1993): first *overdelete* every fact that some rule instance
    concludes from a deleted fact, then *rederive* those that still follow from what is left. Counting the
    instances of a fact instead would fail where facts support each other in a circle. Returns what was
    overdeleted; None, with the state unchanged, when that reaches what no round can follow (see above) or
    what the values of literals led to.
    """
    rules = [step for step in (*steps, *state.specialized_rules.values()) if not step.rule.finds_violations]
    overdeleted = FactSet()
    wave = removed
    # Overdeletion, a wave at a time: matches that use a fact of the last wave, in the facts as they were.
    while len(wave):
        overdeleted = overdeleted.union_disjoint(wave)
        conclusions: Conclusions = {}
        for step in rules:
            for table in match_rule(step, state.facts, wave, step.head_variables()):
                engine.add_conclusions(step, table, conclusions)
        wave = _select_overdeleted(conclusions, state.facts, asserted, overdeleted)
    if engine.changes_rules(overdeleted) or _has_literal_subjects(engine, overdeleted):
        return None
    state.facts = state.facts.difference(overdeleted)
    forget_pairs(state, overdeleted, asserted)
    # Rederivation: overdeleted facts that a rule concludes from what is left; rounds find what rests on them.
    conclusions = {}
    for step in rules:
        for table in match_conclusions(step, state.facts, overdeleted):
            engine.add_conclusions(step, table, conclusions)
    engine.run_rounds(state, state.facts.select_new(conclusions), steps)
    engine.collect_violations(state)
    return overdeleted


def _select_overdeleted(
    conclusions: Conclusions, facts: FactSet, asserted: FactSet, overdeleted: FactSet
) -> FactSet:
    """Return the conclusions that are facts, not asserted and not overdeleted yet."""
    selected = {}
    for predicate, parts in conclusions.items():
        keys = sort_unique(np.concatenate(parts))
        keys = keys[contains_each(facts[predicate].keys, keys)]
        # An asserted fact needs no support, and what rests on it stays.
        keys = keys[~contains_each(asserted[predicate].keys, keys)]
        selected[predicate] = Relation(keys[~contains_each(overdeleted[predicate].keys, keys)])
    return FactSet(selected)


def _extends_walked_list(engine: RuleEngine, state: ClosureState, added: FactSet) -> bool:
    """Return whether new facts lengthen a list that "for all members" may have been asked of."""
    cells = np.concatenate([added[p].subjects() for p in (engine.rdf_first, engine.rdf_rest)])
    return bool(np.isin(cells, state.facts[WALK_NUMBERS[ListWalk.CELL]].objects()).any())


def _has_literal_subjects(engine: RuleEngine, facts: FactSet) -> bool:
    """Return whether some fact has a literal as subject, which the datatype rules may have made."""
    return any(engine.dictionary.is_literal(r.subjects()).any() for _, r in facts.triples_by_predicate())


@dataclass(frozen=True, slots=True)
class InferenceChange:
    """What the inferred graph gains and loses by one change of the asserted triples."""

    added: frozenset[Triple]
    removed: frozenset[Triple]


class Materialization:
    """The closure of a changing set of triples.

    Two states are kept, closed without and with the axiomatic rules: the first tells which triples are
    trivial, and is all that `what_if` needs. `_has_stale_literals` says that the dictionary holds literals
    that are not asserted (any more): new literals must then not be compared with all that it holds.
    """

    def __init__(
        self,
        triples: TripleSource = (),
        rules: Iterable[Rule] = OWL2RL,
        *,
        format_term: TermFormatter = format_standard_term,
    ) -> None:
        """Close `triples`, a source as for `close`; `format_term` names terms in inconsistencies."""
        self._rules = tuple(rules)
        self._format_term = format_term
        self._close_from_scratch(iterate_triples(triples))

    def _close_from_scratch(self, triples: Iterable[Triple]) -> None:
        """Start over with a dictionary of these triples only."""
        self._dictionary, self._has_stale_literals = TermDictionary(), False
        self._engine = RuleEngine(self._rules, self._dictionary)
        self._asserted_facts = self._dictionary.encode_triples(triples)
        self._plain_state = ClosureState()
        self._engine.close_state(self._plain_state, self._asserted_facts, axiomatic=False)
        self._full_state = self._plain_state.copy()
        self._engine.run_axiomatic_pass(self._full_state, keep_top_and_bottom=True)
        self._inferred_facts = self._select_inferred()

    @property
    def engine(self) -> RuleEngine:
        """Return the rules in numbers; after a closure from scratch it is another one."""
        return self._engine

    @property
    def state(self) -> ClosureState:
        """Return the closed state, the axiomatic rules included."""
        return self._full_state

    @property
    def asserted_facts(self) -> FactSet:
        """Return the asserted triples, in numbers."""
        return self._asserted_facts

    def what_if(self, triples: TripleSource) -> frozenset[Triple]:
        """Return what more would follow if `triples` held too; nothing changes.

        Without what only the axiomatic rules lead to.
        """
        if self._engine.negated_rules:
            triples = list(iterate_triples(triples))
            with_them = Materialization([*self.asserted, *triples], self._rules)
            return with_them.inferred - self.inferred - frozenset(triples)
        state = self._plain_state.copy()
        new = self._dictionary.encode_triples(iterate_triples(triples)).difference(state.facts)
        if self._affects_comparisons(new) or self._has_literals(new):
            self._has_stale_literals = True
        # Learning the literals now keeps the next `add` from taking them for its own.
        with_literal_facts = self._engine.add_literal_facts(state, new)
        self._engine.run_rounds(state, with_literal_facts, self._engine.plain_rules)
        gained = state.facts.difference(self._plain_state.facts).difference(new)
        return frozenset(self._dictionary.decode_facts(keep_valid_rdf(gained, self._dictionary)))

    def copy(self) -> Materialization:
        """Return a copy that changes alone; facts are shared, so it costs little."""
        other = object.__new__(Materialization)
        other.__dict__ |= self.__dict__
        # Dictionary and engine are shared: each of the two learns literals that the other does not assert.
        self._has_stale_literals = other._has_stale_literals = True
        other._plain_state, other._full_state = self._plain_state.copy(), self._full_state.copy()
        return other

    @property
    def inferred(self) -> frozenset[Triple]:
        """Return the inferred triples, without trivial ones."""
        return frozenset(self._dictionary.decode_facts(self._inferred_facts))

    @property
    def asserted(self) -> frozenset[Triple]:
        """Return the asserted triples."""
        return frozenset(self._dictionary.decode_facts(self._asserted_facts))

    @property
    def inconsistencies(self) -> tuple[Inconsistency, ...]:
        """Return what contradicts the ontology."""
        state, asserted = self._full_state, self._asserted_facts
        return describe_inconsistencies(state, self._engine, asserted, self._format_term)

    def add(self, triples: TripleSource) -> InferenceChange:
        """Assert triples; return what the inferred graph gains, and loses because it is now asserted."""
        encoded = self._dictionary.encode_triples(iterate_triples(triples))
        new = encoded.difference(self._asserted_facts)
        if not len(new):
            return InferenceChange(frozenset(), frozenset())
        asserted = self._asserted_facts.union_disjoint(new)
        if (
            _extends_walked_list(self._engine, self._plain_state, new)
            or (self._has_stale_literals and self._affects_comparisons(new))
            or self._affects_equated_literals(new)
            or self._engine.negated_rules
        ):
            return self._rebuild(asserted)
        self._asserted_facts = asserted
        delta = self._engine.add_literal_facts(self._plain_state, new)
        concerned = [new]
        for state, steps in self._list_states():
            state.layers = concerned
            self._engine.run_rounds(state, delta.difference(state.facts), steps)
            state.layers = None
        return self._update_inferred(concerned)

    def remove(self, triples: TripleSource) -> InferenceChange:
        """Retract triples; return what the inferred graph gains, because it still follows, and loses."""
        encoded = self._dictionary.encode_triples(iterate_triples(triples))
        removed = encoded.difference(encoded.difference(self._asserted_facts))
        if not len(removed):
            return InferenceChange(frozenset(), frozenset())
        asserted = self._asserted_facts.difference(removed)
        if (
            self._engine.changes_rules(removed)
            or self._affects_comparisons(removed)
            or self._affects_equated_literals(removed)
            or self._engine.negated_rules
        ):
            return self._rebuild(asserted)
        self._asserted_facts = asserted
        self._has_stale_literals = self._has_stale_literals or self._has_literals(removed)
        concerned = [removed]
        for state, steps in self._list_states():
            state.layers = concerned
            overdeleted = retract_facts(self._engine, state, removed, asserted, steps)
            state.layers = None
            if overdeleted is None:
                return self._rebuild(asserted)
            concerned.append(overdeleted)
        return self._update_inferred(concerned)

    def _list_states(self) -> list[tuple[ClosureState, list[CompiledRule]]]:
        """Return the two closed states with the rules that close them."""
        return [
            (self._plain_state, self._engine.plain_rules),
            (self._full_state, [*self._engine.plain_rules, *self._engine.axiomatic_rules]),
        ]

    def _select_inferred(self) -> FactSet:
        """Return the inferred facts that are not trivial."""
        plain_facts = self._plain_state.facts
        return select_informative(self._full_state.facts, self._asserted_facts, plain_facts, self._dictionary)

    def _update_inferred(self, parts: list[FactSet]) -> InferenceChange:
        """Bring the inferred facts up to date where `parts` hold all that changed; return the difference."""
        candidates: Conclusions = {}
        for part in parts:
            for predicate, relation in part:
                candidates.setdefault(predicate, []).append(relation.keys)
        concerned = FactSet().select_new(candidates)
        before, decode = concerned.intersection(self._inferred_facts), self._dictionary.decode_facts
        held = concerned.intersection(self._full_state.facts)
        plain_facts = self._plain_state.facts
        now = select_informative(held, self._asserted_facts, plain_facts, self._dictionary)
        self._inferred_facts = self._inferred_facts.difference(before).union_disjoint(now)
        return InferenceChange(
            frozenset(decode(now.difference(before))), frozenset(decode(before.difference(now)))
        )

    def _rebuild(self, asserted: FactSet) -> InferenceChange:
        """Close from scratch and return the difference."""
        before = self.inferred
        triples = list(self._dictionary.decode_facts(asserted))
        # Made beside, so that nothing has changed here if a rule is refused with these triples.
        self.__dict__ |= Materialization(triples, self._rules, format_term=self._format_term).__dict__
        now = self.inferred
        return InferenceChange(now - before, before - now)

    def _affects_equated_literals(self, changed: FactSet) -> bool:
        """Return whether literals change while one is equated (`literals`): it differs from all others."""
        same = self._plain_state.facts[self._engine.same_as].keys
        return bool(self._engine.literals.find_equated_literals(same)) and self._has_literals(changed)

    def _has_literals(self, facts: FactSet) -> bool:
        """Return whether some fact has a literal as object."""
        return any(self._dictionary.is_literal(r.objects()).any() for _, r in facts.triples_by_predicate())

    def _affects_comparisons(self, changed: FactSet) -> bool:
        """Return whether some facts mention datatypes, or literals that are not plain strings.

        Literals that are not asserted (any more) stay in the dictionary, where others would still equal them.
        """
        affects = self._engine.literals.affects_comparisons
        return any(
            affects(term)
            for predicate, relation in changed.triples_by_predicate()
            for term in {predicate, *relation.subjects().tolist(), *relation.objects().tolist()}
        )
