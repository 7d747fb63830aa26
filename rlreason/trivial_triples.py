"""Which conclusions are given out: those that RDF can say, without those that say nothing.

The rules conclude more than a graph should hold. Rules may put a literal in front of a triple, which RDF does
not allow. And they state of every class that it is a subclass of itself and of owl:Thing, of every term that
it is the same as itself. Those *trivial* triples are left out unless the caller asks for axiomatic triples;
what an ontology or a rule says of owl:Thing itself stays.
"""

from __future__ import annotations

import numpy as np

from rlreason.relation import (
    OBJECT_MASK,
    SUBJECT_SHIFT,
    FactSet,
    IntArray,
    Relation,
    contains_each,
    pack_pairs,
    sort_unique,
)
from rlreason.term_dictionary import IRI_KIND, LITERAL_KIND, TermDictionary
from rlreason.vocabulary import OWL, RDF, RDFS

#: properties that everything of the right kind has to itself
REFLEXIVE_PROPERTIES = (
    OWL["sameAs"],
    OWL["equivalentClass"],
    OWL["equivalentProperty"],
    RDFS["subClassOf"],
    RDFS["subPropertyOf"],
)
#: properties by which everything of the right kind leads to owl:Thing
PROPERTIES_WITH_TOP = (RDF["type"], RDFS["subClassOf"], RDFS["domain"], RDFS["range"])


def select_informative(
    facts: FactSet, asserted: FactSet, plain_facts: FactSet, dictionary: TermDictionary
) -> FactSet:
    """Return what a closed set of facts adds to those asserted: valid RDF that is not trivial."""
    inferred = keep_valid_rdf(facts.difference(asserted), dictionary)
    return drop_trivial_triples(inferred, plain_facts, dictionary)


def keep_valid_rdf(facts: FactSet, dictionary: TermDictionary) -> FactSet:
    """Return the facts with an IRI as predicate, no literal as subject and no constant of a rule."""
    kinds = dictionary.kinds_by_number()
    constants = np.fromiter(dictionary.rule_constants.values(), dtype=np.int64)
    valid = {}
    for predicate, relation in facts.triples_by_predicate():
        if kinds[predicate] == IRI_KIND:
            allowed = kinds[relation.subjects()] != LITERAL_KIND
            if len(relation) and kinds[relation.objects()].any():
                allowed &= ~np.isin(relation.objects(), constants)
            valid[predicate] = relation if allowed.all() else Relation(relation.keys[allowed])
    return FactSet(valid)


def drop_trivial_triples(inferred: FactSet, plain_facts: FactSet, dictionary: TermDictionary) -> FactSet:
    """Return `inferred` without reflexive triples and what only axiomatic rules say of top and bottom.

    `plain_facts` are the facts before the axiomatic rules ran.
    """
    reflexive = {dictionary.number_term(term) for term in REFLEXIVE_PROPERTIES}
    upward = {dictionary.number_term(term) for term in PROPERTIES_WITH_TOP}
    informative = {}
    for predicate, relation in inferred:
        keys = relation.keys
        if predicate in reflexive:
            keys = keys[keys >> SUBJECT_SHIFT != keys & OBJECT_MASK]
        if predicate in upward:
            trivial = _mentions_top_or_bottom(keys, predicate, dictionary)
            keys = keys[~trivial | contains_each(plain_facts[predicate].keys, keys)]
        informative[predicate] = Relation(keys)
    return FactSet(informative)


def _mentions_top_or_bottom(keys: IntArray, predicate: int, dictionary: TermDictionary) -> IntArray:
    """Return which pairs mention owl:Thing or owl:Nothing where an axiomatic rule (scm-cls ...) would."""
    thing, nothing = dictionary.number_term(OWL["Thing"]), dictionary.number_term(OWL["Nothing"])
    subjects, objects = keys >> SUBJECT_SHIFT, keys & OBJECT_MASK
    mentions: IntArray = objects == thing
    if predicate == dictionary.number_term(RDFS["subClassOf"]):
        mentions |= subjects == nothing
    if predicate == dictionary.number_term(RDF["type"]):
        mentions |= (subjects == thing) | (subjects == nothing)
    return mentions


def list_reflexive_equality(facts: FactSet, dictionary: TermDictionary) -> IntArray:
    """Return the keys of eq-ref: every term that occurs is the same as itself, literals left out."""
    same_as = dictionary.number_term(OWL["sameAs"])  # occurs in what eq-ref itself says
    predicates = [predicate for predicate, _ in facts.triples_by_predicate()]
    columns = [np.array([*predicates, same_as] if predicates else [], dtype=np.int64)]
    for _, relation in facts.triples_by_predicate():
        columns += [relation.subjects(), relation.objects()]
    terms = sort_unique(np.concatenate(columns))
    terms = terms[dictionary.kinds_by_number()[terms] != LITERAL_KIND]
    return pack_pairs(terms, terms)
