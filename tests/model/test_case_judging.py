"""Judging by an invented knowledge: a claim about two situations, and what is worth asking next."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from pyoxigraph import NamedNode, Triple

from kg.model.case_judging import (
    ClaimStatus,
    choose_next_questions,
    judge_all_claims,
    judge_claim,
)
from kg.model.case_knowledge import ClinicalKnowledge, read_knowledge
from kg.model.patient_case import PatientCase, make_case
from kg.namespaces import KG, RDF

BASE = "http://example.org/"
#: situation -> its features
SITUATIONS = {"wet": "rain cold", "dry": "sun wind dust", "calm": "sun", "mist": "drizzle fog"}
#: claim -> (link, situations, prerequisites)
CLAIMS = {
    "either": ("offersToAll", "wet dry", ""),
    "wetOnly": ("offersToAll", "wet", ""),
    "caution": ("discounts", "wet", ""),
    "dryOnly": ("offersToAll", "dry", ""),
    "waits": ("offersIf", "calm", "permit"),
    "mistOnly": ("offersToAll", "mist", ""),
}

OTHERS = ("dust", "fog", "permit", "wind")


def name(local: str) -> NamedNode:
    """Return a name of the examples."""
    return NamedNode(BASE + local)


def list_triples() -> Iterable[Triple]:
    """Yield the knowledge as triples."""
    features = {f for words in SITUATIONS.values() for f in words.split()} | {"permit"}
    for feature in sorted(features):
        yield Triple(name(feature), RDF["type"], KG["Feature"])
    for situation, words in SITUATIONS.items():
        yield Triple(name(situation), RDF["type"], KG["ClinicalSituation"])
        for word in words.split():
            yield Triple(name(situation), KG["hasFeature"], name(word))
    yield Triple(name("drizzle"), KG["satisfies"], name("rain"))
    yield Triple(name("kite"), RDF["type"], KG["Intervention"])
    for claim, (link, situations, prerequisites) in CLAIMS.items():
        yield Triple(name(claim), KG[link], name("kite"))
        for situation in situations.split():
            yield Triple(name(claim), KG["appliesTo"], name(situation))
        for feature in prerequisites.split():
            yield Triple(name(claim), KG["hasPrerequisite"], name(feature))


@pytest.fixture(scope="module")
def known() -> ClinicalKnowledge:
    triples = list(list_triples())
    return read_knowledge(triples, triples)


def case_of(known: ClinicalKnowledge, yes: str, no: str = "") -> PatientCase:
    return make_case(known, map(name, yes.split()), map(name, no.split()), str)


@pytest.mark.parametrize(
    ("yes", "no", "status", "open_features"),
    [
        ("rain cold", "sun", ClaimStatus.APPLIES, ""),
        ("sun wind dust", "rain", ClaimStatus.APPLIES, ""),
        ("rain", "sun", ClaimStatus.UNDECIDED, "cold"),
        ("wind", "rain", ClaimStatus.UNDECIDED, "sun dust"),
        ("wind sun", "", ClaimStatus.UNDECIDED, "dust"),
        ("rain", "", ClaimStatus.UNDECIDED, "cold"),
        ("wind sun", "cold dust", ClaimStatus.DOES_NOT_APPLY, "dust"),
        ("rain", "cold sun", ClaimStatus.DOES_NOT_APPLY, "cold"),
    ],
)
def test_a_claim_about_two_situations_is_judged_by_the_one_nearest_to_holding(
    known: ClinicalKnowledge, yes: str, no: str, status: ClaimStatus, open_features: str
) -> None:
    either = next(claim for claim in known.claims if claim.term == name("either"))
    assert len(either.situations) == 2
    judged = judge_claim(known, case_of(known, yes, no), either)
    assert judged.status is status
    assert {g.feature for g in judged.list_open_grounds()} == set(map(name, open_features.split()))


@pytest.mark.parametrize(
    ("yes", "no", "questions"),
    [
        # `permit` is awaited by an offer of this very situation; `drizzle` refines what is met
        ("sun rain", "", [("permit", 1), ("drizzle", 1), ("cold", 3), ("dust", 1), ("fog", 1), ("wind", 1)]),
        # `cold` decides three of six, which is no more than half: what refines `rain` comes first
        (
            "rain",
            "",
            [("drizzle", 1), ("cold", 3), ("sun", 2), ("dust", 1), ("fog", 1), ("permit", 1), ("wind", 1)],
        ),
        # here it decides three of four; one of the three is a caution, not an offer
        ("rain", "sun", [("cold", 3), ("drizzle", 1), ("fog", 1)]),
        ("rain cold sun wind dust permit drizzle fog", "", []),
    ],
)
def test_the_next_questions_come_with_the_number_of_claims_they_decide(
    known: ClinicalKnowledge, yes: str, no: str, questions: list[tuple[str, int]]
) -> None:
    case = case_of(known, yes, no)
    chosen = choose_next_questions(known, case, judge_all_claims(known, case), limit=9)
    assert [(feature.value.removeprefix(BASE), count) for feature, count in chosen] == questions


def test_three_questions_are_chosen_unless_another_number_is_wanted(known: ClinicalKnowledge) -> None:
    case = case_of(known, "sun rain")
    judged = judge_all_claims(known, case)
    assert choose_next_questions(known, case, judged) == choose_next_questions(known, case, judged, 9)[:3]
    assert len(choose_next_questions(known, case, judged)) == 3
