"""Which inferred triples no one asks for: reflexive ones, and what everything is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kg.namespaces import OWL, RDF, RDFS
from kg.reasoning.dictionary import IRI, LITERAL, Dictionary
from kg.reasoning.join import FIRST_TERM
from kg.reasoning.relation import LOW, SHIFT, Facts, Ints, Relation, found_in, sorted_unique

_REFLEXIVE = (
    OWL["sameAs"],
    OWL["equivalentClass"],
    OWL["equivalentProperty"],
    RDFS["subClassOf"],
    RDFS["subPropertyOf"],
)
_UPWARD = (RDF["type"], RDFS["subClassOf"], RDFS["domain"], RDFS["range"])


def rdf_only(facts: Facts, dictionary: Dictionary) -> Facts:
    """Return the facts that RDF can say: an IRI in the middle, no literal in front, no walk or constant."""
    kinds = dictionary.kinds()
    constants = np.fromiter(dictionary.constants.values(), dtype=np.int64)
    kept = {}
    for predicate, relation in facts:
        if predicate >= FIRST_TERM and kinds[predicate] == IRI:
            allowed = kinds[relation.subjects()] != LITERAL
            if len(relation) and kinds[relation.objects()].any():
                allowed &= ~np.isin(relation.objects(), constants)
            kept[predicate] = relation if allowed.all() else Relation(relation.keys[allowed])
    return Facts(kept)


def without_noise(inferred: Facts, plain: Facts, dictionary: Dictionary) -> Facts:
    """Return `inferred` without reflexive triples and what only axiomatic rules say of owl:Thing."""
    reflexive = {dictionary.number(term) for term in _REFLEXIVE}
    upward = {dictionary.number(term) for term in _UPWARD}
    narrower, type_ = dictionary.number(RDFS["subClassOf"]), dictionary.number(RDF["type"])
    thing, nothing = dictionary.number(OWL["Thing"]), dictionary.number(OWL["Nothing"])
    kept = {}
    for predicate, relation in inferred:
        keys = relation.keys
        if predicate in reflexive:
            keys = keys[keys >> SHIFT != keys & LOW]
        if predicate in upward:
            empty = (keys >> SHIFT == nothing) if predicate == narrower else np.zeros(len(keys), dtype=bool)
            top = ((keys & LOW) == thing) | empty
            if predicate == type_:
                top |= (keys >> SHIFT == thing) | (keys >> SHIFT == nothing)
            keys = keys[~top | found_in(plain[predicate].keys, keys)]
        kept[predicate] = Relation(keys)
    return Facts(kept)


def reflexive_equality(facts: Facts, dictionary: Dictionary) -> Ints:
    """Return what eq-ref says: everything that occurs is the same as itself, literals left out.

    owl:sameAs occurs in what eq-ref itself says.
    """
    named = [p for p, _ in facts if p >= FIRST_TERM]
    parts = [np.array([*named, dictionary.number(OWL["sameAs"])] if named else [], dtype=np.int64)]
    for predicate, relation in facts:
        if predicate >= FIRST_TERM:
            parts += [relation.subjects(), relation.objects()]
    terms = sorted_unique(np.concatenate(parts))
    terms = terms[dictionary.kinds()[terms] != LITERAL]
    loops: Ints = (terms << SHIFT) | terms
    return loops


def minus(facts: Facts, other: Facts) -> Facts:
    """Return the facts that are not in `other`."""
    return Facts({p: r.without(other[p].keys) if len(other[p]) else r for p, r in facts})


def pairs(relation: Relation) -> Iterator[tuple[int, int]]:
    """Yield the pairs of a relation as Python ints."""
    return zip(relation.subjects().tolist(), relation.objects().tolist(), strict=True)
