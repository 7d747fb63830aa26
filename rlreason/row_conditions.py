"""What a rule of one's own asks of a match beyond triple patterns: BIND, FILTER, FILTER NOT EXISTS.

Expressions are evaluated by rdflib, which parsed them (`sparql_rules`), once for each distinct combination of
values. As in SPARQL, an expression that fails drops the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rlreason.join import BindingTable, TriplePattern, match_patterns
from rlreason.relation import BoolArray, FactSet, IntArray
from rlreason.rules import Expression
from rlreason.term_dictionary import TermDictionary
from rlreason.triple_sources import from_rdflib_term, to_rdflib_term

if TYPE_CHECKING:
    from rdflib.plugins.sparql.sparql import QueryContext

#: column of row numbers, a name that no variable has
_ROW_COLUMN = "#row"


class RowCondition(Protocol):
    """A condition that keeps some rows of a table, and may add a column."""

    @property
    def variables(self) -> frozenset[str]:
        """Return the columns it needs, if the table has them."""
        ...

    def apply(self, table: BindingTable, facts: FactSet) -> BindingTable:
        """Return the rows that fulfill it in `facts`."""
        ...


@dataclass(frozen=True, slots=True)
class Filter:
    """FILTER(expression)."""

    expression: Expression
    dictionary: TermDictionary

    @property
    def variables(self) -> frozenset[str]:
        """Return the variables of the expression."""
        return frozenset(self.expression.variables)

    def apply(self, table: BindingTable, _facts: FactSet) -> BindingTable:
        """Return the rows for which the expression is true."""
        quick = self._compare_by_number(table)
        if quick is not None:
            return table.take_rows(np.flatnonzero(quick))
        from rdflib.plugins.sparql.operators import EBV
        from rdflib.plugins.sparql.sparql import SPARQLError

        def is_true(value: Any) -> bool:
            try:
                return value is not None and bool(EBV(value))
            except SPARQLError:
                return False

        values, row_of = _evaluate(self.expression, table, self.dictionary)
        true = np.fromiter((is_true(value) for value in values), dtype=bool, count=len(values))
        return table.take_rows(np.flatnonzero(true[row_of]))

    def _compare_by_number(self, table: BindingTable) -> BoolArray | None:
        """Return the rows where two variables differ; None when that takes more than their numbers."""
        if self.expression.unequal is None:
            return None
        one, other = (table.columns[name] for name in self.expression.unequal)
        literal = self.dictionary.is_literal
        return None if (literal(one) & literal(other)).any() else one != other


@dataclass(frozen=True, slots=True)
class Assignment:
    """BIND(expression AS ?name); where `name` has a value already, the two must be the same term."""

    name: str
    expression: Expression
    dictionary: TermDictionary

    @property
    def variables(self) -> frozenset[str]:
        """Return the variables of the expression."""
        return frozenset(self.expression.variables)

    def apply(self, table: BindingTable, _facts: FactSet) -> BindingTable:
        """Return the rows for which the expression has a value, with that value."""
        values, row_of = _evaluate(self.expression, table, self.dictionary)
        number = self.dictionary.number_term
        numbers = np.array([-1 if v is None else number(from_rdflib_term(v)) for v in values], dtype=np.int64)
        column: IntArray = numbers[row_of]
        keep = column >= 0
        if self.name in table.columns:
            keep &= table.columns[self.name] == column
        table = BindingTable(table.row_count, table.columns | {self.name: column})
        return table.take_rows(np.flatnonzero(keep))


@dataclass(frozen=True, slots=True)
class Negation:
    """FILTER NOT EXISTS { patterns filters }."""

    patterns: tuple[TriplePattern, ...]
    filters: tuple[Filter, ...]

    @property
    def variables(self) -> frozenset[str]:
        """Return the variables of patterns and filters; those that only they have are not needed."""
        return frozenset().union(*(each.variable_names() for each in self.patterns))

    def apply(self, table: BindingTable, facts: FactSet) -> BindingTable:
        """Return the rows from which the patterns cannot be matched."""
        numbered = BindingTable(table.row_count, table.columns | {_ROW_COLUMN: np.arange(table.row_count)})
        found = match_patterns(self.patterns, (facts,) * len(self.patterns), None, numbered)
        for each in self.filters:
            found = each.apply(found, facts) if found.row_count else found
        matched = np.zeros(table.row_count, dtype=bool)
        if found.row_count:
            matched[found.columns[_ROW_COLUMN]] = True
        return table.take_rows(np.flatnonzero(~matched))


def apply_conditions(conditions: Iterable[RowCondition], table: BindingTable, facts: FactSet) -> BindingTable:
    """Return the rows that fulfill all conditions."""
    for condition in conditions:
        if table.row_count:
            table = condition.apply(table, facts)
    return table


def _evaluate(
    expression: Expression, table: BindingTable, dictionary: TermDictionary
) -> tuple[list[Any], IntArray]:
    """Return the values of an expression for the distinct rows, and where each row went; None: an error."""
    names = expression.variables
    if not names:
        return list(_evaluate_rows(expression, [[]], dictionary)), np.zeros(table.row_count, dtype=np.int64)
    stacked = np.stack([table.columns[name] for name in names], axis=1)
    rows, row_of = np.unique(stacked, axis=0, return_inverse=True)
    return list(_evaluate_rows(expression, rows.tolist(), dictionary)), row_of.reshape(-1)


def _evaluate_rows(
    expression: Expression, rows: list[list[int]], dictionary: TermDictionary
) -> Iterator[Any]:
    """Yield the value for each row of term numbers."""
    from rdflib import Variable
    from rdflib.plugins.sparql.evalutils import _eval
    from rdflib.plugins.sparql.sparql import FrozenBindings, SPARQLError

    variables = [Variable(name) for name in expression.variables]
    for row in rows:
        nodes = [to_rdflib_term(dictionary.terms[number]) for number in row]
        bindings = FrozenBindings(_make_context(), dict(zip(variables, nodes, strict=True)))
        try:
            value = _eval(expression.parsed, bindings)
        except SPARQLError:
            value = None
        yield None if isinstance(value, SPARQLError) else value


@cache
def _make_context() -> QueryContext:
    """Return the context that rdflib asks for; expressions here read nothing of it."""
    from rdflib.plugins.sparql.sparql import QueryContext

    return QueryContext()
