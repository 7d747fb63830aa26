"""Graphs that the build generates from those it loaded.

Before reasoning: the head, provenance and publication info of each claim. After it: the weakest hedge behind
each inferred edge, and the graph that describes all the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kg.build.loading import BuildDataset, hash_graph
from kg.build.publishing import GraphEntry
from kg.model.graphs import (
    INFERRED,
    METADATA,
    ONTOLOGY,
    SOURCE,
    WEAKEST_HEDGES,
    is_in_default_graph,
    is_reasoner_input,
    name_claim_graph,
    name_publication,
    parse_claim_graph,
)
from kg.model.triple_index import TripleIndex
from kg.namespaces import CLAIM, DCTERMS, KG, NP, OA, PROV, RDF, RDFS, VOID
from kg.text_files import read_text
from sparqlhost.store.interface import Term
from sparqlhost.store.local_store import MemoryStore

WEAKEST_HEDGES_QUERY = Path("queries") / "closure" / "weakest-hedges.rq"

#: property of the document -> property of the publication info.
_PUBLICATION_PROPERTIES = (
    (KG["claimsCreator"], DCTERMS["creator"]),
    (KG["claimsCreated"], DCTERMS["created"]),
    (KG["claimsVersion"], DCTERMS["hasVersion"]),
    (KG["claimsLicense"], DCTERMS["license"]),
)


def add_nanopublications(dataset: BuildDataset) -> None:
    """Add head, provenance and publication info of every claim to the dataset."""
    source = TripleIndex(dataset.graphs.get(SOURCE, ()))
    for graph in dataset.list_graph_names():
        claim, part = parse_claim_graph(graph) or ("", "")
        if part == "assertion":
            for quad in make_nanopublication(claim, TripleIndex(dataset.graphs[graph]), source):
                dataset.add_triples(get_named_graph(quad), (quad.triple,))


def get_named_graph(quad: Quad) -> NamedNode:
    """Return the named graph of a quad; raises TypeError for the default graph, which no part is in."""
    if not isinstance(quad.graph_name, NamedNode):
        raise TypeError(f"{quad} is in no named graph")
    return quad.graph_name


def make_nanopublication(claim: str, assertion: TripleIndex, source: TripleIndex) -> Iterator[Quad]:
    """Yield the quads of head, provenance and publication info of a claim, given by its local name.

    See http://nanopub.org/guidelines/working_draft/; `source` describes the spans and the documents.
    """
    publication = name_publication(claim)
    head, asserted, provenance, pubinfo = (
        name_claim_graph(claim, part) for part in ("head", "assertion", "provenance", "pubinfo")
    )
    yield Quad(publication, RDF["type"], NP["Nanopublication"], head)
    yield Quad(publication, NP["hasAssertion"], asserted, head)
    yield Quad(publication, NP["hasProvenance"], provenance, head)
    yield Quad(publication, NP["hasPublicationInfo"], pubinfo, head)
    spans = assertion.list_objects(CLAIM[claim], KG["hasSourceSpan"])
    for span in spans:
        yield Quad(asserted, PROV["wasDerivedFrom"], span, provenance)
    for decision in assertion.list_objects(CLAIM[claim], KG["hasCuratorDecision"]):
        yield Quad(asserted, PROV["wasInfluencedBy"], decision, provenance)
    for document in (d for span in spans for d in _list_values(source, span, OA["hasSource"])):
        yield Quad(asserted, PROV["hadPrimarySource"], document, provenance)
        for creator in _list_values(source, document, KG["claimsCreator"]):
            yield Quad(asserted, PROV["wasAttributedTo"], creator, provenance)
        for of_document, of_publication in _PUBLICATION_PROPERTIES:
            for value in _list_values(source, document, of_document):
                yield Quad(publication, of_publication, value, pubinfo)


def _list_values(index: TripleIndex, subject: Term, predicate: NamedNode) -> list[Term]:
    return index.list_objects(subject, predicate) if isinstance(subject, NamedNode) else []


def add_weakest_hedges(dataset: BuildDataset, root: Path) -> None:
    """Add, for each inferred edge that rests on claims, those claims and the weakest hedge among them.

    A CONSTRUCT after the closure, since OWL 2 RL rules cannot compare ranks; in a graph of its own, so that
    INFERRED holds what rules derive and nothing else. Nothing is added where the query is missing.
    """
    path = root / WEAKEST_HEDGES_QUERY
    if not path.is_file():
        return
    with MemoryStore() as store:
        store.load_quads(dataset.iterate_quads())
        edges = list(store.construct(read_text(path, WEAKEST_HEDGES_QUERY.as_posix())))
    dataset.add_triples(WEAKEST_HEDGES, keep_weakest_hedges(edges, read_hedge_ranks(dataset)))


def read_hedge_ranks(dataset: BuildDataset) -> dict[Term, int]:
    """Return the ordinal of each hedge; a higher one is a stronger wording."""
    return {
        triple.subject: int(triple.object.value)
        for name, triples in dataset.graphs.items()
        if name != ONTOLOGY
        for triple in triples
        if triple.predicate == KG["strengthRank"] and isinstance(triple.object, Literal)
    }


def keep_weakest_hedges(edges: Iterable[Triple], ranks: dict[Term, int]) -> Iterator[Triple]:
    """Yield the edges, each with only the weakest of the hedges its claims have.

    An edge must never read stronger than the most cautious claim behind it, so the lowest rank is kept, one
    without a rank counts as weakest, and of two with one rank the first IRI is kept.
    """
    hedges: dict[Term, set[Term]] = defaultdict(set)
    for triple in edges:
        if triple.predicate == KG["weakestHedge"]:
            hedges[triple.subject].add(triple.object)
        else:
            yield triple
    for edge, hedges_of_edge in hedges.items():
        weakest = min(hedges_of_edge, key=lambda hedge: (ranks.get(hedge, 0), str(hedge)))
        yield Triple(edge, KG["weakestHedge"], weakest)  # type: ignore[arg-type]  # edges are IRIs


def summarize_graphs(dataset: BuildDataset) -> dict[str, GraphEntry]:
    """Return size and digest of every named graph."""
    return {
        name.value: GraphEntry(len(dataset.graphs[name]), hash_graph(dataset.graphs[name]))
        for name in dataset.list_graph_names()
    }


def add_metadata(dataset: BuildDataset, version: str, reasoner: str) -> None:
    """Add the graph that describes the others: VoID for size, PROV for origin."""
    dataset.add_triples(METADATA, list(describe_graphs(dataset, version, reasoner)))


def describe_graphs(dataset: BuildDataset, version: str, reasoner: str) -> Iterator[Triple]:
    """Yield the description of each graph and of the two activities that make graphs."""
    loading, reasoning = NamedNode(METADATA.value + "#loading"), NamedNode(METADATA.value + "#reasoning")
    yield Triple(loading, RDF["type"], PROV["Activity"])
    yield Triple(
        loading, RDFS["label"], Literal("files read and graphs generated by kg build", language="en")
    )
    yield Triple(reasoning, RDF["type"], PROV["Activity"])
    yield Triple(reasoning, RDFS["label"], Literal(f"OWL 2 RL reasoning by {reasoner}", language="en"))
    for name, entry in summarize_graphs(dataset).items():
        graph = NamedNode(name)
        yield Triple(graph, RDF["type"], VOID["Dataset"])
        yield Triple(graph, VOID["triples"], Literal(entry.triples))
        yield Triple(graph, KG["sha256"], Literal(entry.sha256))
        yield Triple(graph, DCTERMS["hasVersion"], Literal(version))
        yield Triple(graph, KG["inDefaultGraph"], Literal(is_in_default_graph(graph)))
        yield Triple(graph, PROV["wasGeneratedBy"], reasoning if graph == INFERRED else loading)
        if is_reasoner_input(graph):
            yield Triple(reasoning, PROV["used"], graph)
