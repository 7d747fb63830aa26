"""The condition "for all members of the list" of cls-int1 and prp-key, for lists of any length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kg.reasoning.join import EMPTY_TABLE, BindingTable, TriplePattern, match_patterns
from kg.reasoning.relation import SUBJECT_SHIFT, FactSet, IntArray, sort_unique

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
