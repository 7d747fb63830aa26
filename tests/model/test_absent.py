"""What must never follow: the text does not say it, so nothing in the closure may."""

from __future__ import annotations

import pytest

from model.conftest import Ask

#: section 6 of the design, "must stay absent".
UNWANTED = {
    "transplant without condition, refractory": "int:StemCellTransplant kg:optionFor sit:RefractoryALL",
    "transplant without condition, second remission": "int:StemCellTransplant kg:optionFor sit:SecondRemission",
    "blinatumomab for relapse of any lineage": "int:Blinatumomab kg:raisedFor sit:RelapsedALL",
    "blinatumomab for the whole section": "int:Blinatumomab kg:raisedFor sit:RRALL",
    "blinatumomab inherited by T-cell disease": "int:Blinatumomab kg:inheritedOptionFor sit:RRTALL",
    "chemotherapy as such": "int:Chemotherapy kg:raisedFor sit:RRALL",
    "chemotherapy limited for the whole section": "int:Chemotherapy kg:limitedBenefitFor sit:RRALL",
    "morphine for the leukemia": "int:Morphine kg:raisedFor sit:RRALL",
    "opioids without condition": "?situation kg:hasSupportiveOption int:StrongerOpioids",
    "supplements against nausea": "prob:Nausea kg:problemAddressedBy int:HighCalorieSupplements",
    "imatinib in place of a class": "int:Imatinib kg:raisedFor sit:PhOnTargeted",
    "re-induction in second remission": "scn3 kg:couldBeOffered int:MoreChemotherapy",
    "blinatumomab for Ph+ of unstated lineage": "scn4 kg:couldBeOffered int:Blinatumomab",
    "advice as weak wording": "claim:S18-1 a kg:WeaklyHedgedClaim",
}

_LITERAL = 'GRAPH ?graph { ?subject ?property ?text } FILTER (isLiteral(?text) && REGEX(STR(?text), "%s", "i"))'
_NAME = 'GRAPH ?graph { ?subject skos:prefLabel|skos:altLabel|rdfs:label|kg:brandName ?text } '
_NAME += 'FILTER (REGEX(STR(?text), "%s", "i"))'
_PREDICATE = '?subject ?property ?object FILTER (REGEX(STR(?property), "%s", "i"))'

