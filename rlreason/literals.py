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
from rlreason.datatypes import DATATYPES, LiteralValue, is_in_value_space, is_text_type, parse_value
from rlreason.join import FIRST_TERM_NUMBER
from rlreason.relation import (
    EMPTY_KEYS,
    OBJECT_MASK,
    SUBJECT_SHIFT,
    FactSet,
    IntArray,
    Relation,
    contains_each,
    sort_unique,
    swap_pairs,
)
from rlreason.term_dictionary import LITERAL_KIND, Term, TermDictionary

_SORTED_DATATYPES = tuple(sorted(DATATYPES, key=str))
_XSD_STRING = XSD["string"]


@dataclass(slots=True)
class LiteralIndex:
    """What is known of the literals numbered so far; `learn` takes in those numbered since."""

    dictionary: TermDictionary
    values: dict[int, LiteralValue] = field(default_factory=dict)
    by_value: dict[LiteralValue, list[int]] = field(default_factory=dict)
    named_datatypes: dict[int, NamedNode] = field(default_factory=dict)
    type_pairs: Relation = field(default_factory=lambda: Relation(EMPTY_KEYS))
    ill_typed: list[int] = field(default_factory=list)
    unread_strings: list[int] = field(default_factory=list)
    next_number: int = 3

    def learn_new_literals(self) -> tuple[IntArray, IntArray]:
        """Return the new dt-type2 pairs (literal, datatype) and the new dt-eq pairs."""
        fresh = self._take_new_numbers()
        old = list(self.values.items())
        terms = self.dictionary.terms
        new_types = {i: t for i in fresh if isinstance(t := terms[i], NamedNode) and t in DATATYPES}
        self.named_datatypes |= new_types
        typed = [
            (i, d) for i, found in old for d, name in new_types.items() if is_in_value_space(found, name)
        ]
        equal: list[tuple[int, int]] = []
        for i in self._select_relevant(fresh):
            found = self._learn_value(i)
            if found is not None:
                typed.extend(
                    (i, d) for d, name in self.named_datatypes.items() if is_in_value_space(found, name)
                )
                equal.extend((i, j) for j in self.by_value[found][:-1])
        type_keys = _pack_sorted(typed)
        self.type_pairs = self.type_pairs.union_disjoint(self.type_pairs.select_new(type_keys))
        return type_keys, _pack_sorted(equal + [(j, i) for i, j in equal])

    def _take_new_numbers(self) -> range:
        """Return the numbers given out since the last time."""
        fresh = range(self.next_number, len(self.dictionary.terms))
        self.next_number = fresh.stop
        return fresh

    def _select_relevant(self, numbers: range) -> list[int]:
        """Return the literals whose value can matter.

        Plain strings wait until something is compared with them.
        """
        terms, constants = self.dictionary.terms, frozenset(self.dictionary.rule_constants.values())
        kinds = self.dictionary.kinds_by_number()
        literals = [i for i in numbers if kinds[i] == LITERAL_KIND and i not in constants]
        other = [i for i in literals if not _is_plain_text(terms[i])]
        self.unread_strings += [i for i in literals if _is_plain_text(terms[i])]
        if not self.named_datatypes and not any(is_text_type(terms[i]) for i in other):
            return other
        opened, self.unread_strings = self.unread_strings, []
        return other + opened

    def _learn_value(self, number: int) -> LiteralValue | None:
        """Note the value of one literal; None when it has none."""
        literal = self.dictionary.terms[number]
        try:
            found = parse_value(literal) if isinstance(literal, Literal) else None
        except ValueError:
            self.ill_typed.append(number)
            return None
        if found is not None:
            self.values[number] = found
            self.by_value.setdefault(found, []).append(number)
        return found

    def match_rule_constants(self, facts: FactSet, predicates: Iterable[int]) -> dict[int, list[IntArray]]:
        """Return `predicates` once more with the rules' own constants where a literal has their value."""
        meant = {parse_value(literal): number for literal, number in self.dictionary.rule_constants.items()}
        found: dict[int, list[IntArray]] = {}
        for predicate in predicates:
            for s, o in zip(
                facts[predicate].subjects().tolist(), facts[predicate].objects().tolist(), strict=True
            ):
                number = meant.get(self.values.get(o))
                if number is not None:
                    found.setdefault(predicate, []).append(
                        np.array([s << SUBJECT_SHIFT | number], dtype=np.int64)
                    )
        return found

    def find_equated_literals(self, same_as_keys: IntArray) -> list[int]:
        """Return the literals that owl:sameAs pairs make equal to no literal."""
        ends = np.concatenate((same_as_keys, swap_pairs(same_as_keys)))
        literal = self.dictionary.is_literal
        found: list[int] = np.unique(
            ends[literal(ends >> SUBJECT_SHIFT) & ~literal(ends & OBJECT_MASK)] >> SUBJECT_SHIFT
        ).tolist()
        return found

    def derive_equated_facts(self, same_as_keys: IntArray, facts: FactSet) -> tuple[IntArray, IntArray]:
        """Return the dt-type2 and dt-diff pairs of the literals that stand for something, among `facts`."""
        valued = [
            (i, found)
            for i in self.find_equated_literals(same_as_keys)
            if (found := self._value_of(i)) is not None
        ]
        if not valued:
            return EMPTY_KEYS, EMPTY_KEYS
        number = self.dictionary.number_term
        typed = [
            (i, number(name))
            for i, found in valued
            for name in _SORTED_DATATYPES
            if is_in_value_space(found, name)
        ]
        others = [
            (j, other) for j in self._list_literals_of(facts) if (other := self._value_of(j)) is not None
        ]
        unlike = [(i, j) for j, other in others for i, found in valued if other != found]
        return _pack_sorted(typed), _pack_sorted(unlike + [(j, i) for i, j in unlike])

    def _list_literals_of(self, facts: FactSet) -> list[int]:
        """Return the literals of some facts, the rules' own constants left out."""
        ends = np.unique(np.concatenate([r.objects() for p, r in facts if p >= FIRST_TERM_NUMBER]))
        constants = np.fromiter(self.dictionary.rule_constants.values(), dtype=np.int64)
        found: list[int] = ends[self.dictionary.is_literal(ends) & ~np.isin(ends, constants)].tolist()
        return found

    def affects_comparisons(self, number: int) -> bool:
        """Say whether a term is a datatype, or a literal whose value another literal may have."""
        term = self.dictionary.terms[number]
        if isinstance(term, NamedNode):
            return term in DATATYPES
        return isinstance(term, Literal) and (bool(self.named_datatypes) or not _is_plain_text(term))

    def find_misplaced(self, type_keys: IntArray) -> IntArray:
        """Return those (literal, datatype) pairs of rdf:type whose value the datatype lacks: dt-not-type."""
        if not self.named_datatypes or not len(type_keys):
            return EMPTY_KEYS
        literal = self.dictionary.is_literal(type_keys >> SUBJECT_SHIFT)
        known = np.isin(type_keys & OBJECT_MASK, np.fromiter(self.named_datatypes, dtype=np.int64))
        candidates = type_keys[literal & known]
        candidates = candidates[~contains_each(self.type_pairs.keys, candidates)]
        valued = [
            int(key) >> SUBJECT_SHIFT in self.values or self._is_ill_typed(int(key) >> SUBJECT_SHIFT)
            for key in candidates
        ]
        found: IntArray = candidates[np.array(valued, dtype=bool)]
        return found

    def _is_ill_typed(self, number: int) -> bool:
        """Say whether a literal is ill-typed."""
        return number in self.ill_typed

    def find_unequal(self, same_as_keys: IntArray) -> IntArray:
        """Return those pairs of owl:sameAs that are literals of different value: dt-diff with eq-diff1."""
        both = self.dictionary.is_literal(same_as_keys >> SUBJECT_SHIFT) & self.dictionary.is_literal(
            same_as_keys & OBJECT_MASK
        )
        pairs = same_as_keys[both]
        unlike = [self.are_different(int(key) >> SUBJECT_SHIFT, int(key) & OBJECT_MASK) for key in pairs]
        found: IntArray = pairs[np.array(unlike, dtype=bool)]
        return found

    def has_datatype(self, number: int, datatype: int) -> bool:
        """Say whether the value of a literal belongs to a datatype."""
        found, name = self._value_of(number), self.dictionary.terms[datatype]
        return (
            found is not None
            and isinstance(name, NamedNode)
            and name in DATATYPES
            and is_in_value_space(found, name)
        )

    def are_equal(self, one: int, other: int) -> bool:
        """Say whether two literals have one value."""
        first = self._value_of(one)
        return first is not None and first == self._value_of(other)

    def are_different(self, one: int, other: int) -> bool:
        """Say whether two literals have values, and different ones."""
        first, second = self._value_of(one), self._value_of(other)
        return first is not None and second is not None and first != second

    def _value_of(self, number: int) -> LiteralValue | None:
        """Return the value of a literal, one that still waits included."""
        term = self.dictionary.terms[number]
        if number not in self.values and isinstance(term, Literal) and _is_plain_text(term):
            return parse_value(term)
        return self.values.get(number)


def _is_plain_text(term: Term) -> bool:
    """Say whether a literal is a plain string or a text in a language."""
    return isinstance(term, Literal) and (term.datatype == _XSD_STRING or bool(term.language))


def _pack_sorted(pairs: list[tuple[int, int]]) -> IntArray:
    """Return pairs of numbers as sorted keys."""
    return sort_unique(np.array([s << SUBJECT_SHIFT | o for s, o in pairs], dtype=np.int64))
