"""Binary relations over term numbers: sorted arrays that are never changed, only replaced.

A pair (s, o) is one int64, `s << 32 | o`; a relation keeps its pairs sorted by subject and, once asked
for, by object too. `Facts` is one relation a predicate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

SUBJECT_SHIFT = 32
OBJECT_MASK = (1 << SUBJECT_SHIFT) - 1
#: from this many keys on, they are sorted before they are looked up
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
    """Return, for the ranges low..high, the number of the range and each position in it."""
    counts = high - low
    rows = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return rows, np.arange(len(rows)) - np.repeat(before - low, counts)


def contains_each(keys: IntArray, wanted: IntArray) -> BoolArray:
    """Return for each of `wanted` whether the sorted `keys` hold it."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool)
    if len(wanted) > SORT_LOOKUPS_FROM and not (wanted[1:] >= wanted[:-1]).all():
        order = np.argsort(wanted)  # looked up in order, neighbours share cache lines: several times faster
        found = np.empty(len(wanted), dtype=bool)
        found[order] = contains_each(keys, wanted[order])
        return found
    at = np.searchsorted(keys, wanted)
    at[at == len(keys)] = 0
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
        """Return the flipped keys, sorted."""
        if self._keys_by_object is None:
            self._keys_by_object = np.sort(swap_pairs(self.keys))
        return self._keys_by_object

    def subjects(self) -> IntArray:
        """Return the subject of every pair."""
        return self.keys >> SUBJECT_SHIFT

    def objects(self) -> IntArray:
        """Return the object of every pair."""
        return self.keys & OBJECT_MASK

    def contains(self, s: IntArray, o: IntArray) -> BoolArray:
        """Return for each pair whether the relation holds it."""
        return contains_each(self.keys, pack_pairs(s, o))

    def find_linked(self, values: IntArray, *, backwards: bool = False) -> tuple[IntArray, IntArray]:
        """Return row numbers into `values` and the terms they are linked to."""
        keys = self.keys_by_object if backwards else self.keys
        low = np.searchsorted(keys, values << SUBJECT_SHIFT)
        high = np.searchsorted(keys, (values + 1) << SUBJECT_SHIFT)
        rows, at = expand_ranges(low, high)
        return rows, keys[at] & OBJECT_MASK

    def count_linked(self, values: IntArray, *, backwards: bool = False) -> int:
        """Return how many rows `reach` would give."""
        keys = self.keys_by_object if backwards else self.keys
        low = np.searchsorted(keys, values << SUBJECT_SHIFT)
        return int((np.searchsorted(keys, (values + 1) << SUBJECT_SHIFT) - low).sum())

    def union_disjoint(self, keys: IntArray) -> Relation:
        """Return the union with `keys`, which are sorted, unique and not yet in."""
        if not len(self.keys):
            return Relation(keys)
        joined = np.concatenate((self.keys, keys))
        joined.sort(kind="stable")  # two sorted runs: merged in one pass
        return Relation(joined)

    def difference(self, keys: IntArray) -> Relation:
        """Return the relation less the sorted `keys`."""
        return Relation(self.keys[~contains_each(keys, self.keys)])

    def select_new(self, keys: IntArray) -> IntArray:
        """Return the sorted, unique ones of `keys` that the relation does not hold."""
        keys = sort_unique(keys)
        return keys[~contains_each(self.keys, keys)] if len(self.keys) else keys


EMPTY_RELATION = Relation(EMPTY_KEYS)


class FactSet:
    """A set of triples: one relation a predicate; every change gives a new value."""

    __slots__ = ("_size", "by_predicate")

    def __init__(self, by_predicate: Mapping[int, Relation] | None = None) -> None:
        """Hold the relations that are not empty."""
        self.by_predicate: dict[int, Relation] = {p: r for p, r in (by_predicate or {}).items() if len(r)}
        self._size = sum(len(relation) for relation in self.by_predicate.values())

    def __getitem__(self, predicate: int) -> Relation:
        return self.by_predicate.get(predicate, EMPTY_RELATION)

    def __iter__(self) -> Iterator[tuple[int, Relation]]:
        return iter(self.by_predicate.items())

    def __len__(self) -> int:
        """Return the number of triples, list walks included."""
        return self._size

    def union_disjoint(self, other: FactSet) -> FactSet:
        """Return the union with `other`, of which nothing is in yet."""
        return FactSet(self.by_predicate | {p: self[p].union_disjoint(r.keys) for p, r in other})

    def difference(self, other: FactSet) -> FactSet:
        """Return the difference."""
        return FactSet(self.by_predicate | {p: self[p].difference(r.keys) for p, r in other})

    def select_new(self, candidates: Mapping[int, list[IntArray]]) -> FactSet:
        """Return those of `found` that are not in yet."""
        return FactSet(
            {p: Relation(self[p].select_new(np.concatenate(parts))) for p, parts in candidates.items()}
        )
