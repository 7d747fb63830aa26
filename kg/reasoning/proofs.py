"""Proofs: why a triple holds, down to the triples that were asserted; frozen values, shortest first.

prover = Prover({triple: (graph, ...), ...})
prover.prove(triple)      # Asserted(triple, graph) or Derived(rule, bindings, premises)
prover.nearest(triple)    # for one that does not hold: which premise is missing
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from pyoxigraph import Literal, NamedNode, Triple

from kg.reasoning.closure import Closure, close, triples_of
from kg.reasoning.compiled import Compiled
from kg.reasoning.dictionary import Node
from kg.reasoning.inconsistency import Inconsistency
from kg.reasoning.instances import Instance, Instances
from kg.reasoning.missing import Gap, gaps
from kg.reasoning.rules import Rule
from kg.reasoning.violations import Numbers

#: rule instances looked at for the alternatives of one triple
TRIED = 200
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


def rests_on(proof: Proof, statement: Statement) -> bool:
    """Say whether a proof uses a statement."""
    if proof.triple == statement:
        return True
    return isinstance(proof, Derived) and any(rests_on(premise, statement) for premise in proof.premises)


class Prover:
    """The proofs over one set of asserted triples, each with the graphs it stands in."""

    def __init__(
        self,
        asserted: Mapping[Triple, tuple[NamedNode, ...]],
        rules: Iterable[Rule] | None = None,
        closure: Closure | None = None,
    ) -> None:
        """Close `asserted`, or take its closure as given, and size every proof."""
        self.asserted = asserted
        self.closure: Closure = closure or close(asserted, rules)
        numbers = self.closure.engine.dictionary.numbers
        self._terms = self.closure.engine.dictionary.terms
        self._graphs: dict[Numbers, tuple[NamedNode, ...]] = {
            (numbers[t.subject], numbers[t.predicate], numbers[t.object]): graphs
            for t, graphs in asserted.items()
        }
        self._kept: dict[Numbers, tuple[Proof, ...]] = {}
        self._instances = Instances(self.closure.engine, self.closure.state, self.closure.given)

    @classmethod
    def of(cls, closure: Closure) -> Prover:
        """Return the prover over what a closure was given; its leaves stand in no named graph."""
        given = triples_of(closure.given, closure.engine.dictionary)
        return cls({triple: () for triple in given}, closure=closure)

    def contradiction(self, one: Inconsistency) -> Derived:
        """Return the proof of a contradiction: what clashes, each premise down to asserted triples."""
        held = [fact for premise in one.premises for fact in self._facts(premise)]
        premises = {part.triple: part for fact in held for part in self._best(fact)}
        rule = self.closure.engine.rules.get(one.rule)
        wording = rule.wording if rule else one.reason
        clash = one.premises[-1] if one.premises else (next(iter(one.bindings.values())),) * 3
        return Derived(clash, one.rule, wording, one.bindings, tuple(premises.values()))

    def _facts(self, statement: Statement) -> Iterator[Numbers]:
        """Yield the fact a statement is; a literal may be the graph's own or a rule's constant."""
        dictionary = self.closure.engine.dictionary
        s, p = (dictionary.numbers.get(term) for term in statement[:2])
        ends = [dictionary.numbers.get(statement[2])]
        if isinstance(statement[2], Literal):
            ends.append(dictionary.constants.get(statement[2]))
        for o in ends:
            if s is not None and p is not None and o is not None:
                fact = (s, p, o)
                if fact in self._graphs or next(self._instances.of(fact), None) is not None:
                    yield fact
                    return

    def holds(self, triple: Triple) -> bool:
        """Say whether a triple is asserted or derived."""
        found = self._numbers(triple)
        return found is not None and (
            found in self._graphs or next(self._instances.of(found), None) is not None
        )

    def occurs(self, term: Node) -> bool:
        """Say whether a term stands in some fact, or belongs to the language of the rules."""
        return term in self.closure.engine.dictionary.numbers

    def values(self, subject: Node, predicate: NamedNode) -> Iterator[Literal]:
        """Yield the literals that are asserted of something by one predicate."""
        for triple in self.asserted:
            if triple.subject == subject and triple.predicate == predicate:
                if isinstance(triple.object, Literal):
                    yield triple.object

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
        for instance in islice(self._instances.of(goal), TRIED):
            if len(found) >= limit:
                break
            proof = self._derive(instance)
            if proof is not None and not any(rests_on(part, proof.triple) for part in proof.premises):
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

    def _best(self, fact: Numbers) -> tuple[Proof, ...]:
        """Return the smallest proof of a premise, or those of its parts for a list walk; kept once made.

        It ends: the first instance of a fact rests on facts with smaller proofs only.
        """
        if fact not in self._kept:
            self._kept[fact] = self._make(fact)
        return self._kept[fact]

    def _make(self, fact: Numbers) -> tuple[Proof, ...]:
        """Return the proof of a fact; one whose literal has the value of a rule's constant stands for it."""
        if fact in self._graphs:
            graphs = self._graphs[fact]
            return (Asserted(self._statement(fact), graphs[0] if graphs else None),)
        instance = next(self._instances.of(fact))
        proof = self._derive(instance)
        return self._premises(instance) if proof is None else (proof,)

    def _premises(self, instance: Instance) -> tuple[Proof, ...]:
        """Return the proofs of all premises, each once."""
        found = {part.triple: part for premise in instance.premises for part in self._best(premise)}
        return tuple(found.values())

    def _derive(self, instance: Instance) -> Derived | None:
        """Return the proof that ends in an instance; None when no rule made it, but the walk along a list."""
        if instance.step is None:
            return None
        return Derived(
            self._statement(instance.conclusion),
            instance.step.rule.name,
            instance.step.rule.wording,
            self._bindings(instance.step, instance),
            self._premises(instance),
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
