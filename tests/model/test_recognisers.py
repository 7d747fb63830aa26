"""Recognisers come from the situations, so the two cannot drift."""

from __future__ import annotations

import random

from pyoxigraph import NamedNode, Triple

from kg.claims.recognisers import recognisers
from kg.namespaces import KG, OWL, PREFIXES, RDF
from kg.pipeline.dataset import ASSERTED, Dataset
from kg.reasoning import close

_SITUATION = NamedNode(PREFIXES["sit"] + "Test")
_FEATURES = [NamedNode(PREFIXES["feat"] + name) for name in ("one", "two", "three")]
_CASE = NamedNode(PREFIXES["scn"] + "case")


def _situation(*features: NamedNode) -> list[Triple]:
    typed = Triple(_SITUATION, RDF["type"], KG["ClinicalSituation"])
    return [typed, *(Triple(_SITUATION, KG["hasFeature"], feature) for feature in features)]


def _matches(*features: NamedNode) -> bool:
    case = [Triple(_CASE, RDF["type"], KG["PatientScenario"])]
    case += [Triple(_CASE, KG["hasFeature"], feature) for feature in features]
    inferred = set(close([*recognisers(_situation(*_FEATURES)), *case]).inferred)
    return Triple(_CASE, KG["matchesSituation"], _SITUATION) in inferred


def test_every_situation_has_one_recogniser(dataset: Dataset) -> None:
    asserted = dataset.graphs[ASSERTED]
    situations = {t.subject for t in asserted if t.object == KG["ClinicalSituation"]}
    made = recognisers(asserted)
    targets = [
        t.object
        for t in made
        if t.predicate == OWL["hasValue"] and str(t.object)[1:].startswith(PREFIXES["sit"])
    ]
    assert len(situations) >= 20
    assert sorted(map(str, targets)) == sorted(map(str, situations))


def test_the_order_of_the_input_does_not_matter(dataset: Dataset) -> None:
    asserted = list(dataset.graphs[ASSERTED])
    shuffled = random.Random(7).sample(asserted, len(asserted))  # noqa: S311 - no secret, a fixed shuffle
    assert recognisers(asserted) == recognisers(shuffled)


def test_a_case_with_all_features_matches_and_one_with_fewer_does_not() -> None:
    assert _matches(*_FEATURES)
    assert not _matches(*_FEATURES[:2])
    assert not _matches()


def test_a_changed_bundle_changes_the_recogniser() -> None:
    assert recognisers(_situation(*_FEATURES)) != recognisers(_situation(*_FEATURES[:2]))
    assert recognisers([]) == []
