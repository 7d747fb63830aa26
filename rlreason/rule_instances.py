"""Every rule instance over a closed set of facts, as arrays: what proofs are built from.

Facts are numbered 0, 1, 2 ... in the order of predicate and key, so a rule instance is a row of fact numbers:
its conclusion and its premises. One rule's instances are one `InstanceBlock`. The size of each fact's
smallest proof is the least fixed point of

    size(asserted fact) = 0
    size(fact) = min over its instances of 1 + sum of size(premise)

computed downwards from *unreached*, all instances at once, until nothing shrinks (a proof-length semiring, as
in Green, Karvounarakis and Tannen 2007). A premise with a smaller proof never rests on its conclusion, so
proofs that always take the smallest instance are free of circles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from rlreason.compiled_rules import CompiledRule, match_rule
from rlreason.join import BindingTable, TriplePattern, group_rows, match_patterns
from rlreason.relation import OBJECT_MASK, SUBJECT_SHIFT, Fact, FactSet, IntArray, Relation, pack_pairs
from rlreason.rule_engine import ClosureState, RuleEngine
from rlreason.rules import ListWalk
from rlreason.term_dictionary import WALK_NUMBERS

#: size of a proof that has not been found, and the bound of all sizes, since min starts from it. Sizes count
#: trees and may double with each level of a proof; the sum over a row of up to 2**23 premises still fits an
#: int64.
UNREACHED = 1 << 40
#: subjects, predicate and objects of some facts
_Columns = tuple[IntArray, int, IntArray]


class FactNumbering:
    """Numbers for the facts of a set, in order of predicate and key; `padding` is the number of no fact."""

    def __init__(self, facts: FactSet) -> None:
        self.predicates = [p for p, _ in facts]
        self.relations: list[Relation] = [r for _, r in facts]
        self.starts = np.cumsum([0, *(len(r) for r in self.relations)])
        self.predicate_index = {p: i for i, p in enumerate(self.predicates)}
        self.padding = int(self.starts[-1])

    def number_fact(self, fact: Fact) -> int | None:
        """Return the number of a fact, None when it does not hold."""
        s, p, o = fact
        number = int(self._number_pairs(p, np.array([s << SUBJECT_SHIFT | o], dtype=np.int64))[0])
        return None if number == self.padding else number

    def fact_at(self, number: int) -> Fact:
        """Return the fact with a number."""
        at = int(np.searchsorted(self.starts, number, side="right")) - 1
        key = int(self.relations[at].keys[number - self.starts[at]])
        return key >> SUBJECT_SHIFT, self.predicates[at], key & OBJECT_MASK

    def number_rows(self, pattern: TriplePattern, table: BindingTable) -> IntArray:
        """Return for each row of a table the number of the fact that a pattern stands for."""
        s, o = table.column_of(pattern.s), table.column_of(pattern.o)
        if s is None or o is None:
            return np.full(table.row_count, self.padding, dtype=np.int64)
        keys = pack_pairs(s, o)
        if isinstance(pattern.p, int):
            return self._number_pairs(pattern.p, keys)
        numbers = np.full(table.row_count, self.padding, dtype=np.int64)
        for predicate, rows in group_rows(table.columns[pattern.p]):
            numbers[rows] = self._number_pairs(predicate, keys[rows])
        return numbers

    def _number_pairs(self, predicate: int, keys: IntArray) -> IntArray:
        """Return the numbers of pairs of one predicate."""
        at = self.predicate_index.get(predicate)
        if at is None:
            return np.full(len(keys), self.padding, dtype=np.int64)
        held = self.relations[at].keys
        place = np.searchsorted(held, keys)
        place[place == len(held)] = 0
        return np.where(held[place] == keys, place + self.starts[at], self.padding)

    def number_columns(self, columns: _Columns) -> IntArray:
        """Return the numbers of facts given as columns."""
        subjects, predicate, objects = columns
        return self._number_pairs(predicate, pack_pairs(subjects, objects))


@dataclass(frozen=True, slots=True)
class RuleInstance:
    """A rule with its variables replaced: what it concludes and from what, walks along lists included.

    `step` is None for a step of such a walk, or a constant of a rule: premises that no rule concludes.
    """

    step: CompiledRule | None
    bindings: tuple[tuple[str, int], ...]
    conclusion: Fact
    premises: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class InstanceBlock:
    """The instances of one rule: row i concludes fact `conclusions[i]` from facts `premises[i]`, padded."""

    step: CompiledRule | None
    table: BindingTable
    conclusions: IntArray
    premises: IntArray


class RuleInstanceIndex:
    """The rule instances by conclusion, and the size of the smallest proof of each fact."""

    def __init__(self, engine: RuleEngine, state: ClosureState, asserted: FactSet) -> None:
        self.numbering = FactNumbering(state.facts)
        self.blocks = [b for b in _build_blocks(engine, state, self.numbering) if len(b.conclusions)]
        self.proof_sizes = self._compute_proof_sizes(asserted)
        # All rows of all blocks in one order, by conclusion: a binary search finds the instances of a fact.
        ends = np.concatenate([b.conclusions for b in self.blocks]) if self.blocks else np.empty(0, np.int64)
        costs = [1 + self.proof_sizes[b.premises].sum(axis=1) for b in self.blocks]
        self._costs = np.concatenate(costs) if costs else np.empty(0, np.int64)
        self._order = np.argsort(ends, kind="stable")
        self._conclusions = ends[self._order]
        self._starts = np.cumsum([0, *(len(b.conclusions) for b in self.blocks)])

    def find_concluding(self, conclusion: Fact) -> Iterator[RuleInstance]:
        """Yield the instances that conclude a fact, the one with the smallest proof first."""
        number = self.numbering.number_fact(conclusion)
        if number is None:
            return
        low, high = np.searchsorted(self._conclusions, [number, number + 1])
        rows = self._order[low:high]
        for row in rows[np.argsort(self._costs[rows], kind="stable")]:
            if self._costs[row] >= UNREACHED:
                return  # it rests on a fact without a proof, and so do all that come after it
            instance = self._instance_at(int(row))
            if instance.conclusion not in instance.premises:
                yield instance

    def _instance_at(self, row: int) -> RuleInstance:
        """Return one row."""
        at = int(np.searchsorted(self._starts, row, side="right")) - 1
        block, row = self.blocks[at], row - int(self._starts[at])
        numbers = [int(n) for n in block.premises[row] if n != self.numbering.padding]
        bound = {name: int(column[row]) for name, column in block.table.columns.items()}
        fixed = block.step.fixed_bindings if block.step else {}
        return RuleInstance(
            block.step,
            tuple(sorted((bound | fixed).items())),
            self.numbering.fact_at(int(block.conclusions[row])),
            tuple(dict.fromkeys(self.numbering.fact_at(number) for number in numbers)),
        )

    def _compute_proof_sizes(self, asserted: FactSet) -> IntArray:
        """Return the number of rule applications in the smallest proof of each fact, by fact number."""
        size = np.full(self.numbering.padding + 1, UNREACHED, dtype=np.int64)
        for predicate, relation in asserted:
            size[self.numbering.number_columns((relation.subjects(), predicate, relation.objects()))] = 0
        size[-1] = 0  # the padding of premises costs nothing
        # Bellman and Ford's iteration, from all facts at once: at most as many passes as the deepest proof
        # has levels.
        while True:
            shorter = size.copy()
            for block in self.blocks:
                np.minimum.at(shorter, block.conclusions, 1 + shorter[block.premises].sum(axis=1))
            if (shorter == size).all():
                return size
            size = shorter


def _build_blocks(
    engine: RuleEngine, state: ClosureState, numbering: FactNumbering
) -> Iterator[InstanceBlock]:
    """Yield the instances of every rule, the steps of the walks along lists, and what literals conclude."""
    for step in (*engine.plain_rules, *engine.axiomatic_rules, *state.specialized_rules.values()):
        if not step.rule.finds_violations:
            for table in match_rule(step, state.facts, None, None):
                yield from _build_rule_blocks(step, table, state.facts, numbering)
    yield from _build_walk_blocks(engine, state.facts, numbering)
    yield from _build_literal_blocks(engine, state.facts, numbering)


def _build_rule_blocks(
    step: CompiledRule, table: BindingTable, facts: FactSet, numbering: FactNumbering
) -> Iterator[InstanceBlock]:
    """Yield the instances that the matches of one rule are."""
    if not table.row_count:
        return
    columns = [numbering.number_rows(pattern, table) for pattern in step.body]
    for fact in step.ground_premises:
        columns.append(np.full(table.row_count, numbering.number_fact(fact), dtype=np.int64))
    premises = np.stack(columns, axis=1) if columns else np.empty((table.row_count, 0), dtype=np.int64)
    if step.member is not None:
        # cls-int1, prp-key: the conditions for each member are premises too, as many as the list is long.
        premises = np.concatenate(
            (premises, _number_member_premises(step.member, step.conditions, table, facts, numbering)), axis=1
        )
    for pattern in step.head:
        yield InstanceBlock(step, table, numbering.number_rows(pattern, table), premises)


def _number_member_premises(
    member: TriplePattern,
    conditions: tuple[TriplePattern, ...],
    table: BindingTable,
    facts: FactSet,
    numbering: FactNumbering,
) -> IntArray:
    """Return for every row what holds of each member of its list, padded to the longest."""
    rows = [
        _number_premises_of_row(member, conditions, table.take_rows(np.array([row])), facts, numbering)
        for row in range(table.row_count)
    ]
    width = max(len(row) for row in rows)
    return np.array([row + [numbering.padding] * (width - len(row)) for row in rows], dtype=np.int64)


def _number_premises_of_row(
    member: TriplePattern,
    conditions: tuple[TriplePattern, ...],
    row: BindingTable,
    facts: FactSet,
    numbering: FactNumbering,
) -> list[int]:
    """Return the premises for all members of one row's list."""
    table = match_patterns((member, *conditions), (facts,) * (1 + len(conditions)), None, row)
    _, first = np.unique(table.columns[str(member.o)], return_index=True)
    once = table.take_rows(first)
    return [int(n) for pattern in (member, *conditions) for n in numbering.number_rows(pattern, once)]


