"""A case: features said to hold and said not to. Open world: what is not said is unknown, never no."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from pyoxigraph import NamedNode

from kg.cases.knowledge import Knowledge, Terms
from kg.errors import BadQuery

#: how a term is called in a sentence
Calling = Callable[[NamedNode], str]


class Truth(Enum):
    """What is known of a feature."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Case:
    """The features of a case with all they bring; `excluded` maps a feature to the one that rules it out."""

    yes: Terms
    no: Terms
    met: Terms
    denied: Terms
    excluded: dict[NamedNode, NamedNode]

    def truth(self, feature: NamedNode) -> Truth:
        """Return what is known of a feature."""
        if feature in self.met:
            return Truth.MET
        return Truth.UNMET if feature in self.denied or feature in self.excluded else Truth.UNKNOWN


def make_case(known: Knowledge, yes: Iterable[NamedNode], no: Iterable[NamedNode], called: Calling) -> Case:
    """Return a case; raises BadQuery with a sentence when its features contradict each other."""
    stated, denied_said = frozenset(yes), frozenset(no)
    unknown = sorted((stated | denied_said) - frozenset(known.features), key=str)
    if unknown:
        raise BadQuery(
            f"{called(unknown[0])} is no feature of a patient.", todo="`kg case --list` lists them."
        )
    given = stated.union(*(known.opposites.get(feature, frozenset()) for feature in denied_said))
    met = frozenset().union(*(known.brings[feature] for feature in given))
    _refuse_contradiction(known, given, met, denied_said, called)
    denied = frozenset(f for f in known.features if known.brings[f] & denied_said)
    return Case(stated, denied_said, met, denied, _excluded(known, met))


def _excluded(known: Knowledge, met: Terms) -> dict[NamedNode, NamedNode]:
    """Return each feature that a met one rules out, directly or by what it would bring."""
    found: dict[NamedNode, NamedNode] = {}
    for feature in known.features:
        for brought in sorted(known.brings[feature], key=str):
            against = sorted(known.excludes.get(brought, frozenset()) & met, key=str)
            if against and feature not in met:
                found.setdefault(feature, against[0])
    return found


def _refuse_contradiction(
    known: Knowledge, stated: Terms, met: Terms, denied: Terms, called: Calling
) -> None:
    """Raise BadQuery when features exclude each other, or one brings what is denied."""
    for feature in sorted(met, key=str):
        for other in sorted(known.excludes.get(feature, frozenset()) & met, key=str):
            first, second = _source(known, stated, feature), _source(known, stated, other)
            raise BadQuery(
                f"“{called(first)}” and “{called(second)}” exclude each other.",
                where="case",
                todo="Give one of them only.",
            )
    for feature in sorted(met & denied, key=str):
        source = _source(known, stated, feature)
        brings = "" if source == feature else f", which brings “{called(feature)}” with it"
        raise BadQuery(
            f"“{called(source)}”{brings}, is given both as holding and as not holding.",
            where="case",
            todo="Give it once.",
        )


def _source(known: Knowledge, stated: Terms, feature: NamedNode) -> NamedNode:
    """Return the stated feature that brings a feature with it."""
    if feature in stated:
        return feature
    return next(s for s in sorted(stated, key=str) if feature in known.brings[s])
