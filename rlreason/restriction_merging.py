"""Anonymous restrictions stated alike, taken as one: what keeps a large ontology's closure in bounds.

An ontology that writes "has role some drug" anew for each of 5,000 classes has 5,000 blank nodes of one
meaning. scm-svf1 makes each a subclass of every other: 25 million triples that say nothing. Replacing them by
one node is sound and loses nothing but names: with the others, the closed graph is not lean (RDF 1.1
Semantics, section 6), and its lean form holds just the one.
"""

from __future__ import annotations

import numpy as np

from kg.namespaces import OWL, RDF
from rlreason.relation import OBJECT_MASK, SUBJECT_SHIFT, FactSet, IntArray, Relation, sort_unique
from rlreason.term_dictionary import BLANK_KIND, TermDictionary

#: pairs of restrictions stated alike, from which on they are merged unless told otherwise
MERGE_FROM_PAIRS = 2_000_000


def merge_restrictions(
    asserted: FactSet, dictionary: TermDictionary, merge: bool | None
) -> tuple[FactSet, int]:
    """Return `given` with restrictions stated alike merged, and how many nodes went.

    `wanted` None: only if many.
    """
    if merge is False:
        return asserted, 0
    nodes, group = _group_equal_restrictions(asserted, dictionary)
    sizes = np.bincount(group) if len(group) else np.empty(0, dtype=np.int64)
    if not len(nodes) or (merge is None and int((sizes * (sizes - 1)).sum()) < MERGE_FROM_PAIRS):
        return asserted, 0
    _, first = np.unique(group, return_index=True)
    stand_in = np.arange(len(dictionary.terms))
    stand_in[nodes] = nodes[first][group]
    merged = {p: Relation(_replace_nodes(r.keys, stand_in)) for p, r in asserted}
    return FactSet(merged), len(nodes) - len(first)


def format_merge_note(count: int) -> str:
    """Return the sentence that tells of merged nodes."""
    return (
        f"{count:,} anonymous restrictions repeat others word for word; what follows for them is written "
        "once, for the first of each (--no-lean writes all)."
    )


def _replace_nodes(keys: IntArray, stand_in: IntArray) -> IntArray:
    """Return pairs with merged nodes replaced."""
    return sort_unique((stand_in[keys >> SUBJECT_SHIFT] << SUBJECT_SHIFT) | stand_in[keys & OBJECT_MASK])


def _group_equal_restrictions(asserted: FactSet, dictionary: TermDictionary) -> tuple[IntArray, IntArray]:
    """Return blank nodes that are existential restrictions and nothing more, with their groups."""
    some, on = dictionary.number_term(OWL["someValuesFrom"]), dictionary.number_term(OWL["onProperty"])
    nodes = asserted[some].subjects()
    nodes = nodes[dictionary.kinds_by_number()[nodes] == BLANK_KIND] if len(nodes) else nodes
    nodes = nodes[_count_statements(asserted, dictionary, nodes) == 3]
    rows, properties = asserted[on].find_linked(nodes)
    nodes = nodes[rows]
    _, fillers = asserted[some].find_linked(nodes)
    kind = asserted[dictionary.number_term(RDF["type"])]
    restriction = np.full(len(nodes), dictionary.number_term(OWL["Restriction"]), dtype=np.int64)
    plain = kind.contains(nodes, restriction)
    nodes, properties, fillers = nodes[plain], properties[plain], fillers[plain]
    _, group = np.unique((properties << SUBJECT_SHIFT) | fillers, return_inverse=True)
    return nodes, group


def _count_statements(asserted: FactSet, dictionary: TermDictionary, nodes: IntArray) -> IntArray:
    """Return for each node in how many triples it is the subject."""
    counts = np.zeros(len(dictionary.terms), dtype=np.int64)
    for _, relation in asserted:
        counts += np.bincount(relation.subjects(), minlength=len(counts))
    return counts[nodes]
