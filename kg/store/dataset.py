"""The dataset of a query: what the protocol names, else what its FROM clauses name, else the store.

The engine keeps duplicates when several graphs make the default graph (a triple in three graphs counts three
times); an RDF merge has it once (SPARQL 1.1, section 13.1), so then a scratch store holds the merge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyoxigraph as ox

from kg.errors import BadQuery
from kg.store.jobs import QueryJob
from kg.store.prologue import parse_from_clauses


@dataclass(frozen=True, slots=True)
class QueryDataset:
    """An engine, the text to run on it, and the graphs to give along (None: as text and engine have it)."""

    oxigraph: ox.Store
    text: str
    default_graphs: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None = None
    named_graphs: list[ox.NamedNode | ox.BlankNode] | None = None


def resolve_dataset(oxigraph: ox.Store, job: QueryJob) -> QueryDataset:
    """Return what to run `job` on; raises BadQuery for a graph name that is no IRI."""
    if job.default_graphs is None and job.named_graphs is None:
        defaults, named = parse_from_clauses(job.text, job.base)
        if len(defaults) < 2:
            return QueryDataset(oxigraph, job.text)
        job = replace(job, default_graphs=defaults, named_graphs=named)
    default = [_parse_graph_iri(iri) for iri in dict.fromkeys(job.default_graphs or ())]
    kept: list[ox.NamedNode | ox.BlankNode] = [
        _parse_graph_iri(iri) for iri in dict.fromkeys(job.named_graphs or ())
    ]
    if len(default) < 2:
        return QueryDataset(oxigraph, job.text, list(default), kept)
    return QueryDataset(_merge_graphs(oxigraph, default, kept), job.text, [ox.DefaultGraph()], kept)


def _merge_graphs(
    oxigraph: ox.Store, default: list[ox.NamedNode], named: list[ox.NamedNode | ox.BlankNode]
) -> ox.Store:
    """Return a scratch store with the merge of `default` as its default graph, and the `named` graphs."""
    scratch = ox.Store()
    for graph in default:
        scratch.bulk_extend(
            ox.Quad(quad.subject, quad.predicate, quad.object)
            for quad in oxigraph.quads_for_pattern(None, None, None, graph)
        )
    for name in named:
        if oxigraph.contains_named_graph(name):
            scratch.add_graph(name)
        scratch.bulk_extend(oxigraph.quads_for_pattern(None, None, None, name))
    return scratch


def _parse_graph_iri(iri: str) -> ox.NamedNode:
    """Return the graph name of `iri`."""
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise BadQuery(f"{iri!r} is not an absolute IRI.", hint="Name a graph by its whole IRI.") from error