def _build_plain_block(
    conclusion: _Columns, premises: Iterable[_Columns], numbering: FactNumbering
) -> InstanceBlock:
    """Return steps that belong to no rule."""
    rows = [numbering.number_columns(columns) for columns in premises]
    ends = numbering.number_columns(conclusion)
    stacked = np.stack(rows, axis=1) if rows else np.empty((len(ends), 0), dtype=np.int64)
    return InstanceBlock(None, BindingTable(len(ends), {}), ends, stacked)


def _build_walk_blocks(
    engine: RuleEngine, facts: FactSet, numbering: FactNumbering
) -> Iterator[InstanceBlock]:
    """Yield the steps of walks: of a cell to its member, and of a cell to what the rest of its list has."""
    cell, member, later = (WALK_NUMBERS[w] for w in (ListWalk.CELL, ListWalk.MEMBER, ListWalk.LATER))
    first, rest = facts[engine.rdf_first], facts[engine.rdf_rest]
    # A cell reaches itself in no step, so this needs no premise.
    cells = facts[cell].subjects()
    yield _build_plain_block((cells, cell, cells), (), numbering)
    own = (first.subjects(), engine.rdf_first, first.objects())
    yield _build_plain_block((own[0], member, own[2]), (own,), numbering)
    # One step of rdf:rest, then a walk: from it, one that is longer. MEMBER gives LATER as well.
    for walk, conclusions in ((cell, (cell,)), (member, (member, later))):
        rows, reached = facts[walk].find_linked(rest.objects())
        start, middle = rest.subjects()[rows], rest.objects()[rows]
        premises = ((start, engine.rdf_rest, middle), (middle, walk, reached))
        for conclusion in conclusions:
            yield _build_plain_block((start, conclusion, reached), premises, numbering)


