"""A statement between two terms as a row of a page: who states it, whether it limits, and its proof.

The four marks say who states a statement. They follow from the named graphs it stands in
(`kg.model.graphs.get_origin`), and are the same on every page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from pyoxigraph import NamedNode

from kg.model.graphs import GraphOrigin, get_origin
from kg.namespaces import KG, compress_iri
from kg.pages.page_queries import QueryRow
from kg.pages.term_refs import (
    HedgeBadge,
    Term,
    TermLabels,
    TermRef,
    TermTriple,
    find_weakest_hedge,
    make_hedge_badge,
)

ASSERTED, INFERRED, BACKGROUND, OUTSIDE = "asserted", "inferred", "background", "outside"

#: properties that speak against something; their edges are never drawn like an offer
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
    OriginMeaning(BACKGROUND, "background", "A curator or a user added it; the text does not say it."),
    OriginMeaning(
        OUTSIDE, "outside", "An identifier or a label of another vocabulary; never a claim of the text."
    ),
)


#: the mark of a graph's triples; other origins (the text, the ontology, records) count as stated
_MARK_BY_ORIGIN = {
    GraphOrigin.RULES: INFERRED,
    GraphOrigin.CURATOR: BACKGROUND,
    GraphOrigin.USER: BACKGROUND,
    GraphOrigin.VOCABULARY: OUTSIDE,
}


def find_origin_mark(graphs: Iterable[NamedNode]) -> str:
    """Return the mark of a statement that stands in `graphs`: that of the origin closest to the text."""
    marks = {_MARK_BY_ORIGIN.get(get_origin(graph), ASSERTED) for graph in graphs}
    return next((mark for mark in (ASSERTED, BACKGROUND, INFERRED, OUTSIDE) if mark in marks), ASSERTED)


def is_negative(property_iri: str) -> bool:
    """Return whether a property limits or denies something rather than offering it."""
    return property_iri in NEGATIVE_PROPERTIES


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A statement with its mark and whether it limits; when derived, its proof and its weakest wording."""

    subject: TermRef
    property: TermRef
    object: TermRef
    mark: str
    negative: bool
    why: str
    hedges: tuple[HedgeBadge, ...] = ()


def weakest_hedges_by_triple(
    rows: Iterable[QueryRow], naming: TermLabels
) -> Mapping[TermTriple, tuple[HedgeBadge, ...]]:
    """Return the weakest hedge behind each derived triple, from rows of `edge-hedges`.

    The build has written the weakest of each edge. An edge and its inverse are one statement: the weaker of
    both counts.
    """
    hedges: dict[TermTriple, set[HedgeBadge]] = defaultdict(set)
    for row in rows:
        badge = make_hedge_badge(row["hedge"], naming)
        hedges[row["s"], row["p"], row["o"]].add(badge)
        if "inverse" in row:
            hedges[row["o"], row["inverse"], row["s"]].add(badge)
    return {
        triple: (weakest,) for triple, badges in hedges.items() if (weakest := find_weakest_hedge(badges))
    }


def proof_address(subject: Term, predicate: Term, target: Term) -> str:
    """Return the address of the proof of a triple."""
    return "/explain?" + urlencode(
        {"s": _explain_argument(subject), "p": _explain_argument(predicate), "o": _explain_argument(target)}
    )


def _explain_argument(term: Term) -> str:
    return compress_iri(term.value) if isinstance(term, NamedNode) else str(term)
