"""The weakest hedge of each inferred convenience edge: a CONSTRUCT after closure; rules cannot compare.

It stands in a graph of its own, so that `graph/inferred` holds what rules derive and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyoxigraph import Literal, Triple

from kg.namespaces import KG
from kg.pipeline.dataset import HEDGES, ONTOLOGY, Dataset
from kg.store.memory import MemoryStore
from kg.store.protocol import Term

QUERY = Path("queries") / "closure" / "weakest-hedges.rq"


def add_weakest_hedges(dataset: Dataset, root: Path) -> None:
    """Add, for each inferred edge that rests on claims, those claims and the weakest hedge among them."""
    path = root / QUERY
    if not path.is_file():
        return
    with MemoryStore() as store:
        store.load(dataset.quads())
        edges = list(store.construct(path.read_text("utf-8")))
    dataset.add(HEDGES, weakest(edges, ranks(dataset)))


def ranks(dataset: Dataset) -> dict[Term, int]:
    """Return the ordinal of each hedge."""
    return {
        triple.subject: int(triple.object.value)
        for name, triples in dataset.graphs.items()
        if name != ONTOLOGY
        for triple in triples
        if triple.predicate == KG["strengthRank"] and isinstance(triple.object, Literal)
    }


def weakest(edges: Iterable[Triple], order: dict[Term, int]) -> Iterator[Triple]:
    """Yield the edges, each with only the weakest of the hedges its claims have; ties by IRI."""
    hedges: dict[Term, set[Term]] = defaultdict(set)
    for triple in edges:
        if triple.predicate == KG["weakestHedge"]:
            hedges[triple.subject].add(triple.object)
        else:
            yield triple
    for edge, found in hedges.items():
        lowest = min(found, key=lambda hedge: (order.get(hedge, 0), str(hedge)))
        yield Triple(edge, KG["weakestHedge"], lowest)  # type: ignore[arg-type]  # edges are IRIs