def _build_literal_blocks(
    engine: RuleEngine, facts: FactSet, numbering: FactNumbering
) -> Iterator[InstanceBlock]:
    """Yield what the datatype rules of Table 8 concluded: facts that need no premise."""
    for name, predicate, names, holds in _list_literal_rules(engine):
        keys = facts[predicate].keys
        keys = keys[engine.dictionary.is_literal(keys >> SUBJECT_SHIFT)]
        concluded = [key for key in keys.tolist() if holds(key >> SUBJECT_SHIFT, key & OBJECT_MASK)]
        relation = Relation(np.array(concluded, dtype=np.int64))
        subjects, objects = relation.subjects(), relation.objects()
        table = BindingTable(len(relation), dict(zip(names, (subjects, objects), strict=True)))
        ends = numbering.number_columns((subjects, predicate, objects))
        no_premises = np.empty((len(ends), 0), dtype=np.int64)
        yield InstanceBlock(engine.builtin_rules.get(name), table, ends, no_premises)
    yield from _build_constant_blocks(engine, facts, numbering)


def _list_literal_rules(
    engine: RuleEngine,
) -> Iterator[tuple[str, int, tuple[str, str], Callable[[int, int], bool]]]:
    """Yield the datatype rules that conclude: name, predicate, variables, and when values make it so."""
    literals, pair = engine.literals, ("lt1", "lt2")
    yield "dt-type2", engine.rdf_type, ("lt", "dt"), literals.has_datatype
    yield "dt-eq", engine.same_as, pair, literals.are_equal
    yield "dt-diff", engine.different_from, pair, literals.are_different


def _build_constant_blocks(
    engine: RuleEngine, facts: FactSet, numbering: FactNumbering
) -> Iterator[InstanceBlock]:
    """Yield the facts with a rule's constant, each from the fact with the graph's literal of that value."""
    constants = frozenset(engine.dictionary.rule_constants.values())
    for predicate in engine.constant_predicates:
        pairs = list(facts[predicate].iterate_pairs())
        for subject, constant in pairs:
            if constant not in constants:
                continue
            column = np.array([subject], dtype=np.int64)
            for other, literal in pairs:
                if other == subject and literal not in constants:
                    conclusion = (column, predicate, np.array([constant], dtype=np.int64))
                    premise = (column, predicate, np.array([literal], dtype=np.int64))
                    yield _build_plain_block(conclusion, (premise,), numbering)
