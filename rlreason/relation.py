"""Sets of facts as sorted arrays of int64, the representation that all of the engine works on.

Every term has a number (`term_dictionary`) below 2**31, so a pair (subject, object) fits one int64, the *key*
`subject << 32 | object`. Keys sort by subject, then object, and stay positive. What follows from this:

- a `Relation` (the pairs of one predicate) is one sorted array without duplicates; looking up a pair, or all
  objects of a subject, is a binary search, and set operations are merges of sorted arrays;
- the same keys with both halves exchanged give all subjects of an object; they are made when first asked for;
- arrays are never changed in place. A new value replaces the old one, so a copy of a closure costs nothing
  and a round can read the state of the round before while the next one is built.

This is the vertical partitioning of Abadi, Marcus, Madden and Hollenbach 2007: one relation per predicate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]
else:  # numpy.typing takes milliseconds to import
    IntArray = BoolArray = np.ndarray

#: subject, predicate and object in term numbers
Fact = tuple[int, int, int]

SUBJECT_SHIFT = 32
OBJECT_MASK = (1 << SUBJECT_SHIFT) - 1
#: the numbers below are the walks along RDF lists, which stand in a FactSet as if they were predicates
FIRST_TERM_NUMBER = 3
#: number of keys from which on they are sorted before they are looked up
SORT_LOOKUPS_FROM = 500_000
EMPTY_KEYS: IntArray = np.empty(0, dtype=np.int64)


def pack_pairs(s: IntArray, o: IntArray) -> IntArray:
    """Return the pairs of two columns as keys."""
    return (s << SUBJECT_SHIFT) | o


def swap_pairs(keys: IntArray) -> IntArray:
    """Return the keys with subject and object exchanged."""
    return ((keys & OBJECT_MASK) << SUBJECT_SHIFT) | (keys >> SUBJECT_SHIFT)


def sort_unique(keys: IntArray) -> IntArray:
    """Return the keys sorted, each once."""
    keys = np.sort(keys)
    if len(keys) < 2:
        return keys
    fresh = np.empty(len(keys), dtype=bool)
    fresh[0] = True
    np.not_equal(keys[1:], keys[:-1], out=fresh[1:])
    return keys if fresh.all() else keys[fresh]


def expand_ranges(low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
    """Return every position of the ranges low..high (high excluded), and the range that each belongs to.

    This is the inner loop of every join: a binary search gives each row a range of matches in a sorted array,
    and this unrolls them. For low (2, 7), high (4, 8) it returns rows (0, 0, 1) and positions (2, 3, 7).
    """
    counts = high - low
    rows = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return rows, np.arange(len(rows)) - np.repeat(before - low, counts)


def contains_each(keys: IntArray, wanted: IntArray) -> BoolArray:
    """Return for each of `wanted` whether the sorted `keys` hold it."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool)
    if len(wanted) > SORT_LOOKUPS_FROM and not (wanted[1:] >= wanted[:-1]).all():
        # Looked up in order, neighbours share cache lines: several times faster, sorting included.
        order = np.argsort(wanted)
        found = np.empty(len(wanted), dtype=bool)
        found[order] = contains_each(keys, wanted[order])
        return found
    at = np.searchsorted(keys, wanted)
    at[at == len(keys)] = 0  # past the end: any valid position will do, the comparison below fails there
    held: BoolArray = keys[at] == wanted
    return held


