"""One number for each fact of a closed set, so that rule instances are rows of an array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from rlreason.compiled_rules import CompiledRule, match_rule
from rlreason.inconsistencies import Fact
from rlreason.join import BindingTable, TriplePattern, group_rows, match_patterns
from rlreason.relation import OBJECT_MASK, SUBJECT_SHIFT, FactSet, IntArray, Relation, pack_pairs
from rlreason.rule_engine import ClosureState, RuleEngine
from rlreason.rules import ListWalk
from rlreason.term_dictionary import WALK_NUMBERS


class FactNumbering:
    """Facts in order of predicate and pair; `nothing` is the number of no fact."""

    def __init__(self, facts: FactSet) -> None:
        self.predicates = [p for p, _ in facts]
        self.relations: list[Relation] = [r for _, r in facts]
        self.starts = np.cumsum([0, *(len(r) for r in self.relations)])
        self.predicate_index = {p: i for i, p in enumerate(self.predicates)}
        self.padding = int(self.starts[-1])

    def number_fact(self, fact: Fact) -> int | None:
        """Return the number of a fact, None when it does not hold."""
        s, p, o = fact
        found = int(self._number_pairs(p, np.array([s << SUBJECT_SHIFT | o], dtype=np.int64))[0])
        return None if found == self.padding else found

    def fact_at(self, number: int) -> Fact:
        """Return the fact with a number."""
        at = int(np.searchsorted(self.starts, number, side="right")) - 1
        key = int(self.relations[at].keys[number - self.starts[at]])
        return key >> SUBJECT_SHIFT, self.predicates[at], key & OBJECT_MASK

    def number_rows(self, pattern: TriplePattern, table: BindingTable) -> IntArray:
        """Return for each row the number of the fact that a pattern stands for."""
        s, o = table.column_of(pattern.s), table.column_of(pattern.o)
        if s is None or o is None:
            return np.full(table.row_count, self.padding, dtype=np.int64)
        keys = pack_pairs(s, o)
        if isinstance(pattern.p, int):
            return self._number_pairs(pattern.p, keys)
        found = np.full(table.row_count, self.padding, dtype=np.int64)
        for predicate, rows in group_rows(table.columns[pattern.p]):
            found[rows] = self._number_pairs(predicate, keys[rows])
        return found

    def _number_pairs(self, predicate: int, keys: IntArray) -> IntArray:
        """Return the numbers of pairs of one predicate."""
        at = self.predicate_index.get(predicate)
        if at is None:
            return np.full(len(keys), self.padding, dtype=np.int64)
        held = self.relations[at].keys
        place = np.searchsorted(held, keys)
        place[place == len(held)] = 0
        return np.where(held[place] == keys, place + self.starts[at], self.padding)


#: MERGED kg.reasoning.instances
#: MERGED Every way the rules derive something in a closed set of facts: one row a rule instance, as arrays.


UNREACHED = 1 << 40


@dataclass(frozen=True, slots=True)
class RuleInstance:
    """A rule with its variables replaced: what it concludes and from what.

    Walks along lists are premises too.
    """

    step: CompiledRule | None
    bindings: tuple[tuple[str, int], ...]
    conclusion: Fact
    premises: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class InstanceBlock:
    """The instances of one rule: the facts concluded, and a row of premises each, padded with no fact."""

    step: CompiledRule | None
    table: BindingTable
    conclusions: IntArray
    premises: IntArray


class RuleInstanceIndex:
    """The rule instances by conclusion, and the size of the smallest proof of each fact."""

    def __init__(self, engine: RuleEngine, state: ClosureState, asserted: FactSet) -> None:
        self.numbering = FactNumbering(state.facts)
        self.blocks = [b for b in _build_blocks(engine, state, self.numbering) if len(b.conclusions)]
        self.proof_sizes = self._compute_proof_sizes(_number_asserted(self.numbering, asserted))
        ends = np.concatenate([b.conclusions for b in self.blocks]) if self.blocks else np.empty(0, np.int64)
        costs = [1 + self.proof_sizes[b.premises].sum(axis=1) for b in self.blocks]
        self._costs = np.concatenate(costs) if costs else np.empty(0, np.int64)
        self._order = np.argsort(ends, kind="stable")
        self._conclusions = ends[self._order]
        self._starts = np.cumsum([0, *(len(b.conclusions) for b in self.blocks)])

    def find_concluding(self, conclusion: Fact) -> Iterator[RuleInstance]:
        """Yield the instances that conclude something, the smallest proof first."""
        number = self.numbering.number_fact(conclusion)
        if number is None:
            return
        low, high = np.searchsorted(self._conclusions, [number, number + 1])
        rows = self._order[low:high]
        for row in rows[np.argsort(self._costs[rows], kind="stable")]:
            if self._costs[row] >= UNREACHED:
                return
            instance = self._instance_at(int(row))
            if instance.conclusion not in instance.premises:
                yield instance

    def __len__(self) -> int:
        """Return the number of facts that have a proof."""
        return int((self.proof_sizes[:-1] < UNREACHED).sum())

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

    def _compute_proof_sizes(self, asserted: IntArray) -> IntArray:
        """Return the size of each fact's smallest proof: given ones 0, then down until nothing shrinks."""
        size = np.full(self.numbering.padding + 1, UNREACHED, dtype=np.int64)
        size[asserted] = 0
        size[-1] = 0  # no fact: the padding of premises
        while True:
            shorter = size.copy()
            for block in self.blocks:
                np.minimum.at(shorter, block.conclusions, 1 + shorter[block.premises].sum(axis=1))
            if (shorter == size).all():
                return size
            size = shorter


