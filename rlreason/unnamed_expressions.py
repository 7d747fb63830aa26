"""Class expressions without a name: what follows for them is most of a large closure, and rarely asked for.

An ontology that says "has role some drug" of 5,000 classes has 5,000 blank nodes of one meaning. scm-svf1 makes
each a subclass of every other: 25 million triples about nodes whose names nobody outside the file can use.

`set_aside_dead_ends` takes away the restrictions on which no conclusion about anything else can rest. A
blank node is a *dead end* when it is an existential restriction (owl:someValuesFrom) with exactly three
triples of its own and occurs elsewhere only as a superclass, or in an axiom's annotation. No rule goes on from
`x rdf:type _:r` or `x rdfs:subClassOf _:r` for such a node but to say the same of more x. So the closure
without its triples is exactly the closure with them, less the triples that mention it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rlreason.relation import FactSet, IntArray, Relation
from rlreason.rules import Atom, Rule, Var
from rlreason.term_dictionary import BLANK_KIND, TermDictionary
from rlreason.vocabulary import OWL, RDF, RDFS

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


def list_unnamed_expressions(asserted: FactSet, dictionary: TermDictionary) -> IntArray:
    """Return the numbers of the blank nodes that are expressions."""
    predicates = [dictionary.number_term(OWL[name]) for name in _EXPRESSION_PREDICATES]
    nodes = np.unique(np.concatenate([asserted[p].subjects() for p in predicates]))
    return nodes[dictionary.kinds_by_number()[nodes] == BLANK_KIND] if len(nodes) else nodes


def drop_facts_about(facts: FactSet, nodes: IntArray) -> FactSet:
    """Return the facts that have none of `nodes` as subject or object."""
    kept = {p: ~(np.isin(r.subjects(), nodes) | np.isin(r.objects(), nodes)) for p, r in facts}
    return FactSet({p: r if kept[p].all() else Relation(r.keys[kept[p]]) for p, r in facts})


def set_aside_dead_ends(asserted: FactSet, dictionary: TermDictionary, rules: Iterable[Rule]) -> FactSet:
    """Return `asserted` without the triples of dead ends; unchanged where something may look at them."""
    atoms = (atom for rule in rules if not rule.table for atom in rule.body)
    if any(_looks_at_restrictions(atom) for atom in atoms) or _describes_vocabulary(asserted, dictionary):
        return asserted
    ends = _find_dead_ends(asserted, dictionary)
    concerned = {p: asserted[p] for p in map(dictionary.number_term, _PREDICATES)}
    kept = drop_facts_about(FactSet(concerned), ends)
    return FactSet(asserted.by_predicate | {p: kept[p] for p in concerned})


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


def _find_dead_ends(asserted: FactSet, dictionary: TermDictionary) -> IntArray:
    """Return the restrictions that nothing but superclass axioms refers to."""
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
    return nodes[(stated[nodes] == 3) & ~alive[nodes]]
