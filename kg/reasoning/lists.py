"""RDF lists: the relations that rules walk, and the sequences that property chains need."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

import numpy as np

from kg.reasoning.dictionary import WALK_NUMBERS
from kg.reasoning.relation import NONE, SHIFT, Facts, Ints, Relation, sorted_unique
from kg.reasoning.rules import Walk

#: a cell with several firsts stands for as many lists; more than these are not followed
MOST_SEQUENCES = 64


def walks(first: Relation, rest: Relation, nil: int) -> Facts:
    """Return the three list walks as relations, from rdf:first and rdf:rest.

    Only a list that ends in rdf:nil is one (OWL 2 Profiles, section 4.3: LIST), so only its cells are walked.
    """
    first, rest = _ended(first, rest, nil)
    cells = _cells(first, rest)
    later = _through(rest, cells, first)
    member = _through(cells, first)
    return Facts(
        {
            WALK_NUMBERS[Walk.CELL]: cells,
            WALK_NUMBERS[Walk.MEMBER]: member,
            WALK_NUMBERS[Walk.LATER]: later,
        }
    )


def _ended(first: Relation, rest: Relation, nil: int) -> tuple[Relation, Relation]:
    """Return what belongs to cells from which rdf:nil is reached."""
    reach = np.array([nil], dtype=np.int64)
    ended = reach
    while len(reach):
        _, before = rest.reach(reach, backwards=True)
        reach = np.setdiff1d(before, ended)
        ended = np.union1d(ended, reach)
    kept = ended[ended != nil]
    closing = np.isin(rest.subjects(), kept) & np.isin(rest.objects(), ended)
    return Relation(first.keys[np.isin(first.subjects(), kept)]), Relation(rest.keys[closing])


def _cells(first: Relation, rest: Relation) -> Relation:
    """Return rdf:rest* between cells, the step of no length included."""
    starts = np.union1d(first.subjects(), rest.subjects())
    closed = Relation((starts << SHIFT) | starts)
    fresh = closed
    while len(fresh):
        fresh = Relation(closed.new_of(_through(fresh, rest).keys))
        closed = closed.plus(fresh.keys)
    return closed


def _through(*relations: Relation) -> Relation:
    """Return the composition of relations."""
    keys = relations[0].keys
    for relation in relations[1:]:
        rows, reached = relation.reach(keys & ((1 << SHIFT) - 1))
        keys = sorted_unique((keys[rows] >> SHIFT << SHIFT) | reached)
    return Relation(keys)


def sequences(head: int, first: Relation, rest: Relation, nil: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield the (cell, member) sequences of a list that ends in rdf:nil."""
    for cells in islice(_spines(head, rest, nil, ()), MOST_SEQUENCES):
        members = [_after(first, cell) for cell in cells]
        for chosen in islice(product(*members), MOST_SEQUENCES):
            yield tuple(zip(cells, chosen, strict=True))


def _spines(cell: int, rest: Relation, nil: int, before: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield the cells of each way from a cell to rdf:nil."""
    if cell == nil:
        yield before
    elif cell not in before:
        for following in _after(rest, cell):
            yield from _spines(following, rest, nil, (*before, cell))


def _after(relation: Relation, term: int) -> list[int]:
    """Return what a term is linked to."""
    _, reached = relation.reach(np.array([term], dtype=np.int64))
    found: list[int] = reached.tolist()
    return found


def changed(delta: Facts, first: int, rest: int) -> bool:
    """Say whether new facts change a list."""
    return bool(len(delta[first]) or len(delta[rest]))


def fresh_walks(facts: Facts, first: int, rest: int, nil: int) -> dict[int, list[Ints]]:
    """Return the pairs of each walk that `facts` do not hold yet."""
    wanted = walks(facts[first], facts[rest], nil)
    return {p: [facts[p].new_of(r.keys)] for p, r in wanted} or {0: [NONE]}
