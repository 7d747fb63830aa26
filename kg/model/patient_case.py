"""A case: features said to hold and said not to. Open world: what is not said is unknown, never no."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from pyoxigraph import NamedNode, Triple

from kg.errors import BadQuery
from kg.model.case_knowledge import ClinicalKnowledge, TermSet
from kg.namespaces import KG, PREFIXES, RDF
from rlreason.materialization import Materialization

#: how a term is called in a sentence
TermLabeller = Callable[[NamedNode], str]


class FeatureTruth(Enum):
    """What is known of a feature."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PatientCase:
    """The features of a case with all they bring; `excluded` maps a feature to the one that rules it out."""

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
    stated, denied_said = frozenset(present), frozenset(absent)
    unknown = sorted((stated | denied_said) - frozenset(knowledge.features), key=str)
    if unknown:
        raise BadQuery(
            f"{label_of(unknown[0])} is no feature of a patient.", hint="`kg case --list` lists them."
        )
    given = stated.union(*(knowledge.opposite_features.get(feature, frozenset()) for feature in denied_said))
    met = frozenset().union(*(knowledge.implied_features[feature] for feature in given))
    _reject_contradiction(knowledge, given, met, denied_said, label_of)
    denied = frozenset(f for f in knowledge.features if knowledge.implied_features[f] & denied_said)
    return PatientCase(stated, denied_said, met, denied, _find_excluded(knowledge, met))


def _find_excluded(knowledge: ClinicalKnowledge, met: TermSet) -> dict[NamedNode, NamedNode]:
    """Return each feature that a met one rules out, directly or by what it would bring."""
    found: dict[NamedNode, NamedNode] = {}
    for feature in knowledge.features:
        for brought in sorted(knowledge.implied_features[feature], key=str):
            against = sorted(knowledge.incompatible_features.get(brought, frozenset()) & met, key=str)
            if against and feature not in met:
                found.setdefault(feature, against[0])
    return found


def _reject_contradiction(
    knowledge: ClinicalKnowledge, stated: TermSet, met: TermSet, denied: TermSet, label_of: TermLabeller
) -> None:
    """Raise BadQuery when features exclude each other, or one brings what is denied."""
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
        brings = "" if source == feature else f", which brings “{label_of(feature)}” with it"
        raise BadQuery(
            f"“{label_of(source)}”{brings}, is given both as holding and as not holding.",
            location="case",
            hint="Give it once.",
        )


def _find_source_feature(knowledge: ClinicalKnowledge, stated: TermSet, feature: NamedNode) -> NamedNode:
    """Return the stated feature that brings a feature with it."""
    if feature in stated:
        return feature
    return next(s for s in sorted(stated, key=str) if feature in knowledge.implied_features[s])


#: MERGED kg.cases.reasoned
#: MERGED What the rules make of a case: the closure with one scenario in it, in memory, thrown away after.


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
