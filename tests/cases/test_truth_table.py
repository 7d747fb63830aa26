"""Every claim against every mix of met, unmet and unknown features: open world throughout."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from kg.errors import BadQuery
from kg.model.case_judging import (
    CautionIndex,
    ClaimStatus,
    choose_next_questions,
    find_supportive_claims,
    find_unlocked_claims,
    find_upcoming_claims,
    judge_all_claims,
    judge_claim,
)
from kg.model.case_knowledge import OFFERING_KINDS, ClinicalClaim, ClinicalKnowledge, read_knowledge
from kg.model.patient_case import FeatureTruth, PatientCase, derive_entailments, make_case
from kg.namespaces import PREFIXES
from kg.pages.case.view import CaseContext, case_page
from kg.pages.page_queries import PageQueryReader, ReasonerInput
from rlreason import OWL2RL
from sparqlhost.store.interface import Store


@pytest.fixture(scope="module")
def cases(store: Store, root: Path) -> CaseContext:
    """Return what cases are judged with, over the session's build."""
    reasoner_input = ReasonerInput.load(store, tuple(OWL2RL))
    return CaseContext.load(PageQueryReader.from_root(store, root), reasoner_input)


@pytest.fixture(scope="module")
def known(cases: CaseContext) -> ClinicalKnowledge:
    """Return the knowledge of the session's build."""
    return cases.knowledge


def feat(name: str) -> NamedNode:
    """Return a feature."""
    return NamedNode(PREFIXES["feat"] + name)


def claim(known: ClinicalKnowledge, name: str) -> ClinicalClaim:
    """Return a claim."""
    return next(c for c in known.claims if c.term.value.endswith(f"/{name}"))


def case_of(known: ClinicalKnowledge, *yes: str, no: tuple[str, ...] = ()) -> PatientCase:
    """Return a case."""
    return make_case(known, [feat(name) for name in yes], [feat(name) for name in no], str)


def situation_features(known: ClinicalKnowledge, one: ClinicalClaim) -> tuple[NamedNode, ...]:
    """Return what the first situation of a claim requires."""
    return known.required_features[one.situations[0]]


def expected(situation: tuple[FeatureTruth, ...], needed: tuple[FeatureTruth, ...]) -> ClaimStatus:
    """Return the status by the table: an unmet one denies, an unknown one leaves open, else prerequisites."""
    if FeatureTruth.UNMET in situation + needed:
        return ClaimStatus.DOES_NOT_APPLY
    if FeatureTruth.UNKNOWN in situation:
        return ClaimStatus.UNDECIDED
    return ClaimStatus.APPLIES if set(needed) <= {FeatureTruth.MET} else ClaimStatus.APPLIES_IF


def bare(known: ClinicalKnowledge, met: set[NamedNode], unmet: set[NamedNode]) -> PatientCase:
    """Return a case with exactly some features met and unmet, nothing brought along."""
    return PatientCase(frozenset(met), frozenset(unmet), frozenset(met), frozenset(unmet), {})


def test_what_is_said_of_a_state_that_may_come_next_is_told_beside_what_applies_now(
    cases: CaseContext, known: ClinicalKnowledge
) -> None:
    page = case_page(cases, ["ALL", "T-cell lineage", "relapsed disease, now active"], [])
    coming = {item.claim.iri.rpartition("/")[2]: item.negative for item in page.ahead}
    assert coming == {"S11-2": True}
    limit = next(one for one in page.claims if one.claim.iri.endswith("/S11-2"))
    assert limit.status == "does not apply"
    assert limit.why.endswith("It may come next.")
    chemotherapy = next(one for one in page.claims if one.claim.iri.endswith("/S11-1"))
    later = [one.claim.curie for one in page.list_cautions(chemotherapy) if one.later]
    assert later == ["claim:S11-2"]
    refused = case_of(known, "ALL", "secondRemission")
    assert not list(find_upcoming_claims(known, refused, judge_all_claims(known, refused)))


def test_of_undecided_claims_the_nearest_is_told_first(known: ClinicalKnowledge) -> None:
    judged = judge_all_claims(known, case_of(known, "ALL", "TCell", "secondRemission"))
    first = next(one for one in judged if one.status is ClaimStatus.UNDECIDED)
    assert first.claim.term.value.endswith("/S17-1")


