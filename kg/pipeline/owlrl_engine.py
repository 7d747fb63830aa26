"""The reference reasoner, owlrl, behind the seam of `kg.reasoning.close`; slow, kept to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

from owlrl import DeductiveClosure, OWLRL_Semantics
from pyoxigraph import NamedNode, Triple
from rdflib import URIRef

from kg.namespaces import OWL, RDF, RDFS, XSD
from kg.pipeline.rdflib_terms import to_graph, to_triples

NAME = f"owlrl {version('owlrl')}"

_ERROR = "http://www.daml.org/2002/03/agents/agent-ont#"
_REFLEXIVE = frozenset(
    {
        OWL["sameAs"],
        OWL["equivalentClass"],
        OWL["equivalentProperty"],
        RDFS["subClassOf"],
        RDFS["subPropertyOf"],
    }
)
_TOPS = frozenset({OWL["Thing"], OWL["Nothing"], RDFS["Resource"], RDFS["Literal"], RDFS["Datatype"]})
_VOCABULARIES = (str(RDF), str(RDFS), str(OWL), str(XSD))


@dataclass(frozen=True, slots=True)
class OwlrlClosure:
    """What owlrl adds, without its noise, and its complaints as sentences."""

    inferred: frozenset[Triple]
    inconsistencies: tuple[str, ...]


def close(triples: Iterable[Triple]) -> OwlrlClosure:
    """Return the OWL 2 RL closure of `triples` that owlrl finds, cleaned of its noise."""
    given = frozenset(triples)
    graph = to_graph(given)
    DeductiveClosure(OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    inconsistencies = tuple(sorted(str(text) for text in graph.objects(None, URIRef(_ERROR + "error"))))
    return OwlrlClosure(frozenset(_useful(to_triples(graph), given)), inconsistencies)


def _useful(triples: Iterable[Triple], given: frozenset[Triple]) -> Iterator[Triple]:
    """Yield what is new and not noise."""
    return (triple for triple in triples if triple not in given and not _noise(triple))


def _noise(triple: Triple) -> bool:
    """Say whether a triple tells nobody anything: reflexive, axiomatic, about datatypes, or a complaint."""
    subject, predicate, object_ = triple.subject, triple.predicate, triple.object
    if predicate in _REFLEXIVE and (subject == object_ or object_ in _TOPS or subject in _TOPS):
        return True
    if predicate == RDF["type"] and object_ in _TOPS:
        return True
    if predicate.value.startswith(_ERROR):
        return True
    if isinstance(object_, NamedNode) and object_.value.startswith(_ERROR):
        return True
    return isinstance(subject, NamedNode) and subject.value.startswith(_VOCABULARIES)
