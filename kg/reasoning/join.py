"""Matches atoms against facts, a whole column at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kg.reasoning.relation import NONE, Facts, Ints, Relation

#: a term number, or the name of a variable
Slot = int | str
#: numbers below this are list walks, not predicates
FIRST_TERM = 3
#: from this many rows on, the next atom is chosen by counting what it would give
COUNTED = 4096


@dataclass(frozen=True, slots=True)
class Pattern:
    """An atom in term numbers."""

    s: Slot
    p: Slot
    o: Slot

    def names(self) -> frozenset[str]:
        """Return the variables."""
        return frozenset(slot for slot in (self.s, self.p, self.o) if isinstance(slot, str))


@dataclass(frozen=True, slots=True)
class Table:
    """Matches: a column of term numbers for each variable; `n` rows."""

    n: int
    columns: dict[str, Ints]

    def take(self, rows: Ints) -> Table:
        """Return the given rows."""
        return Table(len(rows), {name: column[rows] for name, column in self.columns.items()})

    def value(self, slot: Slot) -> Ints | None:
        """Return the column of a slot; None for a variable not bound yet."""
        if isinstance(slot, str):
            return self.columns.get(slot)
        return np.full(self.n, slot, dtype=np.int64)


UNIT = Table(1, {})
NO_MATCH = Table(0, {})


def stack(tables: Sequence[Table]) -> Table:
    """Return the rows of all tables, which have the same columns."""
    tables = [table for table in tables if table.n]
    if len(tables) < 2:
        return tables[0] if tables else NO_MATCH
    names = tables[0].columns
    return Table(
        sum(table.n for table in tables),
        {name: np.concatenate([table.columns[name] for table in tables]) for name in names},
    )


def groups(column: Ints) -> Iterator[tuple[int, Ints]]:
    """Yield each distinct value with the rows that have it."""
    if not len(column):
        return
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], len(column)], strict=True):
        yield int(ordered[start]), order[start:end]


def join(table: Table, pattern: Pattern, facts: Facts) -> Table:
    """Return `table` extended by every match of `pattern` in `facts`."""
    if isinstance(pattern.p, int):
        return _join_relation(table, facts[pattern.p], pattern)
    bound = table.columns.get(pattern.p)
    if bound is None:
        return _join_any(table, pattern, facts)
    parts = []
    for predicate, rows in groups(bound):
        relation = facts[predicate]
        if len(relation):
            parts.append(_join_relation(table.take(rows), relation, pattern))
    return stack(parts)


def _join_any(table: Table, pattern: Pattern, facts: Facts) -> Table:
    """Join with every predicate, and bind the predicate's variable."""
    parts = []
    for predicate, relation in facts:
        if predicate >= FIRST_TERM:
            part = _join_relation(table, relation, pattern)
            parts.append(
                Table(part.n, part.columns | {str(pattern.p): np.full(part.n, predicate, dtype=np.int64)})
            )
    return stack(parts)


def _join_relation(table: Table, relation: Relation, pattern: Pattern) -> Table:
    """Join with one relation."""
    if not len(relation) or not table.n:
        return NO_MATCH
    s, o = table.value(pattern.s), table.value(pattern.o)
    if s is not None and o is not None:
        return table.take(np.flatnonzero(relation.holds(s, o)))
    if s is not None:
        rows, reached = relation.reach(s)
        return _extended(table.take(rows), {pattern.o: reached})
    if o is not None:
        rows, reached = relation.reach(o, backwards=True)
        return _extended(table.take(rows), {pattern.s: reached})
    return _product(table, relation, pattern)


def _product(table: Table, relation: Relation, pattern: Pattern) -> Table:
    """Pair every row with every pair of the relation; nothing of the pattern is bound."""
    subjects, objects = relation.subjects(), relation.objects()
    if pattern.s == pattern.o:
        subjects = objects = subjects[subjects == objects]
    rows = np.repeat(np.arange(table.n), len(subjects))
    return _extended(
        table.take(rows), {pattern.s: np.tile(subjects, table.n), pattern.o: np.tile(objects, table.n)}
    )


def _extended(table: Table, columns: dict[Slot, Ints]) -> Table:
    """Return the table with columns added."""
    return Table(table.n, table.columns | {str(slot): column for slot, column in columns.items()})


def match(
    patterns: Sequence[Pattern],
    sources: Sequence[Facts],
    keep: frozenset[str] | None = None,
    start: Table = UNIT,
) -> Table:
    """Return the matches of all patterns, each looked up in its own source.

    Columns that neither `keep` nor a later pattern needs are dropped; None keeps all.
    """
    if any(_empty(pattern, facts) for pattern, facts in zip(patterns, sources, strict=True)):
        return NO_MATCH
    left = list(range(len(patterns)))
    table = start
    while left and table.n:
        chosen = _choose(table, left, patterns, sources)
        left.remove(chosen)
        table = join(table, patterns[chosen], sources[chosen])
        if keep is not None and left:
            needed = keep.union(*(patterns[i].names() for i in left))
            table = Table(table.n, {k: v for k, v in table.columns.items() if k in needed})
    return table


def _empty(pattern: Pattern, facts: Facts) -> bool:
    """Say whether the pattern cannot match for want of its predicate."""
    return isinstance(pattern.p, int) and not len(facts[pattern.p])


def _choose(table: Table, left: list[int], patterns: Sequence[Pattern], sources: Sequence[Facts]) -> int:
    """Return the pattern to join next: the one that should give the fewest rows."""
    if len(left) == 1:
        return left[0]
    return min(left, key=lambda i: _cost(table, patterns[i], sources[i]))


def _cost(table: Table, pattern: Pattern, facts: Facts) -> float:
    """Return about how many rows a join would give."""
    s_bound = isinstance(pattern.s, int) or pattern.s in table.columns
    o_bound = isinstance(pattern.o, int) or pattern.o in table.columns
    if isinstance(pattern.p, str):
        if pattern.p not in table.columns:
            size = len(facts)
        else:
            size = max((len(relation) for _, relation in facts), default=0) // 2 + 1
        return table.n * float(
            size if not (s_bound or o_bound) else size**0.5 if not (s_bound and o_bound) else 0.5
        )
    relation = facts[pattern.p]
    if s_bound and o_bound:
        return table.n * 0.1
    if not (s_bound or o_bound):
        return float(table.n * len(relation))
    if table.n * len(relation) < COUNTED:
        return float(table.n * len(relation) ** 0.5)
    values = table.value(pattern.s if s_bound else pattern.o)
    return float(relation.fan_out(NONE if values is None else values, backwards=not s_bound))
