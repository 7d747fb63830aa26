"""The condition "for all members of the list" of cls-int1 and prp-key, for lists of any length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kg.reasoning.join import NO_MATCH, Pattern, Table, match
from kg.reasoning.relation import SHIFT, Facts, Ints, sorted_unique

ROW = "#row"


def for_every(table: Table, member: Pattern, each: Sequence[Pattern], facts: Facts) -> Table:
    """Return the rows for which `each` holds for all that `member` binds, and it binds something."""
    names = member.names().union(*(pattern.names() for pattern in each))
    distinct, row_of = _distinct(table, [name for name in table.columns if name in names])
    walked = match((member,), (facts,), None, distinct)
    held = match((member, *each), (facts,) * (1 + len(each)), frozenset((ROW, str(member.o))), distinct)
    if not held.n:
        return NO_MATCH
    asked = np.bincount(walked.columns[ROW], minlength=distinct.n)
    found = sorted_unique(held.columns[ROW] << SHIFT | held.columns[str(member.o)])
    enough = np.bincount(found >> SHIFT, minlength=distinct.n) == asked
    return table.take(np.flatnonzero((enough & (asked > 0))[row_of]))


def _distinct(table: Table, names: list[str]) -> tuple[Table, Ints]:
    """Return the distinct rows over some columns, numbered in column ROW, and where each row went."""
    stacked = np.stack([table.columns[name] for name in names], axis=1)
    rows, row_of = np.unique(stacked, axis=0, return_inverse=True)
    columns = {name: rows[:, i] for i, name in enumerate(names)}
    return Table(len(rows), columns | {ROW: np.arange(len(rows))}), row_of.reshape(-1)
