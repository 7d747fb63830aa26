"""Numbers for terms: every triple becomes three ints, and comes back as the term that was read."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.reasoning.join import FIRST_TERM
from kg.reasoning.relation import SHIFT, Facts, Ints, Mask, Relation, sorted_unique
from kg.reasoning.rules import Walk

Node = NamedNode | BlankNode | Literal | Triple
WALK_NUMBERS = {Walk.MEMBER: 0, Walk.CELL: 1, Walk.LATER: 2}
LITERAL, BLANK, IRI = 1, 2, 0


class Dictionary:
    """Terms and their numbers; the first three numbers are list walks, not terms."""

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {walk: number for walk, number in WALK_NUMBERS.items()}
        self.terms: list[Node] = [NamedNode("tag:walk")] * FIRST_TERM
        self.constants: dict[Literal, int] = {}
        self._kinds: Ints = np.empty(0, dtype=np.int64)

    def number(self, term: object) -> int:
        """Return the number of a term or list walk, a new one if it has none."""
        found = self.numbers.get(term)
        if found is None:
            found = self.numbers[term] = len(self.terms)
            self.terms.append(term)  # type: ignore[arg-type]  # walks have numbers already
        return found

    def constant(self, literal: Literal) -> int:
        """Return the number of a literal as rules write it; the graph's own literals have others."""
        if literal not in self.constants:
            self.constants[literal] = len(self.terms)
            self.terms.append(literal)
        return self.constants[literal]

    def kinds(self) -> Ints:
        """Return for every number whether it is an IRI, a literal or a blank node."""
        if len(self._kinds) < len(self.terms):
            new = [_kind(term) for term in self.terms[len(self._kinds) :]]
            self._kinds = np.concatenate((self._kinds, np.array(new, dtype=np.int64)))
        return self._kinds

    def is_literal(self, numbers: Ints) -> Mask:
        """Return for each number whether its term is a literal."""
        mask: Mask = self.kinds()[numbers] == LITERAL
        return mask

    def facts(self, triples: Iterable[Triple]) -> Facts:
        """Return the triples in numbers."""
        pairs: dict[int, list[int]] = {}
        numbers, number = self.numbers, self.number
        for s, p, o in triples:
            predicate = numbers.get(p) or number(p)
            key = (numbers.get(s) or number(s)) << SHIFT | (numbers.get(o) or number(o))
            try:
                pairs[predicate].append(key)
            except KeyError:
                pairs[predicate] = [key]
        return Facts(
            {p: Relation(sorted_unique(np.array(keys, dtype=np.int64))) for p, keys in pairs.items()}
        )


def _kind(term: Node) -> int:
    """Return the kind of a term.

    A quoted triple counts as a literal, since no rule may move it to the front.
    """
    if isinstance(term, NamedNode):
        return IRI
    return BLANK if isinstance(term, BlankNode) else LITERAL