def test_what_decides_most_is_asked_first(known: ClinicalKnowledge) -> None:
    case = case_of(known, "BCell", "activeRelapse")
    assert choose_next_questions(known, case, judge_all_claims(known, case))[0][0] == feat("ALL")


def test_every_claim_under_every_mix_of_met_unmet_and_unknown(known: ClinicalKnowledge) -> None:
    tried = 0
    for one in known.claims:
        if len(one.situations) != 1:
            continue
        situation = situation_features(known, one)
        needed = tuple(dict.fromkeys((*one.prerequisites, *one.provisos)))
        features = tuple(dict.fromkeys((*situation, *needed)))
        for mix in product(FeatureTruth, repeat=len(features)):
            truth = dict(zip(features, mix, strict=True))
            case = bare(
                known,
                {f for f in features if truth[f] is FeatureTruth.MET},
                {f for f in features if truth[f] is FeatureTruth.UNMET},
            )
            judged = judge_claim(known, case, one)
            wanted = expected(tuple(truth[f] for f in situation), tuple(truth[f] for f in needed))
            assert judged.status is wanted, (one.term, truth)
            assert {g.feature: g.truth for g in judged.grounds} == truth
            tried += 1
    assert len(known.claims) > 40
    assert tried > 400


def test_no_claim_applies_to_a_case_of_which_nothing_is_known(known: ClinicalKnowledge) -> None:
    judged = judge_all_claims(known, case_of(known))
    assert {one.status for one in judged} == {ClaimStatus.UNDECIDED}


def test_every_status_but_applies_names_the_features_it_rests_on(known: ClinicalKnowledge) -> None:
    for one in judge_all_claims(known, case_of(known, "ALL", "shorterInterval", "BCell")):
        assert bool(one.list_open_grounds()) == (one.status is not ClaimStatus.APPLIES)


def test_unknown_lineage_leaves_the_drug_for_one_lineage_undecided(known: ClinicalKnowledge) -> None:
    case = case_of(known, "ALL", "philadelphiaChromosome", "activeRelapse")
    judged = judge_claim(known, case, claim(known, "S15-1"))
    assert judged.status is ClaimStatus.UNDECIDED
    assert [g.feature for g in judged.list_open_grounds()] == [feat("BCell")]


def test_the_other_lineage_rules_it_out_and_is_named(known: ClinicalKnowledge) -> None:
    judged = judge_claim(known, case_of(known, "ALL", "TCell", "activeRelapse"), claim(known, "S15-1"))
    assert judged.status is ClaimStatus.DOES_NOT_APPLY
    assert [g.excluded_by for g in judged.list_open_grounds()] == [feat("TCell")]


@pytest.mark.parametrize(
    ("yes", "no", "status"),
    [
        (("ALL", "refractory"), (), ClaimStatus.APPLIES_IF),
        (("ALL", "refractory", "completeRemission"), (), ClaimStatus.APPLIES),
        (("ALL", "refractory", "partialRemission"), (), ClaimStatus.APPLIES),
        (("ALL", "refractory"), ("atLeastPartialRemission",), ClaimStatus.APPLIES_IF),
        (("ALL", "refractory"), ("remissionWithinReach",), ClaimStatus.DOES_NOT_APPLY),
        (("ALL",), ("remissionWithinReach",), ClaimStatus.DOES_NOT_APPLY),
        (("ALL",), ("refractory",), ClaimStatus.DOES_NOT_APPLY),
        (("ALL",), (), ClaimStatus.UNDECIDED),
    ],
)
def test_transplant_in_refractory_disease(
    yes: tuple[str, ...], no: tuple[str, ...], status: ClaimStatus, known: ClinicalKnowledge
) -> None:
    assert judge_claim(known, case_of(known, *yes, no=no), claim(known, "S07-1")).status is status


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        (("BCell", "TCell"), ()),
        (("longInterval", "shorterInterval"), ()),
        (("spinalFluidRelapse", "secondRemission"), ()),
        (("shorterInterval",), ("activeRelapse",)),
        (("BCell",), ("BCell",)),
        (("transplantPossible", "transplantNotAnOption"), ()),
    ],
)
def test_contradicting_features_are_refused_with_a_sentence(
    yes: tuple[str, ...], no: tuple[str, ...], known: ClinicalKnowledge
) -> None:
    with pytest.raises(BadQuery, match=r"exclude each other|as present and as absent"):
        case_of(known, *yes, no=no)


