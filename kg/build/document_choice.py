"""KG_DOCUMENTS: a build of some documents only, as if the others had never been added.

What other documents state is taken out before anything is generated or inferred, so no page, question,
search, export or conclusion has to know of the choice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pyoxigraph import NamedNode, Triple

from kg.build.loading import BuildDataset, ProjectSources
from kg.errors import BadData
from kg.model.graphs import (
    ASSERTED,
    BACKGROUND,
    MAPPINGS,
    SOURCE,
    is_claim_assertion,
    name_claim_graph,
    parse_claim_graph,
)
from kg.namespaces import KG, OA, OWL, PREFIXES, RDF
from sparqlhost.store.interface import Term

_DOCUMENT, _SPAN = PREFIXES["doc"], PREFIXES["span"]
_DESCRIBED_BY = {OWL["annotatedSource"], OWL["annotatedTarget"], RDF["subject"], RDF["object"]}


def keep_documents(sources: ProjectSources, names: Collection[str]) -> frozenset[NamedNode]:
    """Take what documents not in `names` state out of the dataset; return the concepts that went with them.

    Those are the subjects of `data/concepts/DOCUMENT.ttl` that nothing left speaks of. Raises BadData for a
    name of no document.
    """
    graphs = sources.dataset.graphs
    kinds = (t for t in graphs.get(SOURCE, ()) if t.predicate == RDF["type"])
    documents = {
        str(t.subject)[1:-1].removeprefix(_DOCUMENT) for t in kinds if t.object == KG["SourceDocument"]
    }
    if unknown := sorted({*names} - documents):
        hint = f"Name some of {', '.join(sorted(documents))}."
        raise BadData(f"There is no document {unknown[0]!r}.", location="KG_DOCUMENTS", hint=hint)
    dropped = documents - {*names}
    claims = _drop_claims(sources.dataset, dropped)
    described = _list_triples(sources, (f"data/sources/{name}/" for name in dropped))
    graphs[SOURCE] = {
        triple
        for triple in graphs[SOURCE] - described
        if str(triple.subject)[1:-1].removeprefix(_SPAN).partition("#")[0] not in claims
    }
    own = {t.subject for t in _list_triples(sources, (f"data/concepts/{name}.ttl" for name in dropped))}
    unused = own - _find_concepts_spoken_of(sources.dataset)
    return frozenset(concept for concept in unused if isinstance(concept, NamedNode))


def drop_concepts(dataset: BuildDataset, concepts: Collection[NamedNode]) -> None:
    """Take concepts out of the graphs that describe, explain or map them."""
    for graph in (ASSERTED, BACKGROUND, MAPPINGS):
        triples = dataset.graphs.get(graph, set())
        # the axiom or statement that says where a triple of such a concept is from goes with it
        about = {t.subject for t in triples if t.object in concepts and t.predicate in _DESCRIBED_BY} | {
            *concepts
        }
        dataset.graphs[graph] = {t for t in triples if t.subject not in about and t.object not in concepts}


def _drop_claims(dataset: BuildDataset, documents: Collection[str]) -> set[str]:
    """Take out the claims of some documents; return their local names."""
    sources = {NamedNode(_DOCUMENT + name) for name in documents}
    claims = {
        (parse_claim_graph(graph) or ("",))[0]
        for graph, triples in dataset.graphs.items()
        if is_claim_assertion(graph)
        and any(t.predicate == OA["hasSource"] and t.object in sources for t in triples)
    }
    for claim in claims:
        del dataset.graphs[name_claim_graph(claim, "assertion")]
    return claims


def _list_triples(sources: ProjectSources, names: Iterable[str]) -> set[Triple]:
    """Return the triples of the files whose names begin so."""
    starts = tuple(names)
    return {triple for file in sources.files if file.name.startswith(starts) for triple in file.triples}


def _find_concepts_spoken_of(dataset: BuildDataset) -> set[Term]:
    """Return all that a claim left names, and what the descriptions of those name in turn."""
    described: dict[Term, list[Term]] = {}
    for triple in dataset.graphs.get(ASSERTED, ()):
        described.setdefault(triple.subject, []).append(triple.object)
    waiting: list[Term] = [
        t.object for g, triples in dataset.graphs.items() if is_claim_assertion(g) for t in triples
    ]
    reached: set[Term] = set()
    while waiting:
        term = waiting.pop()
        if term not in reached:
            reached.add(term)
            waiting += described.get(term, [])
    return reached
