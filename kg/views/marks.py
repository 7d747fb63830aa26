"""The four marks, the hedge scale and what counts as a limit: one table each, used by every page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kg.namespaces import GRAPH, KG

ASSERTED, INFERRED, BACKGROUND, OUTSIDE = "asserted", "inferred", "background", "outside"

#: properties that speak against; an edge of theirs is never drawn like an offer
NEGATIVE_PROPERTIES = frozenset(
    KG[name].value
    for name in (
        "discounts",
        "discountedBy",
        "limitedBenefitFor",
        "inheritedLimitedBenefitFor",
        "cautionedAbout",
        "notAimedAt",
        "unavailable",
    )
)


@dataclass(frozen=True, slots=True)
class OriginMeaning:
    """One of the four marks and what it tells."""

    mark: str
    word: str
    meaning: str


ORIGIN_MEANINGS = (
    OriginMeaning(ASSERTED, "stated", "The text says it; a sentence number leads to the place."),
    OriginMeaning(INFERRED, "inferred", "A rule derived it from what is stated; why? shows the proof."),
    OriginMeaning(BACKGROUND, "background", "A curator added it; the text does not say it."),
    OriginMeaning(
        OUTSIDE, "outside", "An identifier or a label of another vocabulary; never a claim of the text."
    ),
)


def origin_of_graphs(graphs: Iterable[str]) -> str:
    """Return the mark of a statement that stands in `graphs`; the strongest origin wins."""
    found = {_origin_of_graph(graph) for graph in graphs}
    return next((mark for mark in (ASSERTED, BACKGROUND, INFERRED, OUTSIDE) if mark in found), ASSERTED)


def _origin_of_graph(graph: str) -> str:
    local = graph.removeprefix(GRAPH)
    if local == "inferred":
        return INFERRED
    if local == "background":
        return BACKGROUND
    if local == "mappings" or local.startswith(("import/", "external/")):
        return OUTSIDE
    return ASSERTED


def is_negative(property_iri: str) -> bool:
    """Say whether a property limits or denies rather than raises."""
    return property_iri in NEGATIVE_PROPERTIES
