"""The claims as nanopublications: TriG with head, assertion, provenance and publication info of each."""

from __future__ import annotations

import io

import pyoxigraph as ox

from kg.exports.facts import list_claim_graphs
from kg.namespaces import PREFIXES
from kg.store.protocol import Store


def serialize_nanopublications(store: Store) -> str:
    """Return the four graphs of every claim as TriG; an assertion holds the claim, never a bare edge."""
    quads = [
        ox.Quad(triple.subject, triple.predicate, triple.object, graph)
        for graph in list_claim_graphs(store)
        for triple in sorted(store.read_graph(graph), key=str)
    ]
    out = io.BytesIO()
    ox.serialize(quads, out, format=ox.RdfFormat.TRIG, prefixes=dict(PREFIXES))
    return out.getvalue().decode()
