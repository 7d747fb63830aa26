"""Which inferences are published: what speaks of named things by properties that say something.

Class expressions without a name (the parts of recognisers) and abstract properties (parents that only group)
serve the reasoner; nobody asks for triples of them. Proofs may still pass through both.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.namespaces import KG, OWL, RDF

Term = NamedNode | BlankNode | Literal | Triple

_CLASS_EXPRESSIONS = (OWL["Class"], OWL["Restriction"])


def select_published(inferred: Iterable[Triple], asserted: Iterable[Triple]) -> frozenset[Triple]:
    """Return the inferred triples without those of anonymous classes and of abstract properties."""
    known = list(asserted)
    types = [triple for triple in known if triple.predicate == RDF["type"]]
    anonymous = {
        t.subject for t in types if isinstance(t.subject, BlankNode) and t.object in _CLASS_EXPRESSIONS
    }
    abstract = _find_abstract_properties(known)
    return frozenset(
        t
        for t in inferred
        if t.predicate not in abstract and t.subject not in anonymous and t.object not in anonymous
    )


def drop_abstract_parents(asserted: Iterable[Triple]) -> list[Triple]:
    """Return triples without what puts properties under abstract ones: less to reason over.

    For closures that are asked for single properties only, such as that of a case.
    """
    known = list(asserted)
    abstract = _find_abstract_properties(known)
    return [triple for triple in known if triple.object not in abstract]


def _find_abstract_properties(asserted: Iterable[Triple]) -> set[Term]:
    """Return the abstract properties."""
    return {t.subject for t in asserted if t.predicate == RDF["type"] and t.object == KG["PropertyGroup"]}
