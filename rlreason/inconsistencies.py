"""What contradicts the ontology: collected in numbers while rounds run, given out as values.

A rule of OWL 2 RL whose conclusion is *false* (eq-diff1, prp-irp, cax-dw ...) has no head here; each of its
matches is a contradiction. The datatype rules dt-diff and dt-not-type add those that comparing values shows.
Inconsistency is a result, not an error: the closure is computed to the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rlreason.compiled_rules import CompiledRule, instantiate_pattern
from rlreason.join import BindingTable
from rlreason.relation import OBJECT_MASK, SUBJECT_SHIFT, Fact, FactSet, IntArray, Relation
from rlreason.term_dictionary import GeneralizedTriple, Term
from rlreason.wording import (
    TermFormatter,
    fill_wording,
    format_standard_term,
    format_triple,
)

if TYPE_CHECKING:
    from rlreason.rule_engine import ClosureState, RuleEngine


#: contradictions kept for each rule; one wrong axiom can make millions
MAX_VIOLATIONS_PER_RULE = 1000


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """One match of a rule: its variables, and the triples that match its body."""

    step: CompiledRule
    bindings: tuple[tuple[str, int], ...]
    premises: tuple[Fact, ...]


@dataclass(slots=True)
class ViolationCollector:
    """The contradictions found so far, each once, however many rounds find it.

    `ill_typed` are literals, `unequal` pairs of different literals that are said to be the same, `misplaced`
    pairs of a literal and a datatype that it is said to have.
    """

    matches: dict[tuple[str, tuple[Fact, ...]], RuleMatch] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    ill_typed: set[int] = field(default_factory=set)
    unequal: set[tuple[int, int]] = field(default_factory=set)
    misplaced: set[tuple[int, int]] = field(default_factory=set)

    def copy(self) -> ViolationCollector:
        """Return a copy that can grow alone."""
        return ViolationCollector(
            dict(self.matches), dict(self.counts), set(self.ill_typed), set(self.unequal), set(self.misplaced)
        )

    def add_matches(self, step: CompiledRule, table: BindingTable) -> None:
        """Note the rows that match a rule; atoms in another order are the same contradiction."""
        name = step.rule.name
        for row in range(table.row_count):
            if self.counts.get(name, 0) >= MAX_VIOLATIONS_PER_RULE:
                return
            match = _build_match(step, table, row)
            # prp-pdw, eq-diff2 ... are symmetric: the same triples match in both orders.
            key = (name, tuple(sorted(match.premises)))
            if key not in self.matches:
                self.matches[key] = match
                self.counts[name] = self.counts.get(name, 0) + 1

    def add_literal_pairs(self, unequal: IntArray, misplaced: IntArray) -> None:
        """Note keys of literals that differ by value, and of (literal, datatype) that do not fit."""
        for key in unequal:
            smaller, larger = sorted((int(key) >> SUBJECT_SHIFT, int(key) & OBJECT_MASK))
            self.unequal.add((smaller, larger))
        self.misplaced.update((int(key) >> SUBJECT_SHIFT, int(key) & OBJECT_MASK) for key in misplaced)

    def __bool__(self) -> bool:
        return bool(self.matches or self.ill_typed or self.unequal or self.misplaced)


def _build_match(step: CompiledRule, table: BindingTable, row: int) -> RuleMatch:
    """Return one row of a match as a value."""
    bound = {name: int(column[row]) for name, column in table.columns.items()} | step.fixed_bindings
    if step.merged_variables:  # matched by eq-ref: both variables stand for one term
        bound[step.merged_variables[0]] = bound[step.merged_variables[1]]
    premises = (
        *step.ground_premises,
        *(triple for p in step.body if (triple := instantiate_pattern(p, bound))),
    )
    return RuleMatch(step, tuple(sorted(bound.items())), premises)


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """One contradiction: the rule that found it, what its variables stand for and the triples that clash."""

    rule: str
    severity: str
    bindings: Mapping[str, Term]
    premises: tuple[GeneralizedTriple, ...]
    #: the rule's wording with the terms filled in
    reason: str
    format_term: TermFormatter = field(default=format_standard_term, repr=False, compare=False)

    def __str__(self) -> str:
        """Return one paragraph."""
        clash = "; ".join(format_triple(*premise, self.format_term) for premise in self.premises)
        return f"{self.severity} ({self.rule}): {self.reason}. The triples that clash: {clash}."


def describe_inconsistencies(
    state: ClosureState, engine: RuleEngine, asserted: FactSet, format_term: TermFormatter
) -> tuple[Inconsistency, ...]:
    """Return the contradictions by rule and text; those that owl:sameAs repeats are reported once."""
    violations, describer = state.violations, _Describer(engine, asserted, format_term)
    matches = _drop_repeated(list(violations.matches.values()), state.facts[engine.same_as], asserted, engine)
    described = [describer.describe_match(match) for match in matches]
    described += [describer.describe_ill_typed(number) for number in violations.ill_typed]
    values = engine.literals.find_value
    unequal = {frozenset(map(values, pair)): pair for pair in sorted(violations.unequal, reverse=True)}
    described += [
        describer.describe_literals("dt-diff", ("lt1", "lt2"), engine.same_as, pair)
        for pair in unequal.values()
    ]
    described += [
        describer.describe_literals("dt-not-type", ("lt", "dt"), engine.rdf_type, pair)
        for pair in violations.misplaced
    ]
    return tuple(sorted(described, key=lambda each: (each.rule, str(each))))


def _drop_repeated(
    matches: list[RuleMatch], same_as: Relation, asserted: FactSet, engine: RuleEngine
) -> list[RuleMatch]:
    """Return the matches without those that only put the same for the same (eq-rep-s, -p, -o) in others.

    Of the matches that agree but for terms that are the same, those stay that say what was asserted; where
    none does, the one with the fewest inferred triples.
    """
    if not len(same_as):
        return matches
    names: dict[int, int] = {}

    def find_name(term: int) -> int:
        if term not in names:
            linked = same_as.find_linked(np.array([term], dtype=np.int64))[1].tolist()
            names[term] = min([term, *linked])
        return names[term]

    groups: dict[object, list[tuple[int, int, RuleMatch]]] = {}
    for place, match in enumerate(matches):
        agreed = {tuple(map(find_name, fact)) for fact in match.premises if fact[1] != engine.same_as}
        # The two sides of an owl:sameAs that eq-ref says: another fact made them one.
        forced = match.step.merged_variables is not None and any(
            len(same_as.find_linked(np.array([number]))[0]) for _, number in match.bindings
        )
        inferred = sum(fact not in asserted for fact in match.premises) + forced
        group = groups.setdefault((match.step.rule.name, frozenset(agreed)), [])
        group.append((inferred, place, match))
    kept = [
        each
        for group in groups.values()
        for each in ([one for one in group if one[0] == 0] or [min(group, key=lambda one: one[:2])])
    ]
    return [match for _, _, match in sorted(kept, key=lambda one: one[1])]


@dataclass(frozen=True, slots=True)
class _Describer:
    """Turns contradictions in numbers into values."""

    engine: RuleEngine
    asserted: FactSet
    format_term: TermFormatter

    def describe_match(self, match: RuleMatch) -> Inconsistency:
        """Return one match of a rule."""
        dictionary = self.engine.dictionary
        bindings = {name: dictionary.terms[number] for name, number in match.bindings}
        premises = tuple(dictionary.decode_fact(fact) for fact in match.premises)
        return self._build(match.step.rule.name, bindings, premises)

    def describe_ill_typed(self, number: int) -> Inconsistency:
        """Return a literal whose text is not in the lexical space of its datatype."""
        literal = self.engine.dictionary.terms[number]
        bindings: dict[str, Term] = {"lt": literal, "dt": getattr(literal, "datatype", literal)}
        return self._build("dt-not-type", bindings, self._find_first_use(number))

    def describe_literals(
        self, rule: str, names: tuple[str, str], predicate: int, pair: tuple[int, int]
    ) -> Inconsistency:
        """Return a triple that the values of its literals contradict."""
        triple = self.engine.dictionary.decode_fact((pair[0], predicate, pair[1]))
        bindings = dict(zip(names, (triple[0], triple[2]), strict=True))
        return self._build(rule, bindings, (triple,))

    def _find_first_use(self, number: int) -> tuple[GeneralizedTriple, ...]:
        """Return the first asserted triple that has a literal."""
        for predicate, relation in self.asserted:
            at = np.flatnonzero(relation.objects() == number)
            if len(at):
                subject = int(relation.keys[at[0]]) >> SUBJECT_SHIFT
                return (self.engine.dictionary.decode_fact((subject, predicate, number)),)
        return ()

    def _build(
        self, name: str, bindings: dict[str, Term], premises: tuple[GeneralizedTriple, ...]
    ) -> Inconsistency:
        """Return a contradiction; it is worded by the rule's file, if that is there."""
        rule = self.engine.rules.get(name)
        severity, wording = (rule.severity or "error", rule.wording) if rule else ("error", name)
        reason = fill_wording(wording, bindings, self.format_term)
        return Inconsistency(name, severity, MappingProxyType(bindings), premises, reason, self.format_term)
