"""The head, provenance and publication info of each claim, generated from its assertion and document."""

from __future__ import annotations

from collections.abc import Iterator
from pyoxigraph import NamedNode, Quad, Triple
from kg.namespaces import CLAIM, DCTERMS, GRAPH, KG, NP, OA, PROV, RDF
from kg.build.loading import SOURCE, BuildDataset, is_claim_assertion, name_claim_graph
from sparqlhost.store.interface import Term
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from pyoxigraph import Literal, Triple
from kg.namespaces import KG
from kg.build.loading import ONTOLOGY, WEAKEST_HEDGES, BuildDataset
from sparqlhost.store.local_store import MemoryStore
from pyoxigraph import Literal, NamedNode, Triple
from kg.namespaces import DCTERMS, KG, PROV, RDF, RDFS, VOID
from kg.build.loading import INFERRED, METADATA, BuildDataset, hash_graph, is_in_default_graph, is_reasoner_input
from kg.build.publishing import GraphEntry


#: property of the document -> property of the publication info.
_PUBLICATION_PROPERTIES = (
    (KG["claimsCreator"], DCTERMS["creator"]),
    (KG["claimsCreated"], DCTERMS["created"]),
    (KG["claimsVersion"], DCTERMS["hasVersion"]),
    (KG["claimsLicense"], DCTERMS["license"]),
)


def add_nanopublications(dataset: BuildDataset) -> None:
    """Add the generated parts of every claim to the dataset."""
    source = _group_by_subject(dataset.graphs.get(SOURCE, set()))
    for graph in [name for name in dataset.list_graph_names() if is_claim_assertion(name)]:
        name = graph.value.removeprefix(str(GRAPH) + "claim/").removesuffix("/assertion")
        about = [t for t in dataset.graphs[graph] if t.subject == CLAIM[name]]
        for quad in make_nanopublication(name, about, source):
            dataset.add_triples(get_named_graph(quad), (quad.triple,))


def get_named_graph(quad: Quad) -> NamedNode:
    """Return the named graph of a quad; raises TypeError for the default graph, which no part is in."""
    if not isinstance(quad.graph_name, NamedNode):
        raise TypeError(f"{quad} is in no named graph")
    return quad.graph_name


def make_nanopublication(
    name: str, claim_triples: list[Triple], source_triples: dict[Term, list[Triple]]
) -> Iterator[Quad]:
    """Yield the quads of head, provenance and publication info of the claim called `name`."""
    publication = GRAPH[f"claim/{name}"]
    head, assertion, provenance, pubinfo = (
        name_claim_graph(name, part) for part in ("head", "assertion", "provenance", "pubinfo")
    )
    yield Quad(publication, RDF["type"], NP["Nanopublication"], head)
    yield Quad(publication, NP["hasAssertion"], assertion, head)
    yield Quad(publication, NP["hasProvenance"], provenance, head)
    yield Quad(publication, NP["hasPublicationInfo"], pubinfo, head)
    spans = [t.object for t in claim_triples if t.predicate == KG["hasSourceSpan"]]
    documents = [d for span in spans for d in _list_objects(source_triples, span, OA["hasSource"])]
    for span in spans:
        yield Quad(assertion, PROV["wasDerivedFrom"], span, provenance)
    for decision in (t.object for t in claim_triples if t.predicate == KG["hasCuratorDecision"]):
        yield Quad(assertion, PROV["wasInfluencedBy"], decision, provenance)
    for document in documents:
        yield Quad(assertion, PROV["hadPrimarySource"], document, provenance)
        for creator in _list_objects(source_triples, document, KG["claimsCreator"]):
            yield Quad(assertion, PROV["wasAttributedTo"], creator, provenance)
        for given, published in _PUBLICATION_PROPERTIES:
            for value in _list_objects(source_triples, document, given):
                yield Quad(publication, published, value, pubinfo)


def _group_by_subject(triples: set[Triple]) -> dict[Term, list[Triple]]:
    """Return triples by their subject."""
    found: dict[Term, list[Triple]] = {}
    for triple in triples:
        found.setdefault(triple.subject, []).append(triple)
    return found


def _list_objects(triples: dict[Term, list[Triple]], subject: Term, predicate: NamedNode) -> Iterator[Term]:
    """Yield the objects of a subject and predicate."""
    return (t.object for t in triples.get(subject, ()) if t.predicate == predicate)


#: MERGED kg.pipeline.hedging
#: MERGED The weakest hedge of each inferred convenience edge: a CONSTRUCT after closure; rules cannot compare.
#: MERGED 
#: MERGED It stands in a graph of its own, so that `graph/inferred` holds what rules derive and nothing else.


WEAKEST_HEDGES_QUERY = Path("queries") / "closure" / "weakest-hedges.rq"


def add_weakest_hedges(dataset: BuildDataset, root: Path) -> None:
    """Add, for each inferred edge that rests on claims, those claims and the weakest hedge among them."""
    path = root / WEAKEST_HEDGES_QUERY
    if not path.is_file():
        return
    with MemoryStore() as store:
        store.load_quads(dataset.iterate_quads())
        edges = list(store.construct(path.read_text("utf-8")))
    dataset.add_triples(WEAKEST_HEDGES, keep_weakest_hedges(edges, read_hedge_ranks(dataset)))


def read_hedge_ranks(dataset: BuildDataset) -> dict[Term, int]:
    """Return the ordinal of each hedge."""
    return {
        triple.subject: int(triple.object.value)
        for name, triples in dataset.graphs.items()
        if name != ONTOLOGY
        for triple in triples
        if triple.predicate == KG["strengthRank"] and isinstance(triple.object, Literal)
    }


def keep_weakest_hedges(edges: Iterable[Triple], ranks: dict[Term, int]) -> Iterator[Triple]:
    """Yield the edges, each with only the weakest of the hedges its claims have; ties by IRI."""
    hedges: dict[Term, set[Term]] = defaultdict(set)
    for triple in edges:
        if triple.predicate == KG["weakestHedge"]:
            hedges[triple.subject].add(triple.object)
        else:
            yield triple
    for edge, found in hedges.items():
        lowest = min(found, key=lambda hedge: (ranks.get(hedge, 0), str(hedge)))
        yield Triple(edge, KG["weakestHedge"], lowest)  # type: ignore[arg-type]  # edges are IRIs


#: MERGED kg.pipeline.metadata
#: MERGED What the dataset says of its own graphs: size, digest, version, and the activity that made each.


def summarize_graphs(dataset: BuildDataset) -> dict[str, GraphEntry]:
    """Return size and digest of every named graph."""
    return {
        name.value: GraphEntry(len(dataset.graphs[name]), hash_graph(dataset.graphs[name]))
        for name in dataset.list_graph_names()
    }


def add_metadata(dataset: BuildDataset, version: str, reasoner: str) -> None:
    """Add the graph that describes the others."""
    dataset.add_triples(METADATA, list(describe_graphs(dataset, version, reasoner)))


def describe_graphs(dataset: BuildDataset, version: str, reasoner: str) -> Iterator[Triple]:
    """Yield the description of each graph: VoID for size, PROV for origin."""
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
