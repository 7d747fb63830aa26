"""What contradicts the ontology: collected in numbers while rounds run, given out as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from kg.reasoning.compiled import CompiledRule
from kg.reasoning.join import FIRST_TERM_NUMBER, BindingTable, TriplePattern
from kg.reasoning.relation import OBJECT_MASK, SUBJECT_SHIFT, IntArray

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
