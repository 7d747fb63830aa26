"""What the reasoner reads, as pages need it: for proofs, for a closure, and to take a claim out of it.

Read from the store once per version of the data. A triple is kept with every graph that states it: a claim's
statement that a second graph states too does not go away with the claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from kg.model.graphs import name_claim_graph, select_reasoner_input
from kg.namespaces import CLAIM
from kg.pages.term_refs import CONCEPT_KINDS, TermTriple, entity_kind
from rlreason import Materialization, Prover, Rule, close
from sparqlhost.store.interface import Store


@dataclass(frozen=True, slots=True)
class ReasonerInput:
    """The triples that the reasoner reads, each with the graphs that state it, sorted by graph; its rules."""

    graphs_by_triple: Mapping[Triple, tuple[NamedNode, ...]]
    rules: tuple[Rule, ...]

    @classmethod
    def load(cls, store: Store, rules: tuple[Rule, ...]) -> ReasonerInput:
        """Read the graphs of `kg.model.graphs.select_reasoner_input`."""
        graphs_by_triple: dict[Triple, tuple[NamedNode, ...]] = {}
        for graph in select_reasoner_input(store.graph_names()):
            for triple in store.read_graph(graph):
                graphs_by_triple[triple] = (*graphs_by_triple.get(triple, ()), graph)
        return cls(graphs_by_triple, rules)

    def make_prover(self) -> Prover:
        """Return a prover; making it takes some tenths of a second."""
        return Prover(close(self.graphs_by_triple, self.rules), self.graphs_by_triple)

    def close(self) -> Materialization:
        """Return the closure of all triples; takes some tenths of a second."""
        return Materialization(self.graphs_by_triple, self.rules)

    def find_retraction_impact(self, closure: Materialization, claim_iri: str) -> list[TermTriple]:
        """Return the derived statements between concepts that have no proof without a claim, sorted.

        `closure` is that of `close`; it stays as it is.
        """
        graph = name_claim_graph(claim_iri.removeprefix(CLAIM), "assertion")
        stated_here_only = [triple for triple, graphs in self.graphs_by_triple.items() if graphs == (graph,)]
        lost = closure.copy().remove(stated_here_only).removed
        return [
            (triple.subject, triple.predicate, triple.object)
            for triple in sorted(lost, key=str)
            if _joins_concepts(triple)
        ]


def _joins_concepts(triple: Triple) -> bool:
    return all(
        isinstance(end, NamedNode) and entity_kind(end.value) in CONCEPT_KINDS
        for end in (triple.subject, triple.object)
    )
