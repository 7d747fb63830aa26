"""What a case is judged by: features, situations and claims, read once from the graph's triples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from kg.namespaces import KG, RDF, RDFS, SKOS

#: link property -> kind of claim, the most telling first
KINDS: Mapping[str, str] = {
    "advisesIf": "advice",
    "offersIf": "conditional offer",
    "offersToAll": "offer",
    "offers": "offer",
    "reportsPractice": "practice",
    "discounts": "caution",
    "jointlyOffers": "collective",
}
OFFERING = frozenset({"advice", "conditional offer", "offer", "practice", "collective"})

Terms = frozenset[NamedNode]


@dataclass(frozen=True, slots=True)
class Claim:
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
    limits: Terms
    negative: bool
    hedges: tuple[NamedNode, ...]
    cues: tuple[str, ...]
    sentence: NamedNode | None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Features with what they bring and exclude, situations with what they require, claims.

    `opposites` are features of which one holds where the other does not; `alternatives` stand side by side
    in the text. `feasible` are, by intervention, the features that say it can be done; `next` are, by
    situation, those that may come of it.
    """

    features: tuple[NamedNode, ...]
    groups: Mapping[NamedNode, NamedNode]
    definitions: Mapping[NamedNode, str]
    brings: Mapping[NamedNode, Terms]
    excludes: Mapping[NamedNode, Terms]
    opposites: Mapping[NamedNode, Terms]
    alternatives: Mapping[NamedNode, Terms]
    requires: Mapping[NamedNode, tuple[NamedNode, ...]]
    next: Mapping[NamedNode, Terms]
    problems: Mapping[NamedNode, Terms]
    kinds_of: Mapping[NamedNode, Terms]
    feasible: Mapping[NamedNode, Terms]
    claims: tuple[Claim, ...]