def _number_asserted(numbering: FactNumbering, asserted: FactSet) -> IntArray:
    """Return the numbers of the given facts."""
    parts = [
        numbering.number_rows(
            TriplePattern("s", p, "o"), BindingTable(len(r), {"s": r.subjects(), "o": r.objects()})
        )
        for p, r in asserted
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _build_blocks(
    engine: RuleEngine, state: ClosureState, numbering: FactNumbering
) -> Iterator[InstanceBlock]:
    """Yield the instances of every rule over closed facts, and the steps of the list walks."""
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
    """Return, padded, what holds of each member of a list, for every row."""
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
    conclusion: tuple[IntArray, int, IntArray],
    premises: Iterable[tuple[IntArray, int, IntArray]],
    numbering: FactNumbering,
) -> InstanceBlock:
    """Return steps that belong to no rule: columns of subjects and objects around a predicate."""
    rows = [_number_columns(column, numbering) for column in premises]
    ends = _number_columns(conclusion, numbering)
    stacked = np.stack(rows, axis=1) if rows else np.empty((len(ends), 0), dtype=np.int64)
    return InstanceBlock(None, BindingTable(len(ends), {}), ends, stacked)


def _number_columns(column: tuple[IntArray, int, IntArray], numbering: FactNumbering) -> IntArray:
    """Return the numbers of facts given as columns."""
    s, p, o = column
    return numbering.number_rows(TriplePattern("s", p, "o"), BindingTable(len(s), {"s": s, "o": o}))


def _build_walk_blocks(
    engine: RuleEngine, facts: FactSet, numbering: FactNumbering
) -> Iterator[InstanceBlock]:
    """Yield the steps of list walks: a cell has its member, and what the rest of the list has."""
    cell, member, later = (WALK_NUMBERS[w] for w in (ListWalk.CELL, ListWalk.MEMBER, ListWalk.LATER))
    first, rest = facts[engine.rdf_first], facts[engine.rdf_rest]
    loops = facts[cell].subjects()
    yield _build_plain_block((loops, cell, loops), (), numbering)
    own = (first.subjects(), engine.rdf_first, first.objects())
    yield _build_plain_block((own[0], member, own[2]), (own,), numbering)
    for walk, ends in ((cell, (cell,)), (member, (member, later))):
        rows, reached = facts[walk].find_linked(rest.objects())
        start, middle = rest.subjects()[rows], rest.objects()[rows]
        for end in ends:
            yield _build_plain_block(
                (start, end, reached), ((start, engine.rdf_rest, middle), (middle, walk, reached)), numbering
            )


def _build_literal_blocks(
    engine: RuleEngine, facts: FactSet, numbering: FactNumbering
) -> Iterator[InstanceBlock]:
    """Yield what the datatype rules of Table 8 concluded: facts that need no premise."""
    for name, predicate, names, held in _list_literal_rules(engine):
        keys = facts[predicate].keys
        keys = keys[engine.dictionary.is_literal(keys >> SUBJECT_SHIFT)]
        found = [key for key in keys.tolist() if held(key >> SUBJECT_SHIFT, key & OBJECT_MASK)]
        relation = Relation(np.array(found, dtype=np.int64))
        table = BindingTable(
            len(relation), dict(zip(names, (relation.subjects(), relation.objects()), strict=True))
        )
        ends = _number_columns((relation.subjects(), predicate, relation.objects()), numbering)
        yield InstanceBlock(
            engine.find_builtin_rule(name), table, ends, np.empty((len(ends), 0), dtype=np.int64)
        )
    yield from _build_constant_blocks(engine, facts, numbering)


def _list_literal_rules(
    engine: RuleEngine,
) -> Iterator[tuple[str, int, tuple[str, str], Callable[[int, int], bool]]]:
    """Yield the datatype rules that conclude: name, predicate, variables, and when values make it so."""
    literals = engine.literals
    two = ("lt1", "lt2")
    yield "dt-type2", engine.rdf_type, ("lt", "dt"), literals.has_datatype
    yield "dt-eq", engine.same_as, two, literals.are_equal
    yield "dt-diff", engine.different_from, two, literals.are_different


def _build_constant_blocks(
    engine: RuleEngine, facts: FactSet, numbering: FactNumbering
) -> Iterator[InstanceBlock]:
    """Yield the rules' own constants, each in the place of a literal of the same value."""
    constants = frozenset(engine.dictionary.rule_constants.values())
    for predicate in engine.constant_predicates:
        pairs = _list_pairs(facts, predicate)
        for s, o in pairs:
            for meant in (v for t, v in pairs if o in constants and t == s and v not in constants):
                subject = np.array([s], dtype=np.int64)
                yield _build_plain_block(
                    (subject, predicate, np.array([o], dtype=np.int64)),
                    ((subject, predicate, np.array([meant], dtype=np.int64)),),
                    numbering,
                )


def _list_pairs(facts: FactSet, predicate: int) -> list[tuple[int, int]]:
    """Return the pairs of a relation."""
    relation = facts[predicate]
    return list(zip(relation.subjects().tolist(), relation.objects().tolist(), strict=True))
