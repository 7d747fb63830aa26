"""`close(graph)`: everything that OWL 2 RL/RDF infers from a graph, what contradicts, and why.

closure = close(graph)
closure.inferred             # frozenset of Triple: what was not asserted
closure.inconsistencies      # tuple of Inconsistency, empty when consistent
closure.explain(triple)      # proofs, the shortest first
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from rlreason.inconsistencies import (
    Inconsistency,
    describe_inconsistencies,
)
from rlreason.omitted_triples import (
    drop_facts_about,
    keep_valid_rdf,
    list_reflexive_equality,
    list_unnamed_expressions,
    select_informative,
    set_aside_superclasses,
)
from rlreason.relation import FactSet, Relation
from rlreason.rule_engine import ClosureState, ProgressCallback, RuleEngine
from rlreason.rules import OWL2RL, Rule
from rlreason.term_dictionary import GeneralizedTriple, Term, TermDictionary
from rlreason.triple_sources import (
    TripleSource,
    iterate_triples,
    serialize_ntriples,
    to_rdflib_graph,
    to_triple,
)
from rlreason.vocabulary import OWL, RDF
from rlreason.wording import TermFormatter, format_standard_term, is_schema_predicate

if TYPE_CHECKING:
    from rdflib import Graph

    from rlreason.proofs import Derived, Proof, Prover
    from rlreason.why_not import WhyNot


@dataclass(frozen=True, slots=True)
class ContradictionGroup:
    """The contradictions that one rule finds through the same axioms, and the proof of the first."""

    rule: str
    axioms: tuple[GeneralizedTriple, ...]
    members: tuple[Inconsistency, ...]
    proof: Derived


class Closure:
    """What follows from some triples. Iterates over the inferred ones; `in` asks whether a triple holds."""

    def __init__(
        self,
        engine: RuleEngine,
        state: ClosureState,
        asserted_facts: FactSet,
        inferred_facts: FactSet,
        format_term: TermFormatter,
        left_out_expressions: int = 0,
    ) -> None:
        """Hold a closure; `close` makes one."""
        self.engine, self.state = engine, state
        self.asserted_facts, self.inferred_facts = asserted_facts, inferred_facts
        #: number of unnamed class expressions of which nothing is inferred, see `unnamed_expressions`
        self.left_out_expressions = left_out_expressions
        self._format_term = format_term

    @property
    def asserted(self) -> frozenset[Triple]:
        """Return the triples that were asserted."""
        return frozenset(self.engine.dictionary.decode_facts(self.asserted_facts))

    @property
    def inferred(self) -> frozenset[Triple]:
        """Return the inferred triples that were not asserted: valid RDF, by default none that is trivial."""
        return frozenset(self)

    @cached_property
    def inconsistencies(self) -> tuple[Inconsistency, ...]:
        """Return what contradicts the ontology, by rule."""
        return describe_inconsistencies(self.state, self.engine, self.asserted_facts, self._format_term)

    def group_inconsistencies(self) -> tuple[ContradictionGroup, ...]:
        """Return what contradicts the ontology by cause: the rule and the axioms that each proof rests on."""
        return _group_by_cause(self._prover, self.inconsistencies)

    @property
    def unknown_datatypes(self) -> tuple[NamedNode, ...]:
        """Return the datatypes of literals that OWL 2 RL lacks: neither checked nor compared by value.

        With owl:withRestrictions, where a data range has facets, which no rule reads.
        """
        facets = OWL["withRestrictions"]
        found = self.engine.literals.unknown_datatypes
        has_facets = len(self.asserted_facts[self.engine.dictionary.number_term(facets)]) > 0
        return tuple(sorted({*found, facets} if has_facets else found, key=str))

    @property
    def cut_lists(self) -> tuple[Term, ...]:
        """Return the property chains with so many rdf:first and rdf:rest that not all ways were read."""
        return tuple(sorted((self.engine.dictionary.terms[n] for n in self.engine.cut_lists), key=str))

    @property
    def fact_count(self) -> int:
        """Return the number of all facts, trivial ones and walks along lists included: what proofs cost."""
        return len(self.state.facts)

    def __len__(self) -> int:
        """Return the number of inferred triples."""
        return len(self.inferred_facts)

    def __iter__(self) -> Iterator[Triple]:
        """Yield the inferred triples, by predicate."""
        return self.engine.dictionary.decode_facts(self.inferred_facts)

    def __contains__(self, triple: Iterable[object]) -> bool:
        """Return whether a triple of pyoxigraph or rdflib was asserted or follows, trivial or not."""
        fact = self.engine.dictionary.encode_triple(to_triple(triple))
        return fact is not None and fact in self.state.facts

    def explain(self, triple: Iterable[object], limit: int = 1) -> tuple[Proof, ...]:
        """Return up to `limit` proofs of a triple, the shortest first; none when it does not hold.

        The first call prepares the search for proofs (`proof_search`).
        """
        return self._prover.prove(to_triple(triple), limit)

    def explain_inconsistency(self, inconsistency: Inconsistency) -> Derived:
        """Return the proof of a contradiction: the triples that clash, each down to asserted triples."""
        return self._prover.prove_inconsistency(inconsistency)

    def iterate_proofs(self) -> Iterator[Proof]:
        """Yield a proof of each inferred triple, then of each contradiction; they share their steps."""
        yield from self._prover.prove_each(self)
        yield from self._prover.prove_inconsistencies(self.inconsistencies)

    def why_not(self, triple: Iterable[object], limit: int = 3) -> tuple[WhyNot, ...]:
        """Return the rules that lack one premise to derive a triple, the nearest first."""
        from rlreason.why_not import explain_why_not

        return explain_why_not(self.engine, self.state, to_triple(triple), limit)

    @cached_property
    def _prover(self) -> Prover:
        from rlreason.proofs import Prover  # imported here: most closures are never asked why

        return Prover(self)

    def iterate_triples(self, *, with_asserted: bool = False) -> Iterator[Triple]:
        """Yield the inferred triples, after the asserted ones if wanted."""
        for facts in self._list_parts(with_asserted):
            yield from self.engine.dictionary.decode_facts(facts)

    def to_rdflib(self, *, with_asserted: bool = False) -> Graph:
        """Return the inferred triples as an rdflib graph, with the asserted ones if wanted."""
        return to_rdflib_graph(self.iterate_triples(with_asserted=with_asserted))

    def write_ntriples(self, stream: IO[bytes], *, with_asserted: bool = False) -> None:
        """Write the inferred triples as N-Triples, after the asserted ones if wanted."""
        for facts in self._list_parts(with_asserted):
            stream.writelines(serialize_ntriples(facts, self.engine.dictionary))

    def _list_parts(self, with_asserted: bool) -> list[FactSet]:
        return [self.asserted_facts, self.inferred_facts] if with_asserted else [self.inferred_facts]


def close(
    triples: TripleSource,
    rules: Iterable[Rule] = OWL2RL,
    *,
    axiomatic: bool = False,
    unnamed_expressions: bool = True,
    format_term: TermFormatter = format_standard_term,
    progress: ProgressCallback | None = None,
) -> Closure:
    """Return the closure of a graph: rdflib's, pyoxigraph's Store or Dataset, or triples.

    `axiomatic` keeps trivial triples (`omitted_triples`). Without `unnamed_expressions`, what follows for
    class expressions that are blank nodes is left out, in a large ontology nearly everything; all else is the
    same. `format_term` names terms in the sentences of inconsistencies. Raises TypeError for what is
    not a source of triples.
    """
    rules = tuple(rules)
    dictionary = TermDictionary()
    engine = RuleEngine(rules, dictionary, progress, include_declarations=axiomatic)
    asserted = dictionary.encode_triples(iterate_triples(triples))
    start, *concluded = [asserted]
    if not (unnamed_expressions or axiomatic):
        start, *concluded = set_aside_superclasses(asserted, dictionary, rules)
    state = ClosureState(layers=[asserted, *concluded])
    for facts in concluded:
        start = start.union_disjoint(facts)
    engine.close_state(state, start)
    if axiomatic:
        inferred = _select_axiomatic(state.facts, asserted, dictionary, engine.same_as)
    else:
        inferred = select_informative(state.facts, asserted, state.plain_facts, dictionary)
    if unnamed_expressions:
        return Closure(engine, state, asserted, inferred, format_term)
    # What was set aside is asserted all the same, and proofs may rest on it.
    state.facts = state.facts.union_disjoint(asserted.difference(state.facts))
    expressions = list_unnamed_expressions(asserted, dictionary)
    inferred = drop_facts_about(inferred, expressions)
    return Closure(engine, state, asserted, inferred, format_term, len(expressions))


def _select_axiomatic(facts: FactSet, asserted: FactSet, dictionary: TermDictionary, same_as: int) -> FactSet:
    """Return all valid RDF that was not asserted, with the conclusions of eq-ref, which are not stored."""
    inferred = keep_valid_rdf(facts.difference(asserted), dictionary)
    reflexive = Relation(list_reflexive_equality(facts, dictionary)).difference(facts[same_as].keys)
    return inferred.union_disjoint(FactSet({same_as: reflexive}))


def _group_by_cause(
    prover: Prover, inconsistencies: Iterable[Inconsistency]
) -> tuple[ContradictionGroup, ...]:
    """Return contradictions by rule and the axioms that their proofs rest on, in the order of the first."""
    from rlreason.proofs import iterate_leaves  # imported here: most closures are never asked why

    found = tuple(inconsistencies)
    proofs = prover.prove_inconsistencies(found)
    groups: dict[tuple[str, frozenset[GeneralizedTriple]], list[tuple[Inconsistency, Derived]]] = {}
    for each, proof in zip(found, proofs, strict=True):
        axioms = (leaf.triple for leaf in iterate_leaves(proof))
        key = each.rule, frozenset(filter(_is_axiom, axioms))
        groups.setdefault(key, []).append((each, proof))
    return tuple(
        ContradictionGroup(
            rule, tuple(sorted(axioms, key=str)), tuple(each for each, _ in members), members[0][1]
        )
        for (rule, axioms), members in groups.items()
    )


def _is_axiom(triple: GeneralizedTriple) -> bool:
    """Return whether a triple is an axiom, not the cell of a list or an annotation."""
    _, predicate, obj = triple
    if predicate == RDF["type"]:
        return is_schema_predicate(obj)
    is_cell = predicate in (RDF["first"], RDF["rest"])
    return is_schema_predicate(predicate) and not is_cell and not isinstance(obj, Literal)