class _Index:
    """Triples by subject and predicate."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.objects: dict[tuple[object, NamedNode], list[object]] = {}
        for s, p, o in triples:
            self.objects.setdefault((s, p), []).append(o)

    def terms(self, subject: NamedNode, *predicates: NamedNode) -> tuple[NamedNode, ...]:
        """Return the IRIs that a subject is linked to, sorted."""
        found = {
            o for p in predicates for o in self.objects.get((subject, p), ()) if isinstance(o, NamedNode)
        }
        return tuple(sorted(found, key=str))

    def text(self, subject: NamedNode, *predicates: NamedNode) -> str:
        """Return the first text of a subject."""
        found = (o for p in predicates for o in self.objects.get((subject, p), ()) if isinstance(o, Literal))
        return min((literal.value for literal in found), default="")

    def texts(self, subject: NamedNode, predicate: NamedNode) -> tuple[str, ...]:
        """Return every text of a subject, sorted."""
        found = self.objects.get((subject, predicate), ())
        return tuple(sorted({literal.value for literal in found if isinstance(literal, Literal)}))

    def subjects(self, *predicates: NamedNode) -> tuple[NamedNode, ...]:
        """Return the subjects that have one of the predicates, sorted."""
        found = {s for s, p in self.objects if p in predicates and isinstance(s, NamedNode)}
        return tuple(sorted(found, key=str))

    def subjects_of(self, predicate: NamedNode, term: NamedNode) -> tuple[NamedNode, ...]:
        """Return what is linked to a term by a predicate, sorted."""
        found = (s for (s, p), o in self.objects.items() if p == predicate and term in o)
        return tuple(sorted((s for s in found if isinstance(s, NamedNode)), key=str))

    def instances(self, wanted: NamedNode) -> tuple[NamedNode, ...]:
        """Return the members of a class, sorted."""
        found = (s for (s, p), o in self.objects.items() if p == RDF["type"] and wanted in o)
        return tuple(sorted((s for s in found if isinstance(s, NamedNode)), key=str))


def knowledge(asserted: Iterable[Triple], closed: Iterable[Triple]) -> Knowledge:
    """Return what a case is judged by, from the asserted triples and the whole closed graph."""
    said, all_of_it = _Index(asserted), _Index(closed)
    features = tuple(f for f in all_of_it.instances(KG["Feature"]) if said.terms(f, RDF["type"]))
    situations = said.instances(KG["ClinicalSituation"])
    interventions = all_of_it.instances(KG["Intervention"])
    excludes: dict[NamedNode, Terms] = {
        f: frozenset(all_of_it.terms(f, KG["incompatibleWith"])) for f in features
    }
    for feature, others in list(excludes.items()):
        for other in others:
            excludes[other] = excludes.get(other, frozenset()) | {feature}
    return Knowledge(
        features=features,
        groups={f: said.terms(f, RDF["type"])[0] for f in features},
        definitions={f: said.text(f, SKOS["definition"]) for f in features},
        brings={f: _reached(said, f, KG["satisfies"]) for f in features},
        excludes=excludes,
        opposites=_opposites(said, features),
        alternatives={f: frozenset(said.terms(f, KG["alternativeFeature"])) for f in features},
        requires={s: said.terms(s, KG["hasFeature"]) for s in situations},
        next={s: frozenset(all_of_it.terms(s, KG["mayPrecede"])) for s in situations},
        problems={f: frozenset(said.terms(f, KG["featureOfProblem"])) for f in features},
        kinds_of={i: _reached(said, i, KG["kindOf"]) for i in interventions},
        feasible={i: frozenset(said.subjects_of(KG["feasibilityOf"], i)) for i in interventions},
        claims=tuple(_claim(said, term) for term in said.subjects(KG["appliesTo"])),
    )


def _opposites(index: _Index, features: tuple[NamedNode, ...]) -> dict[NamedNode, Terms]:
    """Return, by feature, those that say the contrary: one of the two holds of every patient."""
    can = {f: frozenset(index.terms(f, KG["feasibilityOf"])) for f in features}
    cannot = {f: frozenset(index.terms(f, KG["infeasibilityOf"])) for f in features}
    return {
        f: frozenset(g for g in features if can[f] & cannot[g] or cannot[f] & can[g])
        for f in features
        if can[f] or cannot[f]
    }


def _reached(index: _Index, start: NamedNode, predicate: NamedNode) -> Terms:
    """Return what a term reaches by a predicate, itself included."""
    found: set[NamedNode] = set()
    waiting = [start]
    while waiting:
        term = waiting.pop()
        if term not in found:
            found.add(term)
            waiting += index.terms(term, predicate)
    return frozenset(found)


def _claim(index: _Index, term: NamedNode) -> Claim:
    """Return one claim."""
    link = next((name for name in KINDS if index.terms(term, KG[name])), "")
    hedges = sorted(
        index.terms(term, KG["hasHedge"]), key=lambda h: (index.text(h, KG["strengthRank"]), str(h))
    )
    whole = index.terms(term, KG["featureFromDocument"])
    spans = index.terms(term, KG["hasSourceSpan"])
    sentences = index.terms(spans[0], KG["inSentence"]) if spans else ()
    negative = any(polarity.value.endswith("negative") for polarity in index.terms(term, KG["polarity"]))
    return Claim(
        term=term,
        summary=index.text(term, RDFS["label"]),
        kind=KINDS.get(link, "caution" if negative else "statement"),
        situations=index.terms(term, KG["appliesTo"]),
        interventions=index.terms(term, *(KG[name] for name in KINDS)),
        problems=index.terms(term, KG["targetsProblem"], KG["jointlyFor"]),
        prerequisites=index.terms(term, KG["hasPrerequisite"]),
        provisos=index.terms(term, KG["hasProviso"]),
        population=tuple(f for f in whole if KG["Population"] in index.terms(f, RDF["type"])),
        limits=frozenset(index.terms(term, KG["concerns"], KG["concedes"])),
        negative=negative,
        hedges=tuple(hedges),
        cues=index.texts(term, KG["cue"]),
        sentence=sentences[0] if sentences else None,
    )
