"""What the service description adds about this project's data: title, licence, entailment, examples."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from kg.model.graphs import INFERRED, is_from_build, is_import
from kg.namespaces import BASE, CC, DCTERMS, ENTAILMENT, GRAPH, OWL, OWL_PROFILE, RDFS, SD, VOID
from kg.pages.layout import current_attribution
from sparqlhost.protocol.service_description import DescribedDataset, DescribedGraph

_LICENCE = CC["by/4.0/"]
_DEFAULT_GRAPH_DESCRIPTION = (
    "All that stands in the graphs ontology, source, asserted, every claim's assertion, "
    "background, edits and inferred; not of mappings, imports, provenance and publication info."
)


def describe_dataset(described: DescribedDataset) -> Iterator[Triple]:
    """Yield the triples about the build; the store may hold imports and graphs of users beside it."""
    dataset, service = described.dataset, described.service
    title = f"What {current_attribution()} about refractory or relapsed adult ALL"
    facts: tuple[tuple[NamedNode, NamedNode, NamedNode | Literal], ...] = (
        (service, SD["defaultEntailmentRegime"], ENTAILMENT["OWL-RDF-Based"]),
        (service, SD["defaultSupportedEntailmentProfile"], OWL_PROFILE["RL"]),
        (dataset, RDFS["seeAlso"], NamedNode(f"{described.root}.well-known/sparql-examples")),
        (dataset, DCTERMS["license"], _LICENCE),
        (dataset, VOID["uriSpace"], Literal(BASE)),
        (dataset, DCTERMS["title"], Literal(title, language="en")),
        (described.default_graph, DCTERMS["description"], Literal(_DEFAULT_GRAPH_DESCRIPTION, language="en")),
    )
    yield from (Triple(*fact) for fact in facts)
    for graph in described.graphs:
        if graph.name.value.startswith(GRAPH) and not is_import(graph.name):
            yield from _describe_graph(graph, described.version)


def _describe_graph(graph: DescribedGraph, version: str) -> Iterator[Triple]:
    """Yield licence, version and entailment regime of a graph of this project.

    Only what the build made is under the licence of this project: extracts of other vocabularies keep theirs.
    """
    stated = {predicate for predicate, _ in graph.metadata}
    if is_from_build(graph.name) and DCTERMS["license"] not in stated:
        yield Triple(graph.name, DCTERMS["license"], _LICENCE)
    if OWL["versionInfo"] not in stated:
        yield Triple(graph.name, OWL["versionInfo"], Literal(version))
    regime = ENTAILMENT["OWL-RDF-Based" if graph.name == INFERRED else "Simple"]
    yield Triple(graph.name, SD["entailmentRegime"], regime)
