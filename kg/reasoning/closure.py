"""`close(triples)`: everything that OWL 2 RL/RDF makes of some triples, and what contradicts.

closure = close(triples)
closure.inferred          # frozenset of Triple: what was not given
closure.inconsistencies   # tuple of Inconsistency, empty when consistent
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from kg.namespaces import OWL
from kg.reasoning.dictionary import TermDictionary
from kg.reasoning.engine import ProgressCallback, RuleEngine
from kg.reasoning.inconsistency import Inconsistency, describe_inconsistencies
from kg.reasoning.lean import format_merge_note, merge_restrictions
from kg.reasoning.noise import (
    drop_trivial_triples,
    iterate_pairs,
    keep_valid_rdf,
    list_reflexive_equality,
    subtract_facts,
)
from kg.reasoning.relation import FactSet, Relation
from kg.reasoning.rulebook import load_rules
from kg.reasoning.rules import Rule
from kg.reasoning.state import ClosureState


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """What follows from some triples."""

    engine: RuleEngine
    state: ClosureState
    asserted_facts: FactSet
    axiomatic: bool
    inferred_facts: FactSet
    notes: tuple[str, ...] = ()

    @property
    def inferred(self) -> frozenset[Triple]:
        """Return the inferred triples that were not given; RDF only, noise left out unless asked for."""
        return frozenset(self.iterate_inferred())

    @property
    def inconsistencies(self) -> tuple[Inconsistency, ...]:
        """Return what contradicts the ontology, by rule."""
        return describe_inconsistencies(self.state.violations, self.engine, self.asserted_facts)

    @property
    def rounds(self) -> int:
        """Return the number of rounds it took."""
        return self.state.round_number

    def __len__(self) -> int:
        """Return the number of inferred triples."""
        return len(self.inferred_facts)

    def iterate_inferred(self) -> Iterator[Triple]:
        """Yield the inferred triples, by predicate."""
        return decode_triples(self.inferred_facts, self.engine.dictionary)

    def contains(self, triple: Triple) -> bool:
        """Say whether a triple was given or is inferred, noise included."""
        numbers = self.engine.dictionary.numbers
        s, p, o = (numbers.get(term) for term in triple)
        if s is None or p is None or o is None:
            return False
        return s << 32 | o in set(self.state.facts[p].keys.tolist())


def close(
    triples: Iterable[Triple],
    rules: Iterable[Rule] | None = None,
    *,
    axiomatic: bool = False,
    merge_equal_restrictions: bool | None = None,
    progress: ProgressCallback | None = None,
) -> Closure:
    """Return the OWL 2 RL closure of `triples`; `axiomatic` keeps reflexive and axiomatic triples.

    `lean` takes anonymous restrictions that are stated alike as one; None does so only where the pairs
    of them would be too many to write (see `lean.py`).
    """
    dictionary = TermDictionary()
    engine = RuleEngine(
        load_rules() if rules is None else rules, dictionary, progress, include_declarations=axiomatic
    )
    given = dictionary.encode_triples(triples)
    state = ClosureState()
    start, merged = merge_restrictions(given, dictionary, merge_equal_restrictions)
    engine.close_state(state, start)
    new = select_published(engine, state, given, axiomatic)
    return Closure(engine, state, given, axiomatic, new, (format_merge_note(merged),) if merged else ())


def select_published(engine: RuleEngine, state: ClosureState, asserted: FactSet, axiomatic: bool) -> FactSet:
    """Return what is told of a closure: RDF that was not given, without noise unless asked for."""
    inferred = keep_valid_rdf(subtract_facts(state.facts, asserted), engine.dictionary)
    if not axiomatic:
        return drop_trivial_triples(inferred, state.plain_facts, engine.dictionary)
    same_as = engine.dictionary.number_term(OWL["sameAs"])
    equal = Relation(list_reflexive_equality(state.facts, engine.dictionary))
    fresh = equal.difference(state.facts[same_as].keys)
    return inferred.union_disjoint(FactSet({same_as: fresh}))


def decode_triples(facts: FactSet, dictionary: TermDictionary) -> Iterator[Triple]:
    """Yield facts as triples."""
    terms = dictionary.terms
    for predicate, relation in facts:
        middle = terms[predicate]
        if isinstance(middle, NamedNode):
            for s, o in iterate_pairs(relation):
                yield Triple(terms[s], middle, terms[o])  # type: ignore[arg-type]  # see rdf_only
