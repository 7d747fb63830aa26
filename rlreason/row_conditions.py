"""What a rule of one's own asks of a match beyond triple patterns: BIND, FILTER, FILTER NOT EXISTS.

Expressions are evaluated by rdflib, which parsed them (`sparql_rules`), once for each distinct combination of
values. As in SPARQL, an expression that fails drops the row.

A rule that asks for an absence may conclude too early, and take back nothing. So rules are put into *strata*:
one that negates a predicate stands above all that conclude it, and a set in which that is impossible is
refused (Apt, Blair and Walker 1988). Axioms of an ontology can still lead from what a rule concludes to what
it negates; so when all is closed each such conclusion is looked at again, and refused when it does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from pyoxigraph import NamedNode

from rlreason.join import BindingTable, TriplePattern, match_patterns
from rlreason.relation import BoolArray, FactSet, IntArray, contains_each
from rlreason.rules import Atom, Expression, Rule, RuleError
from rlreason.term_dictionary import TermDictionary
from rlreason.triple_sources import from_rdflib_term, to_rdflib_term
from rlreason.vocabulary import RDF

if TYPE_CHECKING:
    from rdflib.plugins.sparql.sparql import QueryContext

    from rlreason.compiled_rules import CompiledRule
    from rlreason.rule_engine import ClosureState, Conclusions, RuleEngine

#: a predicate, or a predicate and its object; None stands for any
_Key = tuple[NamedNode | None, NamedNode | None]
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


def stratify_rules(rules: Iterable[Rule]) -> dict[str, int]:
    """Return the stratum of each rule of one's own, 0 for those that rest on no absence.

    Raises RuleError when a rule rests on the absence of what it leads to.
    """
    own = [rule for rule in rules if not rule.table]
    strata = {rule.name: int(bool(rule.negations)) for rule in own}
    if not any(strata.values()):
        return strata
    for _ in range(len(own) + 2):
        before = dict(strata)
        for rule in own:
            for other in own:
                below = strata[other.name]
                if _concludes(other, rule.body):
                    strata[rule.name] = max(strata[rule.name], below)
                if _concludes(other, [atom for negation in rule.negations for atom in negation.atoms]):
                    strata[rule.name] = max(strata[rule.name], below + 1)
        if strata == before:
            return strata
    name = max(strata, key=lambda each: strata[each])
    raise RuleError(
        f"The rule {name} rests on the absence of what it leads to: FILTER NOT EXISTS in a circle."
    )


def _concludes(rule: Rule, atoms: Iterable[Atom]) -> bool:
    """Return whether a rule may conclude what some atoms match."""
    heads = [_make_key(atom) for atom in rule.head]
    return any(_overlap(head, _make_key(atom)) for head in heads for atom in atoms)


def _make_key(atom: Atom) -> _Key:
    """Return what an atom is about: its predicate, and of rdf:type the class."""
    predicate = atom.p if isinstance(atom.p, NamedNode) else None
    named = predicate == RDF["type"] and isinstance(atom.o, NamedNode)
    return predicate, atom.o if named and isinstance(atom.o, NamedNode) else None


def _overlap(one: _Key, other: _Key) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def apply_strata(engine: RuleEngine, state: ClosureState, steps: list[CompiledRule]) -> None:
    """Apply the rules with FILTER NOT EXISTS to a closed state, a stratum at a time, and close it again.

    Raises RuleError where a conclusion rests on an absence that does not last.
    """
    concluded: Conclusions = {}
    negated = [step for step in engine.negated_rules if not step.rule.finds_violations]
    for stratum in sorted({engine.strata[step.rule.name] for step in negated}):
        here = [step for step in negated if engine.strata[step.rule.name] <= stratum]
        while True:
            conclusions = engine.conclude_all(state.facts, here)
            for predicate, keys in conclusions.items():
                concluded.setdefault(predicate, []).extend(keys)
            found = state.facts.select_new(conclusions)
            if not len(found):
                break
            engine.run_rounds(state, engine.add_literal_facts(state, found), steps)
    _check_that_absences_last(engine, state, negated, concluded)
    engine.add_violations(state, engine.negated_rules)


def _check_that_absences_last(
    engine: RuleEngine, state: ClosureState, negated: list[CompiledRule], concluded: Conclusions
) -> None:
    final = engine.conclude_all(state.facts, negated)
    for predicate, keys in concluded.items():
        lasting = np.sort(np.concatenate(final.get(predicate, [keys[0][:0]])))
        if not contains_each(lasting, np.concatenate(keys)).all():
            names = ", ".join(sorted(step.rule.name for step in negated))
            raise RuleError(
                f"With these triples, a rule rests on the absence of what it leads to ({names}): what it "
                f"concludes of {engine.dictionary.terms[predicate]} does not hold once all is closed."
            )
