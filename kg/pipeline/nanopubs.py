"""The head, provenance and publication info of each claim, generated from its assertion and document."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import NamedNode, Quad, Triple

from kg.namespaces import CLAIM, DCTERMS, GRAPH, KG, NP, OA, PROV, RDF
from kg.pipeline.dataset import SOURCE, BuildDataset, is_claim_assertion, name_claim_graph
from kg.store.protocol import Term

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
