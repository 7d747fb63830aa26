"""The datatype rules of Table 8 over the literals of one graph: dt-type2, dt-eq, dt-diff, dt-not-type.

Only what can matter is made: sameness for literals written differently, types for datatypes the graph names.
A literal that is the same as something RDF can put in front of a triple has all its types, and differs from
all other literals (dt-diff), since RDF can say so of that other thing. That two further literals differ is
decided when a rule makes them the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from pyoxigraph import Literal, NamedNode

from kg.namespaces import XSD
from kg.reasoning.datatypes import DATATYPES, Value, belongs, is_text_type, value
from kg.reasoning.dictionary import LITERAL, Dictionary, Node
from kg.reasoning.join import FIRST_TERM
from kg.reasoning.relation import LOW, NONE, SHIFT, Facts, Ints, Relation, flip, found_in, sorted_unique

_ORDERED = tuple(sorted(DATATYPES, key=str))
_STRING = XSD["string"]


@dataclass(slots=True)
class Literals:
    """What is known of the literals numbered so far; `learn` takes in those numbered since."""

    dictionary: Dictionary
    values: dict[int, Value] = field(default_factory=dict)
    by_value: dict[Value, list[int]] = field(default_factory=dict)
    datatypes: dict[int, NamedNode] = field(default_factory=dict)
    types: Relation = field(default_factory=lambda: Relation(NONE))
    ill_typed: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    seen: int = 3

    def learn(self) -> tuple[Ints, Ints]:
        """Return the new dt-type2 pairs (literal, datatype) and the new dt-eq pairs."""
        fresh = self._fresh()
        old = list(self.values.items())
        terms = self.dictionary.terms
        new_types = {i: t for i in fresh if isinstance(t := terms[i], NamedNode) and t in DATATYPES}
        self.datatypes |= new_types
        typed = [(i, d) for i, found in old for d, name in new_types.items() if belongs(found, name)]
        equal: list[tuple[int, int]] = []
        for i in self._worth_reading(fresh):
            found = self._learn_one(i)
            if found is not None:
                typed.extend((i, d) for d, name in self.datatypes.items() if belongs(found, name))
                equal.extend((i, j) for j in self.by_value[found][:-1])
        type_keys = _keys(typed)
        self.types = self.types.plus(self.types.new_of(type_keys))
        return type_keys, _keys(equal + [(j, i) for i, j in equal])

    def _fresh(self) -> range:
        """Return the numbers given out since the last time."""
        fresh = range(self.seen, len(self.dictionary.terms))
        self.seen = fresh.stop
        return fresh

    def _worth_reading(self, fresh: range) -> list[int]:
        """Return the literals whose value can matter.

        Plain strings wait until something is compared with them.
        """
        terms, constants = self.dictionary.terms, frozenset(self.dictionary.constants.values())
        kinds = self.dictionary.kinds()
        literals = [i for i in fresh if kinds[i] == LITERAL and i not in constants]
        other = [i for i in literals if not _is_plain(terms[i])]
        self.waiting += [i for i in literals if _is_plain(terms[i])]
        if not self.datatypes and not any(is_text_type(terms[i]) for i in other):
            return other
        opened, self.waiting = self.waiting, []
        return other + opened

    def _learn_one(self, number: int) -> Value | None:
        """Note the value of one literal; None when it has none."""
        literal = self.dictionary.terms[number]
        try:
            found = value(literal) if isinstance(literal, Literal) else None
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

    def stand(self, same: Ints) -> list[int]:
        """Return the literals that owl:sameAs pairs make equal to no literal."""
        ends = np.concatenate((same, flip(same)))
        literal = self.dictionary.is_literal
        found: list[int] = np.unique(ends[literal(ends >> SHIFT) & ~literal(ends & LOW)] >> SHIFT).tolist()
        return found

    def standing(self, same: Ints, facts: Facts) -> tuple[Ints, Ints]:
        """Return the dt-type2 and dt-diff pairs of the literals that stand for something, among `facts`."""
        valued = [(i, found) for i in self.stand(same) if (found := self._value_of(i)) is not None]
        if not valued:
            return NONE, NONE
        number = self.dictionary.number
        typed = [(i, number(name)) for i, found in valued for name in _ORDERED if belongs(found, name)]
        others = [(j, other) for j in self._occurring(facts) if (other := self._value_of(j)) is not None]
        unlike = [(i, j) for j, other in others for i, found in valued if other != found]
        return _keys(typed), _keys(unlike + [(j, i) for i, j in unlike])

    def _occurring(self, facts: Facts) -> list[int]:
        """Return the literals of some facts, the rules' own constants left out."""
        ends = np.unique(np.concatenate([r.objects() for p, r in facts if p >= FIRST_TERM]))
        constants = np.fromiter(self.dictionary.constants.values(), dtype=np.int64)
        found: list[int] = ends[self.dictionary.is_literal(ends) & ~np.isin(ends, constants)].tolist()
        return found

    def matters(self, number: int) -> bool:
        """Say whether a term is a datatype, or a literal whose value another literal may have."""
        term = self.dictionary.terms[number]
        if isinstance(term, NamedNode):
            return term in DATATYPES
        return isinstance(term, Literal) and (bool(self.datatypes) or not _is_plain(term))

    def misplaced(self, types: Ints) -> Ints:
        """Return those (literal, datatype) pairs of rdf:type whose value the datatype lacks: dt-not-type."""
        if not self.datatypes or not len(types):
            return NONE
        literal = self.dictionary.is_literal(types >> SHIFT)
        known = np.isin(types & LOW, np.fromiter(self.datatypes, dtype=np.int64))
        candidates = types[literal & known]
        candidates = candidates[~found_in(self.types.keys, candidates)]
        valued = [int(key) >> SHIFT in self.values or self._is_ill(int(key) >> SHIFT) for key in candidates]
        found: Ints = candidates[np.array(valued, dtype=bool)]
        return found

    def _is_ill(self, number: int) -> bool:
        """Say whether a literal is ill-typed."""
        return number in self.ill_typed

    def unequal(self, same: Ints) -> Ints:
        """Return those pairs of owl:sameAs that are literals of different value: dt-diff with eq-diff1."""
        both = self.dictionary.is_literal(same >> SHIFT) & self.dictionary.is_literal(same & LOW)
        pairs = same[both]
        unlike = [self.differ(int(key) >> SHIFT, int(key) & LOW) for key in pairs]
        found: Ints = pairs[np.array(unlike, dtype=bool)]
        return found

    def is_of(self, number: int, datatype: int) -> bool:
        """Say whether the value of a literal belongs to a datatype."""
        found, name = self._value_of(number), self.dictionary.terms[datatype]
        return (
            found is not None and isinstance(name, NamedNode) and name in DATATYPES and belongs(found, name)
        )

    def alike(self, one: int, other: int) -> bool:
        """Say whether two literals have one value."""
        first = self._value_of(one)
        return first is not None and first == self._value_of(other)

    def differ(self, one: int, other: int) -> bool:
        """Say whether two literals have values, and different ones."""
        first, second = self._value_of(one), self._value_of(other)
        return first is not None and second is not None and first != second

    def _value_of(self, number: int) -> Value | None:
        """Return the value of a literal, one that still waits included."""
        term = self.dictionary.terms[number]
        if number not in self.values and isinstance(term, Literal) and _is_plain(term):
            return value(term)
        return self.values.get(number)


def _is_plain(term: Node) -> bool:
    """Say whether a literal is a plain string or a text in a language."""
    return isinstance(term, Literal) and (term.datatype == _STRING or bool(term.language))


def _keys(pairs: list[tuple[int, int]]) -> Ints:
    """Return pairs of numbers as sorted keys."""
    return sorted_unique(np.array([s << SHIFT | o for s, o in pairs], dtype=np.int64))