def test_denying_a_broad_feature_denies_what_would_bring_it(known: ClinicalKnowledge) -> None:
    case = case_of(known, "ALL", no=("activeRelapse",))
    assert case.get_truth(feat("shorterInterval")) is FeatureTruth.UNMET
    assert case.get_truth(feat("relapseHistory")) is FeatureTruth.UNKNOWN


def test_cautions_stand_beside_every_offer_they_speak_of(known: ClinicalKnowledge) -> None:
    judged = judge_all_claims(known, case_of(known, "ALL", "refractory"))
    by_name = {one.claim.term.value.rpartition("/")[2]: one for one in judged}
    index = CautionIndex.from_judged(judged)
    through = index.list_limited_interventions(known, by_name["S05-3"].claim)
    assert by_name["S05-5"] in {one for each in through for one in index.by_intervention[each]}
    for one in judged:
        for other in known.claims:
            if one.claim.kind in OFFERING_KINDS and other.negative and one.claim.term in other.limited_claims:
                assert other in [caution.claim for caution in index.list_own_cautions(one.claim)]


def test_states_unlock_what_waits_for_them(known: ClinicalKnowledge) -> None:
    case = case_of(known, "ALL", "secondRemission", "transplantPossible")
    found = {
        (s.value.rpartition("/")[2], one.claim.term.value.rpartition("/")[2])
        for s, one in find_unlocked_claims(case, judge_all_claims(known, case))
    }
    assert ("secondRemissionWithinReach", "S18-1") in found
    remission = case_of(known, "ALL", "refractory", "completeRemission")
    names = {
        one.claim.term.value.rpartition("/")[2]
        for _, one in find_unlocked_claims(remission, judge_all_claims(known, remission))
    }
    assert "S07-1" in names


def test_symptoms_named_bring_supportive_options_and_no_others(known: ClinicalKnowledge) -> None:
    case = case_of(known, "ALL", "pain")
    found = {
        (p.value.rpartition("/")[2], one.claim.term.value.rpartition("/")[2])
        for p, one in find_supportive_claims(known, case, judge_all_claims(known, case))
    }
    assert {problem for problem, _ in found} == {"Pain"}
    assert "S28-1" in {name for _, name in found}


def test_next_question_would_decide_something(known: ClinicalKnowledge) -> None:
    case = case_of(known, "ALL", "activeRelapse")
    asked = choose_next_questions(known, case, judge_all_claims(known, case))
    assert asked
    assert all(case.get_truth(feature) is FeatureTruth.UNKNOWN and count > 0 for feature, count in asked)


def test_rules_and_judgement_agree_on_the_situations_of_a_case(
    cases: CaseContext, known: ClinicalKnowledge
) -> None:
    """The recognisers in the ontology, run by the rules, match what the judgement says is met."""
    for names in (
        ("ALL", "BCell", "shorterInterval"),
        ("ALL", "refractory"),
        ("ALL", "secondRemission"),
        ("ALL", "pain"),
    ):
        case = case_of(known, *names)
        found = derive_entailments(cases.closure, case.stated_present)
        assert found.features == case.met
        direct = {s for s, needed in known.required_features.items() if needed and set(needed) <= case.met}
        assert direct <= found.situations


def test_judging_a_case_leaves_no_trace_in_the_kept_closure(cases: CaseContext) -> None:
    before = cases.closure.asserted
    derive_entailments(cases.closure, [feat("BCell")])
    assert cases.closure.asserted == before
    assert not [t for t in cases.closure.inferred if "/scenario/" in str(t.subject)]


def test_whoever_is_outside_the_population_is_outside_every_claim(known: ClinicalKnowledge) -> None:
    judged = judge_all_claims(known, case_of(known, "ALL", "refractory", "pain", no=("adult",)))
    assert {one.status for one in judged} == {ClaimStatus.DOES_NOT_APPLY}
    assert all(feat("adult") in {g.feature for g in one.list_open_grounds()} for one in judged)


def test_denying_that_something_is_possible_says_that_it_is_no_option(known: ClinicalKnowledge) -> None:
    case = case_of(known, "ALL", "keepsComingBack", no=("transplantPossible",))
    assert case.get_truth(feat("transplantNotAnOption")) is FeatureTruth.MET
    assert judge_claim(known, case, claim(known, "S20-1")).status is ClaimStatus.APPLIES


