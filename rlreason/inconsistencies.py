"""What contradicts the ontology: collected in numbers while rounds run, given out as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rlreason.compiled_rules import CompiledRule
from rlreason.join import FIRST_TERM_NUMBER, BindingTable, TriplePattern
from rlreason.relation import OBJECT_MASK, SUBJECT_SHIFT, FactSet, IntArray
from rlreason.term_dictionary import Term
from rlreason.wording import fill_wording, format_triple

if TYPE_CHECKING:
    from rlreason.rule_engine import RuleEngine


#: violations of one rule that are told one by one; all are counted
MAX_VIOLATIONS_PER_RULE = 1000
Fact = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """One match of a rule: its variables, and the triples that match its body."""

    step: CompiledRule
    bindings: tuple[tuple[str, int], ...]
    premises: tuple[Fact, ...]


@dataclass(slots=True)
class ViolationCollector:
    """The violations found so far."""

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
        """Note the rows of a match."""
        name = step.rule.name
        for row in range(table.row_count):
            if self.counts.get(name, 0) >= MAX_VIOLATIONS_PER_RULE:
                return
            match = build_match(step, table, row)
            key = (name, tuple(sorted(match.premises)))
            if key not in self.matches:
                self.matches[key] = match
                self.counts[name] = self.counts.get(name, 0) + 1

    def add_literal_pairs(self, unequal: IntArray, misplaced: IntArray) -> None:
        """Note pairs of unlike literals said to be the same, and literals put in types they do not have."""
        for key in unequal:
            one, other = sorted((int(key) >> SUBJECT_SHIFT, int(key) & OBJECT_MASK))
            self.unequal.add((one, other))
        self.misplaced.update((int(key) >> SUBJECT_SHIFT, int(key) & OBJECT_MASK) for key in misplaced)

    def __bool__(self) -> bool:
        return bool(self.matches or self.ill_typed or self.unequal or self.misplaced)


def build_match(step: CompiledRule, table: BindingTable, row: int) -> RuleMatch:
    """Return one row of a match as a value."""
    bound = {name: int(column[row]) for name, column in table.columns.items()} | step.fixed_bindings
    if step.merged_variables:
        bound[step.merged_variables[0]] = bound[step.merged_variables[1]]
    premises = (
        *step.ground_premises,
        *(triple for p in step.body if (triple := instantiate_pattern(p, bound))),
    )
    return RuleMatch(step, tuple(sorted(bound.items())), premises)


def instantiate_pattern(pattern: TriplePattern, bindings: dict[str, int]) -> Fact | None:
    """Return the triple that a pattern stands for; None for a list walk."""
    s, p, o = (
        bindings[slot] if isinstance(slot, str) else slot for slot in (pattern.s, pattern.p, pattern.o)
    )
    return (s, p, o) if p >= FIRST_TERM_NUMBER else None


#: MERGED kg.reasoning.inconsistency
#: MERGED A contradiction as a value: rule, severity, the triples involved, one sentence.


#: subject, predicate, object; generalised, since rules may put a literal in front
GeneralizedTriple = tuple[Term, Term, Term]


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """One contradiction: the rule that found it, what its variables stand for and the triples that clash."""

    rule: str
    severity: str
    bindings: Mapping[str, Term]
    premises: tuple[GeneralizedTriple, ...]
    reason: str

    def __str__(self) -> str:
        """Return it as one paragraph."""
        clash = "; ".join(format_triple(*premise) for premise in self.premises)
        return f"{self.severity} ({self.rule}): {self.reason}. The triples that clash: {clash}."


def describe_inconsistencies(
    violations: ViolationCollector, engine: RuleEngine, asserted: FactSet
) -> tuple[Inconsistency, ...]:
    """Return the violations as values, by rule and text."""
    told = [_describe_match(match, engine) for match in violations.matches.values()]
    told += [_describe_ill_typed(number, engine, asserted) for number in violations.ill_typed]
    told += [_describe_literal_pair("dt-diff", pair, engine, engine.same_as) for pair in violations.unequal]
    told += [
        _describe_literal_pair("dt-not-type", pair, engine, engine.rdf_type) for pair in violations.misplaced
    ]
    return tuple(sorted(told, key=lambda one: (one.rule, str(one))))


def _describe_match(match: RuleMatch, engine: RuleEngine) -> Inconsistency:
    """Return one match of a rule."""
    terms = engine.dictionary.terms
    bindings = {name: terms[number] for name, number in match.bindings}
    premises = tuple((terms[s], terms[p], terms[o]) for s, p, o in match.premises)
    rule = match.step.rule
    return Inconsistency(
        rule.name, rule.severity, MappingProxyType(bindings), premises, fill_wording(rule.wording, bindings)
    )


def _describe_ill_typed(number: int, engine: RuleEngine, asserted: FactSet) -> Inconsistency:
    """Return a literal whose text is none of its datatype."""
    literal = engine.dictionary.terms[number]
    datatype = getattr(literal, "datatype", literal)
    bindings: dict[str, Term] = {"lt": literal, "dt": datatype}
    wording = engine.rules["dt-not-type"].wording if "dt-not-type" in engine.rules else "{lt} is no {dt}"
    return Inconsistency(
        "dt-not-type",
        "error",
        MappingProxyType(bindings),
        _find_first_use(number, engine, asserted),
        fill_wording(wording, bindings),
    )


def _find_first_use(number: int, engine: RuleEngine, asserted: FactSet) -> tuple[GeneralizedTriple, ...]:
    """Return the first given triple that has a literal."""
    terms = engine.dictionary.terms
    for predicate, relation in asserted:
        at = np.flatnonzero((relation.keys & OBJECT_MASK) == number)
        if len(at):
            return ((terms[int(relation.keys[at[0]]) >> SUBJECT_SHIFT], terms[predicate], terms[number]),)
    return ()


def _describe_literal_pair(
    rule: str, pair: tuple[int, int], engine: RuleEngine, predicate: int
) -> Inconsistency:
    """Return a triple that the values of its literals contradict."""
    terms = engine.dictionary.terms
    first, second = terms[pair[0]], terms[pair[1]]
    names = ("lt1", "lt2") if rule == "dt-diff" else ("lt", "dt")
    bindings = dict(zip(names, (first, second), strict=True))
    wording = engine.rules[rule].wording if rule in engine.rules else rule
    premises = ((first, terms[predicate], second),)
    return Inconsistency(rule, "error", MappingProxyType(bindings), premises, fill_wording(wording, bindings))
