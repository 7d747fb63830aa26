"""Numbers for terms: a triple becomes three ints, and comes back as the terms that were read.

Three kinds of numbers share one list. The first three are the walks along lists, which rules match like
predicates. Then come terms, in the order in which they are first met. Literals that the *rules* mention (such
as "1"^^xsd:nonNegativeInteger in cls-maxc2) have numbers of their own: a graph may write the same value as
"01", or not at all, and a rule's constant must never come out as if the graph had said it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from rlreason.relation import (
    FIRST_TERM_NUMBER,
    SUBJECT_SHIFT,
    BoolArray,
    Fact,
    FactSet,
    IntArray,
    Relation,
    sort_unique,
)
from rlreason.rules import ListWalk

Term = NamedNode | BlankNode | Literal | Triple
#: subject, predicate, object; generalized RDF, in which a literal may be the subject (RDF 1.1 Concepts, 7)
GeneralizedTriple = tuple[Term, Term, Term]

WALK_NUMBERS = {ListWalk.MEMBER: 0, ListWalk.CELL: 1, ListWalk.LATER: 2}
IRI_KIND, LITERAL_KIND, BLANK_KIND = 0, 1, 2
#: a triple term counts as a literal, since RDF does not allow it as a subject either
_KIND_BY_TYPE = {NamedNode: IRI_KIND, Literal: LITERAL_KIND, BlankNode: BLANK_KIND, Triple: LITERAL_KIND}


class TermDictionary:
    """Terms and their numbers, both ways; it only grows."""

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {walk: number for walk, number in WALK_NUMBERS.items()}
        self.terms: list[Term] = [NamedNode("tag:walk")] * FIRST_TERM_NUMBER
        self.rule_constants: dict[Literal, int] = {}
        self._kinds: IntArray = np.empty(0, dtype=np.int64)

    def number_term(self, term: object) -> int:
        """Return the number of a term or list walk, a new one if it has none.

        Raises TypeError for what is not a term of pyoxigraph.
        """
        number = self.numbers.get(term)
        if number is None:
            if not isinstance(term, NamedNode | BlankNode | Literal | Triple):
                raise TypeError(f"{term!r} is not an RDF term of pyoxigraph")
            number = self.numbers[term] = len(self.terms)
            self.terms.append(term)
        return number

    def number_rule_constant(self, literal: Literal) -> int:
        """Return the number of a literal that rules mention; the graph's own literals have others."""
        if literal not in self.rule_constants:
            self.rule_constants[literal] = len(self.terms)
            self.terms.append(literal)
        return self.rule_constants[literal]

    def kinds_by_number(self) -> IntArray:
        """Return the kind of every number: IRI, literal or blank node."""
        if len(self._kinds) < len(self.terms):
            types = map(type, self.terms[len(self._kinds) :])
            new = np.fromiter(map(_KIND_BY_TYPE.__getitem__, types), dtype=np.int64)
            self._kinds = np.concatenate((self._kinds, new))
        return self._kinds

    def is_literal(self, numbers: IntArray) -> BoolArray:
        """Return for each number whether its term is a literal."""
        mask: BoolArray = self.kinds_by_number()[numbers] == LITERAL_KIND
        return mask

    def encode_triple(self, triple: Iterable[object]) -> Fact | None:
        """Return a triple in numbers; None when one of its terms has none, so that no fact can be of it."""
        s, p, o = (self.numbers.get(term) for term in triple)
        return None if s is None or p is None or o is None else (s, p, o)

    def decode_fact(self, fact: Fact) -> GeneralizedTriple:
        """Return a fact in terms."""
        s, p, o = fact
        return self.terms[s], self.terms[p], self.terms[o]

    def encode_triples(self, triples: Iterable[Iterable[object]]) -> FactSet:
        """Return triples in numbers; new terms get their own. Raises TypeError for what is not a triple."""
        pairs: dict[int, list[int]] = {}
        numbers, number = self.numbers, self.number_term
        with _pause_garbage_collection():
            for triple in triples:
                try:
                    s, p, o = triple
                except (TypeError, ValueError):
                    raise TypeError(f"{triple!r} is not a triple") from None
                predicate = numbers.get(p) or number(p)
                key = (numbers.get(s) or number(s)) << SUBJECT_SHIFT | (numbers.get(o) or number(o))
                try:
                    pairs[predicate].append(key)
                except KeyError:
                    pairs[predicate] = [key]
        return FactSet(
            {p: Relation(sort_unique(np.array(keys, dtype=np.int64))) for p, keys in pairs.items()}
        )

    def decode_facts(self, facts: FactSet) -> Iterator[Triple]:
        """Yield facts as triples, by predicate; `facts` must be valid RDF, see `omitted_triples`."""
        terms = self.terms
        for predicate, relation in facts:
            middle = terms[predicate]
            if isinstance(middle, NamedNode):
                for s, o in relation.iterate_pairs():
                    yield Triple(terms[s], middle, terms[o])  # type: ignore[arg-type]  # valid RDF


@contextmanager
def _pause_garbage_collection() -> Iterator[None]:
    """Stop looking for cycles, which terms never form: it takes a fifth of the time of a closure."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
