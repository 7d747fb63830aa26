"""The datatype rules of Table 8 over the literals of one graph: dt-type2, dt-eq, dt-diff, dt-not-type.

Only what can matter is made: types for datatypes the graph names, sameness for literals written differently.
That any two other literals differ (dt-diff) is decided when a rule makes two of them the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from pyoxigraph import Literal, NamedNode

from kg.reasoning.datatypes import DATATYPES, Value, belongs, value
from kg.reasoning.dictionary import Dictionary
from kg.reasoning.relation import LOW, NONE, SHIFT, Facts, Ints, Relation, found_in, sorted_unique


@dataclass(slots=True)
class Literals:
    """What is known of the literals numbered so far; `learn` takes in those numbered since."""

    dictionary: Dictionary
    values: dict[int, Value] = field(default_factory=dict)
    by_value: dict[Value, list[int]] = field(default_factory=dict)
    datatypes: dict[int, NamedNode] = field(default_factory=dict)
    types: Relation = field(default_factory=lambda: Relation(NONE))
    ill_typed: list[int] = field(default_factory=list)
    seen: int = 3

    def learn(self) -> tuple[Ints, Ints]:
        """Return the new dt-type2 pairs (literal, datatype) and the new dt-eq pairs."""
        terms = self.dictionary.terms
        fresh = range(self.seen, len(terms))
        constants = frozenset(self.dictionary.constants.values())
        old_values = list(self.values.items())
        new_datatypes = {i: t for i in fresh if isinstance(t := terms[i], NamedNode) and t in DATATYPES}
        self.datatypes |= new_datatypes
        typed = [(i, d) for i, v in old_values for d, name in new_datatypes.items() if belongs(v, name)]
        equal: list[tuple[int, int]] = []
        for i in fresh:
            term = terms[i]
            if isinstance(term, Literal) and i not in constants:
                found = self._learn_one(i, term)
                typed.extend((i, d) for d, name in self.datatypes.items() if found and belongs(found, name))
                equal.extend((i, j) for j in self.by_value[found][:-1]) if found else None
        self.seen = len(terms)
        type_keys = _keys(typed)
        self.types = self.types.plus(self.types.new_of(type_keys))
        both = np.concatenate((_keys(equal), _keys([(j, i) for i, j in equal])))
        return type_keys, sorted_unique(both)

    def _learn_one(self, number: int, literal: Literal) -> Value | None:
        """Note the value of one literal; None when it has none."""
        try:
            found = value(literal)
        except ValueError:
            self.ill_typed.append(number)
            return None
        if found is not None:
            self.values[number] = found
            self.by_value.setdefault(found, []).append(number)
        return found

    def constants_in(self, facts: Facts, predicates: Iterable[int]) -> dict[int, list[Ints]]:
        """Return `predicates` once more with the rules' own constants where a literal has their value."""
        meant = {value(literal): number for literal, number in self.dictionary.constants.items()}
        found: dict[int, list[Ints]] = {}
        for predicate in predicates:
            for s, o in zip(
                facts[predicate].subjects().tolist(), facts[predicate].objects().tolist(), strict=True
            ):
                number = meant.get(self.values.get(o))
                if number is not None:
                    found.setdefault(predicate, []).append(np.array([s << SHIFT | number], dtype=np.int64))
        return found

    def misplaced(self, types: Ints) -> Ints:
        """Return those (literal, datatype) pairs of rdf:type whose value the datatype lacks: dt-not-type."""
        if not self.datatypes or not len(types):
            return NONE
        literal = self.dictionary.is_literal(types >> SHIFT)
        known = np.isin(types & LOW, np.fromiter(self.datatypes, dtype=np.int64))
        candidates = types[literal & known]
        candidates = candidates[~found_in(self.types.keys, candidates)]
        valued = [int(key) >> SHIFT in self.values or self._is_ill(int(key) >> SHIFT) for key in candidates]
        return candidates[np.array(valued, dtype=bool)]

    def _is_ill(self, number: int) -> bool:
        """Say whether a literal is ill-typed."""
        return number in self.ill_typed

    def unequal(self, same: Ints) -> Ints:
        """Return those pairs of owl:sameAs that are literals of different value: dt-diff with eq-diff1."""
        both = self.dictionary.is_literal(same >> SHIFT) & self.dictionary.is_literal(same & LOW)
        pairs = same[both]
        return pairs[np.array([self._differ(int(key) >> SHIFT, int(key) & LOW) for key in pairs], dtype=bool)]

    def _differ(self, one: int, other: int) -> bool:
        """Say whether two literals have values, and different ones."""
        first, second = self.values.get(one), self.values.get(other)
        return first is not None and second is not None and first != second


def _keys(pairs: list[tuple[int, int]]) -> Ints:
    """Return pairs of numbers as sorted keys."""
    return sorted_unique(np.array([s << SHIFT | o for s, o in pairs], dtype=np.int64))