#: section 8 of the inventory, "what the text does not say": each tempting false triple, in every shape it may take.
UNSAID = {
    "01 a drug treats": _PREDICATE % "treats|treated_by|RO_0002606",
    "01 a drug cures": "?intervention kg:usedTowardGoal|kg:hasMemberUsedTowardGoal goal:Cure",
    "01 a claim aims at cure": "?claim kg:hasGoal goal:Cure",
    "02 an order of interventions": "?one ?property ?other . ?one a kg:Intervention . ?other a kg:Intervention "
    "FILTER (?property NOT IN (kg:kindOf, kg:hasKind, kg:exampleOf, kg:hasExample, kg:escalatesTo, "
    "kg:escalationExample, kg:hasFallback, kg:fallbackFor, kg:comparedWith))",
    "02 an escalation other than of pain relief": "?one kg:escalatesTo ?other "
    "FILTER (?one != int:FirstStepPainMedicines || ?other != int:StrongerOpioids)",
    "02 a numbered line of therapy": _LITERAL % "(first|second|third)[- ]line",
    "03 numbers but the share of refractory patients": "?claim kg:low|kg:high ?number FILTER (?claim != claim:S05-2)",
    "03 doses, months, survival": _NAME % "[0-9] ?(mg|months|weeks|years|days|%%)|survival|milligram",
    "04 Ph+ is B-cell, as a feature": "feat:philadelphiaChromosome kg:satisfies+ feat:BCell",
    "04 Ph+ is B-cell, as a disease": "dis:PhPositiveALL kg:subtypeOf dis:BCellALL",
    "04 blinatumomab for Ph+ disease": "int:Blinatumomab kg:raisedFor|kg:inheritedOptionFor sit:PhOnTargeted",
    "05 another targeted drug with a name": "int:AnotherTargetedDrug kg:hasExample|kg:hasKind ?drug "
    "FILTER (?drug != int:AnotherTargetedDrug)",
    "05 a targeted drug beside imatinib": "int:TargetedDrug kg:hasExample ?drug FILTER (?drug != int:Imatinib)",
    "05 a later generation by name": _LITERAL % "dasatinib|nilotinib|ponatinib|bosutinib",
    "06 a type of transplant": "int:StemCellTransplant kg:hasExample|kg:hasKind ?kind",
    "06 allogeneic, autologous": _LITERAL % "allogeneic|autologous",
    "07 a named trial or trial drug": "int:TrialParticipation kg:hasExample|kg:hasKind|kg:usesSubstance ?thing",
    "07 a trial number": _LITERAL % "NCT[0-9]",
    "08 an intervention for relapse in brain or spinal fluid": "?intervention kg:raisedFor ?situation . "
    "?situation kg:hasFeature ?site FILTER (?site IN (feat:brainRelapse, feat:spinalFluidRelapse, feat:cnsRelapse))",
    "08 a claim for relapse in brain or spinal fluid": "?claim kg:hasIntervention ?intervention ; "
    "kg:hasPrerequisite|kg:hasProviso|kg:statesFeature|kg:conditionFeature ?site . ?site a kg:RelapseSite",
    "09 contraindications, side effects, interactions": _PREDICATE % "contraindic|side_?effect|adverse|interact",
    "09 the same in words": _NAME % "contraindic|side effect|adverse|interact",
    "10 chemotherapy limited elsewhere": "int:Chemotherapy kg:limitedBenefitFor|kg:inheritedLimitedBenefitFor ?s "
    "FILTER (?s NOT IN (sit:DoesNotGoAwayALL, sit:KeepsComingBackALL))",
    "10 limited at once and altogether": "?claim kg:discounts int:Chemotherapy "
    'FILTER NOT EXISTS { ?claim kg:temporalCue "eventually" ; kg:hasHedge hedge:HELP-not-later }',
    "11 a cause of nausea or loss of appetite": "?claim a kg:CauseClaim ; kg:statesProblem ?problem "
    "FILTER (?problem IN (prob:Nausea, prob:LossOfAppetite))",
    "11 leukemia brings nausea or loss of appetite": "?situation kg:mayHaveProblem ?problem "
    "FILTER (?problem IN (prob:Nausea, prob:LossOfAppetite))",
    "11 one remedy for one of the two": "?problem kg:problemAddressedBy|kg:problemConditionallyAddressedBy ?remedy "
    "FILTER (?problem IN (prob:Nausea, prob:LossOfAppetite, prob:LowBloodCounts, prob:Fatigue))",
    "12 drug classes of background knowledge": _NAME
    % "NSAID|anti-?inflammatory|kinase|antibody|immunotherapy|monoclonal|bispecific",
    "13 a publisher or author of the text": "doc:rrall-2014 dcterms:publisher|dcterms:creator|dcterms:contributor ?x",
    "14 palliative treatment without chemotherapy": "int:PalliativeTreatment owl:disjointWith|kg:incompatibleWith ?x",
    "14 chemotherapy is no palliative treatment": "FILTER NOT EXISTS { int:LessIntensiveChemotherapy kg:exampleOf "
    "int:PalliativeTreatment ; kg:kindOf int:Chemotherapy }",
    "15 another population": "?population a kg:Population FILTER (?population != feat:adult)",
    "15 children": _LITERAL % "\\\\bchild|p[a]?ediatric",
}


def test_all_of_what_is_unsaid_is_tried() -> None:
    assert len(UNWANTED) == 14
    assert {name[:2] for name in UNSAID} == {f"{number:02}" for number in range(1, 16)}


@pytest.mark.parametrize("name", UNWANTED)
def test_unwanted_inference_is_absent(ask: Ask, name: str) -> None:
    assert not ask(UNWANTED[name])


@pytest.mark.parametrize("name", UNSAID)
def test_what_the_text_does_not_say_is_absent(ask: Ask, name: str) -> None:
    assert not ask(UNSAID[name])


@pytest.mark.parametrize("pattern", [_LITERAL % "blinatumomab", _NAME % "nelarabine", _PREDICATE % "raisedFor"])
def test_the_searches_for_absence_do_find_what_is_there(ask: Ask, pattern: str) -> None:
    assert ask(pattern)
