"""What a closure leaves out: triples that RDF cannot say, that say nothing, or that nobody can name.

The rules conclude more than a graph should hold. Rules may put a literal in front of a triple, which RDF does
not allow. And they state of every class that it is a subclass of itself and of owl:Thing, of every term that
it is the same as itself. Those *trivial* triples are left out unless the caller asks for axiomatic triples;
what an ontology or a rule says of owl:Thing itself stays.

Class expressions without a name: what follows for them is most of a large closure, and rarely asked for.
An ontology that says "has role some drug" of 5,000 classes has 5,000 blank nodes of one meaning. scm-svf1
makes each a subclass of every other: 25 million triples about nodes that nobody outside the file can name.
`set_aside_superclasses` gives the rules less to work on, without loss for anything that has a name.

A blank node is *only a superclass* when it is an existential restriction (owl:someValuesFrom) with exactly
three triples of its own and occurs elsewhere only as a superclass or in the annotation of an axiom. From
`x rdfs:subClassOf _:r` rules go on to another restriction (scm-svf1, scm-svf2), or to more x and the same r.
So where all existential restrictions are of this kind, none matters to anything else. Where one is not, those
that say the same need not each be compared with it: one takes part, and the others are subclasses of it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pyoxigraph import NamedNode

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
from rlreason.rules import Atom, Rule, Var
from rlreason.term_dictionary import BLANK_KIND, IRI_KIND, LITERAL_KIND, TermDictionary
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
#: the predicates of a restriction's own triples, and of its use as a superclass
_OWN_PREDICATES = (RDF["type"], OWL["onProperty"], OWL["someValuesFrom"])
_PREDICATES = (*_OWN_PREDICATES, RDFS["subClassOf"])
#: where terms stand in the annotation of an axiom
_ANNOTATION_PREDICATES = (OWL["annotatedProperty"], OWL["annotatedTarget"])
#: what a blank node has that is a class, property or data range written as an expression
_EXPRESSION_PREDICATES = (
    *("onProperty", "onProperties", "intersectionOf", "unionOf", "complementOf", "oneOf", "inverseOf"),
    *("onDatatype", "datatypeComplementOf"),
)


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


def list_unnamed_expressions(asserted: FactSet, dictionary: TermDictionary) -> IntArray:
    """Return the numbers of the blank nodes that are expressions."""
    predicates = [dictionary.number_term(OWL[name]) for name in _EXPRESSION_PREDICATES]
    nodes = sort_unique(np.concatenate([asserted[p].subjects() for p in predicates]))
    return nodes[dictionary.kinds_by_number()[nodes] == BLANK_KIND] if len(nodes) else nodes


def drop_facts_about(facts: FactSet, nodes: IntArray) -> FactSet:
    """Return the facts that have none of `nodes` as subject or object."""
    kept = {p: ~(np.isin(r.subjects(), nodes) | np.isin(r.objects(), nodes)) for p, r in facts}
    return FactSet({p: r if kept[p].all() else Relation(r.keys[kept[p]]) for p, r in facts})


def set_aside_superclasses(
    asserted: FactSet, dictionary: TermDictionary, rules: Iterable[Rule]
) -> list[FactSet]:
    """Return the facts to start from in place of `asserted`: the same closure but for unnamed expressions.

    First what is left of `asserted`, then what is concluded already, each part from the parts before and from
    `asserted`. Unchanged where the graph or a rule of one's own looks at restrictions as such.
    """
    atoms = (atom for rule in rules if not rule.table for atom in rule.body)
    if any(_looks_at_restrictions(atom) for atom in atoms) or _describes_vocabulary(asserted, dictionary):
        return [asserted]
    number = dictionary.number_term
    some, above = number(OWL["someValuesFrom"]), number(RDFS["subClassOf"])
    nodes = _find_mere_superclasses(asserted, dictionary)
    if len(nodes) == len(sort_unique(asserted[some].subjects())):
        return [_drop_facts_with(asserted, _PREDICATES, nodes, dictionary)]
    duplicates, first = _pair_duplicates(nodes, asserted, dictionary)
    _, fillers = asserted[some].find_linked(duplicates)
    reflexive = asserted.select_new({above: [pack_pairs(fillers, fillers)]})  # scm-cls
    edges = asserted.select_new({above: [pack_pairs(duplicates, first)]})  # scm-svf1
    return [_drop_facts_with(asserted, _OWN_PREDICATES, duplicates, dictionary), reflexive, edges]


def _drop_facts_with(
    facts: FactSet, predicates: Iterable[NamedNode], nodes: IntArray, dictionary: TermDictionary
) -> FactSet:
    """Return `facts` without those of some predicates about `nodes`."""
    concerned = {p: facts[p] for p in map(dictionary.number_term, predicates)}
    kept = drop_facts_about(FactSet(concerned), nodes)
    return FactSet(facts.by_predicate | {p: kept[p] for p in concerned})


def _pair_duplicates(
    nodes: IntArray, asserted: FactSet, dictionary: TermDictionary
) -> tuple[IntArray, IntArray]:
    """Return the restrictions that repeat another of `nodes`, and for each the one it repeats.

    Only where the filler is declared a class: elsewhere scm-cls does not make it a subclass of itself, and
    scm-svf1 says nothing of two such restrictions.
    """
    number = dictionary.number_term
    fillers, properties = (
        asserted[number(term)].find_linked(nodes)[1] for term in (OWL["someValuesFrom"], OWL["onProperty"])
    )
    declared = np.full(len(nodes), number(OWL["Class"]), dtype=np.int64)
    known = asserted[number(RDF["type"])].contains_pairs(fillers, declared)
    nodes, meaning = nodes[known], pack_pairs(properties, fillers)[known]
    _, first, group = np.unique(meaning, return_index=True, return_inverse=True)
    repeated = nodes[first][group]
    return nodes[nodes != repeated], repeated[nodes != repeated]


def _looks_at_restrictions(atom: Atom) -> bool:
    """Return whether a rule of one's own may match a restriction that nothing refers to."""
    return isinstance(atom.p, Var) or (atom.p in _PREDICATES and isinstance(atom.o, Var))


