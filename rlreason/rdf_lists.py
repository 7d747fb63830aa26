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

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rlreason.join import EMPTY_TABLE, BindingTable, TriplePattern, match_patterns
from rlreason.relation import (
    OBJECT_MASK,
    SUBJECT_SHIFT,
    Fact,
    FactSet,
    IntArray,
    Relation,
    contains_each,
    find_path,
    pack_pairs,
    sort_unique,
)
from rlreason.rules import ListWalk
from rlreason.term_dictionary import WALK_NUMBERS

if TYPE_CHECKING:
    from rlreason.rule_engine import RuleEngine

#: a malformed cell with several rdf:first or rdf:rest stands for as many lists; no more than these are read
MAX_SEQUENCES = 64
#: column of row numbers, a name that no variable has
_ROW_COLUMN = "#row"
_CELL, _LATER = WALK_NUMBERS[ListWalk.CELL], WALK_NUMBERS[ListWalk.LATER]


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
        frontier = sort_unique(before[~contains_each(reaching, before)])
        reaching = np.sort(np.concatenate((reaching, frontier)))
    cells = reaching[reaching != nil]
    closing = np.isin(rest.subjects(), cells) & np.isin(rest.objects(), reaching)
    return Relation(first.keys[np.isin(first.subjects(), cells)]), Relation(rest.keys[closing])


def _link_cells(first: Relation, rest: Relation) -> Relation:
    """Return rdf:rest* between cells, the step of length 0 included.

    One step of rdf:rest at a time from the pairs found last (semi-naive), so a cyclic list ends too.
    """
    starts = sort_unique(np.concatenate((first.subjects(), rest.subjects())))
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


def read_sequences(
    head: int, first: Relation, rest: Relation, nil: int
) -> tuple[list[tuple[tuple[int, int], ...]], bool]:
    """Return the (cell, member) sequences of a list that ends in rdf:nil, and whether that are not all.

    A well-formed list has one; of others at most MAX_SEQUENCES are read.
    """
    found: list[tuple[tuple[int, int], ...]] = []
    waiting: list[tuple[int, dict[int, int]]] = [(head, {})]
    steps_left = MAX_SEQUENCES * (len(rest) + 1)
    while waiting and steps_left and len(found) < MAX_SEQUENCES:
        cell, passed = waiting.pop()
        steps_left -= 1
        if cell == nil:
            found.append(tuple(passed.items()))
        elif cell not in passed:
            members = _find_linked_terms(first, cell)
            ways = [(after, member) for after in _find_linked_terms(rest, cell) for member in members]
            # The last way goes on with the members passed so far, the others with copies of them.
            waiting += [(after, passed | {cell: member}) for after, member in ways[:0:-1]]
            for after, member in ways[:1]:
                passed[cell] = member
                waiting.append((after, passed))
    return found, bool(waiting)


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


class ListReader:
    """Finds the cells of lists that a walk rests on, each list from its first cell to rdf:nil.

    A well-formed list has one way through it. A malformed cell, which other facts or owl:sameAs gave a second
    rdf:first or rdf:rest, stands for several lists; the cells found earliest are taken (`rule_instances`).
    """

    def __init__(
        self, engine: RuleEngine, facts: FactSet, layers: Sequence[FactSet], find_layer: Callable[[Fact], int]
    ) -> None:
        self._first, self._rest, self._nil = engine.rdf_first, engine.rdf_rest, engine.rdf_nil
        self._facts, self._layers, self._find_layer = facts, layers or [facts], find_layer
        self._ways_to_nil: dict[int, tuple[int, ...]] = {}

    def list_members(self, head: int) -> tuple[int, ...]:
        """Return the members of a list, one for each cell that has any."""
        members = (self._find_first(cell) for cell in self._find_way_to_nil(head))
        return tuple(dict.fromkeys(member for member in members if member is not None))

    def find_walk(self, start: int, walk: int, end: int) -> list[Fact]:
        """Return the facts that a walk from a cell rests on.

        For a list with one way through it that is all of its cells, from `start` to rdf:nil.
        """
        way = self._find_way_to_nil(start)
        if walk == _CELL:
            if end != self._nil and end not in way:
                way = self._find_way(start, {end})
                way += self._find_way_to_nil(end)[1:]
            return self._list_facts(way, {})
        later = walk == _LATER
        place = next((c for c in way[later:] if self._find_first(c) == end), None)
        if place is None:
            holders = set(self._facts[self._first].find_linked(np.array([end]), backwards=True)[1].tolist())
            rests = sorted(self._iterate_linked(self._rest, start)) if later else [(0, start)]
            ways = [self._find_way(first, holders) for _, first in rests]
            way = min((w for w in ways if w), key=len)
            place = way[-1]
            way = (*((start,) if later else ()), *way, *self._find_way_to_nil(place)[1:])
        return self._list_facts(way, {place: end})

    def _list_facts(self, way: Iterable[int], members: dict[int, int]) -> list[Fact]:
        """Return rdf:first and rdf:rest of cells in a row; `members` has those that are not the first."""
        cells = tuple(way)
        facts: list[Fact] = []
        for cell, after in zip(cells, (*cells[1:], self._nil), strict=True):
            member = members.get(cell, self._find_first(cell))
            facts += [(cell, self._first, member)] if member is not None else []
            facts.append((cell, self._rest, after))
        return list(dict.fromkeys(facts))

    def _find_first(self, cell: int) -> int | None:
        """Return the member of a cell, the one found earliest."""
        return min(self._iterate_linked(self._first, cell), default=(0, None))[1]

    def _iterate_linked(self, predicate: int, cell: int) -> Iterator[tuple[int, int]]:
        """Yield layer and term of what a cell is linked to; the layer only tells several apart."""
        linked = self._facts[predicate].find_linked(np.array([cell], dtype=np.int64))[1].tolist()
        for other in linked:
            yield (self._find_layer((cell, predicate, other)) if len(linked) > 1 else 0), other

    def _find_way_to_nil(self, head: int) -> tuple[int, ...]:
        """Return the cells of a list; none when it does not reach rdf:nil."""
        if head not in self._ways_to_nil:
            self._ways_to_nil[head] = self._find_way(head, {self._nil})[:-1]
        return self._ways_to_nil[head]

    def _find_way(self, start: int, ends: Collection[int]) -> tuple[int, ...]:
        """Return the cells from one to another, both included: the way found earliest, then the shortest."""
        if start in ends:
            return (start,)
        rests = [layer[self._rest] for layer in self._layers]
        ways = (find_path(rests[: n + 1], start, ends) for n in range(len(rests)))
        return tuple(next(filter(None, ways), ()))
