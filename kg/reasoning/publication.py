"""Which inferences are published: what speaks of named things by properties that say something.

Class expressions without a name (the parts of recognisers) and abstract properties (parents that only group)
serve the reasoner; nobody asks for triples of them. Proofs may still pass through both.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import BlankNode, Triple

from kg.namespaces import KG, OWL, RDF

_EXPRESSIONS = (OWL["Class"], OWL["Restriction"])


def worth_publishing(inferred: Iterable[Triple], given: Iterable[Triple]) -> frozenset[Triple]:
    """Return the inferred triples without those of anonymous classes and of abstract properties."""
    types = [triple for triple in given if triple.predicate == RDF["type"]]
    anonymous = {t.subject for t in types if isinstance(t.subject, BlankNode) and t.object in _EXPRESSIONS}
    abstract = {t.subject for t in types if t.object == KG["PropertyGroup"]}
    return frozenset(
        t
        for t in inferred
        if t.predicate not in abstract and t.subject not in anonymous and t.object not in anonymous
    )
