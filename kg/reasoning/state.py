"""Where a closure stands between two rounds."""

from __future__ import annotations

from dataclasses import dataclass, field

from kg.reasoning.compiled import CompiledRule
from kg.reasoning.relation import FactSet, IntArray, Relation
from kg.reasoning.violations import Fact, ViolationCollector


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
