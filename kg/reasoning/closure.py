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
from kg.reasoning.dictionary import Dictionary
from kg.reasoning.engine import Engine, Progress
from kg.reasoning.inconsistency import Inconsistency, inconsistencies
from kg.reasoning.lean import leaned, merged_note
from kg.reasoning.noise import minus, pairs, rdf_only, reflexive_equality, without_noise
from kg.reasoning.relation import Facts, Relation
from kg.reasoning.rulebook import owl2rl
from kg.reasoning.rules import Rule
from kg.reasoning.state import State


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """What follows from some triples."""

    engine: Engine
    state: State
    given: Facts
    axiomatic: bool
    new: Facts
    notes: tuple[str, ...] = ()

    @property
    def inferred(self) -> frozenset[Triple]:
        """Return the inferred triples that were not given; RDF only, noise left out unless asked for."""
        return frozenset(self.triples())

    @property
    def inconsistencies(self) -> tuple[Inconsistency, ...]:
        """Return what contradicts the ontology, by rule."""
        return inconsistencies(self.state.violations, self.engine, self.given)

    @property
    def rounds(self) -> int:
        """Return the number of rounds it took."""
        return self.state.round

    def __len__(self) -> int:
        """Return the number of inferred triples."""
        return len(self.new)

    def triples(self) -> Iterator[Triple]:
        """Yield the inferred triples, by predicate."""
        return triples_of(self.new, self.engine.dictionary)

    def holds(self, triple: Triple) -> bool:
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
    lean: bool | None = None,
    progress: Progress | None = None,
) -> Closure:
    """Return the OWL 2 RL closure of `triples`; `axiomatic` keeps reflexive and axiomatic triples.

    `lean` takes anonymous restrictions that are stated alike as one; None does so only where the pairs
    of them would be too many to write (see `lean.py`).
    """
    dictionary = Dictionary()
    engine = Engine(owl2rl() if rules is None else rules, dictionary, progress, declarations=axiomatic)
    given = dictionary.facts(triples)
    state = State()
    start, merged = leaned(given, dictionary, lean)
    engine.run(state, start)
    new = published(engine, state, given, axiomatic)
    return Closure(engine, state, given, axiomatic, new, (merged_note(merged),) if merged else ())


def published(engine: Engine, state: State, given: Facts, axiomatic: bool) -> Facts:
    """Return what is told of a closure: RDF that was not given, without noise unless asked for."""
    inferred = rdf_only(minus(state.facts, given), engine.dictionary)
    if not axiomatic:
        return without_noise(inferred, state.plain, engine.dictionary)
    same_as = engine.dictionary.number(OWL["sameAs"])
    equal = Relation(reflexive_equality(state.facts, engine.dictionary))
    fresh = equal.without(state.facts[same_as].keys)
    return inferred.plus(Facts({same_as: fresh}))


def triples_of(facts: Facts, dictionary: Dictionary) -> Iterator[Triple]:
    """Yield facts as triples."""
    terms = dictionary.terms
    for predicate, relation in facts:
        middle = terms[predicate]
        if isinstance(middle, NamedNode):
            for s, o in pairs(relation):
                yield Triple(terms[s], middle, terms[o])  # type: ignore[arg-type]  # see rdf_only