def _describes_vocabulary(asserted: FactSet, dictionary: TermDictionary) -> bool:
    """Return whether the graph says something of the predicates concerned, such as a domain of rdf:type.

    `_:a owl:annotatedProperty rdfs:subClassOf` does not: it is how an axiom is annotated.
    """
    number = dictionary.number_term
    numbers = np.array([number(term) for term in (*_PREDICATES, *_ANNOTATION_PREDICATES)], dtype=np.int64)
    passive = number(OWL["annotatedProperty"])
    return any(
        np.isin(r.subjects(), numbers).any() or (p != passive and np.isin(r.objects(), numbers).any())
        for p, r in asserted
    )


def _find_mere_superclasses(asserted: FactSet, dictionary: TermDictionary) -> IntArray:
    """Return the existential restrictions that are only a superclass."""
    number = dictionary.number_term
    type_, on, some = (asserted[number(term)] for term in _OWN_PREDICATES)
    nodes = some.subjects()
    if not len(nodes):
        return nodes
    restriction = np.full(len(nodes), number(OWL["Restriction"]), dtype=np.int64)
    nodes = nodes[
        (dictionary.kinds_by_number()[nodes] == BLANK_KIND)
        & type_.contains_pairs(nodes, restriction)
        & np.isin(nodes, on.subjects())
    ]
    stated = np.zeros(len(dictionary.terms), dtype=np.int64)
    alive = np.zeros(len(dictionary.terms), dtype=bool)
    passive = {number(term) for term in (RDFS["subClassOf"], OWL["annotatedTarget"])}
    for predicate, relation in asserted.triples_by_predicate():
        stated += np.bincount(relation.subjects(), minlength=len(stated))
        if predicate not in passive:
            alive[relation.objects()] = True
    mere: IntArray = nodes[(stated[nodes] == 3) & ~alive[nodes]]
    return mere
