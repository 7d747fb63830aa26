"""What users want derived: the 25 inferences of the design, none readable from one triple."""

from __future__ import annotations

import pytest

from kg.reasoning import Closure
from model.conftest import Ask

WANTED = {
    "01 a shorter interval is an active relapse": "scn1 kg:hasFeature feat:activeRelapse, feat:relapseHistory",
    "02 features amount to a situation": "scn1 kg:matchesSituation sit:RelapsedBALL",
    "03 and to its generalisations": "scn1 kg:matchesSituation sit:RelapsedALL, sit:RRALL",
    "04 relevant claims": "scn1 kg:hasCandidateClaim claim:S15-1",
    "05 raised without condition": "scn1 kg:couldBeOffered int:Blinatumomab, int:MoreChemotherapy",
    "06 raised under a condition": "scn2 kg:couldBeOfferedIf int:StemCellTransplant",
    "07 complete remission meets at least partial": "scn2 kg:meetsAPrerequisiteOf claim:S07-1",
    "08 second remission unlocks advice": "scn3 kg:meetsAPrerequisiteOf claim:S18-1",
    "09 reported practice after imatinib": "scn4 kg:practiceReportsFor int:AnotherTargetedDrug",
    "10 what is left without a transplant": "scn5 kg:fallbackToConsider int:TrialParticipation",
    "11 cautions": "scn5 kg:cautionedAbout int:Chemotherapy . scn2 kg:cautionedAbout int:NewerDrugs",
    "12 spinal fluid relapse in T-cell disease": "scn6 kg:couldBeOffered int:Nelarabine",
    "13 the simple edge": "int:Blinatumomab kg:optionFor sit:RelapsedBALL",
    "14 advice is a conditional option": "int:StemCellTransplant kg:conditionallyAdvisedFor sit:SecondRemission ; "
    "kg:conditionalOptionFor sit:SecondRemission ; kg:raisedFor sit:SecondRemission",
    "15 general offers reach the subtype": "int:TrialParticipation kg:inheritedOptionFor sit:RefractoryBALL",
    "16 limits reach the subtype": "int:NewerDrugs kg:inheritedLimitedBenefitFor sit:RefractoryBALL",
    "17 some chemotherapy is raised": "int:Chemotherapy kg:hasMemberRaisedFor sit:RRTALL",
    "18 one modality, opposite aims": "int:Chemotherapy kg:hasMemberUsedTowardGoal goal:SlowGrowth, "
    "goal:SecondRemission",
    "19 something stronger than ibuprofen": "int:Ibuprofen kg:escalationExample int:Morphine",
    "20 supportive options by way of problems": "sit:SymptomaticALL kg:hasSupportiveOption int:Radiation, "
    "int:Antibiotics ; kg:hasConditionalSupportiveOption int:StrongerOpioids",
    "21 claims that do not aim at cure": "claim:S25-1 a kg:NonCurativeClaim",
    "22 weak wording": "claim:S06-1 a kg:WeaklyHedgedClaim",
    "23 a curator's reading": "claim:S05-3 a kg:InterpretedClaim",
    "24 where a relapse can lead": "sit:RelapsedALL kg:canLeadTo sit:CureUnlikely",
    "25 the document behind a claim": "claim:S11-1 kg:hasSourceDocument doc:rrall-2014",
}


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
        "sit:RelapsedALL kg:mayPrecede sit:SecondRemission . sit:SecondRemission kg:mayFollow sit:RelapsedALL",
        "scn5 kg:unavailable int:StemCellTransplant",
    ],
)
def test_further_inferences_hold(ask: Ask, pattern: str) -> None:
    assert ask(pattern)


def test_the_data_are_consistent(closed: Closure) -> None:
    assert list(closed.inconsistencies) == []
