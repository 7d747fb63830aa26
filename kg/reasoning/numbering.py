"""One number for each fact of a closed set, so that rule instances are rows of an array."""

from __future__ import annotations

import numpy as np

from kg.reasoning.join import Pattern, Table, groups
from kg.reasoning.relation import LOW, SHIFT, Facts, Ints, Relation, pack
from kg.reasoning.violations import Numbers


class Numbering:
    """Facts in order of predicate and pair; `nothing` is the number of no fact."""

    def __init__(self, facts: Facts) -> None:
        self.predicates = [p for p, _ in facts]
        self.relations: list[Relation] = [r for _, r in facts]
        self.starts = np.cumsum([0, *(len(r) for r in self.relations)])
        self.at = {p: i for i, p in enumerate(self.predicates)}
        self.nothing = int(self.starts[-1])

    def number(self, fact: Numbers) -> int | None:
        """Return the number of a fact, None when it does not hold."""
        s, p, o = fact
        found = int(self._of(p, np.array([s << SHIFT | o], dtype=np.int64))[0])
        return None if found == self.nothing else found

    def fact(self, number: int) -> Numbers:
        """Return the fact with a number."""
        at = int(np.searchsorted(self.starts, number, side="right")) - 1
        key = int(self.relations[at].keys[number - self.starts[at]])
        return key >> SHIFT, self.predicates[at], key & LOW

    def rows(self, pattern: Pattern, table: Table) -> Ints:
        """Return for each row the number of the fact that a pattern stands for."""
        s, o = table.value(pattern.s), table.value(pattern.o)
        if s is None or o is None:
            return np.full(table.n, self.nothing, dtype=np.int64)
        keys = pack(s, o)
        if isinstance(pattern.p, int):
            return self._of(pattern.p, keys)
        found = np.full(table.n, self.nothing, dtype=np.int64)
        for predicate, rows in groups(table.columns[pattern.p]):
            found[rows] = self._of(predicate, keys[rows])
        return found

    def _of(self, predicate: int, keys: Ints) -> Ints:
        """Return the numbers of pairs of one predicate."""
        at = self.at.get(predicate)
        if at is None:
            return np.full(len(keys), self.nothing, dtype=np.int64)
        held = self.relations[at].keys
        place = np.searchsorted(held, keys)
        place[place == len(held)] = 0
        return np.where(held[place] == keys, place + self.starts[at], self.nothing)
