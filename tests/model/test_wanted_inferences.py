"""What users want derived: the 25 inferences of the design, none readable from one triple."""

from __future__ import annotations

import pytest
from pyoxigraph import NamedNode, Triple

from kg.build.loading import BuildDataset
from kg.namespaces import KG, OWL, PREFIXES
from rlreason.closure import Closure, close
from tests.model.conftest import Ask, patterns, scenario

WANTED = patterns("wanted.tsv")


def test_all_wanted_inferences_are_tried() -> None:
    assert len(WANTED) == 25


@pytest.mark.parametrize("name", WANTED)
def test_wanted_inference_holds(ask: Ask, name: str) -> None:
    assert ask(WANTED[name])


@pytest.mark.parametrize(
    "pattern",
    [
        "?s kg:concedes claim:S05-3 . int:NewerDrugs kg:optionFor ?x ; kg:limitedBenefitFor ?x",
        "int:TrialParticipation kg:raisedFor sit:PersistentALL ; kg:limitedBenefitFor sit:PersistentALL",
        "int:PalliativeTreatment kg:hasExample/kg:kindOf int:Chemotherapy",
        "claim:S18-1 a kg:AdviceClaim, kg:ConditionalClaim",
        "claim:S25-2 a kg:NonCurativeClaim",
        "sit:RelapsedALL kg:mayPrecede sit:SecondRemission",
        "sit:SecondRemission kg:mayFollow sit:RelapsedALL",
        "claim:S30-3 a kg:WeaklyHedgedClaim",
        "scn5 kg:unavailable int:StemCellTransplant",
    ],
)
def test_further_inferences_hold(ask: Ask, pattern: str) -> None:
    assert ask(pattern)


def test_the_data_are_consistent(closed: Closure) -> None:
    assert list(closed.inconsistencies) == []


def test_a_prerequisite_on_an_unconditional_offer_is_a_contradiction(dataset: BuildDataset) -> None:
    claim = NamedNode(PREFIXES["claim"] + "S08-1")
    fault = Triple(claim, KG["hasPrerequisite"], NamedNode(PREFIXES["feat"] + "transplantNotAnOption"))
    found = close(dataset.merge_reasoner_input() | {fault}).inconsistencies
    assert any("S08-1" in str(each) for each in found)


def test_two_lineages_on_one_case_are_not_made_one(dataset: BuildDataset) -> None:
    """A functional property would silently infer that the two are the same."""
    features = [NamedNode(PREFIXES["feat"] + name) for name in ("BCell", "TCell")]
    case = {Triple(scenario("both"), KG["hasFeature"], feature) for feature in features}
    inferred = close(dataset.merge_reasoner_input() | case).inferred
    assert not [t for t in inferred if t.predicate == OWL["sameAs"]]
