"""RDF lists: the relations that rules walk, and the sequences that property chains need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

import numpy as np

from rlreason.join import EMPTY_TABLE, BindingTable, TriplePattern, match_patterns
from rlreason.relation import EMPTY_KEYS, SUBJECT_SHIFT, FactSet, IntArray, Relation, sort_unique
from rlreason.rules import ListWalk
from rlreason.term_dictionary import WALK_NUMBERS

#: a cell with several firsts stands for as many lists; more than these are not followed
MAX_SEQUENCES = 64


def compute_list_walks(first: Relation, rest: Relation, nil: int) -> FactSet:
    """Return the three list walks as relations, from rdf:first and rdf:rest.

    Only a list that ends in rdf:nil is one (OWL 2 Profiles, section 4.3: LIST), so only its cells are walked.
    """
    first, rest = _drop_unterminated_lists(first, rest, nil)
    cells = _link_cells(first, rest)
    later = _compose_relations(rest, cells, first)
    member = _compose_relations(cells, first)
    return FactSet(
        {
            WALK_NUMBERS[ListWalk.CELL]: cells,
            WALK_NUMBERS[ListWalk.MEMBER]: member,
            WALK_NUMBERS[ListWalk.LATER]: later,
        }
    )


def _drop_unterminated_lists(first: Relation, rest: Relation, nil: int) -> tuple[Relation, Relation]:
    """Return what belongs to cells from which rdf:nil is reached."""
    reach = np.array([nil], dtype=np.int64)
    ended = reach
    while len(reach):
        _, before = rest.find_linked(reach, backwards=True)
        reach = np.setdiff1d(before, ended)
        ended = np.union1d(ended, reach)
    kept = ended[ended != nil]
    closing = np.isin(rest.subjects(), kept) & np.isin(rest.objects(), ended)
    return Relation(first.keys[np.isin(first.subjects(), kept)]), Relation(rest.keys[closing])


def _link_cells(first: Relation, rest: Relation) -> Relation:
    """Return rdf:rest* between cells, the step of no length included."""
    starts = np.union1d(first.subjects(), rest.subjects())
    closed = Relation((starts << SUBJECT_SHIFT) | starts)
    fresh = closed
    while len(fresh):
        fresh = Relation(closed.select_new(_compose_relations(fresh, rest).keys))
        closed = closed.union_disjoint(fresh.keys)
    return closed


def _compose_relations(*relations: Relation) -> Relation:
    """Return the composition of relations."""
    keys = relations[0].keys
    for relation in relations[1:]:
        rows, reached = relation.find_linked(keys & ((1 << SUBJECT_SHIFT) - 1))
        keys = sort_unique((keys[rows] >> SUBJECT_SHIFT << SUBJECT_SHIFT) | reached)
    return Relation(keys)


def iterate_sequences(
    head: int, first: Relation, rest: Relation, nil: int
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield the (cell, member) sequences of a list that ends in rdf:nil."""
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
    found: list[int] = reached.tolist()
    return found


def changes_lists(delta: FactSet, first: int, rest: int) -> bool:
    """Say whether new facts change a list."""
    return bool(len(delta[first]) or len(delta[rest]))


def find_new_walks(facts: FactSet, first: int, rest: int, nil: int) -> dict[int, list[IntArray]]:
    """Return the pairs of each walk that `facts` do not hold yet."""
    wanted = compute_list_walks(facts[first], facts[rest], nil)
    return {p: [facts[p].select_new(r.keys)] for p, r in wanted} or {0: [EMPTY_KEYS]}


#: MERGED kg.reasoning.quantified
#: MERGED The condition "for all members of the list" of cls-int1 and prp-key, for lists of any length.


ROW_COLUMN = "#row"


def filter_for_all_members(
    table: BindingTable, member: TriplePattern, conditions: Sequence[TriplePattern], facts: FactSet
) -> BindingTable:
    """Return the rows for which `each` holds for all that `member` binds, and it binds something."""
    names = member.variable_names().union(*(pattern.variable_names() for pattern in conditions))
    distinct, row_of = _number_distinct_rows(table, [name for name in table.columns if name in names])
    walked = match_patterns((member,), (facts,), None, distinct)
    held = match_patterns(
        (member, *conditions),
        (facts,) * (1 + len(conditions)),
        frozenset((ROW_COLUMN, str(member.o))),
        distinct,
    )
    if not held.row_count:
        return EMPTY_TABLE
    asked = np.bincount(walked.columns[ROW_COLUMN], minlength=distinct.row_count)
    found = sort_unique(held.columns[ROW_COLUMN] << SUBJECT_SHIFT | held.columns[str(member.o)])
    enough = np.bincount(found >> SUBJECT_SHIFT, minlength=distinct.row_count) == asked
    return table.take_rows(np.flatnonzero((enough & (asked > 0))[row_of]))


def _number_distinct_rows(table: BindingTable, names: list[str]) -> tuple[BindingTable, IntArray]:
    """Return the distinct rows over some columns, numbered in column ROW, and where each row went."""
    stacked = np.stack([table.columns[name] for name in names], axis=1)
    rows, row_of = np.unique(stacked, axis=0, return_inverse=True)
    columns = {name: rows[:, i] for i, name in enumerate(names)}
    return BindingTable(len(rows), columns | {ROW_COLUMN: np.arange(len(rows))}), row_of.reshape(-1)
