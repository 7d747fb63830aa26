"""Rule instances found backwards, on demand: from facts to the rules and premises that conclude them.

Facts are numbered 0, 1, 2 ... in the order of predicate and key, so an instance is a row of fact numbers.
`InstanceMatcher.find_concluding` unifies the heads of all rules with some facts and matches the bodies, all
facts at once. Walks along lists, and the constants of rules, are *steps* that belong to no rule (`step` is
None): a proof shows their premises in their place. A walk rests on the cells of one list down to rdf:nil.

A closure keeps its facts in *layers*, in the order in which they were found. Each fact has an instance whose
premises are all in earlier layers; where there is a choice within an instance (which rdf:first of a malformed
cell, which shared value of a key), the one of the earliest layer is taken, so that this stays true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlreason.compiled_rules import CompiledRule, unify_head
from rlreason.datatypes import parse_value
from rlreason.join import BindingTable, TriplePattern, group_rows, match_patterns
from rlreason.rdf_lists import ListReader
from rlreason.relation import (
    FIRST_TERM_NUMBER,
    OBJECT_MASK,
    SUBJECT_SHIFT,
    Fact,
    FactSet,
    IntArray,
    contains_each,
    pack_pairs,
)
from rlreason.row_conditions import apply_conditions
from rlreason.rule_engine import ClosureState, RuleEngine

#: a column of a binding table that no variable has: the fact an instance concludes, and its row
_GOAL, _ROW = "#goal", "#instance"
#: the layer of what is not a fact
NO_LAYER = 1 << 30


class FactNumbering:
    """Numbers for the facts of a closure, in order of predicate and key, and the layer of each."""

    def __init__(self, facts: FactSet, layers: list[FactSet]) -> None:
        self.predicates = [p for p, _ in facts]
        self._relations = [r for _, r in facts]
        self._starts = np.cumsum([0, *(len(r) for r in self._relations)])
        self._predicate_index = {p: i for i, p in enumerate(self.predicates)}
        self.layers = layers
        #: the number of no fact
        self.count = int(self._starts[-1])

    def number_fact(self, fact: Fact) -> int | None:
        """Return the number of a fact, None when it does not hold."""
        s, p, o = fact
        number = int(self.number_pairs(p, np.array([s << SUBJECT_SHIFT | o], dtype=np.int64))[0])
        return None if number == self.count else number

    def fact_at(self, number: int) -> Fact:
        """Return the fact with a number."""
        at = int(np.searchsorted(self._starts, number, side="right")) - 1
        key = int(self._relations[at].keys[number - self._starts[at]])
        return key >> SUBJECT_SHIFT, self.predicates[at], key & OBJECT_MASK

    def group_by_predicate(self, numbers: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
        """Yield each predicate with the positions in `numbers` of its facts and their keys."""
        at = np.searchsorted(self._starts, numbers, side="right") - 1
        for index, rows in group_rows(at):
            yield (
                self.predicates[index],
                rows,
                self._relations[index].keys[numbers[rows] - self._starts[index]],
            )

    def number_rows(self, pattern: TriplePattern, table: BindingTable) -> IntArray:
        """Return for each row of a table the number of the fact that a pattern stands for."""
        s, o = table.column_of(pattern.s), table.column_of(pattern.o)
        if s is None or o is None:
            return np.full(table.row_count, self.count, dtype=np.int64)
        keys = pack_pairs(s, o)
        if isinstance(pattern.p, int):
            return self.number_pairs(pattern.p, keys)
        numbers = np.full(table.row_count, self.count, dtype=np.int64)
        for predicate, rows in group_rows(table.columns[pattern.p]):
            numbers[rows] = self.number_pairs(predicate, keys[rows])
        return numbers

    def number_pairs(self, predicate: int, keys: IntArray) -> IntArray:
        """Return the numbers of pairs of one predicate."""
        at = self._predicate_index.get(predicate)
        if at is None:
            return np.full(len(keys), self.count, dtype=np.int64)
        held = self._relations[at].keys
        place = np.searchsorted(held, keys)
        place[place == len(held)] = 0
        return np.where(held[place] == keys, place + self._starts[at], self.count)

    def number_layer(self, layer: int) -> IntArray:
        """Return the numbers of the facts of a layer, in increasing order."""
        parts = [self.number_pairs(predicate, relation.keys) for predicate, relation in self.layers[layer]]
        numbers = np.sort(np.concatenate([np.empty(0, dtype=np.int64), *parts]))
        return numbers[numbers < self.count]

    def find_layers(self, numbers: IntArray) -> IntArray:
        """Return the layer of each fact: 0 of what was asserted, NO_LAYER of other numbers."""
        layers = np.full(len(numbers), NO_LAYER, dtype=np.int64)
        known = np.flatnonzero(numbers < self.count)
        for predicate, rows, keys in self.group_by_predicate(numbers[known]):
            found = layers[known[rows]]
            for layer in range(len(self.layers) - 1, -1, -1):
                found[contains_each(self.layers[layer][predicate].keys, keys)] = layer
            layers[known[rows]] = found
        return layers


@dataclass(frozen=True, slots=True)
class RuleInstance:
    """A rule with its variables replaced: what it concludes and from what, in fact numbers."""

    step: CompiledRule | None
    bindings: tuple[tuple[str, int], ...]
    conclusion: int
    premises: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InstanceBlock:
    """Instances of one rule: row i concludes `conclusions[i]` from each `premises[j]` of `rows[j]` = i."""

    step: CompiledRule | None
    table: BindingTable
    conclusions: IntArray
    rows: IntArray
    premises: IntArray

    def instance_at(self, row: int) -> RuleInstance:
        """Return one row."""
        low, high = np.searchsorted(self.rows, [row, row + 1])
        bound = {name: int(c[row]) for name, c in self.table.columns.items() if not name.startswith("#")}
        fixed = self.step.fixed_bindings if self.step else {}
        return RuleInstance(
            self.step,
            tuple(sorted((bound | fixed).items())),
            int(self.conclusions[row]),
            tuple(dict.fromkeys(self.premises[low:high].tolist())),
        )


class InstanceMatcher:
    """Finds the rule instances that conclude facts of a closure."""

    def __init__(self, engine: RuleEngine, state: ClosureState) -> None:
        self._engine, self._facts = engine, state.facts
        self.numbering = FactNumbering(state.facts, state.layers or [])
        self.lists = ListReader(engine, state.facts, state.layers or [], self._find_layer)
        self._steps = [step for step in engine.list_rules(state) if not step.rule.finds_violations]
        self._constants = frozenset(engine.dictionary.rule_constants.values())

    def _find_layer(self, fact: Fact) -> int:
        number = self.numbering.number_fact(fact)
        return NO_LAYER if number is None else int(self.numbering.find_layers(np.array([number]))[0])

    def find_composing(self) -> dict[int, CompiledRule]:
        """Return the rules that compose a relation with itself, by its predicate."""
        return {p: step for step in self._steps if (p := step.composed_predicate()) is not None}

    def find_concluding(self, numbers: IntArray) -> Iterator[InstanceBlock]:
        """Yield the instances that conclude the facts with the given numbers, in increasing order."""
        goals = self._make_goals(numbers)
        for step in self._steps:
            for head in step.head:
                for predicate in goals if isinstance(head.p, str) else goals.keys() & {head.p}:
                    asked = goals[predicate].columns
                    table = unify_head(head, predicate, asked["s"], asked["o"], **{_GOAL: asked[_GOAL]})
                    yield from self._match_body(step, table)
        yield from self._match_literals(numbers)
        for predicate, rows, keys in self.numbering.group_by_predicate(numbers):
            if predicate < FIRST_TERM_NUMBER:
                yield self._make_walk_block(predicate, numbers[rows], keys)
            elif predicate in self._engine.constant_predicates:
                yield self._make_constant_block(predicate, numbers[rows], keys)

    def _make_goals(self, numbers: IntArray) -> dict[int, BindingTable]:
        """Return subject, object and number of some facts as a table for each predicate."""
        return {
            predicate: BindingTable(
                len(rows), {"s": keys >> SUBJECT_SHIFT, "o": keys & OBJECT_MASK, _GOAL: numbers[rows]}
            )
            for predicate, rows, keys in self.numbering.group_by_predicate(numbers)
            if predicate >= FIRST_TERM_NUMBER
        }

    def _match_body(self, step: CompiledRule, goals: BindingTable) -> Iterator[InstanceBlock]:
        """Yield the instances of one rule that conclude the goals its head was unified with."""
        if not goals.row_count:
            return
        table = match_patterns(step.body, (self._facts,) * len(step.body), None, goals)
        table = apply_conditions(step.row_conditions, table, self._facts)
        if not table.row_count:
            return
        everything = np.arange(table.row_count)
        columns = [self.numbering.number_rows(pattern, table) for pattern in step.body]
        columns += [np.full(table.row_count, self.numbering.number_fact(f)) for f in step.ground_premises]
        rows = [everything] * len(columns)
        if step.member is not None:
            member_rows, premises = self._match_members(step, step.member, table)
            rows, columns = [*rows, member_rows], [*columns, premises]
        if columns:
            yield from self._keep_grounded(step, table, np.concatenate(rows), np.concatenate(columns))
        else:
            yield InstanceBlock(step, table, table.columns[_GOAL], everything[:0], everything[:0])

    def _keep_grounded(
        self, step: CompiledRule, table: BindingTable, rows: IntArray, premises: IntArray
    ) -> Iterator[InstanceBlock]:
        """Yield the rows whose premises all hold and do not hold the conclusion."""
        goals = table.columns[_GOAL]
        bad = rows[(premises == self.numbering.count) | (premises == goals[rows])]
        keep = np.ones(table.row_count, dtype=bool)
        keep[bad] = False
        renumbered = np.cumsum(keep) - 1
        used = np.flatnonzero(keep[rows])
        used = used[np.argsort(rows[used], kind="stable")]
        if keep.any():
            kept = table.take_rows(np.flatnonzero(keep))
            yield InstanceBlock(step, kept, kept.columns[_GOAL], renumbered[rows[used]], premises[used])

    def _match_members(
        self, step: CompiledRule, member: TriplePattern, table: BindingTable
    ) -> tuple[IntArray, IntArray]:
        """Return, as rows and fact numbers, what holds of all members of each row's list.

        A row that lacks a member has the number of no fact among its premises.
        """
        column = table.column_of(member.s)
        heads: IntArray = column if column is not None else np.empty(0, dtype=np.int64)
        members = {head: self.lists.list_members(head) for head in np.unique(heads).tolist()}
        counts = np.array([len(members[head]) for head in heads.tolist()], dtype=np.int64)
        rows = np.repeat(np.arange(table.row_count), counts)
        values = np.array([m for head in heads.tolist() for m in members[head]], dtype=np.int64)
        every = table.take_rows(rows)
        place = np.arange(len(rows))
        every = BindingTable(len(rows), every.columns | {str(member.o): values, "#row": rows, _ROW: place})
        found = match_patterns(step.conditions, (self._facts,) * len(step.conditions), None, every)
        if not found.row_count:
            return np.arange(table.row_count), np.full(table.row_count, self.numbering.count)
        numbers = [self.numbering.number_rows(pattern, found) for pattern in step.conditions]
        latest = np.max([self.numbering.find_layers(column) for column in numbers], axis=0)
        order = np.lexsort((latest, found.columns[_ROW]))
        _, first = np.unique(found.columns[_ROW][order], return_index=True)
        best = order[first]
        lacking = np.setdiff1d(place, found.columns[_ROW][best])
        lists = self.numbering.number_rows(TriplePattern(member.s, member.p, member.o), every)
        return (
            np.concatenate([*[found.columns["#row"][best]] * len(numbers), rows[lacking], rows]),
            np.concatenate(
                [*(column[best] for column in numbers), np.full(len(lacking), self.numbering.count), lists]
            ),
        )

    def _make_walk_block(self, walk: int, goals: IntArray, keys: IntArray) -> InstanceBlock:
        """Return the walks along lists: each rests on the cells of one list."""
        found = [self.lists.find_walk(key >> SUBJECT_SHIFT, walk, key & OBJECT_MASK) for key in keys.tolist()]
        rows = np.repeat(np.arange(len(goals)), [len(facts) for facts in found])
        numbers = [self.numbering.number_fact(fact) for facts in found for fact in facts]
        flat = np.array([self.numbering.count if n is None else n for n in numbers], dtype=np.int64)
        return InstanceBlock(None, BindingTable(len(goals), {}), goals, rows, flat)

    def _make_constant_block(self, predicate: int, goals: IntArray, keys: IntArray) -> InstanceBlock:
        """Return the facts with a rule's constant, from the facts with the graph's literals of that value."""
        terms, values = self._engine.dictionary.terms, self._engine.literals.values
        constants = {number: parse_value(terms[number]) for number in self._constants}  # type: ignore[arg-type]
        rows: list[tuple[int, int]] = []
        for goal, key in zip(goals.tolist(), keys.tolist(), strict=True):
            subject, constant = key >> SUBJECT_SHIFT, key & OBJECT_MASK
            if constant in constants:
                _, literals = self._facts[predicate].find_linked(np.array([subject]))
                equal = [each for each in literals.tolist() if values.get(each) == constants[constant]]
                premises = self.numbering.number_pairs(
                    predicate, np.array([subject << SUBJECT_SHIFT | each for each in equal], dtype=np.int64)
                )
                rows += [(goal, premise) for premise in premises.tolist()]
        table = np.array(rows, dtype=np.int64).reshape(-1, 2)
        places = np.arange(len(rows))
        return InstanceBlock(None, BindingTable(len(rows), {}), table[:, 0], places, table[:, 1])

    def _match_literals(self, numbers: IntArray) -> Iterator[InstanceBlock]:
        """Yield what the datatype rules of Table 8 concluded; it rests on facts that use the literals."""
        rules: tuple[tuple[str, int, tuple[str, str], Callable[[int, int], bool]], ...] = (
            ("dt-type2", self._engine.rdf_type, ("lt", "dt"), self._engine.literals.has_datatype),
            ("dt-eq", self._engine.same_as, ("lt1", "lt2"), self._engine.literals.are_equal),
            ("dt-diff", self._engine.different_from, ("lt1", "lt2"), self._engine.literals.are_different),
        )
        goals = self._make_goals(numbers)
        for name, predicate, names, holds in rules:
            step, table = self._engine.builtin_rules.get(name), goals.get(predicate)
            if step is not None and table is not None:
                literal = self._engine.dictionary.is_literal(table.columns["s"])
                table = table.take_rows(np.flatnonzero(literal))
                pairs = zip(table.columns["s"].tolist(), table.columns["o"].tolist(), strict=True)
                table = table.take_rows(np.flatnonzero([holds(s, o) for s, o in pairs]))
                if table.row_count:
                    yield self._make_literal_block(step, names, table)

    def _make_literal_block(
        self, step: CompiledRule, names: tuple[str, str], table: BindingTable
    ) -> InstanceBlock:
        """Return the instances of one datatype rule."""
        ends = table.columns["s"], table.columns["o"]
        uses = [
            [use for use in (self.find_use(s), self.find_use(o)) if use is not None]
            for s, o in zip(ends[0].tolist(), ends[1].tolist(), strict=True)
        ]
        rows = np.repeat(np.arange(table.row_count), [len(each) for each in uses])
        columns = dict(zip(names, ends, strict=True))
        premises = np.array([use for each in uses for use in each], dtype=np.int64)
        bound = BindingTable(table.row_count, columns)
        return InstanceBlock(step, bound, table.columns[_GOAL], rows, premises)

    def find_use(self, literal: int) -> int | None:
        """Return an asserted fact, as a number, that uses a literal; None for another term."""
        literals, uses = self._uses
        at = int(np.searchsorted(literals, literal))
        return int(uses[at]) if at < len(literals) and literals[at] == literal else None

    def find_mention(self, term: int) -> Fact | None:
        """Return the fact found earliest that has a term in any place."""
        here = np.array([term], dtype=np.int64)
        for layer in self.numbering.layers:
            for predicate, relation in layer.triples_by_predicate():
                if predicate == term:
                    return next((s, predicate, o) for s, o in relation.iterate_pairs())
                for backwards in (False, True):
                    for other in relation.find_linked(here, backwards=backwards)[1].tolist()[:1]:
                        return (other, predicate, term) if backwards else (term, predicate, other)
        return None

    @cached_property
    def _uses(self) -> tuple[IntArray, IntArray]:
        """Return the literals of the asserted facts, and the first fact that uses each."""
        numbers = self.numbering.number_layer(0)
        objects = np.empty(len(numbers), dtype=np.int64)
        for _, rows, keys in self.numbering.group_by_predicate(numbers):
            objects[rows] = keys & OBJECT_MASK
        literals, first = np.unique(objects, return_index=True)
        keep = self._engine.dictionary.is_literal(literals)
        return literals[keep], numbers[first[keep]]
