"""What users want derived: the 25 inferences of the design, none readable from one triple."""

from __future__ import annotations

import pytest

from kg.reasoning import Closure
from tests.model.conftest import Ask, patterns

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
        "scn5 kg:unavailable int:StemCellTransplant",
    ],
)
def test_further_inferences_hold(ask: Ask, pattern: str) -> None:
    assert ask(pattern)


def test_the_data_are_consistent(closed: Closure) -> None:
    assert list(closed.inconsistencies) == []
