"""What a case is judged by: features, situations and claims, read once from the graph's triples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from kg.namespaces import KG, RDF, RDFS, SKOS

#: link property -> kind of claim, the most telling first
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
    """A claim as far as a case needs it; `limits` are the claims it speaks about when it is a caution.

    `population` is whom the document as a whole is about; the weakest hedge comes first.
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


@dataclass(frozen=True, slots=True)
class ClinicalKnowledge:
    """Features with what they bring and exclude, situations with what they require, claims.

    `opposites` are features of which one holds where the other does not; `alternatives` stand side by side
    in the text. `feasible` are, by intervention, the features that say it can be done; `next` are, by
    situation, those that may come of it.
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


class _TripleIndex:
    """Triples by subject and predicate."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.objects: dict[tuple[object, NamedNode], list[object]] = {}
        for s, p, o in triples:
            self.objects.setdefault((s, p), []).append(o)

    def list_linked_terms(self, subject: NamedNode, *predicates: NamedNode) -> tuple[NamedNode, ...]:
        """Return the IRIs that a subject is linked to, sorted."""
        found = {
            o for p in predicates for o in self.objects.get((subject, p), ()) if isinstance(o, NamedNode)
        }
        return tuple(sorted(found, key=str))

    def first_text(self, subject: NamedNode, *predicates: NamedNode) -> str:
        """Return the first text of a subject."""
        found = (o for p in predicates for o in self.objects.get((subject, p), ()) if isinstance(o, Literal))
        return min((literal.value for literal in found), default="")

    def list_texts(self, subject: NamedNode, predicate: NamedNode) -> tuple[str, ...]:
        """Return every text of a subject, sorted."""
        found = self.objects.get((subject, predicate), ())
        return tuple(sorted({literal.value for literal in found if isinstance(literal, Literal)}))

    def list_subjects_with(self, *predicates: NamedNode) -> tuple[NamedNode, ...]:
        """Return the subjects that have one of the predicates, sorted."""
        found = {s for s, p in self.objects if p in predicates and isinstance(s, NamedNode)}
        return tuple(sorted(found, key=str))

    def list_subjects_linking(self, predicate: NamedNode, term: NamedNode) -> tuple[NamedNode, ...]:
        """Return what is linked to a term by a predicate, sorted."""
        found = (s for (s, p), o in self.objects.items() if p == predicate and term in o)
        return tuple(sorted((s for s in found if isinstance(s, NamedNode)), key=str))

    def list_instances(self, class_iri: NamedNode) -> tuple[NamedNode, ...]:
        """Return the members of a class, sorted."""
        found = (s for (s, p), o in self.objects.items() if p == RDF["type"] and class_iri in o)
        return tuple(sorted((s for s in found if isinstance(s, NamedNode)), key=str))


def read_knowledge(asserted: Iterable[Triple], closure: Iterable[Triple]) -> ClinicalKnowledge:
    """Return what a case is judged by, from the asserted triples and the whole closed graph."""
    said, all_of_it = _TripleIndex(asserted), _TripleIndex(closure)
    features = tuple(
        f for f in all_of_it.list_instances(KG["Feature"]) if said.list_linked_terms(f, RDF["type"])
    )
    situations = said.list_instances(KG["ClinicalSituation"])
    interventions = all_of_it.list_instances(KG["Intervention"])
    excludes: dict[NamedNode, TermSet] = {
        f: frozenset(all_of_it.list_linked_terms(f, KG["incompatibleWith"])) for f in features
    }
    for feature, others in list(excludes.items()):
        for other in others:
            excludes[other] = excludes.get(other, frozenset()) | {feature}
    return ClinicalKnowledge(
        features=features,
        feature_classes={f: said.list_linked_terms(f, RDF["type"])[0] for f in features},
        definitions={f: said.first_text(f, SKOS["definition"]) for f in features},
        implied_features={f: _collect_reachable(said, f, KG["satisfies"]) for f in features},
        incompatible_features=excludes,
        opposite_features=_find_opposites(said, features),
        alternative_features={
            f: frozenset(said.list_linked_terms(f, KG["alternativeFeature"])) for f in features
        },
        required_features={s: said.list_linked_terms(s, KG["hasFeature"]) for s in situations},
        next_situations={s: frozenset(all_of_it.list_linked_terms(s, KG["mayPrecede"])) for s in situations},
        problems_of_feature={
            f: frozenset(said.list_linked_terms(f, KG["featureOfProblem"])) for f in features
        },
        broader_interventions={i: _collect_reachable(said, i, KG["kindOf"]) for i in interventions},
        feasibility_features={
            i: frozenset(said.list_subjects_linking(KG["feasibilityOf"], i)) for i in interventions
        },
        claims=tuple(_read_clinical_claim(said, term) for term in said.list_subjects_with(KG["appliesTo"])),
    )


def _find_opposites(index: _TripleIndex, features: tuple[NamedNode, ...]) -> dict[NamedNode, TermSet]:
    """Return, by feature, those that say the contrary: one of the two holds of every patient."""
    can = {f: frozenset(index.list_linked_terms(f, KG["feasibilityOf"])) for f in features}
    cannot = {f: frozenset(index.list_linked_terms(f, KG["infeasibilityOf"])) for f in features}
    return {
        f: frozenset(g for g in features if can[f] & cannot[g] or cannot[f] & can[g])
        for f in features
        if can[f] or cannot[f]
    }


def _collect_reachable(index: _TripleIndex, start: NamedNode, predicate: NamedNode) -> TermSet:
    """Return what a term reaches by a predicate, itself included."""
    found: set[NamedNode] = set()
    waiting = [start]
    while waiting:
        term = waiting.pop()
        if term not in found:
            found.add(term)
            waiting += index.list_linked_terms(term, predicate)
    return frozenset(found)


def _read_clinical_claim(index: _TripleIndex, term: NamedNode) -> ClinicalClaim:
    """Return one claim."""
    link = next((name for name in CLAIM_KINDS if index.list_linked_terms(term, KG[name])), "")
    hedges = sorted(
        index.list_linked_terms(term, KG["hasHedge"]),
        key=lambda h: (index.first_text(h, KG["strengthRank"]), str(h)),
    )
    whole = index.list_linked_terms(term, KG["featureFromDocument"])
    spans = index.list_linked_terms(term, KG["hasSourceSpan"])
    sentences = index.list_linked_terms(spans[0], KG["inSentence"]) if spans else ()
    negative = any(
        polarity.value.endswith("negative") for polarity in index.list_linked_terms(term, KG["polarity"])
    )
    return ClinicalClaim(
        term=term,
        summary=index.first_text(term, RDFS["label"]),
        kind=CLAIM_KINDS.get(link, "caution" if negative else "statement"),
        situations=index.list_linked_terms(term, KG["appliesTo"]),
        interventions=index.list_linked_terms(term, *(KG[name] for name in CLAIM_KINDS)),
        problems=index.list_linked_terms(term, KG["targetsProblem"], KG["jointlyFor"]),
        prerequisites=index.list_linked_terms(term, KG["hasPrerequisite"]),
        provisos=index.list_linked_terms(term, KG["hasProviso"]),
        population=tuple(f for f in whole if KG["Population"] in index.list_linked_terms(f, RDF["type"])),
        limited_claims=frozenset(index.list_linked_terms(term, KG["concerns"], KG["concedes"])),
        negative=negative,
        hedges=tuple(hedges),
        cues=index.list_texts(term, KG["cue"]),
        sentence=sentences[0] if sentences else None,
    )
