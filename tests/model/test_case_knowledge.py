"""What a case reads of a claim: the weakest hedge first, by rank and not by text."""

from __future__ import annotations

import pytest
from pyoxigraph import Literal, NamedNode, Triple

from kg.model.case_knowledge import read_knowledge
from kg.namespaces import KG

CLAIM, HEDGES = NamedNode("http://e/claim"), [NamedNode(f"http://e/hedge{n}") for n in range(3)]


@pytest.mark.parametrize(
    ("ranks", "order"), [((10, 9, 2), [2, 1, 0]), ((3, 3, 1), [2, 0, 1]), ((5, None, 1), [1, 2, 0])]
)
def test_hedges_are_sorted_by_number(ranks: tuple[int | None, ...], order: list[int]) -> None:
    """As texts, "10" would come before "2": the strongest of three hedges would pass for the weakest."""
    triples = [Triple(CLAIM, KG["appliesTo"], NamedNode("http://e/situation"))]
    for hedge, rank in zip(HEDGES, ranks, strict=True):
        triples.append(Triple(CLAIM, KG["hasHedge"], hedge))
        if rank is not None:
            triples.append(Triple(hedge, KG["strengthRank"], Literal(rank)))
    (claim,) = read_knowledge(triples, triples).claims
    assert claim.hedges == tuple(HEDGES[index] for index in order)
