"""A claim read as a sentence: built from the claim's own terms, with the hedge exactly as printed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kg.namespaces import BASE, CLAIM, KG, RDF, RDFS, SKOS
from kg.views.hedges import Hedge, hedge
from kg.views.reading import Row
from kg.views.terms import Naming, Ref, Term

#: how a claim may point at its intervention, the most specific first
LINKS = (
    "advisesIf",
    "offersIf",
    "offersToAll",
    "offers",
    "reportsPractice",
    "discounts",
    "jointlyOffers",
    "hasIntervention",
)


@dataclass(frozen=True, slots=True)
class Part:
    """A run of a sentence: plain words, a reference, a printed cue, or a condition's "only if"."""

    text: str
    style: str = ""
    ref: Ref | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What one claim says, as words and as its parts."""

    name: str
    iri: str
    href: str
    summary: str
    parts: tuple[Part, ...]
    cues: tuple[str, ...]
    hedges: tuple[Hedge, ...]
    negative: bool
    kind: str
    interpreted: bool
    sentence: Ref | None
    document: Ref | None
    interventions: tuple[Ref, ...]
    situations: tuple[Ref, ...]
    problems: tuple[Ref, ...]
    prerequisites: tuple[Ref, ...]
    provisos: tuple[Ref, ...]
    goals: tuple[Ref, ...]

    @property
    def text(self) -> str:
        """Return the sentence without its links."""
        return "".join(f"“{part.text}”" if part.style == "cue" else part.text for part in self.parts)


class ClaimFacts:
    """The triples of one claim, by property; a reading aid that lives for one page."""

    def __init__(self, claim: NamedNode, triples: Iterable[tuple[str, Term]]) -> None:
        self.claim = claim
        self._objects: Mapping[str, list[Term]] = defaultdict(list)
        for predicate, term in triples:
            if term not in self._objects[predicate]:
                self._objects[predicate].append(term)

    @property
    def name(self) -> str:
        """Return the claim's local name, such as S07-1."""
        return self.claim.value.removeprefix(CLAIM)

    def all(self, *names: str) -> tuple[Term, ...]:
        """Return the objects of the first of our properties that has any."""
        return next((tuple(found) for name in names if (found := self._objects.get(KG[name].value))), ())

    def by(self, property_iri: str) -> tuple[Term, ...]:
        """Return the objects of a property given by its whole IRI."""
        return tuple(self._objects.get(property_iri, ()))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a literal property of ours."""
        return tuple(term.value for term in self.all(name) if isinstance(term, Literal))

    def summary(self) -> str:
        """Return the claim in the curators' words."""
        for prop in (RDFS["label"], SKOS["prefLabel"], SKOS["definition"]):
            for term in self.by(prop.value):
                if isinstance(term, Literal):
                    return term.value
        return ""

    def types(self) -> set[str]:
        """Return the names of our classes the claim belongs to."""
        return {t.value.removeprefix(KG) for t in self.by(RDF["type"].value) if isinstance(t, NamedNode)}


def claim_facts(rows: Iterable[Row]) -> list[ClaimFacts]:
    """Return claims from rows ?claim ?p ?o, in the order of their names."""
    grouped: dict[NamedNode, list[tuple[str, Term]]] = defaultdict(list)
    for row in rows:
        claim, predicate = row["claim"], row["p"]
        if isinstance(claim, NamedNode) and isinstance(predicate, NamedNode):
            grouped[claim].append((predicate.value, row["o"]))
    return [
        ClaimFacts(claim, triples) for claim, triples in sorted(grouped.items(), key=lambda i: i[0].value)
    ]


def is_limit(facts: ClaimFacts) -> bool:
    """Say whether a claim limits or denies."""
    polarity = {term.value for term in facts.all("polarity") if isinstance(term, NamedNode | Literal)}
    return "CautionClaim" in facts.types() or any(value.endswith("negative") for value in polarity)


