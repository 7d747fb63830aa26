"""A statement between two terms as a row of a page: its origin, and where its proof stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from pyoxigraph import NamedNode

from kg.views.hedges import Hedge, hedge
from kg.views.reading import Row
from kg.views.terms import Naming, Ref, Term, curie


@dataclass(frozen=True, slots=True)
class Edge:
    """A statement with its mark and whether it limits; when derived, its proof and its weakest wording."""

    subject: Ref
    property: Ref
    object: Ref
    mark: str
    negative: bool
    why: str
    hedges: tuple[Hedge, ...] = ()


Triples = tuple[Term, Term, Term]


def weakest(rows: Iterable[Row], naming: Naming) -> Mapping[Triples, tuple[Hedge, ...]]:
    """Return the weakest wording behind each derived triple, from rows of `edge-hedges`.

    Several where claims of equal strength support it; they stand in the order of their words.
    """
    found: dict[Triples, set[Hedge]] = defaultdict(set)
    for row in rows:
        badge = hedge(row["hedge"], naming)
        found[row["s"], row["p"], row["o"]].add(badge)
        if "inverse" in row:
            found[row["o"], row["inverse"], row["s"]].add(badge)
    return {triple: tuple(sorted(hedges, key=lambda item: item.label)) for triple, hedges in found.items()}


def why(subject: Term, predicate: Term, target: Term) -> str:
    """Return the address of the proof of a triple."""
    return "/explain?" + urlencode({"s": _short(subject), "p": _short(predicate), "o": _short(target)})


def _short(term: Term) -> str:
    return curie(term.value) if isinstance(term, NamedNode) else str(term)
