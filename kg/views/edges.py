"""A statement between two terms as a row of a page: its origin, and where its proof stands."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from pyoxigraph import NamedNode

from kg.views.terms import Ref, Term, curie


@dataclass(frozen=True, slots=True)
class Edge:
    """A statement with its mark, whether it limits, and, when derived, the address of its proof."""

    subject: Ref
    property: Ref
    object: Ref
    mark: str
    negative: bool
    why: str


def why(subject: Term, predicate: Term, target: Term) -> str:
    """Return the address of the proof of a triple."""
    return "/explain?" + urlencode({"s": _short(subject), "p": _short(predicate), "o": _short(target)})


def _short(term: Term) -> str:
    return curie(term.value) if isinstance(term, NamedNode) else str(term)
