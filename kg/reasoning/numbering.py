"""One number for each fact of a closed set, so that rule instances are rows of an array."""

from __future__ import annotations

import numpy as np

from kg.reasoning.join import BindingTable, TriplePattern, group_rows
from kg.reasoning.relation import OBJECT_MASK, SUBJECT_SHIFT, FactSet, IntArray, Relation, pack_pairs
from kg.reasoning.violations import Fact


class FactNumbering:
    """Facts in order of predicate and pair; `nothing` is the number of no fact."""

    def __init__(self, facts: FactSet) -> None:
        self.predicates = [p for p, _ in facts]
        self.relations: list[Relation] = [r for _, r in facts]
        self.starts = np.cumsum([0, *(len(r) for r in self.relations)])
        self.predicate_index = {p: i for i, p in enumerate(self.predicates)}
        self.padding = int(self.starts[-1])

    def number_fact(self, fact: Fact) -> int | None:
        """Return the number of a fact, None when it does not hold."""
        s, p, o = fact
        found = int(self._number_pairs(p, np.array([s << SUBJECT_SHIFT | o], dtype=np.int64))[0])
        return None if found == self.padding else found

    def fact_at(self, number: int) -> Fact:
        """Return the fact with a number."""
        at = int(np.searchsorted(self.starts, number, side="right")) - 1
        key = int(self.relations[at].keys[number - self.starts[at]])
        return key >> SUBJECT_SHIFT, self.predicates[at], key & OBJECT_MASK

    def number_rows(self, pattern: TriplePattern, table: BindingTable) -> IntArray:
        """Return for each row the number of the fact that a pattern stands for."""
        s, o = table.column_of(pattern.s), table.column_of(pattern.o)
        if s is None or o is None:
            return np.full(table.row_count, self.padding, dtype=np.int64)
        keys = pack_pairs(s, o)
        if isinstance(pattern.p, int):
            return self._number_pairs(pattern.p, keys)
        found = np.full(table.row_count, self.padding, dtype=np.int64)
        for predicate, rows in group_rows(table.columns[pattern.p]):
            found[rows] = self._number_pairs(predicate, keys[rows])
        return found

    def _number_pairs(self, predicate: int, keys: IntArray) -> IntArray:
        """Return the numbers of pairs of one predicate."""
        at = self.predicate_index.get(predicate)
        if at is None:
            return np.full(len(keys), self.padding, dtype=np.int64)
        held = self.relations[at].keys
        place = np.searchsorted(held, keys)
        place[place == len(held)] = 0
        return np.where(held[place] == keys, place + self.starts[at], self.padding)