def statement(facts: ClaimFacts, naming: Naming) -> Statement:
    """Return a claim as a page shows it."""

    def refs(*names: str) -> tuple[Ref, ...]:
        return tuple(naming.ref(term) for term in facts.all(*names))

    return Statement(
        name=facts.name,
        iri=facts.claim.value,
        href="/" + facts.claim.value.removeprefix(BASE),
        summary=facts.summary(),
        parts=tuple(_parts(facts, naming)),
        cues=facts.texts("cue"),
        hedges=tuple(hedge(term, naming) for term in facts.all("hasHedge")),
        negative=is_limit(facts),
        kind=_kind(facts, naming),
        interpreted="InterpretedClaim" in facts.types() or bool(facts.all("hasCuratorDecision")),
        sentence=_sentence(facts, naming),
        document=next(iter(refs("hasSourceDocument")), None),
        interventions=refs(*LINKS),
        situations=refs("appliesTo"),
        problems=refs("jointlyFor", "targetsProblem"),
        prerequisites=refs("hasPrerequisite"),
        provisos=refs("hasProviso"),
        goals=refs("hasGoal"),
    )


#: the claim's most telling class, first match wins; its label is the word shown
_TELLING = (
    "CollectiveClaim EscalationClaim AdviceClaim PracticeClaim CautionClaim UnconditionalOffer "
    "FrequencyClaim GoalShiftClaim TerminologyClaim OfferClaim ConditionalClaim CourseClaim"
).split()


def _kind(facts: ClaimFacts, naming: Naming) -> str:
    own = facts.types()
    return next((naming.iri(KG[name].value).label for name in _TELLING if name in own), "")


def _sentence(facts: ClaimFacts, naming: Naming) -> Ref | None:
    found = facts.all("inSentence")
    if not found or not isinstance(found[0], NamedNode):
        return None
    ref = naming.iri(found[0].value)
    number = found[0].value.rsplit("/", 1)[-1]
    return Ref(label=number, iri=ref.iri, curie=ref.curie, href=ref.href, kind=ref.kind)


def _parts(facts: ClaimFacts, naming: Naming) -> Iterator[Part]:
    """Yield the runs of the claim's sentence; without an intervention, the curators' words."""
    cues = facts.texts("cue")
    things = facts.all(*LINKS)
    targets = facts.all("jointlyFor", "targetsProblem")
    situations = facts.all("appliesTo")
    if not things or not (targets or situations) or len(cues) != 1:
        yield from _summary(facts, cues)
        return
    joint = " and " if facts.all("jointlyOffers") else " or "
    yield from _listed(things, naming, joint)
    yield Part(" ")
    yield Part(cues[0], "cue")
    yield Part(" for ")
    yield from _listed(targets or situations, naming, " and " if targets else " or ")
    if targets and situations:
        yield Part(" in ")
        yield from _listed(situations, naming, " or ")
    yield from _bounds(facts, naming, cues[0])
    yield Part(".")


def _summary(facts: ClaimFacts, cues: Iterable[str]) -> Iterator[Part]:
    """Yield the curators' words, and the printed cues after them."""
    yield Part(facts.summary() or facts.name)
    for cue in cues:
        yield Part(" ")
        yield Part(cue, "cue")


def _bounds(facts: ClaimFacts, naming: Naming, cue: str) -> Iterator[Part]:
    """Yield what bounds a claim: its prerequisite, proviso, time and aim."""
    needed = facts.all("hasPrerequisite")
    if needed:
        yield Part(", ")
        yield Part("only if: ", "only-if")
        yield from _listed(needed, naming, " and ")
    if provisos := [term for term in facts.all("hasProviso") if term not in needed]:
        yield Part(", ")
        yield Part("provided: ", "only-if")
        yield from _listed(provisos, naming, " and ")
    for when in facts.texts("temporalCue"):
        if when not in cue:
            yield Part("; when: ")
            yield Part(when, "cue")
    if goals := facts.all("hasGoal"):
        yield Part("; aim: ")
        yield from _listed(goals, naming, ", ")
    if denied := facts.all("notAimedAt"):
        yield Part("; ")
        yield Part("not aimed at: ", "only-if")
        yield from _listed(denied, naming, ", ")


def _listed(terms: Iterable[Term], naming: Naming, joint: str) -> Iterator[Part]:
    for position, term in enumerate(terms):
        if position:
            yield Part(joint)
        ref = naming.ref(term)
        yield Part(ref.label, "ref", ref)
