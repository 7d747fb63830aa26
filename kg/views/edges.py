"""A statement between two terms as a row of a page: its origin, and where its proof stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from pyoxigraph import NamedNode

from kg.views.hedges import HedgeBadge, make_hedge_badge
from kg.views.reading import QueryRow
from kg.views.terms import Term, TermLabels, TermRef, compress_iri


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
