"""Every way the rules derive something in a closed set of facts: one row a rule instance, as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from kg.reasoning.compiled import Compiled, matches
from kg.reasoning.dictionary import WALK_NUMBERS
from kg.reasoning.engine import Engine
from kg.reasoning.join import Pattern, Table, match
from kg.reasoning.numbering import Numbering
from kg.reasoning.relation import LOW, SHIFT, Facts, Ints, Relation
from kg.reasoning.rules import Walk
from kg.reasoning.state import State
from kg.reasoning.violations import Numbers

FAR = 1 << 40


@dataclass(frozen=True, slots=True)
class Instance:
    """A rule with its variables replaced: what it concludes and from what.

    Walks along lists are premises too.
    """

    step: Compiled | None
    bindings: tuple[tuple[str, int], ...]
    conclusion: Numbers
    premises: tuple[Numbers, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """The instances of one rule: the facts concluded, and a row of premises each, padded with no fact."""

    step: Compiled | None
    table: Table
    conclusions: Ints
    premises: Ints


class Instances:
    """The rule instances by conclusion, and the size of the smallest proof of each fact."""

    def __init__(self, engine: Engine, state: State, given: Facts) -> None:
        self.numbering = Numbering(state.facts)
        self.blocks = [b for b in _blocks(engine, state, self.numbering) if len(b.conclusions)]
        self.size = self._sizes(_given(self.numbering, given))
        ends = np.concatenate([b.conclusions for b in self.blocks]) if self.blocks else np.empty(0, np.int64)
        costs = [1 + self.size[b.premises].sum(axis=1) for b in self.blocks]
        self._costs = np.concatenate(costs) if costs else np.empty(0, np.int64)
        self._order = np.argsort(ends, kind="stable")
        self._ends = ends[self._order]
        self._starts = np.cumsum([0, *(len(b.conclusions) for b in self.blocks)])

    def of(self, conclusion: Numbers) -> Iterator[Instance]:
        """Yield the instances that conclude something, the smallest proof first."""
        number = self.numbering.number(conclusion)
        if number is None:
            return
        low, high = np.searchsorted(self._ends, [number, number + 1])
        rows = self._order[low:high]
        for row in rows[np.argsort(self._costs[rows], kind="stable")]:
            if self._costs[row] >= FAR:
                return
            instance = self._instance(int(row))
            if instance.conclusion not in instance.premises:
                yield instance

    def __len__(self) -> int:
        """Return the number of facts that have a proof."""
        return int((self.size[:-1] < FAR).sum())

    def _instance(self, row: int) -> Instance:
        """Return one row."""
        at = int(np.searchsorted(self._starts, row, side="right")) - 1
        block, row = self.blocks[at], row - int(self._starts[at])
        numbers = [int(n) for n in block.premises[row] if n != self.numbering.nothing]
        bound = {name: int(column[row]) for name, column in block.table.columns.items()}
        fixed = block.step.fixed if block.step else {}
        return Instance(
            block.step,
            tuple(sorted((bound | fixed).items())),
            self.numbering.fact(int(block.conclusions[row])),
            tuple(dict.fromkeys(self.numbering.fact(number) for number in numbers)),
        )

    def _sizes(self, given: Ints) -> Ints:
        """Return the size of each fact's smallest proof: given ones 0, then down until nothing shrinks."""
        size = np.full(self.numbering.nothing + 1, FAR, dtype=np.int64)
        size[given] = 0
        size[-1] = 0  # no fact: the padding of premises
        while True:
            shorter = size.copy()
            for block in self.blocks:
                np.minimum.at(shorter, block.conclusions, 1 + shorter[block.premises].sum(axis=1))
            if (shorter == size).all():
                return size
            size = shorter


