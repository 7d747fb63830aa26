"""Joins: matches a conjunction of triple patterns against facts, a column of numbers at a time.

A `BindingTable` has one column for each variable and one row for each match so far. Joining it with a pattern
looks up all rows at once (`Relation.find_linked`), so Python runs once for each pattern of a rule, not once
for each match. The next pattern is always the one that should give the fewest rows; from `COUNT_EXACTLY_FROM`
rows on that is counted, which costs two binary searches a row and saves joins that would explode.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rlreason.relation import EMPTY_KEYS, FactSet, IntArray, Relation

#: a term number, or the name of a variable
Slot = int | str
#: number of candidate rows from which on the next pattern is chosen by counting, not by a guess
COUNT_EXACTLY_FROM = 4096


@dataclass(frozen=True, slots=True)
class TriplePattern:
    """An atom of a rule in term numbers."""

    s: Slot
    p: Slot
    o: Slot

    def variable_names(self) -> frozenset[str]:
        """Return the variables."""
        return frozenset(slot for slot in (self.s, self.p, self.o) if isinstance(slot, str))


@dataclass(frozen=True, slots=True)
class BindingTable:
    """Matches: a column of term numbers for each variable, each of `row_count` rows."""

    row_count: int
    columns: dict[str, IntArray]

    def take_rows(self, rows: IntArray) -> BindingTable:
        """Return the given rows."""
        return BindingTable(len(rows), {name: column[rows] for name, column in self.columns.items()})

    def column_of(self, slot: Slot) -> IntArray | None:
        """Return the values of a slot in every row; None for a variable that is not bound yet."""
        if isinstance(slot, str):
            return self.columns.get(slot)
        return np.full(self.row_count, slot, dtype=np.int64)


#: one row without variables: where every join begins
UNIT_TABLE = BindingTable(1, {})
EMPTY_TABLE = BindingTable(0, {})


def stack_tables(tables: Sequence[BindingTable]) -> BindingTable:
    """Return the rows of all tables, which have the same columns."""
    tables = [table for table in tables if table.row_count]
    if len(tables) < 2:
        return tables[0] if tables else EMPTY_TABLE
    names = tables[0].columns
    return BindingTable(
        sum(table.row_count for table in tables),
        {name: np.concatenate([table.columns[name] for table in tables]) for name in names},
    )


def group_rows(column: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Yield each distinct value with the rows that have it."""
    if not len(column):
        return
    # Equal values are adjacent once sorted; a group starts where a value differs from the one before.
    order = np.argsort(column, kind="stable")
    ordered = column[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], len(column)], strict=True):
        yield int(ordered[start]), order[start:end]


def join_pattern(table: BindingTable, pattern: TriplePattern, facts: FactSet) -> BindingTable:
    """Return `table` extended by every match of `pattern` in `facts`."""
    if isinstance(pattern.p, int):
        return _join_relation(table, facts[pattern.p], pattern)
    bound = table.columns.get(pattern.p)
    if bound is None:
        return _join_any_predicate(table, pattern, facts)
    parts = []
    for predicate, rows in group_rows(bound):
        relation = facts[predicate]
        if len(relation):
            parts.append(_join_relation(table.take_rows(rows), relation, pattern))
    return stack_tables(parts)


def _join_any_predicate(table: BindingTable, pattern: TriplePattern, facts: FactSet) -> BindingTable:
    """Join with every predicate, and bind the predicate's variable."""
    parts = []
    for predicate, relation in facts.triples_by_predicate():
        part = _join_relation(table, relation, pattern)
        column = np.full(part.row_count, predicate, dtype=np.int64)
        parts.append(_add_columns(part, {pattern.p: column}))
    return stack_tables(parts)


def _join_relation(table: BindingTable, relation: Relation, pattern: TriplePattern) -> BindingTable:
    """Join with one relation."""
    if not len(relation) or not table.row_count:
        return EMPTY_TABLE
    s, o = table.column_of(pattern.s), table.column_of(pattern.o)
    if s is not None and o is not None:
        return table.take_rows(np.flatnonzero(relation.contains_pairs(s, o)))
    if s is not None:
        rows, reached = relation.find_linked(s)
        return _add_columns(table.take_rows(rows), {pattern.o: reached})
    if o is not None:
        rows, reached = relation.find_linked(o, backwards=True)
        return _add_columns(table.take_rows(rows), {pattern.s: reached})
    return _cross_join(table, relation, pattern)


