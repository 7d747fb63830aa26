"""The weakest hedge of each inferred convenience edge: a CONSTRUCT after closure; rules cannot compare.

It stands in a graph of its own, so that `graph/inferred` holds what rules derive and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyoxigraph import Literal, Triple

from kg.namespaces import KG
from kg.pipeline.dataset import ONTOLOGY, WEAKEST_HEDGES, BuildDataset
from kg.store.memory import MemoryStore
from kg.store.protocol import Term

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
