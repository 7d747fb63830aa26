"""owlrl, the reference reasoner, with the signature of `rlreason.close`; slow, kept to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from owlrl import DeductiveClosure, OWLRL_Semantics
from pyoxigraph import NamedNode, Triple
from rdflib import URIRef

from kg.namespaces import OWL, RDF, RDFS, XSD
from rlreason.omitted_triples import REFLEXIVE_PROPERTIES
from rlreason.triple_sources import from_rdflib_graph, to_rdflib_graph

#: owlrl reports a contradiction as a triple of this vocabulary
_ERROR_NAMESPACE = "http://www.daml.org/2002/03/agents/agent-ont#"
_TOP_CLASSES = frozenset({OWL["Thing"], OWL["Nothing"], RDFS["Resource"], RDFS["Literal"], RDFS["Datatype"]})
_VOCABULARIES = (str(RDF), str(RDFS), str(OWL), str(XSD))


@dataclass(frozen=True, slots=True)
class OwlrlClosure:
    """What owlrl infers, without trivial triples, and the contradictions it reports as sentences."""

    inferred: frozenset[Triple]
    inconsistencies: tuple[str, ...]


def close(triples: Iterable[Triple]) -> OwlrlClosure:
    """Return the OWL 2 RL closure of `triples` that owlrl finds, without trivial triples."""
    asserted = frozenset(triples)
    graph = to_rdflib_graph(asserted)
    DeductiveClosure(OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    inconsistencies = tuple(
        sorted(str(text) for text in graph.objects(None, URIRef(_ERROR_NAMESPACE + "error")))
    )
    return OwlrlClosure(frozenset(_select_informative(from_rdflib_graph(graph), asserted)), inconsistencies)


def _select_informative(triples: Iterable[Triple], asserted: frozenset[Triple]) -> Iterator[Triple]:
    return (triple for triple in triples if triple not in asserted and not _is_trivial(triple))


def _is_trivial(triple: Triple) -> bool:
    """Return whether a triple is reflexive, axiomatic, about datatypes, or reports a contradiction."""
    subject, predicate, object_ = triple.subject, triple.predicate, triple.object
    if predicate in REFLEXIVE_PROPERTIES and (
        subject == object_ or object_ in _TOP_CLASSES or subject in _TOP_CLASSES
    ):
        return True
    if predicate == RDF["type"] and object_ in _TOP_CLASSES:
        return True
    if predicate.value.startswith(_ERROR_NAMESPACE):
        return True
    if isinstance(object_, NamedNode) and object_.value.startswith(_ERROR_NAMESPACE):
        return True
    return isinstance(subject, NamedNode) and subject.value.startswith(_VOCABULARIES)
