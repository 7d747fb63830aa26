"""What a case is judged by: features, situations and claims, read once from the graph's triples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from kg.model.triple_index import TripleIndex
from kg.namespaces import KG, RDF, RDFS, SKOS

#: link property -> kind of claim, the most specific first
CLAIM_KINDS: Mapping[str, str] = {
    "advisesIf": "advice",
    "offersIf": "conditional offer",
    "offersToAll": "offer",
    "offers": "offer",
    "reportsPractice": "practice",
    "discounts": "caution",
    "jointlyOffers": "collective",
}
OFFERING_KINDS = frozenset({"advice", "conditional offer", "offer", "practice", "collective"})

TermSet = frozenset[NamedNode]


@dataclass(frozen=True, slots=True)
class ClinicalClaim:
    """What a case reads of a claim.

    `limited_claims` are the claims that a caution is about, `population` the patients that the document as a
    whole is about. The weakest hedge comes first, and the cues are in the order of the hedges.
    """

    term: NamedNode
    summary: str
    kind: str
    situations: tuple[NamedNode, ...]
    interventions: tuple[NamedNode, ...]
    problems: tuple[NamedNode, ...]
    prerequisites: tuple[NamedNode, ...]
    provisos: tuple[NamedNode, ...]
    population: tuple[NamedNode, ...]
    limited_claims: TermSet
    negative: bool
    hedges: tuple[NamedNode, ...]
    cues: tuple[str, ...]
    sentence: NamedNode | None

    @property
    def decided_by(self) -> tuple[tuple[NamedNode, ...], ...]:
        """Return all that a status depends on besides the case: claims alike in it are judged alike."""
        offered = self.interventions if self.kind in OFFERING_KINDS else ()
        return self.situations, self.prerequisites, self.provisos, self.population, offered


@dataclass(frozen=True, slots=True)
class ClinicalKnowledge:
    """Features with what they bring and exclude, situations with what they require, claims.

    Of `opposite_features` one holds where the other does not; `alternative_features` stand side by side in
    the text. `feasibility_features` say, by intervention, that it can be done; `next_situations` are those
    that may follow a situation.
    """

    features: tuple[NamedNode, ...]
    feature_classes: Mapping[NamedNode, NamedNode]
    definitions: Mapping[NamedNode, str]
    implied_features: Mapping[NamedNode, TermSet]
    incompatible_features: Mapping[NamedNode, TermSet]
    opposite_features: Mapping[NamedNode, TermSet]
    alternative_features: Mapping[NamedNode, TermSet]
    required_features: Mapping[NamedNode, tuple[NamedNode, ...]]
    next_situations: Mapping[NamedNode, TermSet]
    problems_of_feature: Mapping[NamedNode, TermSet]
    broader_interventions: Mapping[NamedNode, TermSet]
    feasibility_features: Mapping[NamedNode, TermSet]
    claims: tuple[ClinicalClaim, ...]


def read_knowledge(asserted: Iterable[Triple], closure: Iterable[Triple]) -> ClinicalKnowledge:
    """Return what a case is judged by, from the asserted triples and the whole closed graph."""
    stated, closed = TripleIndex(asserted), TripleIndex(closure)
    unstated = frozenset(_list_instances(stated, "UnstatedCriterion"))  # no patient is known to meet one
    known = (f for f in _list_instances(closed, "Feature") if stated.list_iris(f, RDF["type"]))
    features = tuple(f for f in known if f not in unstated)
    situations = _list_instances(stated, "ClinicalSituation")
    interventions = _list_instances(closed, "Intervention")

    def collect(
        terms: Iterable[NamedNode], name: str, index: TripleIndex = stated
    ) -> dict[NamedNode, TermSet]:
        return {term: frozenset(index.list_iris(term, KG[name])) for term in terms}

    return ClinicalKnowledge(
        features=features,
        feature_classes={f: stated.list_iris(f, RDF["type"])[0] for f in features},
        definitions={f: stated.get_text(f, SKOS["definition"]) for f in features},
        implied_features={f: _collect_reachable(stated, f, KG["satisfies"]) for f in features},
        incompatible_features=_make_symmetric(collect(features, "incompatibleWith", closed)),
        opposite_features=_find_opposites(stated, features),
        alternative_features=collect(features, "alternativeFeature"),
        required_features={s: stated.list_iris(s, KG["hasFeature"]) for s in situations},
        next_situations=collect(situations, "mayPrecede", closed),
        problems_of_feature=collect(features, "featureOfProblem"),
        broader_interventions={i: _collect_reachable(stated, i, KG["kindOf"]) for i in interventions},
        feasibility_features={
            i: frozenset(map(NamedNode, stated.list_subjects_linking(KG["feasibilityOf"], i)))
            for i in interventions
        },
        claims=tuple(
            _read_clinical_claim(stated, NamedNode(iri)) for iri in stated.list_subjects_with(KG["appliesTo"])
        ),
    )


def _list_instances(index: TripleIndex, class_name: str) -> tuple[NamedNode, ...]:
    return tuple(map(NamedNode, index.list_instances(KG[class_name])))


def _make_symmetric(relation: Mapping[NamedNode, TermSet]) -> dict[NamedNode, TermSet]:
    """Return a relation with the inverse of each of its pairs."""
    symmetric = dict(relation)
    for feature, others in relation.items():
        for other in others:
            symmetric[other] = symmetric.get(other, frozenset()) | {feature}
    return symmetric


def _find_opposites(index: TripleIndex, features: tuple[NamedNode, ...]) -> dict[NamedNode, TermSet]:
    """Return, by feature, those that state the contrary: one of the two holds of every patient."""
    can = {f: frozenset(index.list_iris(f, KG["feasibilityOf"])) for f in features}
    cannot = {f: frozenset(index.list_iris(f, KG["infeasibilityOf"])) for f in features}
    return {
        f: frozenset(g for g in features if can[f] & cannot[g] or cannot[f] & can[g])
        for f in features
        if can[f] or cannot[f]
    }


def _collect_reachable(index: TripleIndex, start: NamedNode, predicate: NamedNode) -> TermSet:
    """Return what a term reaches by a predicate, itself included."""
    reached: set[NamedNode] = set()
    waiting = [start]
    while waiting:
        term = waiting.pop()
        if term not in reached:
            reached.add(term)
            waiting += index.list_iris(term, predicate)
    return frozenset(reached)


def _list_hedges_with_cues(index: TripleIndex, term: NamedNode) -> list[tuple[NamedNode, str]]:
    """Return the hedge of a claim with its cue, and that of an outcome within it with its own."""
    return [
        (hedge, index.get_text(term, KG[worded]))
        for hedged, worded in (("hasHedge", "cue"), ("outcomeHedge", "outcomeCue"))
        for hedge in index.list_iris(term, KG[hedged])
    ]


def _read_clinical_claim(index: TripleIndex, term: NamedNode) -> ClinicalClaim:
    """Return one claim."""
    link = next((name for name in CLAIM_KINDS if index.list_iris(term, KG[name])), "")
    worded = sorted(
        _list_hedges_with_cues(index, term),
        key=lambda pair: (index.parse_number(pair[0], KG["strengthRank"], default=0), str(pair[0])),
    )
    of_document = index.list_iris(term, KG["featureFromDocument"])
    spans = index.list_iris(term, KG["hasSourceSpan"])
    sentences = index.list_iris(spans[0], KG["inSentence"]) if spans else ()
    negative = any(polarity.value.endswith("negative") for polarity in index.list_iris(term, KG["polarity"]))
    return ClinicalClaim(
        term=term,
        summary=index.get_text(term, RDFS["label"]),
        kind=CLAIM_KINDS.get(link, "caution" if negative else "statement"),
        situations=index.list_iris(term, KG["appliesTo"]),
        interventions=index.list_iris(term, *(KG[name] for name in CLAIM_KINDS)),
        problems=index.list_iris(term, KG["targetsProblem"], KG["jointlyFor"]),
        prerequisites=index.list_iris(term, KG["hasPrerequisite"]),
        provisos=index.list_iris(term, KG["hasProviso"]),
        population=tuple(f for f in of_document if index.has_type(f, KG["Population"])),
        limited_claims=frozenset(index.list_iris(term, KG["concerns"], KG["concedes"])),
        negative=negative,
        hedges=tuple(hedge for hedge, _ in worded),
        cues=tuple(cue for _, cue in worded if cue),
        sentence=sentences[0] if sentences else None,
    )
