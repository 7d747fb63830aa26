"""Binary relations over term numbers: sorted arrays that are never changed, only replaced.

A pair (s, o) is one int64, `s << 32 | o`; a relation keeps its pairs sorted by subject and, once asked
for, by object too. `Facts` is one relation a predicate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SHIFT = 32
LOW = (1 << SHIFT) - 1
#: from this many keys on, they are sorted before they are looked up
DISORDERED = 500_000
NONE: Ints = np.empty(0, dtype=np.int64)


def pack(s: Ints, o: Ints) -> Ints:
    """Return the pairs of two columns as keys."""
    return (s << SHIFT) | o


def flip(keys: Ints) -> Ints:
    """Return the keys with subject and object exchanged."""
    return ((keys & LOW) << SHIFT) | (keys >> SHIFT)


def sorted_unique(keys: Ints) -> Ints:
    """Return the keys sorted, each once."""
    keys = np.sort(keys)
    if len(keys) < 2:
        return keys
    fresh = np.empty(len(keys), dtype=bool)
    fresh[0] = True
    np.not_equal(keys[1:], keys[:-1], out=fresh[1:])
    return keys if fresh.all() else keys[fresh]


def spread(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return, for the ranges low..high, the number of the range and each position in it."""
    counts = high - low
    rows = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return rows, np.arange(len(rows)) - np.repeat(before - low, counts)


def found_in(keys: Ints, wanted: Ints) -> Mask:
    """Return for each of `wanted` whether the sorted `keys` hold it."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool)
    if len(wanted) > DISORDERED and not (wanted[1:] >= wanted[:-1]).all():
        order = np.argsort(wanted)  # looked up in order, neighbours share cache lines: several times faster
        found = np.empty(len(wanted), dtype=bool)
        found[order] = found_in(keys, wanted[order])
        return found
    at = np.searchsorted(keys, wanted)
    at[at == len(keys)] = 0
    held: Mask = keys[at] == wanted
    return held


class Relation:
    """A set of pairs of term numbers."""

    __slots__ = ("_by_object", "keys")

    def __init__(self, keys: Ints) -> None:
        """Hold `keys`, which are sorted and unique."""
        self.keys = keys
        self._by_object: Ints | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def by_object(self) -> Ints:
        """Return the flipped keys, sorted."""
        if self._by_object is None:
            self._by_object = np.sort(flip(self.keys))
        return self._by_object

    def subjects(self) -> Ints:
        """Return the subject of every pair."""
        return self.keys >> SHIFT

    def objects(self) -> Ints:
        """Return the object of every pair."""
        return self.keys & LOW

    def holds(self, s: Ints, o: Ints) -> Mask:
        """Return for each pair whether the relation holds it."""
        return found_in(self.keys, pack(s, o))

    def reach(self, values: Ints, *, backwards: bool = False) -> tuple[Ints, Ints]:
        """Return row numbers into `values` and the terms they are linked to."""
        keys = self.by_object if backwards else self.keys
        low = np.searchsorted(keys, values << SHIFT)
        high = np.searchsorted(keys, (values + 1) << SHIFT)
        rows, at = spread(low, high)
        return rows, keys[at] & LOW

    def fan_out(self, values: Ints, *, backwards: bool = False) -> int:
        """Return how many rows `reach` would give."""
        keys = self.by_object if backwards else self.keys
        low = np.searchsorted(keys, values << SHIFT)
        return int((np.searchsorted(keys, (values + 1) << SHIFT) - low).sum())

    def plus(self, keys: Ints) -> Relation:
        """Return the union with `keys`, which are sorted, unique and not yet in."""
        if not len(self.keys):
            return Relation(keys)
        joined = np.concatenate((self.keys, keys))
        joined.sort(kind="stable")  # two sorted runs: merged in one pass
        return Relation(joined)

    def without(self, keys: Ints) -> Relation:
        """Return the relation less the sorted `keys`."""
        return Relation(self.keys[~found_in(keys, self.keys)])

    def new_of(self, keys: Ints) -> Ints:
        """Return the sorted, unique ones of `keys` that the relation does not hold."""
        keys = sorted_unique(keys)
        return keys[~found_in(self.keys, keys)] if len(self.keys) else keys


EMPTY = Relation(NONE)


class Facts:
    """A set of triples: one relation a predicate; every change gives a new value."""

    __slots__ = ("_size", "by_predicate")

    def __init__(self, by_predicate: Mapping[int, Relation] | None = None) -> None:
        """Hold the relations that are not empty."""
        self.by_predicate: dict[int, Relation] = {p: r for p, r in (by_predicate or {}).items() if len(r)}
        self._size = sum(len(relation) for relation in self.by_predicate.values())

    def __getitem__(self, predicate: int) -> Relation:
        return self.by_predicate.get(predicate, EMPTY)

    def __iter__(self) -> Iterator[tuple[int, Relation]]:
        return iter(self.by_predicate.items())

    def __len__(self) -> int:
        """Return the number of triples, list walks included."""
        return self._size

    def plus(self, other: Facts) -> Facts:
        """Return the union with `other`, of which nothing is in yet."""
        return Facts(self.by_predicate | {p: self[p].plus(r.keys) for p, r in other})

    def without(self, other: Facts) -> Facts:
        """Return the difference."""
        return Facts(self.by_predicate | {p: self[p].without(r.keys) for p, r in other})

    def new_of(self, found: Mapping[int, list[Ints]]) -> Facts:
        """Return those of `found` that are not in yet."""
        return Facts({p: Relation(self[p].new_of(np.concatenate(parts))) for p, parts in found.items()})
