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

from rlreason.closure import Closure, close, decode_triples
from rlreason.compiled_rules import CompiledRule
from rlreason.inconsistencies import Fact, Inconsistency
from rlreason.rule_instances import RuleInstance, RuleInstanceIndex
from rlreason.rules import Rule
from rlreason.term_dictionary import Term
from rlreason.why_not import WhyNot, explain_why_not

#: rule instances looked at for the alternatives of one triple
MAX_INSTANCES_TRIED = 200
#: subject, predicate, object; a rule may conclude one with a literal in front
GeneralizedTriple = tuple[Term, Term, Term]


@dataclass(frozen=True, slots=True)
class Asserted:
    """A leaf: a triple that stands in a graph."""

    triple: GeneralizedTriple
    graph: NamedNode | None


@dataclass(frozen=True, slots=True)
class Derived:
    """A rule, what its variables stand for, and the proofs of its premises."""

    triple: GeneralizedTriple
    rule: str
    wording: str
    bindings: Mapping[str, Term]
    premises: tuple[Proof, ...]


Proof = Asserted | Derived


def iterate_leaves(proof: Proof) -> Iterator[Asserted]:
    """Yield the asserted triples a proof rests on."""
    if isinstance(proof, Asserted):
        yield proof
        return
    for premise in proof.premises:
        yield from iterate_leaves(premise)


def count_rule_applications(proof: Proof) -> int:
    """Return the number of rule applications."""
    return (
        0
        if isinstance(proof, Asserted)
        else 1 + sum(count_rule_applications(premise) for premise in proof.premises)
    )


