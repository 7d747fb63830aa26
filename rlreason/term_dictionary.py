"""Numbers for terms: every triple becomes three ints, and comes back as the term that was read."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from rlreason.join import FIRST_TERM_NUMBER
from rlreason.relation import SUBJECT_SHIFT, BoolArray, FactSet, IntArray, Relation, sort_unique
from rlreason.rules import ListWalk

Term = NamedNode | BlankNode | Literal | Triple
WALK_NUMBERS = {ListWalk.MEMBER: 0, ListWalk.CELL: 1, ListWalk.LATER: 2}
LITERAL_KIND, BLANK_KIND, IRI_KIND = 1, 2, 0


class TermDictionary:
    """Terms and their numbers; the first three numbers are list walks, not terms."""

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {walk: number for walk, number in WALK_NUMBERS.items()}
        self.terms: list[Term] = [NamedNode("tag:walk")] * FIRST_TERM_NUMBER
        self.rule_constants: dict[Literal, int] = {}
        self._kinds: IntArray = np.empty(0, dtype=np.int64)

    def number_term(self, term: object) -> int:
        """Return the number of a term or list walk, a new one if it has none."""
        found = self.numbers.get(term)
        if found is None:
            found = self.numbers[term] = len(self.terms)
            self.terms.append(term)  # type: ignore[arg-type]  # walks have numbers already
        return found

    def number_rule_constant(self, literal: Literal) -> int:
        """Return the number of a literal as rules write it; the graph's own literals have others."""
        if literal not in self.rule_constants:
            self.rule_constants[literal] = len(self.terms)
            self.terms.append(literal)
        return self.rule_constants[literal]

    def kinds_by_number(self) -> IntArray:
        """Return for every number whether it is an IRI, a literal or a blank node."""
        if len(self._kinds) < len(self.terms):
            new = [_find_kind(term) for term in self.terms[len(self._kinds) :]]
            self._kinds = np.concatenate((self._kinds, np.array(new, dtype=np.int64)))
        return self._kinds

    def is_literal(self, numbers: IntArray) -> BoolArray:
        """Return for each number whether its term is a literal."""
        mask: BoolArray = self.kinds_by_number()[numbers] == LITERAL_KIND
        return mask

    def encode_triples(self, triples: Iterable[Triple]) -> FactSet:
        """Return the triples in numbers."""
        pairs: dict[int, list[int]] = {}
        numbers, number = self.numbers, self.number_term
        for s, p, o in triples:
            predicate = numbers.get(p) or number(p)
            key = (numbers.get(s) or number(s)) << SUBJECT_SHIFT | (numbers.get(o) or number(o))
            try:
                pairs[predicate].append(key)
            except KeyError:
                pairs[predicate] = [key]
        return FactSet(
            {p: Relation(sort_unique(np.array(keys, dtype=np.int64))) for p, keys in pairs.items()}
        )


def _find_kind(term: Term) -> int:
    """Return the kind of a term.

    A quoted triple counts as a literal, since no rule may move it to the front.
    """
    if isinstance(term, NamedNode):
        return IRI_KIND
    return BLANK_KIND if isinstance(term, BlankNode) else LITERAL_KIND
