"""What the rules make of a case: the closure with one scenario in it, in memory, thrown away after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from kg.namespaces import KG, PREFIXES, RDF
from kg.reasoning.materialisation import Materialization

_SCENARIO_IRI = NamedNode(PREFIXES["scn"] + "this")


@dataclass(frozen=True, slots=True)
class CaseEntailments:
    """What follows for the scenario, by our properties."""

    features: frozenset[NamedNode]
    situations: frozenset[NamedNode]
    fallbacks: frozenset[NamedNode]


def derive_entailments(materialization: Materialization, features: Iterable[NamedNode]) -> CaseEntailments:
    """Return what the rules derive for a patient with some features; `kept` itself does not change."""
    stated = frozenset(features)
    triples = [Triple(_SCENARIO_IRI, RDF["type"], KG["PatientScenario"])]
    triples += [Triple(_SCENARIO_IRI, KG["hasFeature"], feature) for feature in sorted(stated, key=str)]
    derived = [t for t in materialization.infer_hypothetically(triples) if t.subject == _SCENARIO_IRI]

    def list_derived_objects(name: str) -> frozenset[NamedNode]:
        return frozenset(
            t.object for t in derived if t.predicate == KG[name] and isinstance(t.object, NamedNode)
        )

    return CaseEntailments(
        stated | list_derived_objects("hasFeature"),
        list_derived_objects("matchesSituation"),
        list_derived_objects("fallbackToConsider"),
    )
