"""Where a closure stands between two rounds."""

from __future__ import annotations

from dataclasses import dataclass, field

from kg.reasoning.compiled import Compiled
from kg.reasoning.relation import Facts, Ints, Relation
from kg.reasoning.violations import Found, Numbers


@dataclass(slots=True)
class State:
    """Where a closure stands: all facts, those given, and those only the axiomatic rules led to."""

    facts: Facts = field(default_factory=Facts)
    plain: Facts = field(default_factory=Facts)
    generators: dict[int, Relation] = field(default_factory=dict)
    closed: dict[int, Ints] = field(default_factory=dict)
    left: dict[int, Relation] = field(default_factory=dict)
    derived_steps: dict[tuple[str, tuple[Numbers, ...]], Compiled] = field(default_factory=dict)
    violations: Found = field(default_factory=Found)
    round: int = 0

    def copy(self) -> State:
        """Return a state that can go on without changing this one; the arrays are shared."""
        return State(
            self.facts,
            self.plain,
            dict(self.generators),
            dict(self.closed),
            dict(self.left),
            dict(self.derived_steps),
            self.violations.copy(),
            self.round,
        )
