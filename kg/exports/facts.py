"""The graph read once for an export: each subject's properties, by graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode, Triple

from kg.namespaces import BASE, CLAIM, GRAPH, shorten
from kg.store.protocol import Store, Term

ASSERTED, BACKGROUND, INFERRED = GRAPH["asserted"], GRAPH["background"], GRAPH["inferred"]
WEAKEST = GRAPH["weakest-hedges"]
_CLAIMS, _ASSERTION = GRAPH["claim/"].value, "/assertion"


@dataclass(frozen=True, slots=True)
class Facts:
    """Subject IRI -> property IRI -> values, of some graphs."""

    of: dict[str, dict[str, list[Term]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def add(self, triples: Iterable[Triple]) -> None:
        """Add triples; those with a blank node or a triple as subject are left out."""
        for triple in triples:
            if isinstance(triple.subject, NamedNode):
                self.of[triple.subject.value][triple.predicate.value].append(triple.object)

    def values(self, subject: str, predicate: NamedNode) -> list[str]:
        """Return the IRIs and texts that `subject` has for a property, sorted."""
        found = self.of.get(subject, {}).get(predicate.value, [])
        return sorted(term.value for term in found if isinstance(term, NamedNode | Literal))

    def curies(self, subject: str, *predicates: NamedNode) -> list[str]:
        """Return the values of some properties, IRIs as CURIEs, sorted."""
        return sorted(
            {shorten(value) for predicate in predicates for value in self.values(subject, predicate)}
        )

    def one(self, subject: str, predicate: NamedNode) -> str:
        """Return the first value of a property, or nothing."""
        return next(iter(self.values(subject, predicate)), "")

    def subjects(self, prefix: str) -> list[str]:
        """Return the subjects whose IRI starts with `prefix`, sorted."""
        return sorted(subject for subject in self.of if subject.startswith(prefix))


def read(store: Store, graphs: Iterable[NamedNode]) -> Facts:
    """Return the facts of some named graphs."""
    facts = Facts()
    for graph in graphs:
        facts.add(store.quads(graph))
    return facts


def assertion_graphs(store: Store) -> list[NamedNode]:
    """Return the assertion graphs of all claims, in order."""
    return sorted(
        (g for g in store.graphs() if g.value.startswith(_CLAIMS) and g.value.endswith(_ASSERTION)), key=str
    )


def claim_graphs(store: Store) -> list[NamedNode]:
    """Return the four graphs of every claim, in order."""
    return sorted((g for g in store.graphs() if g.value.startswith(_CLAIMS)), key=str)


def claims(facts: Facts) -> Iterator[str]:
    """Yield the IRIs of the claims."""
    yield from facts.subjects(CLAIM)


def is_ours(iri: str) -> bool:
    """Return whether an IRI is one of this graph's."""
    return iri.startswith(BASE)
