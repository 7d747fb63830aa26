"""What the rules make of a case: the closure with one scenario in it, in memory, thrown away after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from kg.namespaces import KG, PREFIXES, RDF
from kg.reasoning.materialisation import Materialisation

_SCENARIO = NamedNode(PREFIXES["scn"] + "this")


@dataclass(frozen=True, slots=True)
class Reasoned:
    """What follows for the scenario, by our properties."""

    features: frozenset[NamedNode]
    situations: frozenset[NamedNode]
    fallbacks: frozenset[NamedNode]


def reasoned(kept: Materialisation, features: Iterable[NamedNode]) -> Reasoned:
    """Return what the rules derive for a patient with some features; `kept` itself does not change."""
    stated = frozenset(features)
    triples = [Triple(_SCENARIO, RDF["type"], KG["PatientScenario"])]
    triples += [Triple(_SCENARIO, KG["hasFeature"], feature) for feature in sorted(stated, key=str)]
    derived = [t for t in kept.what_if(triples) if t.subject == _SCENARIO]

    def objects(name: str) -> frozenset[NamedNode]:
        return frozenset(
            t.object for t in derived if t.predicate == KG[name] and isinstance(t.object, NamedNode)
        )

    return Reasoned(
        stated | objects("hasFeature"), objects("matchesSituation"), objects("fallbackToConsider")
    )
