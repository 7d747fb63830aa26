"""The four marks, the hedge scale and what counts as a limit: one table each, used by every page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from pyoxigraph import NamedNode

from kg.namespaces import GRAPH, KG
from kg.pages.page_queries import QueryRow
from kg.pages.term_refs import HedgeBadge, Term, TermLabels, TermRef, compress_iri, make_hedge_badge

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


#: MERGED kg.views.edges
#: MERGED A statement between two terms as a row of a page: its origin, and where its proof stands.


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


TermTriple = tuple[Term, Term, Term]


def weakest_hedges_by_triple(
    rows: Iterable[QueryRow], naming: TermLabels
) -> Mapping[TermTriple, tuple[HedgeBadge, ...]]:
    """Return the weakest wording behind each derived triple, from rows of `edge-hedges`.

    Several where claims of equal strength support it; they stand in the order of their words.
    """
    found: dict[TermTriple, set[HedgeBadge]] = defaultdict(set)
    for row in rows:
        badge = make_hedge_badge(row["hedge"], naming)
        found[row["s"], row["p"], row["o"]].add(badge)
        if "inverse" in row:
            found[row["o"], row["inverse"], row["s"]].add(badge)
    return {triple: tuple(sorted(hedges, key=lambda item: item.label)) for triple, hedges in found.items()}


def proof_address(subject: Term, predicate: Term, target: Term) -> str:
    """Return the address of the proof of a triple."""
    return "/explain?" + urlencode(
        {"s": _explain_argument(subject), "p": _explain_argument(predicate), "o": _explain_argument(target)}
    )


def _explain_argument(term: Term) -> str:
    return compress_iri(term.value) if isinstance(term, NamedNode) else str(term)
