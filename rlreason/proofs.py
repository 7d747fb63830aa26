"""Proofs: why a triple holds, down to the triples that were asserted; frozen values, the shortest first.

    prover = Prover(close(triples))
    prover.prove(triple)      # a tuple of Asserted(triple, graph) or Derived(rule, bindings, premises)

A proof is not recorded while the closure is computed, which would slow every closure down. Afterwards all
rule instances over the closed facts are written down once and sized (`rule_instances`); a proof is then built
by taking, for each premise, the instance with the smallest proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from rlreason.inconsistencies import Inconsistency
from rlreason.relation import Fact
from rlreason.rule_instances import RuleInstance, RuleInstanceIndex
from rlreason.term_dictionary import GeneralizedTriple, Term
from rlreason.why_not import WhyNot, explain_why_not
from rlreason.wording import TermFormatter, fill_wording, format_standard_term, format_triple

if TYPE_CHECKING:
    from rlreason.closure import Closure

#: rule instances tried for the alternative proofs of one triple
MAX_INSTANCES_TRIED = 200


@dataclass(frozen=True, slots=True)
class Asserted:
    """A leaf: a triple that was asserted, in a named graph or in none."""

    triple: GeneralizedTriple
    graph: NamedNode | None

    def __str__(self) -> str:
        """Return the triple, and that it is given."""
        return "\n".join(format_proof(self))


@dataclass(frozen=True, slots=True)
class Derived:
    """A rule, what its variables stand for, and the proofs of its premises."""

    triple: GeneralizedTriple
    rule: str
    wording: str
    bindings: Mapping[str, Term]
    premises: tuple[Proof, ...]

    def __str__(self) -> str:
        """Return a line for each step, the premises indented below what follows from them."""
        return "\n".join(format_proof(self))


Proof = Asserted | Derived


def iterate_leaves(proof: Proof) -> Iterator[Asserted]:
    """Yield the asserted triples that a proof rests on, from left to right; one may come several times."""
    if isinstance(proof, Asserted):
        yield proof
        return
    for premise in proof.premises:
        yield from iterate_leaves(premise)


def count_rule_applications(proof: Proof) -> int:
    """Return the number of rule applications."""
    if isinstance(proof, Asserted):
        return 0
    return 1 + sum(count_rule_applications(premise) for premise in proof.premises)


def uses_triple(proof: Proof, triple: GeneralizedTriple) -> bool:
    """Return whether a triple is the conclusion or a premise of any step."""
    if proof.triple == triple:
        return True
    return isinstance(proof, Derived) and any(uses_triple(premise, triple) for premise in proof.premises)


def format_proof(
    proof: Proof, format_term: TermFormatter = format_standard_term, depth: int = 0
) -> Iterator[str]:
    """Yield a line for each step: what follows, by which rule and why; premises are indented below it."""
    head = f"{'  ' * depth}{format_triple(*proof.triple, format_term)}"
    if isinstance(proof, Asserted):
        yield f"{head} is given"
        return
    yield f"{head} follows by {proof.rule}: {fill_wording(proof.wording, proof.bindings, format_term)}"
    for premise in proof.premises:
        yield from format_proof(premise, format_term, depth + 1)


class Prover:
    """The proofs over a closure. `asserted` maps each asserted triple to the named graphs that hold it."""

    def __init__(
        self, closure: Closure, asserted: Mapping[Triple, tuple[NamedNode, ...]] | None = None
    ) -> None:
        """Write down and size all rule instances of `closure`; without `asserted`, leaves are in no graph."""
        self._engine, self._state = closure.engine, closure.state
        self._dictionary = closure.engine.dictionary
        self.asserted = asserted if asserted is not None else {triple: () for triple in closure.asserted}
        encode = self._dictionary.encode_triple
        self._graphs: dict[Fact, tuple[NamedNode, ...]] = {
            fact: graphs for triple, graphs in self.asserted.items() if (fact := encode(triple)) is not None
        }
        self._smallest_proofs: dict[Fact, tuple[Proof, ...]] = {}
        self._rule_instances = RuleInstanceIndex(self._engine, self._state, closure.asserted_facts)

    def prove_inconsistency(self, inconsistency: Inconsistency) -> Derived:
        """Return the proof of a contradiction: the triples that clash, each down to asserted triples."""
        facts = [fact for premise in inconsistency.premises for fact in self._find_facts(premise)]
        rule = self._engine.rules.get(inconsistency.rule)
        wording = rule.wording if rule else inconsistency.reason
        if inconsistency.premises:
            clash = inconsistency.premises[-1]
        else:
            term = next(iter(inconsistency.bindings.values()))
            clash = (term, term, term)
        return Derived(clash, inconsistency.rule, wording, inconsistency.bindings, self._prove_facts(facts))

    def _find_facts(self, triple: GeneralizedTriple) -> Iterator[Fact]:
        """Yield the provable fact that a triple is, if any; its literal may be a constant of a rule."""
        fact = self._dictionary.encode_triple(triple)
        candidates = [fact] if fact is not None else []
        if isinstance(triple[2], Literal) and triple[2] in self._dictionary.rule_constants:
            s, p = (self._dictionary.numbers.get(term) for term in triple[:2])
            if s is not None and p is not None:
                candidates.append((s, p, self._dictionary.rule_constants[triple[2]]))
        yield from islice((fact for fact in candidates if self._has_proof(fact)), 1)

    def _has_proof(self, fact: Fact) -> bool:
        return fact in self._graphs or any(self._rule_instances.find_concluding(fact))

    def is_provable(self, triple: Triple) -> bool:
        """Return whether a triple is asserted or derived."""
        fact = self._dictionary.encode_triple(triple)
        return fact is not None and self._has_proof(fact)

    def knows_term(self, term: Term) -> bool:
        """Return whether a term occurs in a fact or in a rule."""
        return term in self._dictionary.numbers

    def find_asserted_literals(self, subject: Term, predicate: NamedNode) -> Iterator[Literal]:
        """Yield the literals that a subject is asserted to have for a predicate."""
        for triple in self.asserted:
            is_asked_for = triple.subject == subject and triple.predicate == predicate
            if is_asked_for and isinstance(triple.object, Literal):
                yield triple.object

    def is_asserted(self, triple: Triple) -> bool:
        """Return whether a triple is asserted."""
        return triple in self.asserted

    def prove(self, triple: Triple | GeneralizedTriple, limit: int = 1) -> tuple[Proof, ...]:
        """Return up to `limit` proofs, the shortest first; none when the triple does not hold.

        Alternatives differ in their last step. Each premise has its smallest proof; trying all of them takes
        exponential time where many facts support each other.
        """
        goal = self._dictionary.encode_triple(triple)
        if goal is None:
            return ()
        proofs: list[Proof] = []
        if goal in self._graphs:
            conclusion = self._dictionary.decode_fact(goal)
            proofs += [Asserted(conclusion, graph) for graph in self._graphs[goal] or (None,)]
        # Smallest first. A premise's own smallest proof may use the goal in a larger alternative: not a
        # proof.
        for instance in islice(self._rule_instances.find_concluding(goal), MAX_INSTANCES_TRIED):
            if len(proofs) >= limit:
                break
            proof = self._build_derivation(instance)
            if proof is not None and not any(uses_triple(part, proof.triple) for part in proof.premises):
                proofs.append(proof)
        return tuple(proofs[:limit])

    def explain_why_not(self, triple: Triple, limit: int = 3) -> tuple[WhyNot, ...]:
        """Return the rules that lack one premise to derive a triple, the nearest first."""
        return explain_why_not(self._engine, self._state, triple, limit)

    def _find_smallest_proof(self, fact: Fact) -> tuple[Proof, ...]:
        """Return the smallest proof of a premise, or for a walk along a list those of its steps.

        This ends: the first instance of a fact that is not asserted has premises with smaller proofs only.
        """
        if fact not in self._smallest_proofs:
            self._smallest_proofs[fact] = self._build_smallest_proof(fact)
        return self._smallest_proofs[fact]

    def _build_smallest_proof(self, fact: Fact) -> tuple[Proof, ...]:
        if fact in self._graphs:
            graphs = self._graphs[fact]
            return (Asserted(self._dictionary.decode_fact(fact), graphs[0] if graphs else None),)
        instance = next(self._rule_instances.find_concluding(fact))
        proof = self._build_derivation(instance)
        return self._prove_facts(instance.premises) if proof is None else (proof,)

    def _prove_facts(self, facts: Iterable[Fact]) -> tuple[Proof, ...]:
        """Return the smallest proofs of facts, each conclusion once."""
        proofs = {proof.triple: proof for fact in facts for proof in self._find_smallest_proof(fact)}
        return tuple(proofs.values())

    def _build_derivation(self, instance: RuleInstance) -> Derived | None:
        """Return the proof that ends in an instance; None for a step of a walk, which belongs to no rule."""
        if instance.step is None:
            return None
        return Derived(
            self._dictionary.decode_fact(instance.conclusion),
            instance.step.rule.name,
            instance.step.rule.wording,
            self._decode_bindings(instance),
            self._prove_facts(instance.premises),
        )

    def _decode_bindings(self, instance: RuleInstance) -> Mapping[str, Term]:
        """Return what the variables stand for; the end of a chain is called as in the file of its rule."""
        terms = self._dictionary.terms
        bound = {name: terms[number] for name, number in instance.bindings}
        if instance.step is not None and instance.step.rule.unroll:
            bound |= {"x2": terms[instance.conclusion[2]]}
        return MappingProxyType(bound)
