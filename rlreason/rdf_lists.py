"""RDF lists: the relations that rules walk, the sequences of property chains, and "for all members".

The specification writes LIST[?x, ?y1, ..., ?yn] for any n (OWL 2 Profiles, section 4.3). Here a rule over
lists is one rule over three derived relations, kept beside the facts like predicates:

- CELL   (c, d): cell d is reached from c by rdf:rest, in any number of steps, none included;
- MEMBER (c, m): m is the rdf:first of a cell reached from c;
- LATER  (c, m): the same for cells after c itself.

Only what ends in rdf:nil is a list, so cells that do not reach it have no walks: a list that is being added
triple by triple has no meaning before it is complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

import numpy as np

from rlreason.join import EMPTY_TABLE, BindingTable, TriplePattern, match_patterns
from rlreason.relation import (
    OBJECT_MASK,
    SUBJECT_SHIFT,
    FactSet,
    IntArray,
    Relation,
    pack_pairs,
    sort_unique,
)
from rlreason.rules import ListWalk
from rlreason.term_dictionary import WALK_NUMBERS

#: a malformed cell with several rdf:first or rdf:rest stands for as many lists; no more than these are read
MAX_SEQUENCES = 64
#: column of row numbers, a name that no variable has
_ROW_COLUMN = "#row"


def compute_list_walks(first: Relation, rest: Relation, nil: int) -> FactSet:
    """Return the three walks as relations, from rdf:first and rdf:rest."""
    first, rest = _drop_unterminated_lists(first, rest, nil)
    cells = _link_cells(first, rest)
    return FactSet(
        {
            WALK_NUMBERS[ListWalk.CELL]: cells,
            WALK_NUMBERS[ListWalk.MEMBER]: _compose_relations(cells, first),
            WALK_NUMBERS[ListWalk.LATER]: _compose_relations(rest, cells, first),
        }
    )


def _drop_unterminated_lists(first: Relation, rest: Relation, nil: int) -> tuple[Relation, Relation]:
    """Return rdf:first and rdf:rest of the cells from which rdf:nil is reached, found backwards from it."""
    frontier = np.array([nil], dtype=np.int64)
    reaching = frontier
    while len(frontier):
        _, before = rest.find_linked(frontier, backwards=True)
        frontier = np.setdiff1d(before, reaching)
        reaching = np.union1d(reaching, frontier)
    cells = reaching[reaching != nil]
    closing = np.isin(rest.subjects(), cells) & np.isin(rest.objects(), reaching)
    return Relation(first.keys[np.isin(first.subjects(), cells)]), Relation(rest.keys[closing])


def _link_cells(first: Relation, rest: Relation) -> Relation:
    """Return rdf:rest* between cells, the step of length 0 included.

    One step of rdf:rest at a time from the pairs found last (semi-naive), so a cyclic list ends too.
    """
    starts = np.union1d(first.subjects(), rest.subjects())
    closed = Relation((starts << SUBJECT_SHIFT) | starts)
    frontier = closed
    while len(frontier):
        frontier = Relation(closed.select_new(_compose_relations(frontier, rest).keys))
        closed = closed.union_disjoint(frontier.keys)
    return closed


def _compose_relations(*relations: Relation) -> Relation:
    """Return the composition of relations: (a, c) where (a, b) is in the first and (b, c) in the second."""
    keys = relations[0].keys
    for relation in relations[1:]:
        rows, reached = relation.find_linked(keys & OBJECT_MASK)
        keys = sort_unique((keys[rows] >> SUBJECT_SHIFT << SUBJECT_SHIFT) | reached)
    return Relation(keys)


def iterate_sequences(
    head: int, first: Relation, rest: Relation, nil: int
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield the (cell, member) sequences of a list that ends in rdf:nil; a well-formed list has one."""
    for cells in islice(_iterate_cells(head, rest, nil, ()), MAX_SEQUENCES):
        members = [_find_linked_terms(first, cell) for cell in cells]
        for chosen in islice(product(*members), MAX_SEQUENCES):
            yield tuple(zip(cells, chosen, strict=True))


def _iterate_cells(cell: int, rest: Relation, nil: int, passed: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield the cells of each way from a cell to rdf:nil."""
    if cell == nil:
        yield passed
    elif cell not in passed:
        for following in _find_linked_terms(rest, cell):
            yield from _iterate_cells(following, rest, nil, (*passed, cell))


def _find_linked_terms(relation: Relation, term: int) -> list[int]:
    """Return what a term is linked to."""
    _, reached = relation.find_linked(np.array([term], dtype=np.int64))
    linked: list[int] = reached.tolist()
    return linked


def find_new_walks(facts: FactSet, first: int, rest: int, nil: int) -> FactSet:
    """Return the pairs of the walks that `facts` do not hold yet; the other arguments are term numbers."""
    walks = compute_list_walks(facts[first], facts[rest], nil)
    return facts.select_new({walk: [relation.keys] for walk, relation in walks})


def filter_for_all_members(
    table: BindingTable, member: TriplePattern, conditions: Sequence[TriplePattern], facts: FactSet
) -> BindingTable:
    """Return the rows for which `conditions` hold for all that `member` binds, and it binds something.

    This is the condition of cls-int1 and prp-key for lists of any length: the members for which the
    conditions hold are counted and compared with all members. An empty list fulfills nothing (n >= 1 in
    tables 5 and 6). Rows that agree in the variables concerned are looked at once.
    """
    names = member.variable_names().union(*(pattern.variable_names() for pattern in conditions))
    distinct, row_of = _number_distinct_rows(table, [name for name in table.columns if name in names])
    all_members = match_patterns((member,), (facts,), None, distinct)
    fulfilled = match_patterns(
        (member, *conditions),
        (facts,) * (1 + len(conditions)),
        frozenset((_ROW_COLUMN, str(member.o))),
        distinct,
    )
    if not fulfilled.row_count:
        return EMPTY_TABLE
    wanted = np.bincount(all_members.columns[_ROW_COLUMN], minlength=distinct.row_count)
    # A member may fulfill the conditions in several ways: count it once.
    pairs = sort_unique(pack_pairs(fulfilled.columns[_ROW_COLUMN], fulfilled.columns[str(member.o)]))
    complete = np.bincount(pairs >> SUBJECT_SHIFT, minlength=distinct.row_count) == wanted
    return table.take_rows(np.flatnonzero((complete & (wanted > 0))[row_of]))


def _number_distinct_rows(table: BindingTable, names: list[str]) -> tuple[BindingTable, IntArray]:
    """Return the distinct rows over some columns, numbered in `_ROW_COLUMN`, and where each row went."""
    stacked = np.stack([table.columns[name] for name in names], axis=1)
    rows, row_of = np.unique(stacked, axis=0, return_inverse=True)
    columns = {name: rows[:, i] for i, name in enumerate(names)}
    return BindingTable(len(rows), columns | {_ROW_COLUMN: np.arange(len(rows))}), row_of.reshape(-1)