def test_a_claim_without_intervention_unlocks_nothing(known: ClinicalKnowledge) -> None:
    case = case_of(known, "ALL", "painNotHelpedByFirstStep")
    found = [one for _, one in find_unlocked_claims(case, judge_all_claims(known, case))]
    assert [one.claim.term.value.rpartition("/")[2] for one in found] == ["S29-1"]


def test_both_hedges_of_a_claim_are_told_each_with_its_cue(cases: CaseContext) -> None:
    page = case_page(cases, ["ALL", "doesNotGoAway"], [])
    told = {c.claim.curie: c for c in page.claims}
    assert [h.label for h in told["claim:S22-2"].hedges] == ["may become clear", "extremely unlikely"]
    assert told["claim:S22-2"].cues == ("may become clear", "extremely unlikely to cure")
    weakest = told["claim:S22-2"].hedge
    assert weakest
    assert (weakest.label, told["claim:S22-2"].cue) == ("may become clear", "may become clear")


def test_what_is_offered_as_a_set_for_a_set_is_told_as_one(cases: CaseContext) -> None:
    (option,) = case_page(cases, ["ALL", "nausea"], []).supportive
    assert option.together
    assert {ref.label for ref in option.problems} == {"nausea", "loss of appetite"}
    assert len(option.interventions) == 2


def test_cautions_that_may_not_hold_are_told_apart(cases: CaseContext) -> None:
    page = case_page(cases, ["ALL", "activeRelapse"], [])
    (offer,) = [c for c in page.claims if c.claim.curie == "claim:S11-1"]
    status = {one.claim.curie: one.status for one in page.list_cautions(offer)}
    assert set(status) == {"claim:S11-2", "claim:S19-1", "claim:S19-2"}
    assert {curie for curie, each in status.items() if each == "undecided"} == {"claim:S19-1", "claim:S19-2"}


def test_the_caution_about_gentler_chemotherapy_stands_beside_its_offer(cases: CaseContext) -> None:
    page = case_page(cases, ["ALL", "cureExtremelyUnlikely"], [])
    (offer,) = [c for c in page.claims if c.claim.curie == "claim:S25-1"]
    assert "claim:S25-2" in {one.claim.curie for one in page.list_cautions(offer)}


def test_an_alternative_of_what_is_met_is_not_asked_for(known: ClinicalKnowledge) -> None:
    for stated, other in (("activeRelapse", "refractory"), ("refractory", "activeRelapse")):
        case = case_of(known, "ALL", stated)
        asked = {
            feature
            for feature, _ in choose_next_questions(known, case, judge_all_claims(known, case), limit=8)
        }
        assert asked
        assert not any(feat(other) in known.implied_features[feature] for feature in asked)


@pytest.mark.parametrize(
    ("stated", "first"),
    [
        (("ALL", "activeRelapse"), {"BCell", "TCell"}),
        (("ALL", "refractory"), {"BCell", "TCell"}),
        (("ALL", "activeRelapse", "BCell"), {"longInterval", "shorterInterval"}),
        (("ALL", "refractory", "BCell"), {"remissionWithinReach"}),
        (("ALL", "secondRemission"), {"transplantPossible"}),
        (("ALL", "pain"), {"painNotHelpedByFirstStep"}),
        (("ALL",), {"relapsedOrRefractory"}),
    ],
)
def test_the_first_question_is_what_an_offer_waits_for_or_what_narrows(
    stated: tuple[str, ...], first: set[str], known: ClinicalKnowledge
) -> None:
    case = case_of(known, *stated)
    feature, _ = choose_next_questions(known, case, judge_all_claims(known, case))[0]
    assert feature.value.rpartition("/")[2] in first


@pytest.mark.parametrize("more", [(), ("atLeastPartialRemission",)])
def test_an_offer_of_what_is_no_option_does_not_apply_and_says_so(
    known: ClinicalKnowledge, more: tuple[str, ...]
) -> None:
    case = case_of(known, "ALL", "refractory", "transplantNotAnOption", *more)
    found = judge_claim(known, case, claim(known, "S07-1"))
    assert found.status is ClaimStatus.DOES_NOT_APPLY
    assert [(g.feature, g.truth) for g in found.list_open_grounds()][-1] == (
        feat("transplantPossible"),
        FeatureTruth.UNMET,
    )
    assert judge_claim(known, case, claim(known, "S08-1")).status is ClaimStatus.APPLIES


