"""The cells of RDF lists that a walk rests on: each list from its first cell to rdf:nil.

A well-formed list has one way through it. A malformed cell, which other facts or owl:sameAs gave a second
rdf:first or rdf:rest, stands for several lists; the cells found earliest are taken (`rule_instances`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

import numpy as np

from rlreason.relation import Fact, FactSet
from rlreason.rule_engine import RuleEngine
from rlreason.rules import ListWalk
from rlreason.term_dictionary import WALK_NUMBERS

_CELL, _LATER = WALK_NUMBERS[ListWalk.CELL], WALK_NUMBERS[ListWalk.LATER]


class ListReader:
    """Reads lists cell by cell from the facts of a closure."""

    def __init__(self, engine: RuleEngine, facts: FactSet, find_layer: Callable[[Fact], int]) -> None:
        self._first, self._rest, self._nil = engine.rdf_first, engine.rdf_rest, engine.rdf_nil
        self._facts, self._find_layer = facts, find_layer
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
                way = self._find_way(start, lambda cell: cell == end)
                way += self._find_way_to_nil(end)[1:]
            return self._list_facts(way, {})
        later = walk == _LATER
        place = next((c for c in way[later:] if self._find_first(c) == end), None)
        if place is None:
            holders = set(self._facts[self._first].find_linked(np.array([end]), backwards=True)[1].tolist())
            rests = sorted(self._iterate_linked(self._rest, start)) if later else [(0, start)]
            ways = [self._find_way(first, holders.__contains__) for _, first in rests]
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
            self._ways_to_nil[head] = self._find_way(head, lambda cell: cell == self._nil)[:-1]
        return self._ways_to_nil[head]

    def _find_way(self, start: int, is_end: Callable[[int], bool]) -> tuple[int, ...]:
        """Return the cells from one to another, both included: the way found earliest, then the shortest."""
        before: dict[int, int | None] = {}
        waiting: list[tuple[int, int, int, int | None]] = [(0, 0, start, None)]
        while waiting:
            latest, steps, cell, previous = heappop(waiting)
            if cell in before:
                continue
            before[cell] = previous
            if is_end(cell):
                return _trace_back(before, cell)
            for layer, following in self._iterate_linked(self._rest, cell):
                heappush(waiting, (max(latest, layer), steps + 1, following, cell))
        return ()


def _trace_back(before: dict[int, int | None], end: int) -> tuple[int, ...]:
    """Return the way to `end`, given for each cell the one before it."""
    way: list[int] = []
    cell: int | None = end
    while cell is not None:
        way.append(cell)
        cell = before[cell]
    return tuple(reversed(way))
