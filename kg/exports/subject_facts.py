"""The graph read once for an export: each subject's properties, by graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode, Triple

from kg.namespaces import BASE, CLAIM, GRAPH, compress_iri
from sparqlhost.store.interface import Store, Term

ASSERTED, BACKGROUND, INFERRED = GRAPH["asserted"], GRAPH["background"], GRAPH["inferred"]
WEAKEST_HEDGES = GRAPH["weakest-hedges"]
_CLAIMS, _ASSERTION = GRAPH["claim/"].value, "/assertion"


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """Subject IRI -> property IRI -> values, of some graphs."""

    values_by_subject: dict[str, dict[str, list[Term]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add_triples(self, triples: Iterable[Triple]) -> None:
        """Add triples; those with a blank node or a triple as subject are left out."""
        for triple in triples:
            if isinstance(triple.subject, NamedNode):
                self.values_by_subject[triple.subject.value][triple.predicate.value].append(triple.object)

    def list_values(self, subject: str, predicate: NamedNode) -> list[str]:
        """Return the IRIs and texts that `subject` has for a property, sorted."""
        found = self.values_by_subject.get(subject, {}).get(predicate.value, [])
        return sorted(term.value for term in found if isinstance(term, NamedNode | Literal))

    def list_curies(self, subject: str, *predicates: NamedNode) -> list[str]:
        """Return the values of some properties, IRIs as CURIEs, sorted."""
        return sorted(
            {
                compress_iri(value)
                for predicate in predicates
                for value in self.list_values(subject, predicate)
            }
        )

    def first_value(self, subject: str, predicate: NamedNode) -> str:
        """Return the first value of a property, or nothing."""
        return next(iter(self.list_values(subject, predicate)), "")

    def list_subjects(self, prefix: str) -> list[str]:
        """Return the subjects whose IRI starts with `prefix`, sorted."""
        return sorted(subject for subject in self.values_by_subject if subject.startswith(prefix))


def read_facts(store: Store, graphs: Iterable[NamedNode]) -> SubjectFacts:
    """Return the facts of some named graphs."""
    facts = SubjectFacts()
    for graph in graphs:
        facts.add_triples(store.read_graph(graph))
    return facts


def list_assertion_graphs(store: Store) -> list[NamedNode]:
    """Return the assertion graphs of all claims, in order."""
    return sorted(
        (g for g in store.graph_names() if g.value.startswith(_CLAIMS) and g.value.endswith(_ASSERTION)),
        key=str,
    )


def list_claim_graphs(store: Store) -> list[NamedNode]:
    """Return the four graphs of every claim, in order."""
    return sorted((g for g in store.graph_names() if g.value.startswith(_CLAIMS)), key=str)


def list_claims(facts: SubjectFacts) -> Iterator[str]:
    """Yield the IRIs of the claims."""
    yield from facts.list_subjects(CLAIM)


def is_ours(iri: str) -> bool:
    """Return whether an IRI is one of this graph's."""
    return iri.startswith(BASE)