def _cross_join(table: BindingTable, relation: Relation, pattern: TriplePattern) -> BindingTable:
    """Pair every row with every pair of the relation; nothing of the pattern is bound."""
    subjects, objects = relation.subjects(), relation.objects()
    if pattern.s == pattern.o:
        subjects = objects = subjects[subjects == objects]
    # Row 0 with every pair, row 1 with every pair ...; a rule without shared variables, such as eq-diff2's
    # list. Most tables have one row, and np.tile is slow.
    rows = np.repeat(np.arange(table.row_count), len(subjects))
    if table.row_count > 1:
        subjects, objects = np.tile(subjects, table.row_count), np.tile(objects, table.row_count)
    return _add_columns(table.take_rows(rows), {pattern.s: subjects, pattern.o: objects})


def _add_columns(table: BindingTable, columns: dict[Slot, IntArray]) -> BindingTable:
    """Return the table with columns added."""
    return BindingTable(
        table.row_count, table.columns | {str(slot): column for slot, column in columns.items()}
    )


def match_patterns(
    patterns: Sequence[TriplePattern],
    sources: Sequence[FactSet],
    kept_columns: frozenset[str] | None = None,
    initial: BindingTable = UNIT_TABLE,
) -> BindingTable:
    """Return the matches of all patterns that extend `initial`, each pattern looked up in its own source.

    Columns that neither `kept_columns` nor a later pattern needs are dropped as soon as possible, rows are
    not made unique; None keeps all columns.
    """
    if any(_cannot_match(pattern, facts) for pattern, facts in zip(patterns, sources, strict=True)):
        return EMPTY_TABLE
    remaining = list(range(len(patterns)))
    table = initial
    while remaining and table.row_count:
        chosen = _choose_next_pattern(table, remaining, patterns, sources)
        remaining.remove(chosen)
        table = join_pattern(table, patterns[chosen], sources[chosen])
        if kept_columns is not None and remaining:
            needed = kept_columns.union(*(patterns[i].variable_names() for i in remaining))
            table = BindingTable(table.row_count, {k: v for k, v in table.columns.items() if k in needed})
    return table


def _cannot_match(pattern: TriplePattern, facts: FactSet) -> bool:
    """Return whether a pattern has a fixed predicate without facts."""
    return isinstance(pattern.p, int) and not len(facts[pattern.p])


def _choose_next_pattern(
    table: BindingTable, remaining: list[int], patterns: Sequence[TriplePattern], sources: Sequence[FactSet]
) -> int:
    """Return the pattern to join next: the one that should give the fewest rows."""
    if len(remaining) == 1:
        return remaining[0]
    return min(remaining, key=lambda i: _estimate_rows(table, patterns[i], sources[i]))


def _estimate_rows(table: BindingTable, pattern: TriplePattern, facts: FactSet) -> float:
    """Return about how many rows a join would give.

    Guesses, in the order of their weight: a pattern with both ends bound only filters; with one end bound it
    multiplies the rows by the square root of the relation's size, unless that is worth counting.
    """
    s_bound = isinstance(pattern.s, int) or pattern.s in table.columns
    o_bound = isinstance(pattern.o, int) or pattern.o in table.columns
    if isinstance(pattern.p, str):
        if pattern.p not in table.columns:
            # One lookup for each predicate, whatever is bound.
            size, filtered = len(facts), 0.5 * len(facts.by_predicate)
        else:
            # bound by another atom: one predicate at a time, at most the largest
            size, filtered = max((len(relation) for _, relation in facts), default=0) // 2 + 1, 0.5
        return table.row_count * float(
            size if not (s_bound or o_bound) else size**0.5 if not (s_bound and o_bound) else filtered
        )
    relation = facts[pattern.p]
    if s_bound and o_bound:
        return table.row_count * 0.1
    if not (s_bound or o_bound):
        return float(table.row_count * len(relation))
    if table.row_count * len(relation) < COUNT_EXACTLY_FROM:
        return float(table.row_count * len(relation) ** 0.5)
    values = table.column_of(pattern.s if s_bound else pattern.o)
    return float(relation.count_linked(EMPTY_KEYS if values is None else values, backwards=not s_bound))