def test_a_state_unlocks_nothing_that_something_else_rules_out(known: ClinicalKnowledge) -> None:
    case = case_of(known, "ALL", "secondRemission", "transplantNotAnOption")
    names = {
        one.claim.term.value.rpartition("/")[2]
        for _, one in find_unlocked_claims(case, judge_all_claims(known, case))
    }
    assert names == set()


def test_a_case_is_judged_where_a_write_took_the_description_of_a_feature(
    store: Store, known: ClinicalKnowledge
) -> None:
    triples = list(ReasonerInput.load(store, tuple(OWL2RL)).graphs_by_triple)
    for gone in known.features:
        left = [triple for triple in triples if triple.subject != gone]
        rest = read_knowledge(left, left)
        case = make_case(rest, rest.features[:1], [], str)
        judged = judge_all_claims(rest, case)
        assert len(judged) == len(known.claims)
        assert gone not in dict(choose_next_questions(rest, case, judged, limit=99))
        assert isinstance(list(find_upcoming_claims(rest, case, judged)), list)


@pytest.mark.parametrize("interval", ["activeRelapse", "longInterval", "spinalFluidRelapse"])
def test_a_relapse_from_which_remission_can_be_reached_waits_for_the_transplant(
    interval: str, known: ClinicalKnowledge
) -> None:
    """The text says "if a second remission can be achieved": a relapsed case was told it does not apply."""
    transplant = claim(known, "S18-1")
    found = judge_claim(known, case_of(known, "ALL", interval), transplant)
    assert found.status is ClaimStatus.APPLIES_IF
    waits = {ground.feature for ground in found.list_open_grounds()}
    assert waits == {feat("secondRemissionWithinReach"), feat("transplantPossible")}
    ready = case_of(known, "ALL", interval, "secondRemissionWithinReach", "transplantPossible")
    assert judge_claim(known, ready, transplant).status is ClaimStatus.APPLIES
    # not in remission now is no denial; that none can be reached is
    now = case_of(known, "ALL", interval, no=("secondRemission",))
    assert judge_claim(known, now, transplant).status is ClaimStatus.APPLIES_IF
    never = case_of(known, "ALL", interval, no=("secondRemissionWithinReach",))
    assert judge_claim(known, never, transplant).status is ClaimStatus.DOES_NOT_APPLY
    assert list(find_upcoming_claims(known, never, judge_all_claims(known, never))) == []


def test_a_denied_condition_does_not_apply_in_words_and_status(cases: CaseContext) -> None:
    page = case_page(cases, ["ALL", "second remission", "stem cell transplant not an option"], [])
    advice = next(one for one in page.claims if one.claim.curie == "claim:S18-1")
    assert advice.status == "does not apply"
    assert advice.why == (
        "Its condition does not hold: “stem cell transplant possible”, "
        "which “stem cell transplant not an option” rules out."
    )


@pytest.mark.parametrize("state", ["secondRemission", "activeRelapse", "refractory"])
def test_a_fallback_is_offered_only_in_the_situation_of_its_claim(cases: CaseContext, state: str) -> None:
    """The trial of S20 is for persistent disease; it was offered in a second remission, without a hedge."""
    page = case_page(cases, ["ALL", state, "transplantNotAnOption"], [])
    assert page.fallbacks == ()


@pytest.mark.parametrize("state", ["doesNotGoAway", "keepsComingBack", "persistentOrRecurring"])
def test_a_fallback_keeps_claim_hedge_and_cue(cases: CaseContext, state: str) -> None:
    (fallback,) = case_page(cases, ["ALL", state], ["transplantPossible"]).fallbacks
    assert (fallback.claim.curie, fallback.status) == ("claim:S20-1", "applies")
    assert [ref.curie for ref in fallback.interventions] == ["int:TrialParticipation"]
    assert [hedge.iri.rpartition("/")[2] for hedge in fallback.hedges] == ["OPT-may"]
    assert fallback.cues == ("may want to consider",)
    assert case_page(cases, ["ALL", state], []).fallbacks == ()


def test_at_least_one_of_several_problems_names_none(known: ClinicalKnowledge) -> None:
    for feature in ("symptomsOrComplications", "lowCountsOrFatigue", "nauseaOrAppetiteLoss"):
        case = case_of(known, "ALL", feature)
        assert list(find_supportive_claims(known, case, judge_all_claims(known, case))) == []
