"""Anonymous restrictions stated alike, taken as one: what keeps a large ontology's closure in bounds.

An ontology that writes "has role some drug" anew for each of 5,000 classes has 5,000 blank nodes of one
meaning. scm-svf1 makes each a subclass of every other: 25 million triples that say nothing. Replacing them by
one node is sound and loses nothing but names: with the others, the closed graph is not lean (RDF 1.1
Semantics, section 6), and its lean form holds just the one.
"""

from __future__ import annotations

import numpy as np

from kg.namespaces import OWL, RDF
from kg.reasoning.dictionary import BLANK, Dictionary
from kg.reasoning.relation import LOW, SHIFT, Facts, Ints, Relation, sorted_unique

#: pairs of restrictions stated alike, from which on they are merged unless told otherwise
MANY_PAIRS = 2_000_000


def leaned(given: Facts, dictionary: Dictionary, wanted: bool | None) -> tuple[Facts, int]:
    """Return `given` with restrictions stated alike merged, and how many nodes went.

    `wanted` None: only if many.
    """
    if wanted is False:
        return given, 0
    nodes, group = _alike(given, dictionary)
    sizes = np.bincount(group) if len(group) else np.empty(0, dtype=np.int64)
    if not len(nodes) or (wanted is None and int((sizes * (sizes - 1)).sum()) < MANY_PAIRS):
        return given, 0
    _, first = np.unique(group, return_index=True)
    stand_in = np.arange(len(dictionary.terms))
    stand_in[nodes] = nodes[first][group]
    merged = {p: Relation(_renamed(r.keys, stand_in)) for p, r in given}
    return Facts(merged), len(nodes) - len(first)


def merged_note(count: int) -> str:
    """Return the sentence that tells of merged nodes."""
    return (
        f"{count:,} anonymous restrictions repeat others word for word; what follows for them is written "
        "once, for the first of each (--no-lean writes all)."
    )


def _renamed(keys: Ints, stand_in: Ints) -> Ints:
    """Return pairs with merged nodes replaced."""
    return sorted_unique((stand_in[keys >> SHIFT] << SHIFT) | stand_in[keys & LOW])


def _alike(given: Facts, dictionary: Dictionary) -> tuple[Ints, Ints]:
    """Return blank nodes that are existential restrictions and nothing more, with their groups."""
    some, on = dictionary.number(OWL["someValuesFrom"]), dictionary.number(OWL["onProperty"])
    nodes = given[some].subjects()
    nodes = nodes[dictionary.kinds()[nodes] == BLANK] if len(nodes) else nodes
    nodes = nodes[_statements(given, dictionary, nodes) == 3]
    rows, properties = given[on].reach(nodes)
    nodes = nodes[rows]
    _, fillers = given[some].reach(nodes)
    kind = given[dictionary.number(RDF["type"])]
    restriction = np.full(len(nodes), dictionary.number(OWL["Restriction"]), dtype=np.int64)
    plain = kind.holds(nodes, restriction)
    nodes, properties, fillers = nodes[plain], properties[plain], fillers[plain]
    _, group = np.unique((properties << SHIFT) | fillers, return_inverse=True)
    return nodes, group


def _statements(given: Facts, dictionary: Dictionary, nodes: Ints) -> Ints:
    """Return for each node in how many triples it is the subject."""
    counts = np.zeros(len(dictionary.terms), dtype=np.int64)
    for _, relation in given:
        counts += np.bincount(relation.subjects(), minlength=len(counts))
    return counts[nodes]