def uses_triple(proof: Proof, triple: GeneralizedTriple) -> bool:
    """Say whether a proof uses a statement."""
    if proof.triple == triple:
        return True
    return isinstance(proof, Derived) and any(uses_triple(premise, triple) for premise in proof.premises)


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
        self._graphs: dict[Fact, tuple[NamedNode, ...]] = {
            (numbers[t.subject], numbers[t.predicate], numbers[t.object]): graphs
            for t, graphs in asserted.items()
        }
        self._smallest_proofs: dict[Fact, tuple[Proof, ...]] = {}
        self._rule_instances = RuleInstanceIndex(
            self.closure.engine, self.closure.state, self.closure.asserted_facts
        )

    @classmethod
    def from_closure(cls, closure: Closure) -> Prover:
        """Return the prover over what a closure was given; its leaves stand in no named graph."""
        given = decode_triples(closure.asserted_facts, closure.engine.dictionary)
        return cls({triple: () for triple in given}, closure=closure)

    def prove_inconsistency(self, inconsistency: Inconsistency) -> Derived:
        """Return the proof of a contradiction: what clashes, each premise down to asserted triples."""
        held = [fact for premise in inconsistency.premises for fact in self._find_facts(premise)]
        premises = {part.triple: part for fact in held for part in self._find_smallest_proof(fact)}
        rule = self.closure.engine.rules.get(inconsistency.rule)
        wording = rule.wording if rule else inconsistency.reason
        clash = (
            inconsistency.premises[-1]
            if inconsistency.premises
            else (next(iter(inconsistency.bindings.values())),) * 3
        )
        return Derived(clash, inconsistency.rule, wording, inconsistency.bindings, tuple(premises.values()))

    def _find_facts(self, triple: GeneralizedTriple) -> Iterator[Fact]:
        """Yield the fact a statement is; a literal may be the graph's own or a rule's constant."""
        dictionary = self.closure.engine.dictionary
        s, p = (dictionary.numbers.get(term) for term in triple[:2])
        ends = [dictionary.numbers.get(triple[2])]
        if isinstance(triple[2], Literal):
            ends.append(dictionary.rule_constants.get(triple[2]))
        for o in ends:
            if s is not None and p is not None and o is not None:
                fact = (s, p, o)
                if fact in self._graphs or next(self._rule_instances.find_concluding(fact), None) is not None:
                    yield fact
                    return

    def is_provable(self, triple: Triple) -> bool:
        """Say whether a triple is asserted or derived."""
        found = self._encode_triple(triple)
        return found is not None and (
            found in self._graphs or next(self._rule_instances.find_concluding(found), None) is not None
        )

    def knows_term(self, term: Term) -> bool:
        """Say whether a term stands in some fact, or belongs to the language of the rules."""
        return term in self.closure.engine.dictionary.numbers

    def find_asserted_literals(self, subject: Term, predicate: NamedNode) -> Iterator[Literal]:
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
        goal = self._encode_triple(triple)
        if goal is None:
            return ()
        found: list[Proof] = []
        if goal in self._graphs:
            found += [Asserted(self._decode_fact(goal), graph) for graph in self._graphs[goal] or (None,)]
        for instance in islice(self._rule_instances.find_concluding(goal), MAX_INSTANCES_TRIED):
            if len(found) >= limit:
                break
            proof = self._build_derivation(instance)
            if proof is not None and not any(uses_triple(part, proof.triple) for part in proof.premises):
                found.append(proof)
        return tuple(found[:limit])

    def explain_why_not(self, triple: Triple, limit: int = 3) -> tuple[WhyNot, ...]:
        """Return the rules that lack one premise to derive a triple, the nearest first."""
        return explain_why_not(self.closure.engine, self.closure.state, triple, limit)

    def _encode_triple(self, triple: Triple) -> Fact | None:
        """Return a triple in numbers; None when a term of it occurs nowhere."""
        numbers = self.closure.engine.dictionary.numbers
        s, p, o = numbers.get(triple.subject), numbers.get(triple.predicate), numbers.get(triple.object)
        return None if s is None or p is None or o is None else (s, p, o)

    def _decode_fact(self, fact: Fact) -> GeneralizedTriple:
        """Return a fact in terms."""
        return self._terms[fact[0]], self._terms[fact[1]], self._terms[fact[2]]

    def _find_smallest_proof(self, fact: Fact) -> tuple[Proof, ...]:
        """Return the smallest proof of a premise, or those of its parts for a list walk; kept once made.

        It ends: the first instance of a fact rests on facts with smaller proofs only.
        """
        if fact not in self._smallest_proofs:
            self._smallest_proofs[fact] = self._build_smallest_proof(fact)
        return self._smallest_proofs[fact]

    def _build_smallest_proof(self, fact: Fact) -> tuple[Proof, ...]:
        """Return the proof of a fact; one whose literal has the value of a rule's constant stands for it."""
        if fact in self._graphs:
            graphs = self._graphs[fact]
            return (Asserted(self._decode_fact(fact), graphs[0] if graphs else None),)
        instance = next(self._rule_instances.find_concluding(fact))
        proof = self._build_derivation(instance)
        return self._prove_premises(instance) if proof is None else (proof,)

    def _prove_premises(self, instance: RuleInstance) -> tuple[Proof, ...]:
        """Return the proofs of all premises, each once."""
        found = {
            part.triple: part for premise in instance.premises for part in self._find_smallest_proof(premise)
        }
        return tuple(found.values())

    def _build_derivation(self, instance: RuleInstance) -> Derived | None:
        """Return the proof that ends in an instance; None when no rule made it, but the walk along a list."""
        if instance.step is None:
            return None
        return Derived(
            self._decode_fact(instance.conclusion),
            instance.step.rule.name,
            instance.step.rule.wording,
            self._decode_bindings(instance.step, instance),
            self._prove_premises(instance),
        )

    def _decode_bindings(self, step: CompiledRule, instance: RuleInstance) -> Mapping[str, Term]:
        """Return what the variables stand for; the ends of a chain are named as its rule names them."""
        bound = {name: self._terms[number] for name, number in instance.bindings}
        if step.rule.unroll:
            bound |= {"x2": self._terms[instance.conclusion[2]]}
        return MappingProxyType(bound)

    def facts_count(self) -> int:
        """Return how many facts have a proof."""
        return len(self._rule_instances)
