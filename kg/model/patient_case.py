"""A patient's case: features stated to be present or absent, what they imply, and what the rules derive.

Open world: a feature that is not stated is unknown, never absent. Nothing here keeps or logs a case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from pyoxigraph import NamedNode, Triple

from kg.errors import BadQuery
from kg.model.case_knowledge import ClinicalKnowledge, TermSet
from kg.namespaces import KG, PREFIXES, RDF
from rlreason.materialization import Materialization

_SCENARIO_IRI = NamedNode(PREFIXES["scn"] + "this")

#: returns the name of a term in a sentence
TermLabeller = Callable[[NamedNode], str]


class FeatureTruth(Enum):
    """What is known of a feature."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PatientCase:
    """The features of a case and what they imply; `excluded_by`: feature -> the one that rules it out."""

    stated_present: TermSet
    stated_absent: TermSet
    met: TermSet
    denied: TermSet
    excluded_by: dict[NamedNode, NamedNode]

    def get_truth(self, feature: NamedNode) -> FeatureTruth:
        """Return what is known of a feature."""
        if feature in self.met:
            return FeatureTruth.MET
        return (
            FeatureTruth.UNMET
            if feature in self.denied or feature in self.excluded_by
            else FeatureTruth.UNKNOWN
        )


def make_case(
    knowledge: ClinicalKnowledge,
    present: Iterable[NamedNode],
    absent: Iterable[NamedNode],
    label_of: TermLabeller,
) -> PatientCase:
    """Return a case; raises BadQuery with a sentence when its features contradict each other."""
    stated, stated_absent = frozenset(present), frozenset(absent)
    unknown = sorted((stated | stated_absent) - frozenset(knowledge.features), key=str)
    if unknown:
        raise BadQuery(
            f"{label_of(unknown[0])} is not a patient feature.", hint="`kg case --list` lists them."
        )
    # that "able to X" is absent states that "unable to X" is present
    present_with_opposites = stated.union(
        *(knowledge.opposite_features.get(feature, frozenset()) for feature in stated_absent)
    )
    met = frozenset().union(*(knowledge.implied_features[feature] for feature in present_with_opposites))
    _reject_contradiction(knowledge, present_with_opposites, met, stated_absent, label_of)
    denied = frozenset(f for f in knowledge.features if knowledge.implied_features[f] & stated_absent)
    return PatientCase(stated, stated_absent, met, denied, _find_excluded(knowledge, met))


def _find_excluded(knowledge: ClinicalKnowledge, met: TermSet) -> dict[NamedNode, NamedNode]:
    """Return each feature that a met one rules out, directly or by a feature it implies."""
    excluded_by: dict[NamedNode, NamedNode] = {}
    for feature in knowledge.features:
        for implied in sorted(knowledge.implied_features[feature], key=str):
            against = sorted(knowledge.incompatible_features.get(implied, frozenset()) & met, key=str)
            if against and feature not in met:
                excluded_by.setdefault(feature, against[0])
    return excluded_by


def _reject_contradiction(
    knowledge: ClinicalKnowledge, stated: TermSet, met: TermSet, denied: TermSet, label_of: TermLabeller
) -> None:
    """Raise BadQuery when features exclude each other, or one implies a feature stated to be absent."""
    for feature in sorted(met, key=str):
        for other in sorted(knowledge.incompatible_features.get(feature, frozenset()) & met, key=str):
            first, second = (
                _find_source_feature(knowledge, stated, feature),
                _find_source_feature(knowledge, stated, other),
            )
            raise BadQuery(
                f"“{label_of(first)}” and “{label_of(second)}” exclude each other.",
                location="case",
                hint="Give one of them only.",
            )
    for feature in sorted(met & denied, key=str):
        source = _find_source_feature(knowledge, stated, feature)
        implies = "" if source == feature else f", which implies “{label_of(feature)}”,"
        raise BadQuery(
            f"“{label_of(source)}”{implies} is given both as present and as absent.",
            location="case",
            hint="Give it once.",
        )


def _find_source_feature(knowledge: ClinicalKnowledge, stated: TermSet, feature: NamedNode) -> NamedNode:
    """Return the stated feature that a feature follows from."""
    if feature in stated:
        return feature
    return next(s for s in sorted(stated, key=str) if feature in knowledge.implied_features[s])


@dataclass(frozen=True, slots=True)
class CaseEntailments:
    """What the rules derive for a patient: features, matching situations, claims on what is left to do."""

    features: frozenset[NamedNode]
    situations: frozenset[NamedNode]
    fallback_claims: frozenset[NamedNode]


def derive_entailments(materialization: Materialization, features: Iterable[NamedNode]) -> CaseEntailments:
    """Return what the rules derive for a patient with some features; `materialization` does not change."""
    stated = frozenset(features)
    triples = [Triple(_SCENARIO_IRI, RDF["type"], KG["PatientScenario"])]
    triples += [Triple(_SCENARIO_IRI, KG["hasFeature"], feature) for feature in sorted(stated, key=str)]
    derived = [t for t in materialization.what_if(triples) if t.subject == _SCENARIO_IRI]

    def list_derived_objects(name: str) -> frozenset[NamedNode]:
        return frozenset(
            t.object for t in derived if t.predicate == KG[name] and isinstance(t.object, NamedNode)
        )

    return CaseEntailments(
        stated | list_derived_objects("hasFeature"),
        list_derived_objects("matchesSituation"),
        list_derived_objects("hasFallbackClaim"),
    )
