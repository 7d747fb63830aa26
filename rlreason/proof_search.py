"""Which rule instance a proof takes for each fact: that of the smallest proof, or an early one.

In a graph of up to `MAX_FACTS` facts all instances are written down once, and the size of each fact's
smallest proof is the least fixed point of

    size(asserted fact) = 0
    size(fact) = min over its instances of 1 + sum of size(premise)

(a proof-length semiring, as in Green, Karvounarakis and Tannen 2007). Sizes count trees and may double with
each level, so from `MAX_SIZE` on depth is counted instead: 1 + max. Either way a premise is smaller than what
follows from it, and proofs that always take the smallest instance are free of circles.

Where there are more facts, or more than `MAX_INSTANCES` instances, only those below the goal are looked for,
and each fact takes an instance whose premises are in earlier layers (`rule_instances`), which is free of
circles too. Where a rule composes a relation with itself, that is the shortest path through the pairs of
earlier layers; a pair that a large relation was closed with (`transitive_closure`) has no other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from rlreason.compiled_rules import CompiledRule
from rlreason.relation import SUBJECT_SHIFT, FactSet, IntArray, Relation
from rlreason.rule_engine import ClosureState, RuleEngine
from rlreason.rule_instances import InstanceBlock, InstanceMatcher, RuleInstance

MAX_FACTS = 50_000
MAX_INSTANCES = 300_000
#: facts whose instances are looked for at once
_FACTS_AT_ONCE = 500
MAX_SIZE = 1 << 40
UNREACHED = 1 << 41


class ProofSearch:
    """Chooses rule instances. `choose` answers for a whole proof, `find_alternatives` for its last step."""

    def __init__(self, engine: RuleEngine, state: ClosureState) -> None:
        self.matcher = InstanceMatcher(engine, state)
        self.numbering = self.matcher.numbering
        self._layers = state.layers or [FactSet()]
        self._composing = self.matcher.find_composing()
        self._chosen: dict[int, RuleInstance] = {}
        blocks = self._find_all_instances() if self.numbering.count <= MAX_FACTS else None
        self._sized = (
            None
            if blocks is None
            else SizedInstances(blocks, self.numbering.number_layer(0), self.numbering.count)
        )

    def _find_all_instances(self) -> list[InstanceBlock] | None:
        """Return the instances that conclude any fact; None when there are too many."""
        blocks: list[InstanceBlock] = []
        total = 0
        for low in range(0, self.numbering.count, _FACTS_AT_ONCE):
            numbers = np.arange(low, min(low + _FACTS_AT_ONCE, self.numbering.count))
            for block in self.matcher.find_concluding(numbers):
                total += len(block.conclusions)
                if total > MAX_INSTANCES:
                    return None
                blocks.append(block)
        return blocks

    def find_alternatives(self, goal: int) -> Iterator[RuleInstance]:
        """Yield the instances that conclude a fact, the one with the smallest proof first."""
        if self._sized is not None:
            yield from self._sized.iterate_instances(goal)
            return
        blocks = list(self.matcher.find_concluding(np.array([goal])))
        ranked = [
            (latest, block, row)
            for block in blocks
            for row, latest in enumerate(self._find_latest_layers(block)[0].tolist())
        ]
        ranked.sort(key=lambda each: each[0])
        yield from self._find_path_instances(goal)[:1]
        yield from (block.instance_at(row) for _, block, row in ranked)

    def choose(self, goals: Iterable[int]) -> dict[int, RuleInstance]:
        """Return an instance for each fact that proofs of `goals` use and that is not asserted."""
        waiting = set(goals) - self._chosen.keys()
        while waiting:
            numbers = np.array(sorted(waiting), dtype=np.int64)
            numbers = numbers[self.numbering.find_layers(numbers) > 0]
            found = self._choose_each(numbers)
            self._chosen |= found
            waiting = {premise for each in found.values() for premise in each.premises}
            waiting -= self._chosen.keys()
        return self._chosen

    def _choose_each(self, numbers: IntArray) -> dict[int, RuleInstance]:
        """Return an instance for each of some facts."""
        if self._sized is not None:
            each = {number: next(self._sized.iterate_instances(number), None) for number in numbers.tolist()}
            return {number: instance for number, instance in each.items() if instance is not None}
        chosen: dict[int, RuleInstance] = {}
        for number in numbers.tolist():
            if number not in chosen:
                path = self._find_path_instances(number)
                chosen |= {each.conclusion: each for each in path if each.conclusion not in self._chosen}
        rest = numbers[[number not in chosen for number in numbers.tolist()]]
        for low in range(0, len(rest), _FACTS_AT_ONCE):
            chosen |= self._choose_by_layer(rest[low : low + _FACTS_AT_ONCE])
        return chosen

    def _choose_by_layer(self, numbers: IntArray) -> dict[int, RuleInstance]:
        """Return for each fact the instance with the earliest premises, where all are earlier than it."""
        best: dict[int, tuple[tuple[int, int], InstanceBlock, int]] = {}
        for block in self.matcher.find_concluding(numbers):
            latest, inferred = self._find_latest_layers(block)
            earlier = np.flatnonzero(latest < self.numbering.find_layers(block.conclusions))
            order = earlier[np.lexsort((inferred[earlier], latest[earlier], block.conclusions[earlier]))]
            _, first = np.unique(block.conclusions[order], return_index=True)
            for row in order[first].tolist():
                rank, number = (int(latest[row]), int(inferred[row])), int(block.conclusions[row])
                if number not in best or rank < best[number][0]:
                    best[number] = rank, block, row
        return {number: block.instance_at(row) for number, (_, block, row) in best.items()}

    def _find_latest_layers(self, block: InstanceBlock) -> tuple[IntArray, IntArray]:
        """Return for each instance the latest layer of its premises, and how many are not asserted."""
        layers = self.numbering.find_layers(block.premises)
        latest = np.full(len(block.conclusions), -1, dtype=np.int64)
        np.maximum.at(latest, block.rows, layers)
        inferred = np.bincount(block.rows[layers > 0], minlength=len(latest))
        return latest, inferred

    def _find_path_instances(self, number: int) -> list[RuleInstance]:
        """Return how a pair of a transitive relation follows from pairs found before, one by one."""
        start, predicate, end = self.numbering.fact_at(number)
        step = self._composing.get(predicate)
        if step is None:
            return []
        layer = int(self.numbering.find_layers(np.array([number]))[0])
        # Asserted pairs need no proof of their own: a path through them is preferred to a shorter one.
        ways = (_find_path([f[predicate] for f in self._layers[:n]], start, end) for n in (1, layer))
        nodes = next((nodes for nodes in ways if len(nodes) > 2), [])
        names = (str(step.body[0].s), str(step.body[0].o), str(step.body[1].o))
        return [self._compose(step, names, (a, b, end)) for a, b in pairwise(nodes[:-1])]

    def _compose(
        self, step: CompiledRule, names: tuple[str, str, str], terms: tuple[int, int, int]
    ) -> RuleInstance:
        """Return one step of a path: from a to b, and on from b to its end."""
        a, b, end = terms
        keys = np.array([a << SUBJECT_SHIFT | end, a << SUBJECT_SHIFT | b, b << SUBJECT_SHIFT | end])
        conclusion, *premises = self.numbering.number_pairs(int(step.head[0].p), keys).tolist()
        ground = [n for f in step.ground_premises if (n := self.numbering.number_fact(f)) is not None]
        bound = dict(zip(names, terms, strict=True)) | step.fixed_bindings
        return RuleInstance(step, tuple(sorted(bound.items())), conclusion, (*premises, *ground))


def _find_path(relations: list[Relation], start: int, end: int) -> list[int]:
    """Return the nodes of the shortest path from `start` to `end`; none where there is no path."""
    before: dict[int, int] = {}
    front = np.array([start], dtype=np.int64)
    while len(front) and end not in before:
        fresh: dict[int, int] = {}
        for relation in relations:
            rows, reached = relation.find_linked(front)
            for node, previous in zip(reached.tolist(), front[rows].tolist(), strict=True):
                if node not in before:
                    fresh.setdefault(node, previous)
        before |= fresh
        front = np.array(sorted(fresh), dtype=np.int64)
    if end not in before:
        return []
    path = [end, before[end]]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]


class SizedInstances:
    """All rule instances of a closure by conclusion, those with the smallest proofs first."""

    def __init__(self, blocks: list[InstanceBlock], asserted: IntArray, fact_count: int) -> None:
        self._blocks = blocks
        self._starts = np.cumsum([0, *(len(b.conclusions) for b in blocks)])
        empty = [np.empty(0, dtype=np.int64)]
        conclusions = np.concatenate([*empty, *(b.conclusions for b in blocks)])
        rows = np.concatenate([*empty, *(b.rows + s for b, s in zip(blocks, self._starts, strict=False))])
        premises = np.concatenate([*empty, *(b.premises for b in blocks)])
        costs = _size_proofs(conclusions, rows, premises, asserted, fact_count)
        self._order = np.lexsort((costs, conclusions))
        self._order = self._order[costs[self._order] < UNREACHED]
        self._conclusions = conclusions[self._order]

    def iterate_instances(self, conclusion: int) -> Iterator[RuleInstance]:
        """Yield the instances that conclude a fact, the one with the smallest proof first."""
        low, high = np.searchsorted(self._conclusions, [conclusion, conclusion + 1])
        for row in self._order[low:high].tolist():
            at = int(np.searchsorted(self._starts, row, side="right")) - 1
            yield self._blocks[at].instance_at(row - int(self._starts[at]))


def _size_proofs(
    conclusions: IntArray, rows: IntArray, premises: IntArray, asserted: IntArray, fact_count: int
) -> IntArray:
    """Return the size of the smallest proof that ends in each instance; UNREACHED where there is none.

    Bellman and Ford's iteration, from all facts at once: at most as many passes as the deepest proof has
    levels.
    """
    size = np.full(fact_count, UNREACHED, dtype=np.int64)
    size[asserted] = 0
    while True:
        used = size[premises]
        total = np.bincount(rows, np.minimum(used, MAX_SIZE), len(conclusions)).astype(np.int64)
        widest = np.zeros(len(conclusions), dtype=np.int64)
        np.maximum.at(widest, rows, used)
        cost = 1 + np.where(total < MAX_SIZE, total, np.maximum(widest, MAX_SIZE - 1))
        cost[widest >= UNREACHED] = UNREACHED
        smaller = size.copy()
        np.minimum.at(smaller, conclusions, cost)
        if (smaller == size).all():
            return cost
        size = smaller
