"""What contradicts the ontology: collected in numbers while rounds run, given out as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from kg.reasoning.compiled import Compiled
from kg.reasoning.join import FIRST_TERM, Pattern, Table
from kg.reasoning.relation import LOW, SHIFT, Ints

#: violations of one rule that are told one by one; all are counted
TOLD = 1000
Numbers = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Match:
    """One match of a rule: its variables, and the triples that match its body."""

    step: Compiled
    bindings: tuple[tuple[str, int], ...]
    premises: tuple[Numbers, ...]


@dataclass(slots=True)
class Found:
    """The violations found so far."""

    matches: dict[tuple[str, tuple[Numbers, ...]], Match] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    ill_typed: set[int] = field(default_factory=set)
    unequal: set[tuple[int, int]] = field(default_factory=set)
    misplaced: set[tuple[int, int]] = field(default_factory=set)

    def copy(self) -> Found:
        """Return a copy that can grow alone."""
        return Found(
            dict(self.matches), dict(self.counts), set(self.ill_typed), set(self.unequal), set(self.misplaced)
        )

    def take(self, step: Compiled, table: Table) -> None:
        """Note the rows of a match."""
        name = step.rule.name
        for row in range(table.n):
            if self.counts.get(name, 0) >= TOLD:
                return
            match = match_of(step, table, row)
            key = (name, tuple(sorted(match.premises)))
            if key not in self.matches:
                self.matches[key] = match
                self.counts[name] = self.counts.get(name, 0) + 1

    def literals(self, unequal: Ints, misplaced: Ints) -> None:
        """Note pairs of unlike literals said to be the same, and literals put in types they do not have."""
        for key in unequal:
            one, other = sorted((int(key) >> SHIFT, int(key) & LOW))
            self.unequal.add((one, other))
        self.misplaced.update((int(key) >> SHIFT, int(key) & LOW) for key in misplaced)

    def __bool__(self) -> bool:
        return bool(self.matches or self.ill_typed or self.unequal or self.misplaced)


def match_of(step: Compiled, table: Table, row: int) -> Match:
    """Return one row of a match as a value."""
    bound = {name: int(column[row]) for name, column in table.columns.items()} | step.fixed
    if step.alike:
        bound[step.alike[0]] = bound[step.alike[1]]
    premises = (*step.ground, *(triple for p in step.body if (triple := instance(p, bound))))
    return Match(step, tuple(sorted(bound.items())), premises)


def instance(pattern: Pattern, bound: dict[str, int]) -> Numbers | None:
    """Return the triple that a pattern stands for; None for a list walk."""
    s, p, o = (bound[slot] if isinstance(slot, str) else slot for slot in (pattern.s, pattern.p, pattern.o))
    return (s, p, o) if p >= FIRST_TERM else None
