"""Proofs: why a triple holds, down to triples that were asserted and suffice; frozen values.

    prover = Prover(close(triples))
    prover.prove(triple)      # a tuple of Asserted(triple, graph) or Derived(rule, bindings, premises)

A proof is a graph: a step that several others use is one value, and every function here visits it once. The
leaves suffice: their closure holds the conclusion. So a rule over a list has all cells of the list among its
premises, a rule that compares literals the triples that use them, and a contradiction each owl:sameAs.

A proof is not recorded while the closure is computed, which would slow every closure down; `proof_search`
chooses its rule instances afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pyoxigraph import Literal, NamedNode, Triple

from rlreason.compiled_rules import instantiate_slots
from rlreason.inconsistencies import Inconsistency
from rlreason.proof_search import ProofSearch
from rlreason.relation import Fact
from rlreason.rule_instances import RuleInstance
from rlreason.rules import Rule
from rlreason.term_dictionary import GeneralizedTriple, Term
from rlreason.vocabulary import OWL, RDF
from rlreason.why_not import WhyNot, explain_why_not
from rlreason.wording import (
    TermFormatter,
    fill_wording,
    format_standard_term,
    format_triple,
)

if TYPE_CHECKING:
    from rlreason.closure import Closure

#: rule instances tried for the alternative proofs of one triple
MAX_INSTANCES_TRIED = 200
#: levels of a proof that a text indents; deeper ones stand below each other
MAX_INDENTED = 30
_Part = TypeVar("_Part")
_REFLEXIVE_VARIABLES = ("s", "p", "o")


@dataclass(frozen=True, slots=True, eq=False)
class Asserted:
    """A leaf: a triple that was asserted, in a named graph or in none."""

    triple: GeneralizedTriple
    graph: NamedNode | None

    def __str__(self) -> str:
        """Return the triple, and that it is given."""
        return "\n".join(format_proof(self))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Derived:
    """A rule, what its variables stand for, and the proofs of its premises.

    Of a contradiction, `triple` is the last of the triples that clash.
    """

    triple: GeneralizedTriple
    rule: str
    wording: str
    bindings: Mapping[str, Term]
    premises: tuple[Proof, ...]
    contradicts: bool = False

    def __str__(self) -> str:
        """Return a line for each step, the premises indented below what follows from them."""
        return "\n".join(format_proof(self))

    def __repr__(self) -> str:
        """Return the last step only: a proof may be long."""
        return f"<Derived {format_triple(*self.triple)} by {self.rule} from {len(self.premises)} premises>"


Proof = Asserted | Derived


def iterate_parts(proof: Proof) -> Iterator[Proof]:
    """Yield all steps and leaves of a proof, each once: the conclusion first, then depth first."""
    seen: set[Proof] = set()
    waiting = [proof]
    while waiting:
        part = waiting.pop()
        if part not in seen:
            seen.add(part)
            yield part
            waiting += reversed(part.premises if isinstance(part, Derived) else ())


def iterate_premises_first(
    goals: Iterable[_Part],
    list_premises: Callable[[_Part], Sequence[_Part]],
    is_done: Callable[[_Part], bool],
) -> Iterator[_Part]:
    """Yield what some goals rest on and the goals, each after its premises; the caller makes it done."""
    waiting = list(goals)[::-1]
    while waiting:
        part = waiting[-1]
        lacking = [] if is_done(part) else [each for each in list_premises(part) if not is_done(each)]
        if lacking:
            waiting += reversed(lacking)
            continue
        waiting.pop()
        if not is_done(part):
            yield part


def iterate_leaves(proof: Proof) -> Iterator[Asserted]:
    """Yield the asserted triples that a proof rests on, each once, from left to right."""
    return (part for part in iterate_parts(proof) if isinstance(part, Asserted))


def count_rule_applications(proof: Proof) -> int:
    """Return the number of steps, one that is used several times counted once."""
    return sum(isinstance(part, Derived) for part in iterate_parts(proof))


def format_proof(
    proof: Proof, format_term: TermFormatter = format_standard_term, depth: int = 0
) -> Iterator[str]:
    """Yield a line for each step: what follows, by which rule and why; premises are indented below it.

    A step that several others use is shown once; the cells of a given list are one line.
    """
    shown: set[Proof] = set()
    waiting: list[tuple[Proof | str, int]] = [(proof, depth)]
    while waiting:
        part, level = waiting.pop()
        margin = "  " * min(level, MAX_INDENTED)
        if isinstance(part, str):
            yield margin + part
            continue
        head = margin + format_triple(*part.triple, format_term)
        if isinstance(part, Asserted):
            yield f"{head} is given"
        elif part in shown:
            yield f"{head} follows as shown above"
        else:
            shown.add(part)
            yield f"{head} follows by {part.rule}: {fill_wording(part.wording, part.bindings, format_term)}"
            waiting += [(each, level + 1) for each in reversed(_fold_lists(part.premises, format_term))]


def _fold_lists(premises: tuple[Proof, ...], format_term: TermFormatter) -> list[Proof | str]:
    """Return premises with the given cells of each list as one line."""
    cells = {p for p in premises if isinstance(p, Asserted) and p.triple[1] in (RDF["first"], RDF["rest"])}
    first = {c.triple[0]: c.triple[2] for c in cells if c.triple[1] == RDF["first"]}
    rest = {c.triple[0]: c.triple[2] for c in cells if c.triple[1] == RDF["rest"]}
    folded: list[Proof | str] = [premise for premise in premises if premise not in cells]
    for head in sorted(rest.keys() - rest.values(), key=str):
        members: list[str] = []
        cell, seen = head, set[Term]()
        while cell in rest and cell not in seen:
            seen.add(cell)
            members += [format_term(first[cell])] if cell in first else []
            cell = rest[cell]
        folded.append(f"{format_term(head)} is given as the list ({', '.join(members)})")
    return folded


class Prover:
    """The proofs over a closure. `asserted` maps each asserted triple to the named graphs that hold it."""

    def __init__(
        self, closure: Closure, asserted: Mapping[Triple, tuple[NamedNode, ...]] | None = None
    ) -> None:
        """Prepare the search for proofs in `closure`; without `asserted`, leaves are in no graph."""
        self._engine, self._state = closure.engine, closure.state
        self._dictionary = closure.engine.dictionary
        self._closure = closure
        self._graphs: dict[Fact, tuple[NamedNode, ...]] | None = None
        if asserted is not None:
            self.asserted = asserted
            encode = self._dictionary.encode_triple
            facts = ((encode(triple), graphs) for triple, graphs in asserted.items())
            self._graphs = {fact: graphs for fact, graphs in facts if fact is not None}
        self._search = ProofSearch(self._engine, self._state)
        self._numbering = self._search.numbering
        #: the proofs of premises by fact number; several for a step that belongs to no rule
        self._proofs: dict[int, tuple[Proof, ...]] = {}

    @cached_property
    def asserted(self) -> Mapping[Triple, tuple[NamedNode, ...]]:
        """Return the asserted triples, each with the named graphs that hold it."""
        return {triple: () for triple in self._closure.asserted}

    def _find_graphs(self, fact: Fact) -> tuple[NamedNode | None, ...]:
        """Return the graphs that hold an asserted fact, None for no named one; nothing for other facts."""
        if self._graphs is None:
            return (None,) if fact in self._closure.asserted_facts else ()
        return self._graphs[fact] or (None,) if fact in self._graphs else ()

    def prove_inconsistency(self, inconsistency: Inconsistency) -> Derived:
        """Return the proof of a contradiction: what clashes, each down to asserted triples."""
        return self.prove_inconsistencies([inconsistency])[0]

    def prove_inconsistencies(self, inconsistencies: Iterable[Inconsistency]) -> list[Derived]:
        """Return the proofs of contradictions, which share their steps."""
        facts = [(each, list(self._list_clashing_facts(each))) for each in inconsistencies]
        numbers = [self._numbering.number_fact(fact) for _, clashing in facts for fact in clashing]
        self._build_proofs([number for number in numbers if number is not None])
        return [self._build_contradiction(each, clashing) for each, clashing in facts]

    def _build_contradiction(self, inconsistency: Inconsistency, facts: list[Fact]) -> Derived:
        """Return the proof of a contradiction from the facts that clash, whose proofs are made."""
        rule = self._engine.rules.get(inconsistency.rule)
        if inconsistency.premises:
            clash = inconsistency.premises[-1]
        else:
            term = next(iter(inconsistency.bindings.values()))
            clash = (term, term, term)
        premises = {proof.triple: proof for fact in facts for proof in self._find_proofs_of_premise(fact)}
        return Derived(
            clash,
            inconsistency.rule,
            rule.wording if rule else inconsistency.reason,
            inconsistency.bindings,
            tuple(premises.values()),
            contradicts=True,
        )

    def _list_clashing_facts(self, inconsistency: Inconsistency) -> Iterator[Fact]:
        """Yield the facts that the body of the rule stands for, walks included, or that use its literals."""
        numbers = self._dictionary.numbers
        bound = {name: numbers[t] for name, t in inconsistency.bindings.items() if t in numbers}
        for step in self._engine.plain_rules:
            if step.rule.name == inconsistency.rule and not step.merged_variables:
                yield from (instantiate_slots(pattern, bound) for pattern in step.body)
                return
        for premise in inconsistency.premises:
            fact = self._dictionary.encode_triple(premise)
            if fact is not None:
                yield fact
        for name in ("lt", "lt1", "lt2"):
            use = self._search.matcher.find_use(bound[name]) if name in bound else None
            if use is not None:
                yield self._numbering.fact_at(use)

    def _find_proofs_of_premise(self, fact: Fact) -> tuple[Proof, ...]:
        """Return the proof of a clashing fact; eq-ref proves what is the same as itself."""
        number = self._numbering.number_fact(fact)
        if number is not None:
            return self._proofs.get(number, ())
        if fact[1] == self._engine.same_as and fact[0] == fact[2]:
            return tuple(self._prove_reflexive(fact[0]))
        return ()

    def is_provable(self, triple: Triple) -> bool:
        """Return whether a triple is asserted or derived."""
        fact = self._dictionary.encode_triple(triple)
        return fact is not None and (bool(self._find_graphs(fact)) or fact in self._state.facts)

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

        Alternatives differ in their last step. Each premise has one proof; trying all of them takes
        exponential time where many facts support each other.
        """
        goal = self._dictionary.encode_triple(triple)
        if goal is None:
            return ()
        conclusion = self._dictionary.decode_fact(goal)
        proofs: list[Proof] = [Asserted(conclusion, graph) for graph in self._find_graphs(goal)]
        number = self._numbering.number_fact(goal)
        if number is not None and not proofs and limit == 1:
            self._build_proofs([number])
            proofs += self._proofs[number]
        elif number is not None and len(proofs) < limit:
            proofs += sorted(self._iterate_derivations(number), key=count_rule_applications)
        if not proofs and goal[1] == self._engine.same_as and goal[0] == goal[2]:
            proofs += self._prove_reflexive(goal[0]) if self._engine.include_declarations else []
        return tuple(proofs[:limit])

    def prove_each(self, triples: Iterable[Triple]) -> Iterator[Proof]:
        """Yield one proof of each triple that holds; quicker than to ask for one after the other."""
        asked = list(triples)
        facts = [self._dictionary.encode_triple(triple) for triple in asked]
        numbers = [None if fact is None else self._numbering.number_fact(fact) for fact in facts]
        self._build_proofs([number for number in numbers if number is not None])
        for triple, number in zip(asked, numbers, strict=True):
            yield from (self._proofs[number] if number is not None else self.prove(triple))

    def _iterate_derivations(self, goal: int) -> Iterator[Derived]:
        """Yield proofs that differ in their last step.

        A premise's own proof may use the goal in a larger alternative, which then is none.
        """
        for instance in islice(self._search.find_alternatives(goal), MAX_INSTANCES_TRIED):
            self._build_proofs(instance.premises)
            proof = self._build_derivation(instance)
            if proof is not None and all(
                part.triple != proof.triple for p in proof.premises for part in iterate_parts(p)
            ):
                yield proof

    def explain_why_not(self, triple: Triple, limit: int = 3) -> tuple[WhyNot, ...]:
        """Return the rules that lack one premise to derive a triple, the nearest first."""
        return explain_why_not(self._engine, self._state, triple, limit)

    def _build_proofs(self, goals: Iterable[int]) -> None:
        """Make the proofs of some facts and of all that they rest on, premises first."""
        wanted = list(goals)
        chosen = self._search.choose(wanted)

        def list_premises(number: int) -> tuple[int, ...]:
            return chosen[number].premises if number in chosen else ()

        for number in iterate_premises_first(wanted, list_premises, self._proofs.__contains__):
            self._proofs[number] = self._build_proof(number, chosen.get(number))

    def _build_proof(self, number: int, instance: RuleInstance | None) -> tuple[Proof, ...]:
        """Return the proof of one fact, or for a step that belongs to no rule those of its premises."""
        fact = self._numbering.fact_at(number)
        graphs = self._find_graphs(fact)
        if graphs:
            return (Asserted(self._dictionary.decode_fact(fact), graphs[0]),)
        if instance is None:
            return ()
        proof = self._build_derivation(instance)
        return self._collect_premises(instance) if proof is None else (proof,)

    def _collect_premises(self, instance: RuleInstance) -> tuple[Proof, ...]:
        """Return the proofs of the premises of an instance, each conclusion once."""
        return tuple({proof.triple: proof for p in instance.premises for proof in self._proofs[p]}.values())

    def _build_derivation(self, instance: RuleInstance) -> Derived | None:
        """Return the proof that ends in an instance; None for a step that belongs to no rule."""
        if instance.step is None:
            return None
        rule, terms = instance.step.rule, self._dictionary.terms
        conclusion = self._numbering.fact_at(instance.conclusion)
        bound = {name: terms[number] for name, number in instance.bindings}
        if rule.unroll:  # the end of a chain is called as in the file of its rule
            bound |= {"x2": terms[conclusion[2]]}
        return Derived(
            self._dictionary.decode_fact(conclusion),
            rule.name,
            rule.wording,
            MappingProxyType(bound),
            self._collect_premises(instance),
        )

    def _prove_reflexive(self, number: int) -> Iterator[Proof]:
        """Yield the proof by eq-ref that a term is the same as itself: some fact has it."""
        rule = self._engine.reflexivity_rule
        fact = self._search.matcher.find_mention(number)
        term = self._dictionary.terms[number]
        if rule is None:
            return
        if fact is not None:
            triple = self._dictionary.decode_fact(fact)
            place = self._numbering.number_fact(fact)
            self._build_proofs([] if place is None else [place])
            premises = (Asserted(triple, None),) if place is None else self._proofs[place]
            yield _apply_reflexivity(rule, term, triple, premises)
        elif number == self._engine.same_as:  # it occurs in what eq-ref says of any other term
            for proof in self._prove_reflexive(self._engine.rdf_type):
                yield _apply_reflexivity(rule, term, proof.triple, (proof,))


def _apply_reflexivity(
    rule: Rule, term: Term, premise: GeneralizedTriple, premises: tuple[Proof, ...]
) -> Derived:
    """Return the step of eq-ref."""
    bindings = dict(zip(_REFLEXIVE_VARIABLES, premise, strict=True))
    return Derived((term, OWL["sameAs"], term), rule.name, rule.wording, MappingProxyType(bindings), premises)
