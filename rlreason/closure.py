"""Which inferred triples no one asks for: reflexive ones, and what everything is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from pyoxigraph import NamedNode, Triple

from kg.namespaces import OWL, RDF, RDFS
from rlreason.inconsistencies import Inconsistency, describe_inconsistencies
from rlreason.join import FIRST_TERM_NUMBER
from rlreason.relation import (
    OBJECT_MASK,
    SUBJECT_SHIFT,
    FactSet,
    IntArray,
    Relation,
    contains_each,
    sort_unique,
)
from rlreason.restriction_merging import format_merge_note, merge_restrictions
from rlreason.rule_engine import ClosureState, ProgressCallback, RuleEngine
from rlreason.rules import Rule, load_rules
from rlreason.term_dictionary import IRI_KIND, LITERAL_KIND, TermDictionary

_REFLEXIVE_PROPERTIES = (
    OWL["sameAs"],
    OWL["equivalentClass"],
    OWL["equivalentProperty"],
    RDFS["subClassOf"],
    RDFS["subPropertyOf"],
)
_PROPERTIES_WITH_TOP = (RDF["type"], RDFS["subClassOf"], RDFS["domain"], RDFS["range"])


def keep_valid_rdf(facts: FactSet, dictionary: TermDictionary) -> FactSet:
    """Return the facts that RDF can say: an IRI in the middle, no literal in front, no walk or constant."""
    kinds = dictionary.kinds_by_number()
    constants = np.fromiter(dictionary.rule_constants.values(), dtype=np.int64)
    kept = {}
    for predicate, relation in facts:
        if predicate >= FIRST_TERM_NUMBER and kinds[predicate] == IRI_KIND:
            allowed = kinds[relation.subjects()] != LITERAL_KIND
            if len(relation) and kinds[relation.objects()].any():
                allowed &= ~np.isin(relation.objects(), constants)
            kept[predicate] = relation if allowed.all() else Relation(relation.keys[allowed])
    return FactSet(kept)


def drop_trivial_triples(inferred: FactSet, plain_facts: FactSet, dictionary: TermDictionary) -> FactSet:
    """Return `inferred` without reflexive triples and what only axiomatic rules say of owl:Thing."""
    reflexive = {dictionary.number_term(term) for term in _REFLEXIVE_PROPERTIES}
    upward = {dictionary.number_term(term) for term in _PROPERTIES_WITH_TOP}
    narrower, type_ = dictionary.number_term(RDFS["subClassOf"]), dictionary.number_term(RDF["type"])
    thing, nothing = dictionary.number_term(OWL["Thing"]), dictionary.number_term(OWL["Nothing"])
    kept = {}
    for predicate, relation in inferred:
        keys = relation.keys
        if predicate in reflexive:
            keys = keys[keys >> SUBJECT_SHIFT != keys & OBJECT_MASK]
        if predicate in upward:
            empty = (
                (keys >> SUBJECT_SHIFT == nothing)
                if predicate == narrower
                else np.zeros(len(keys), dtype=bool)
            )
            top = ((keys & OBJECT_MASK) == thing) | empty
            if predicate == type_:
                top |= (keys >> SUBJECT_SHIFT == thing) | (keys >> SUBJECT_SHIFT == nothing)
            keys = keys[~top | contains_each(plain_facts[predicate].keys, keys)]
        kept[predicate] = Relation(keys)
    return FactSet(kept)


def list_reflexive_equality(facts: FactSet, dictionary: TermDictionary) -> IntArray:
    """Return what eq-ref says: everything that occurs is the same as itself, literals left out.

    owl:sameAs occurs in what eq-ref itself says.
    """
    named = [p for p, _ in facts if p >= FIRST_TERM_NUMBER]
    parts = [np.array([*named, dictionary.number_term(OWL["sameAs"])] if named else [], dtype=np.int64)]
    for predicate, relation in facts:
        if predicate >= FIRST_TERM_NUMBER:
            parts += [relation.subjects(), relation.objects()]
    terms = sort_unique(np.concatenate(parts))
    terms = terms[dictionary.kinds_by_number()[terms] != LITERAL_KIND]
    loops: IntArray = (terms << SUBJECT_SHIFT) | terms
    return loops


def subtract_facts(facts: FactSet, other: FactSet) -> FactSet:
    """Return the facts that are not in `other`."""
    return FactSet({p: r.difference(other[p].keys) if len(other[p]) else r for p, r in facts})


def iterate_pairs(relation: Relation) -> Iterator[tuple[int, int]]:
    """Yield the pairs of a relation as Python ints."""
    return zip(relation.subjects().tolist(), relation.objects().tolist(), strict=True)


#: MERGED kg.reasoning.ntriples
#: MERGED Inferred facts as N-Triples, written a block at a time: millions of lines in seconds.


#: lines joined before they are handed on
LINES_PER_BLOCK = 200_000


def serialize_ntriples(facts: FactSet, dictionary: TermDictionary) -> Iterator[bytes]:
    """Yield blocks of N-Triples lines; `facts` hold nothing that RDF cannot say."""
    written: dict[int, str] = {}
    terms = dictionary.terms
    for predicate, relation in facts:
        middle = f" {terms[predicate]} "
        for start in range(0, len(relation), LINES_PER_BLOCK):
            subjects = relation.subjects()[start : start + LINES_PER_BLOCK].tolist()
            objects = relation.objects()[start : start + LINES_PER_BLOCK].tolist()
            for number in {*subjects, *objects} - written.keys():
                written[number] = str(terms[number])
            yield "".join(
                [f"{written[s]}{middle}{written[o]} .\n" for s, o in zip(subjects, objects, strict=True)]
            ).encode()


#: MERGED kg.reasoning.closure
#: MERGED `close(triples)`: everything that OWL 2 RL/RDF makes of some triples, and what contradicts.
#: MERGED
#: MERGED closure = close(triples)
#: MERGED closure.inferred          # frozenset of Triple: what was not given
#: MERGED closure.inconsistencies   # tuple of Inconsistency, empty when consistent


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