def _given(numbering: Numbering, given: Facts) -> Ints:
    """Return the numbers of the given facts."""
    parts = [
        numbering.rows(Pattern("s", p, "o"), Table(len(r), {"s": r.subjects(), "o": r.objects()}))
        for p, r in given
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _blocks(engine: Engine, state: State, numbering: Numbering) -> Iterator[Block]:
    """Yield the instances of every rule over closed facts, and the steps of the list walks."""
    for step in (*engine.steps, *engine.axioms, *state.derived_steps.values()):
        if not step.rule.inconsistency:
            for table in matches(step, state.facts, None, None):
                yield from _block(step, table, state.facts, numbering)
    yield from _walks(engine, state.facts, numbering)
    yield from _values(engine, state.facts, numbering)


def _block(step: Compiled, table: Table, facts: Facts, numbering: Numbering) -> Iterator[Block]:
    """Yield the instances that the matches of one rule are."""
    if not table.n:
        return
    columns = [numbering.rows(pattern, table) for pattern in step.body]
    for fact in step.ground:
        columns.append(np.full(table.n, numbering.number(fact), dtype=np.int64))
    premises = np.stack(columns, axis=1) if columns else np.empty((table.n, 0), dtype=np.int64)
    if step.member is not None:
        premises = np.concatenate(
            (premises, _for_all(step.member, step.each, table, facts, numbering)), axis=1
        )
    for pattern in step.head:
        yield Block(step, table, numbering.rows(pattern, table), premises)


def _for_all(
    member: Pattern, each: tuple[Pattern, ...], table: Table, facts: Facts, numbering: Numbering
) -> Ints:
    """Return, padded, what holds of each member of a list, for every row."""
    rows = [_members(member, each, table.take(np.array([row])), facts, numbering) for row in range(table.n)]
    width = max(len(row) for row in rows)
    return np.array([row + [numbering.nothing] * (width - len(row)) for row in rows], dtype=np.int64)


def _members(
    member: Pattern, each: tuple[Pattern, ...], row: Table, facts: Facts, numbering: Numbering
) -> list[int]:
    """Return the premises for all members of one row's list."""
    table = match((member, *each), (facts,) * (1 + len(each)), None, row)
    _, first = np.unique(table.columns[str(member.o)], return_index=True)
    once = table.take(first)
    return [int(n) for pattern in (member, *each) for n in numbering.rows(pattern, once)]


def _plain(
    conclusion: tuple[Ints, int, Ints], premises: Iterable[tuple[Ints, int, Ints]], numbering: Numbering
) -> Block:
    """Return steps that belong to no rule: columns of subjects and objects around a predicate."""
    rows = [_numbers(column, numbering) for column in premises]
    ends = _numbers(conclusion, numbering)
    stacked = np.stack(rows, axis=1) if rows else np.empty((len(ends), 0), dtype=np.int64)
    return Block(None, Table(len(ends), {}), ends, stacked)


def _numbers(column: tuple[Ints, int, Ints], numbering: Numbering) -> Ints:
    """Return the numbers of facts given as columns."""
    s, p, o = column
    return numbering.rows(Pattern("s", p, "o"), Table(len(s), {"s": s, "o": o}))


def _walks(engine: Engine, facts: Facts, numbering: Numbering) -> Iterator[Block]:
    """Yield the steps of list walks: a cell has its member, and what the rest of the list has."""
    cell, member, later = (WALK_NUMBERS[w] for w in (Walk.CELL, Walk.MEMBER, Walk.LATER))
    first, rest = facts[engine.first], facts[engine.rest]
    loops = facts[cell].subjects()
    yield _plain((loops, cell, loops), (), numbering)
    own = (first.subjects(), engine.first, first.objects())
    yield _plain((own[0], member, own[2]), (own,), numbering)
    for walk, ends in ((cell, (cell,)), (member, (member, later))):
        rows, reached = facts[walk].reach(rest.objects())
        start, middle = rest.subjects()[rows], rest.objects()[rows]
        for end in ends:
            yield _plain(
                (start, end, reached), ((start, engine.rest, middle), (middle, walk, reached)), numbering
            )


def _values(engine: Engine, facts: Facts, numbering: Numbering) -> Iterator[Block]:
    """Yield what the datatype rules of Table 8 concluded: facts that need no premise."""
    for name, predicate, names, held in _comparisons(engine):
        keys = facts[predicate].keys
        keys = keys[engine.dictionary.is_literal(keys >> SHIFT)]
        found = [key for key in keys.tolist() if held(key >> SHIFT, key & LOW)]
        relation = Relation(np.array(found, dtype=np.int64))
        table = Table(len(relation), dict(zip(names, (relation.subjects(), relation.objects()), strict=True)))
        ends = _numbers((relation.subjects(), predicate, relation.objects()), numbering)
        yield Block(engine.named(name), table, ends, np.empty((len(ends), 0), dtype=np.int64))
    yield from _constants(engine, facts, numbering)


def _comparisons(
    engine: Engine,
) -> Iterator[tuple[str, int, tuple[str, str], Callable[[int, int], bool]]]:
    """Yield the datatype rules that conclude: name, predicate, variables, and when values make it so."""
    literals = engine.literals
    two = ("lt1", "lt2")
    yield "dt-type2", engine.type, ("lt", "dt"), literals.is_of
    yield "dt-eq", engine.same_as, two, literals.alike
    yield "dt-diff", engine.different_from, two, literals.differ


def _constants(engine: Engine, facts: Facts, numbering: Numbering) -> Iterator[Block]:
    """Yield the rules' own constants, each in the place of a literal of the same value."""
    constants = frozenset(engine.dictionary.constants.values())
    for predicate in engine.constant_predicates:
        pairs = _pairs(facts, predicate)
        for s, o in pairs:
            for meant in (v for t, v in pairs if o in constants and t == s and v not in constants):
                subject = np.array([s], dtype=np.int64)
                yield _plain(
                    (subject, predicate, np.array([o], dtype=np.int64)),
                    ((subject, predicate, np.array([meant], dtype=np.int64)),),
                    numbering,
                )


def _pairs(facts: Facts, predicate: int) -> list[tuple[int, int]]:
    """Return the pairs of a relation."""
    relation = facts[predicate]
    return list(zip(relation.subjects().tolist(), relation.objects().tolist(), strict=True))
