"""Proofs: why a triple holds, down to the triples that were asserted; frozen values, shortest first.

prover = Prover({triple: (graph, ...), ...})
prover.prove(triple)      # Asserted(triple, graph) or Derived(rule, bindings, premises)
prover.nearest(triple)    # for one that does not hold: which premise is missing
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pyoxigraph import NamedNode, Triple

from kg.reasoning.closure import Closure, close
from kg.reasoning.compiled import Compiled
from kg.reasoning.dictionary import Node
from kg.reasoning.instances import Instance, Instances
from kg.reasoning.join import FIRST_TERM
from kg.reasoning.missing import Gap, gaps
from kg.reasoning.rules import Rule
from kg.reasoning.violations import Numbers

#: subject, predicate, object; a rule may conclude one with a literal in front
Statement = tuple[Node, Node, Node]


@dataclass(frozen=True, slots=True)
class Asserted:
    """A leaf: a triple that stands in a graph."""

    triple: Statement
    graph: NamedNode | None


@dataclass(frozen=True, slots=True)
class Derived:
    """A rule, what its variables stand for, and the proofs of its premises."""

    triple: Statement
    rule: str
    wording: str
    bindings: Mapping[str, Node]
    premises: tuple[Proof, ...]


Proof = Asserted | Derived


def leaves(proof: Proof) -> Iterator[Asserted]:
    """Yield the asserted triples a proof rests on."""
    if isinstance(proof, Asserted):
        yield proof
        return
    for premise in proof.premises:
        yield from leaves(premise)


def size(proof: Proof) -> int:
    """Return the number of rule applications."""
    return 0 if isinstance(proof, Asserted) else 1 + sum(size(premise) for premise in proof.premises)


class Prover:
    """The proofs over one set of asserted triples, each with the graphs it stands in."""

    def __init__(
        self, asserted: Mapping[Triple, tuple[NamedNode, ...]], rules: Iterable[Rule] | None = None
    ) -> None:
        self.asserted = asserted
        self.closure: Closure = close(asserted, rules)
        numbers = self.closure.engine.dictionary.numbers
        self._terms = self.closure.engine.dictionary.terms
        self._graphs: dict[Numbers, tuple[NamedNode, ...]] = {
            (numbers[t.subject], numbers[t.predicate], numbers[t.object]): graphs
            for t, graphs in asserted.items()
        }
        self._instances = Instances(self.closure.engine, self.closure.state, self.closure.given)

    def holds(self, triple: Triple) -> bool:
        """Say whether a triple is asserted or derived."""
        found = self._numbers(triple)
        return found is not None and (
            found in self._graphs or next(self._instances.of(found), None) is not None
        )

    def is_asserted(self, triple: Triple) -> bool:
        """Say whether a triple is asserted."""
        return triple in self.asserted

    def prove(self, triple: Triple, limit: int = 1) -> tuple[Proof, ...]:
        """Return up to `limit` proofs, the shortest first; none when the triple does not hold."""
        goal = self._numbers(triple)
        if goal is None:
            return ()
        found: list[Proof] = []
        if goal in self._graphs:
            found += [Asserted(self._statement(goal), graph) for graph in self._graphs[goal] or (None,)]
        for instance in self._instances.of(goal):
            if len(found) >= limit:
                break
            proof = self._derive(instance, (goal,))
            if proof is not None:
                found.append(proof)
        return tuple(found[:limit])

    def nearest(self, triple: Triple, limit: int = 3) -> tuple[Gap, ...]:
        """Return the rules that lack one premise to derive a triple, the nearest first."""
        return gaps(self.closure.engine, self.closure.state, triple, limit)

    def _numbers(self, triple: Triple) -> Numbers | None:
        """Return a triple in numbers; None when a term of it occurs nowhere."""
        numbers = self.closure.engine.dictionary.numbers
        s, p, o = numbers.get(triple.subject), numbers.get(triple.predicate), numbers.get(triple.object)
        return None if s is None or p is None or o is None else (s, p, o)

    def _statement(self, fact: Numbers) -> Statement:
        """Return a fact in terms."""
        return self._terms[fact[0]], self._terms[fact[1]], self._terms[fact[2]]

    def _best(self, fact: Numbers, above: tuple[Numbers, ...]) -> list[Proof] | None:
        """Return the smallest proof of a premise (those of its parts for a list walk).

        None where it would circle.
        """
        if fact in self._graphs:
            graphs = self._graphs[fact]
            return [Asserted(self._statement(fact), graphs[0] if graphs else None)]
        if fact in above:
            return None
        for instance in self._instances.of(fact):
            if fact[1] < FIRST_TERM:
                parts = self._premises(instance, (*above, fact))
                if parts is not None:
                    return list(parts)
            elif instance.step is None:
                return self._same_value(instance, (*above, fact))
            elif (proof := self._derive(instance, (*above, fact))) is not None:
                return [proof]
        return None

    def _same_value(self, instance: Instance, above: tuple[Numbers, ...]) -> list[Proof] | None:
        """Return the proof of the triple whose literal has the value of a rule's constant."""
        return self._best(instance.premises[0], above)

    def _premises(self, instance: Instance, above: tuple[Numbers, ...]) -> tuple[Proof, ...] | None:
        """Return the proofs of all premises, each once."""
        found: dict[Statement, Proof] = {}
        for premise in instance.premises:
            parts = self._best(premise, above)
            if parts is None:
                return None
            found.update((part.triple, part) for part in parts)
        return tuple(found.values())

    def _derive(self, instance: Instance, above: tuple[Numbers, ...]) -> Derived | None:
        """Return the proof that ends in an instance."""
        premises = self._premises(instance, above)
        if premises is None or instance.step is None:
            return None
        return Derived(
            self._statement(instance.conclusion),
            instance.step.rule.name,
            instance.step.rule.wording,
            self._bindings(instance.step, instance),
            premises,
        )

    def _bindings(self, step: Compiled, instance: Instance) -> Mapping[str, Node]:
        """Return what the variables stand for; the ends of a chain are named as its rule names them."""
        bound = {name: self._terms[number] for name, number in instance.bindings}
        if step.rule.unroll:
            bound |= {"x2": self._terms[instance.conclusion[2]]}
        return MappingProxyType(bound)

    def facts_count(self) -> int:
        """Return how many facts have a proof."""
        return len(self._instances)