class Relation:
    """A set of pairs of term numbers."""

    __slots__ = ("_keys_by_object", "keys")

    def __init__(self, keys: IntArray) -> None:
        """Hold `keys`, which are sorted and unique."""
        self.keys = keys
        self._keys_by_object: IntArray | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def keys_by_object(self) -> IntArray:
        """Return the keys with subject and object exchanged, sorted; made once."""
        if self._keys_by_object is None:
            self._keys_by_object = np.sort(swap_pairs(self.keys))
        return self._keys_by_object

    def subjects(self) -> IntArray:
        """Return the subject of every pair."""
        return self.keys >> SUBJECT_SHIFT

    def objects(self) -> IntArray:
        """Return the object of every pair."""
        return self.keys & OBJECT_MASK

    def iterate_pairs(self) -> Iterator[tuple[int, int]]:
        """Yield the pairs as Python ints."""
        return zip(self.subjects().tolist(), self.objects().tolist(), strict=True)

    def contains(self, subject: int, obj: int) -> bool:
        """Return whether the relation holds one pair."""
        key = subject << SUBJECT_SHIFT | obj
        at = int(np.searchsorted(self.keys, key))
        return at < len(self.keys) and int(self.keys[at]) == key

    def contains_pairs(self, subjects: IntArray, objects: IntArray) -> BoolArray:
        """Return for each pair of two columns whether the relation holds it."""
        return contains_each(self.keys, pack_pairs(subjects, objects))

    def find_linked(self, values: IntArray, *, backwards: bool = False) -> tuple[IntArray, IntArray]:
        """Return the objects of each subject in `values` (backwards: the subjects of each object).

        Two columns: the position in `values`, and the term it is linked to.
        """
        keys = self.keys_by_object if backwards else self.keys
        low = np.searchsorted(keys, values << SUBJECT_SHIFT)
        high = np.searchsorted(keys, (values + 1) << SUBJECT_SHIFT)
        rows, at = expand_ranges(low, high)
        return rows, keys[at] & OBJECT_MASK

    def count_linked(self, values: IntArray, *, backwards: bool = False) -> int:
        """Return how many rows `find_linked` would give, without making them."""
        keys = self.keys_by_object if backwards else self.keys
        low = np.searchsorted(keys, values << SUBJECT_SHIFT)
        return int((np.searchsorted(keys, (values + 1) << SUBJECT_SHIFT) - low).sum())

    def union_disjoint(self, keys: IntArray) -> Relation:
        """Return the union with `keys`, which must be sorted, unique and not in this relation."""
        if not len(self.keys):
            return Relation(keys)
        joined = np.concatenate((self.keys, keys))
        joined.sort(kind="stable")  # timsort: two sorted runs are merged in one pass
        return Relation(joined)

    def difference(self, keys: IntArray) -> Relation:
        """Return the relation without the sorted `keys`."""
        return Relation(self.keys[~contains_each(keys, self.keys)])

    def select_new(self, keys: IntArray) -> IntArray:
        """Return those of `keys`, in any order, that the relation does not hold: sorted, each once."""
        keys = sort_unique(keys)
        return keys[~contains_each(self.keys, keys)] if len(self.keys) else keys


EMPTY_RELATION = Relation(EMPTY_KEYS)


class FactSet:
    """A set of triples: one relation for each predicate. Immutable: each change returns a new value.

    Besides triples it may hold the walks along lists (numbers below FIRST_TERM_NUMBER), which rules match
    like any predicate; `triples_by_predicate` leaves them out.
    """

    __slots__ = ("_size", "by_predicate")

    def __init__(self, by_predicate: Mapping[int, Relation] | None = None) -> None:
        """Hold the relations that are not empty."""
        self.by_predicate: dict[int, Relation] = {p: r for p, r in (by_predicate or {}).items() if len(r)}
        self._size = sum(len(relation) for relation in self.by_predicate.values())

    def __getitem__(self, predicate: int) -> Relation:
        return self.by_predicate.get(predicate, EMPTY_RELATION)

    def __iter__(self) -> Iterator[tuple[int, Relation]]:
        return iter(self.by_predicate.items())

    def __contains__(self, fact: Fact) -> bool:
        subject, predicate, obj = fact
        return self[predicate].contains(subject, obj)

    def triples_by_predicate(self) -> Iterator[tuple[int, Relation]]:
        """Yield the relations of predicates, without the walks along lists."""
        return ((p, relation) for p, relation in self if p >= FIRST_TERM_NUMBER)

    def __len__(self) -> int:
        """Return the number of triples, list walks included."""
        return self._size

    def union_disjoint(self, other: FactSet) -> FactSet:
        """Return the union with `other`, which must not share a fact with this set."""
        return FactSet(self.by_predicate | {p: self[p].union_disjoint(r.keys) for p, r in other})

    def difference(self, other: FactSet) -> FactSet:
        """Return the facts that are not in `other`."""
        return FactSet(self.by_predicate | {p: self[p].difference(r.keys) for p, r in other})

    def intersection(self, other: FactSet) -> FactSet:
        """Return the facts that are in `other` too, which should be the larger set."""
        return FactSet({p: Relation(r.keys[contains_each(other[p].keys, r.keys)]) for p, r in self})

    def select_new(self, candidates: Mapping[int, list[IntArray]]) -> FactSet:
        """Return the candidates (keys by predicate, in any order, also repeated) that are not in this set."""
        return FactSet(
            {p: Relation(self[p].select_new(np.concatenate(parts))) for p, parts in candidates.items()}
        )


def find_path(relations: Sequence[Relation], start: int, ends: Collection[int]) -> list[int]:
    """Return the nodes of the shortest way, of one pair at least, from `start` to one of `ends`."""
    before: dict[int, int] = {}
    front = np.array([start], dtype=np.int64)
    while len(front) and before.keys().isdisjoint(ends):
        fresh: dict[int, int] = {}
        for relation in relations:
            rows, reached = relation.find_linked(front)
            for node, previous in zip(reached.tolist(), front[rows].tolist(), strict=True):
                if node not in before:
                    fresh.setdefault(node, previous)
        before |= fresh
        front = np.array(sorted(fresh), dtype=np.int64)
    found = next((end for end in ends if end in before), None)
    if found is None:
        return []
    path = [found, before[found]]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]
