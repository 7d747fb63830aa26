"""Which inferred triples no one asks for: reflexive ones, and what everything is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kg.namespaces import OWL, RDF, RDFS
from kg.reasoning.dictionary import IRI_KIND, LITERAL_KIND, TermDictionary
from kg.reasoning.join import FIRST_TERM_NUMBER
from kg.reasoning.relation import (
    OBJECT_MASK,
    SUBJECT_SHIFT,
    FactSet,
    IntArray,
    Relation,
    contains_each,
    sort_unique,
)

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
