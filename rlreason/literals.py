"""The datatype rules of Table 8 over the literals of one graph: dt-type2, dt-eq, dt-diff, dt-not-type.

As written, these rules conclude something of every literal and every pair of literals. Only what can matter
is made: owl:sameAs for literals of one value that are written differently (dt-eq), and rdf:type for datatypes
that the graph names (dt-type2). A literal that is owl:sameAs an IRI or blank node is *equated*: it has all
its types and differs from all other literals (dt-diff), because RDF can say so of that other term. That two
further literals differ is decided when a rule makes them the same.

Most literals are labels, and a label is compared only with a literal of another text type. So plain strings
are set aside unread until the graph names a datatype or holds such a literal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from pyoxigraph import Literal, NamedNode

from rlreason.datatypes import DATATYPES, LiteralValue, is_in_value_space, is_text_type, parse_value
from rlreason.relation import (
    EMPTY_KEYS,
    FIRST_TERM_NUMBER,
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
from rlreason.vocabulary import XSD

_SORTED_DATATYPES = tuple(sorted(DATATYPES, key=str))
_XSD_STRING = XSD["string"]


@dataclass(slots=True)
class LiteralIndex:
    """What is known of the literals numbered so far; `learn_new_literals` takes in those numbered since.

    `values` has the value of each literal that was read and is well-typed, `by_value` its inverse,
    `named_datatypes` the datatypes that occur as terms, `type_pairs` what dt-type2 concluded,
    `unread_strings` the plain strings set aside, `unknown_datatypes` the datatypes of literals without a
    value, since OWL 2 RL does not have them.
    """

    dictionary: TermDictionary
    values: dict[int, LiteralValue] = field(default_factory=dict)
    by_value: dict[LiteralValue, list[int]] = field(default_factory=dict)
    named_datatypes: dict[int, NamedNode] = field(default_factory=dict)
    type_pairs: Relation = field(default_factory=lambda: Relation(EMPTY_KEYS))
    ill_typed: set[int] = field(default_factory=set)
    unread_strings: list[int] = field(default_factory=list)
    unknown_datatypes: set[NamedNode] = field(default_factory=set)
    next_number: int = FIRST_TERM_NUMBER

    def learn_new_literals(self) -> tuple[IntArray, IntArray]:
        """Return the new dt-type2 pairs (literal, datatype) and the new dt-eq pairs."""
        fresh = range(self.next_number, len(self.dictionary.terms))
        self.next_number = fresh.stop
        old = list(self.values.items())
        # Table 8, dt-type2: for literals met before only datatypes named since, for new ones all that are
        # named.
        numbers = self.dictionary.numbers
        new_types = {i: t for t in _SORTED_DATATYPES if (i := numbers.get(t, -1)) in fresh}
        self.named_datatypes |= new_types
        typed = [
            (i, d) for i, value in old for d, name in new_types.items() if is_in_value_space(value, name)
        ]
        equal: list[tuple[int, int]] = []
        for i in self._select_relevant(fresh):
            value = self._learn_value(i)
            if value is not None:
                typed.extend(
                    (i, d) for d, name in self.named_datatypes.items() if is_in_value_space(value, name)
                )
                # dt-eq, in both directions below, since rules match owl:sameAs as it is written
                equal.extend((i, j) for j in self.by_value[value][:-1])
        # Remembered for dt-not-type: what a literal is said to be beyond these pairs contradicts its value.
        type_keys = _pack_sorted(typed)
        self.type_pairs = self.type_pairs.union_disjoint(self.type_pairs.select_new(type_keys))
        return type_keys, _pack_sorted(equal + [(j, i) for i, j in equal])

    def _select_relevant(self, numbers: range) -> list[int]:
        """Return the literals whose value can matter.

        Plain strings are set aside until something is compared with them.
        """
        terms, constants = self.dictionary.terms, frozenset(self.dictionary.rule_constants.values())
        kinds = self.dictionary.kinds_by_number()
        found = np.flatnonzero(kinds[numbers.start : numbers.stop] == LITERAL_KIND) + numbers.start
        other: list[int] = []
        for i in found.tolist():
            if i not in constants:
                (self.unread_strings if _is_plain_text(terms[i]) else other).append(i)
        # A plain string has the datatypes xsd:string, rdf:PlainLiteral ... and equals "x"^^xsd:token.
        if not self.named_datatypes and not any(is_text_type(terms[i]) for i in other):
            return other
        postponed, self.unread_strings = self.unread_strings, []
        return other + postponed

    def _learn_value(self, number: int) -> LiteralValue | None:
        """Note the value of one literal; None when it has none."""
        literal = self.dictionary.terms[number]
        try:
            value = parse_value(literal) if isinstance(literal, Literal) else None
        except ValueError:
            self.ill_typed.add(number)
            return None
        if value is not None:
            self.values[number] = value
            self.by_value.setdefault(value, []).append(number)
        elif isinstance(literal, Literal):
            self.unknown_datatypes.add(literal.datatype)
        return value

    def match_rule_constants(self, facts: FactSet, predicates: Iterable[int]) -> dict[int, list[IntArray]]:
        """Return the facts of `predicates` again, with a rule's constant for each literal of its value.

        cls-maxc1 asks for "0"^^xsd:nonNegativeInteger, and is to match where a graph says "0"^^xsd:int.
        """
        constants = {
            parse_value(literal): number for literal, number in self.dictionary.rule_constants.items()
        }
        matches: dict[int, list[IntArray]] = {}
        for predicate in predicates:
            for s, o in facts[predicate].iterate_pairs():
                number = constants.get(self.values.get(o))
                if number is not None:
                    matches.setdefault(predicate, []).append(
                        np.array([s << SUBJECT_SHIFT | number], dtype=np.int64)
                    )
        return matches

    def find_equated_literals(self, same_as_keys: IntArray) -> list[int]:
        """Return the literals that owl:sameAs pairs equate with an IRI or a blank node."""
        ends = np.concatenate((same_as_keys, swap_pairs(same_as_keys)))
        literal = self.dictionary.is_literal
        equated: list[int] = sort_unique(
            ends[literal(ends >> SUBJECT_SHIFT) & ~literal(ends & OBJECT_MASK)] >> SUBJECT_SHIFT
        ).tolist()
        return equated

    def derive_equated_facts(self, same_as_keys: IntArray, facts: FactSet) -> tuple[IntArray, IntArray]:
        """Return the dt-type2 and dt-diff pairs of equated literals, among all literals of `facts`."""
        # All datatypes here, not only named ones: RDF can say `:ten rdf:type xsd:byte` where :ten sameAs 10.
        valued = [
            (i, value)
            for i in self.find_equated_literals(same_as_keys)
            if (value := self.find_value(i)) is not None
        ]
        if not valued:
            return EMPTY_KEYS, EMPTY_KEYS
        number = self.dictionary.number_term
        typed = [
            (i, number(name))
            for i, value in valued
            for name in _SORTED_DATATYPES
            if is_in_value_space(value, name)
        ]
        others = [
            (j, other) for j in self._list_literals_of(facts) if (other := self.find_value(j)) is not None
        ]
        unlike = [(i, j) for j, other in others for i, value in valued if other != value]
        return _pack_sorted(typed), _pack_sorted(unlike + [(j, i) for i, j in unlike])

    def _list_literals_of(self, facts: FactSet) -> list[int]:
        """Return the literals of some facts, the rules' constants left out."""
        ends = sort_unique(np.concatenate([r.objects() for _, r in facts.triples_by_predicate()]))
        constants = np.fromiter(self.dictionary.rule_constants.values(), dtype=np.int64)
        literals: list[int] = ends[self.dictionary.is_literal(ends) & ~np.isin(ends, constants)].tolist()
        return literals

    def affects_comparisons(self, number: int) -> bool:
        """Return whether a term is a datatype, or a literal whose value another literal may have."""
        term = self.dictionary.terms[number]
        if isinstance(term, NamedNode):
            return term in DATATYPES
        return isinstance(term, Literal) and (bool(self.named_datatypes) or not _is_plain_text(term))

    def find_misplaced(self, type_keys: IntArray) -> IntArray:
        """Return those (literal, datatype) pairs of rdf:type whose value the datatype lacks: dt-not-type."""
        candidates = type_keys[self.dictionary.is_literal(type_keys >> SUBJECT_SHIFT)]
        candidates = candidates[~contains_each(self.type_pairs.keys, candidates)]
        lacking = [
            self._lacks_datatype(key >> SUBJECT_SHIFT, key & OBJECT_MASK) for key in candidates.tolist()
        ]
        misplaced: IntArray = candidates[np.array(lacking, dtype=bool)]
        return misplaced

    def _lacks_datatype(self, number: int, datatype: int) -> bool:
        """Return whether the value of a literal is outside a datatype.

        A literal of an unknown datatype may have any value. An ill-typed one has none, as reported already.
        """
        value, name = self.find_value(number), self.dictionary.terms[datatype]
        is_datatype = isinstance(name, NamedNode) and name in DATATYPES
        return value is not None and is_datatype and not self.has_datatype(number, datatype)

    def find_unequal(self, same_as_keys: IntArray) -> IntArray:
        """Return those pairs of owl:sameAs that are literals of different value: dt-diff with eq-diff1."""
        both = self.dictionary.is_literal(same_as_keys >> SUBJECT_SHIFT) & self.dictionary.is_literal(
            same_as_keys & OBJECT_MASK
        )
        pairs = same_as_keys[both]
        unlike = [self.are_different(int(key) >> SUBJECT_SHIFT, int(key) & OBJECT_MASK) for key in pairs]
        unequal: IntArray = pairs[np.array(unlike, dtype=bool)]
        return unequal

    def has_datatype(self, number: int, datatype: int) -> bool:
        """Return whether the value of a literal belongs to a datatype."""
        value, name = self.find_value(number), self.dictionary.terms[datatype]
        return (
            value is not None
            and isinstance(name, NamedNode)
            and name in DATATYPES
            and is_in_value_space(value, name)
        )

    def are_equal(self, one: int, other: int) -> bool:
        """Return whether two literals have one value."""
        first = self.find_value(one)
        return first is not None and first == self.find_value(other)

    def are_different(self, one: int, other: int) -> bool:
        """Return whether two literals have values, and different ones."""
        first, second = self.find_value(one), self.find_value(other)
        return first is not None and second is not None and first != second

    def find_value(self, number: int) -> LiteralValue | None:
        """Return the value of a literal, also of one that was set aside."""
        term = self.dictionary.terms[number]
        if number not in self.values and isinstance(term, Literal) and _is_plain_text(term):
            return parse_value(term)
        return self.values.get(number)


def _is_plain_text(term: Term) -> bool:
    """Return whether a literal is a plain string or a text in a language."""
    return isinstance(term, Literal) and (term.datatype == _XSD_STRING or bool(term.language))


def _pack_sorted(pairs: list[tuple[int, int]]) -> IntArray:
    """Return pairs of numbers as sorted keys."""
    return sort_unique(np.array([s << SUBJECT_SHIFT | o for s, o in pairs], dtype=np.int64))
