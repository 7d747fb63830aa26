"""Recognisers come from the situations, so the two cannot drift."""

from __future__ import annotations

import random

from pyoxigraph import NamedNode, Triple

from kg.build.loading import BuildDataset
from kg.model.graphs import ASSERTED
from kg.model.recognisers import generate_recognisers
from kg.namespaces import KG, OWL, PREFIXES, RDF
from rlreason.closure import close

_SITUATION = NamedNode(PREFIXES["sit"] + "Test")
_FEATURES = [NamedNode(PREFIXES["feat"] + name) for name in ("one", "two", "three")]
_CASE = NamedNode(PREFIXES["scn"] + "case")


def _situation(*features: NamedNode) -> list[Triple]:
    typed = Triple(_SITUATION, RDF["type"], KG["ClinicalSituation"])
    return [typed, *(Triple(_SITUATION, KG["hasFeature"], feature) for feature in features)]


def _matches(*features: NamedNode) -> bool:
    case = [Triple(_CASE, RDF["type"], KG["PatientScenario"])]
    case += [Triple(_CASE, KG["hasFeature"], feature) for feature in features]
    inferred = set(close([*generate_recognisers(_situation(*_FEATURES)), *case]).inferred)
    return Triple(_CASE, KG["matchesSituation"], _SITUATION) in inferred


def test_every_situation_has_one_recogniser(dataset: BuildDataset) -> None:
    asserted = dataset.graphs[ASSERTED]
    situations = {t.subject for t in asserted if t.object == KG["ClinicalSituation"]}
    made = generate_recognisers(asserted)
    targets = [
        t.object
        for t in made
        if t.predicate == OWL["hasValue"] and str(t.object)[1:].startswith(PREFIXES["sit"])
    ]
    assert len(situations) >= 20
    assert sorted(map(str, targets)) == sorted(map(str, situations))


def test_the_order_of_the_input_does_not_matter(dataset: BuildDataset) -> None:
    asserted = list(dataset.graphs[ASSERTED])
    shuffled = random.Random(7).sample(asserted, len(asserted))
    assert generate_recognisers(asserted) == generate_recognisers(shuffled)


def test_a_case_with_all_features_matches_and_one_with_fewer_does_not() -> None:
    assert _matches(*_FEATURES)
    assert not _matches(*_FEATURES[:2])
    assert not _matches()


def test_a_changed_bundle_changes_the_recogniser() -> None:
    assert generate_recognisers(_situation(*_FEATURES)) != generate_recognisers(_situation(*_FEATURES[:2]))
    assert generate_recognisers([]) == []
