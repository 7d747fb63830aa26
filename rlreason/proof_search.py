"""Which rule instance a proof takes for each fact: one whose premises were found before it, the earliest.

Only instances below the goal are looked for (`rule_instances`). A fact takes the instance whose premises are
in the earliest layers, of those the one with the fewest inferred premises; layers only go down, so proofs are
free of circles, and about as small as they can be. Where a rule composes a relation with itself, that is the
shortest path through the pairs of earlier layers; a pair that a large relation was closed with
(`transitive_closure`) has no other way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from rlreason.compiled_rules import CompiledRule
from rlreason.relation import SUBJECT_SHIFT, FactSet, IntArray, find_path
from rlreason.rule_engine import ClosureState, RuleEngine
from rlreason.rule_instances import InstanceBlock, InstanceMatcher, RuleInstance

#: facts whose instances are looked for at once
_FACTS_AT_ONCE = 500


class ProofSearch:
    """Chooses rule instances. `choose` answers for a whole proof, `find_alternatives` for its last step."""

    def __init__(self, engine: RuleEngine, state: ClosureState) -> None:
        self.matcher = InstanceMatcher(engine, state)
        self.numbering = self.matcher.numbering
        self._layers = state.layers or [FactSet()]
        self._composing = self.matcher.find_composing()
        self._chosen: dict[int, RuleInstance] = {}

    def find_alternatives(self, goal: int) -> Iterator[RuleInstance]:
        """Yield the instances that conclude a fact, those with the earliest premises first."""
        blocks = list(self.matcher.find_concluding(np.array([goal])))
        ranked = [
            (rank, block, row)
            for block in blocks
            for row, rank in enumerate(zip(*(each.tolist() for each in self._rank(block)), strict=True))
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
            latest, inferred = self._rank(block)
            earlier = np.flatnonzero(latest < self.numbering.find_layers(block.conclusions))
            order = earlier[np.lexsort((inferred[earlier], latest[earlier], block.conclusions[earlier]))]
            _, first = np.unique(block.conclusions[order], return_index=True)
            for row in order[first].tolist():
                rank, number = (int(latest[row]), int(inferred[row])), int(block.conclusions[row])
                if number not in best or rank < best[number][0]:
                    best[number] = rank, block, row
        return {number: block.instance_at(row) for number, (_, block, row) in best.items()}

    def _rank(self, block: InstanceBlock) -> tuple[IntArray, IntArray]:
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
        ways = (find_path([f[predicate] for f in self._layers[:n]], start, {end}) for n in (1, layer))
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
