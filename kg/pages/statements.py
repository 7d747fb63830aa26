"""A claim read as a sentence: built from the claim's own terms, with the hedge exactly as printed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pyoxigraph import Literal, NamedNode

from kg.namespaces import BASE, CLAIM, KG, RDF, RDFS, SKOS, get_local_name
from kg.pages.page_queries import QueryRow
from kg.pages.term_refs import HedgeBadge, Term, TermLabels, TermRef, make_hedge_badge

#: how a claim may point at its intervention, the most specific first
INTERVENTION_PROPERTIES = (
    "advisesIf offersIf offersToAll offers reportsPractice discounts jointlyOffers hasIntervention".split()
)


@dataclass(frozen=True, slots=True)
class StatementPart:
    """A run of a sentence: plain words, a reference, a printed cue, or a condition's "only if"."""

    text: str
    style: str = ""
    ref: TermRef | None = None


@dataclass(frozen=True, slots=True)
class ClaimStatement:
    """A claim as a page shows it: a sentence in parts, and the terms it is about.

    `parts` are the runs of the sentence; `interpreted` when a curator chose between readings.
    """

    name: str
    iri: str
    href: str
    summary: str
    parts: tuple[StatementPart, ...]
    cues: tuple[str, ...]
    hedges: tuple[HedgeBadge, ...]
    negative: bool
    kind: str
    interpreted: bool
    sentence: TermRef | None
    document: TermRef | None
    interventions: tuple[TermRef, ...]
    situations: tuple[TermRef, ...]
    problems: tuple[TermRef, ...]
    prerequisites: tuple[TermRef, ...]
    provisos: tuple[TermRef, ...]
    goals: tuple[TermRef, ...]

    @property
    def text(self) -> str:
        """Return the sentence without its links."""
        return "".join(f"“{part.text}”" if part.style == "cue" else part.text for part in self.parts)


class ClaimFacts:
    """The triples of one claim by property, each object once, in the order of the rows."""

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

    def first_objects(self, *names: str) -> tuple[Term, ...]:
        """Return the objects of the first of some `kg:` properties that has any."""
        return next((tuple(terms) for name in names if (terms := self._objects.get(KG[name].value))), ())

    def _objects_of(self, predicate: NamedNode) -> list[Term]:
        return self._objects.get(predicate.value, [])

    def literal_texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a literal `kg:` property."""
        return tuple(term.value for term in self.first_objects(name) if isinstance(term, Literal))

    def list_hedges(self) -> tuple[Term, ...]:
        """Return the hedge of the claim and, after it, that of an outcome within it."""
        return self.first_objects("hasHedge") + self.first_objects("outcomeHedge")

    def curator_summary(self) -> str:
        """Return the claim in the curators' words."""
        properties = (RDFS["label"], SKOS["prefLabel"], SKOS["definition"])
        terms = (term for p in properties for term in self._objects_of(p))
        return next((term.value for term in terms if isinstance(term, Literal)), "")

    def class_names(self) -> set[str]:
        """Return the names of the `kg:` classes that the claim belongs to."""
        return {t.value.removeprefix(KG) for t in self._objects_of(RDF["type"]) if isinstance(t, NamedNode)}


def group_claim_facts(rows: Iterable[QueryRow]) -> list[ClaimFacts]:
    """Return claims from rows ?claim ?p ?o, in the order of their names."""
    grouped: dict[NamedNode, list[tuple[str, Term]]] = defaultdict(list)
    for row in rows:
        claim, predicate = row["claim"], row["p"]
        if isinstance(claim, NamedNode) and isinstance(predicate, NamedNode):
            grouped[claim].append((predicate.value, row["o"]))
    return [ClaimFacts(claim, grouped[claim]) for claim in sorted(grouped, key=str)]


def _is_limiting(facts: ClaimFacts) -> bool:
    """Return whether a claim limits or denies something."""
    polarities = (str(getattr(term, "value", "")) for term in facts.first_objects("polarity"))
    return "CautionClaim" in facts.class_names() or any(text.endswith("negative") for text in polarities)


def make_statement(facts: ClaimFacts, naming: TermLabels) -> ClaimStatement:
    """Return a claim as a page shows it."""

    def refs_of(*names: str) -> tuple[TermRef, ...]:
        return tuple(naming.ref(term) for term in facts.first_objects(*names))

    return ClaimStatement(
        name=facts.name,
        iri=facts.claim.value,
        href="/" + facts.claim.value.removeprefix(BASE),
        summary=facts.curator_summary(),
        parts=tuple(_statement_parts(facts, naming)),
        cues=facts.literal_texts("cue") + facts.literal_texts("outcomeCue"),
        hedges=tuple(make_hedge_badge(term, naming) for term in facts.list_hedges()),
        negative=_is_limiting(facts),
        kind=_claim_kind(facts, naming),
        interpreted="InterpretedClaim" in facts.class_names()
        or bool(facts.first_objects("hasCuratorDecision")),
        sentence=_sentence_ref(facts, naming),
        document=next(iter(refs_of("hasSourceDocument")), None),
        interventions=refs_of(*INTERVENTION_PROPERTIES),
        situations=refs_of("appliesTo"),
        problems=refs_of("jointlyFor", "targetsProblem"),
        prerequisites=refs_of("hasPrerequisite"),
        provisos=refs_of("hasProviso"),
        goals=refs_of("hasGoal"),
    )


#: classes of claims, the most informative first; the label of a claim's first one is shown as its kind
_KIND_CLASSES = (
    "CollectiveClaim EscalationClaim AdviceClaim PracticeClaim CautionClaim UnconditionalOffer "
    "FrequencyClaim GoalShiftClaim TerminologyClaim OfferClaim ConditionalClaim CourseClaim"
).split()


def _claim_kind(facts: ClaimFacts, naming: TermLabels) -> str:
    classes = facts.class_names()
    return next((naming.ref_of_iri(KG[name].value).label for name in _KIND_CLASSES if name in classes), "")


def _sentence_ref(facts: ClaimFacts, naming: TermLabels) -> TermRef | None:
    sentence = next(iter(facts.first_objects("inSentence")), None)
    if not isinstance(sentence, NamedNode):
        return None
    return replace(naming.ref(sentence), label=get_local_name(sentence.value))


def _statement_parts(facts: ClaimFacts, naming: TermLabels) -> Iterator[StatementPart]:
    """Yield the runs of the claim's sentence.

    A sentence is composed only of one cue, an intervention and what it is for; other claims would read wrong,
    and are shown in the curators' words.
    """
    cues = facts.literal_texts("cue") + facts.literal_texts("outcomeCue")
    interventions = facts.first_objects(*INTERVENTION_PROPERTIES)
    problems = facts.first_objects("jointlyFor", "targetsProblem")
    situations = facts.first_objects("appliesTo")
    if not interventions or not (problems or situations) or len(cues) != 1:
        yield from _summary_parts(facts, cues)
        return
    conjunction = " and " if facts.first_objects("jointlyOffers") else " or "
    yield from _enumerate_terms(interventions, naming, conjunction)
    yield StatementPart(" ")
    yield StatementPart(cues[0], "cue")
    yield StatementPart(" for ")
    yield from _enumerate_terms(problems or situations, naming, " and " if problems else " or ")
    if problems and situations:
        yield StatementPart(" in ")
        yield from _enumerate_terms(situations, naming, " or ")
    yield from _condition_parts(facts, naming, cues[0])
    yield StatementPart(".")


def _summary_parts(facts: ClaimFacts, cues: Iterable[str]) -> Iterator[StatementPart]:
    """Yield the curators' words, and the printed cues after them."""
    yield StatementPart(facts.curator_summary() or facts.name)
    for cue in cues:
        yield StatementPart(" ")
        yield StatementPart(cue, "cue")


def _condition_parts(facts: ClaimFacts, naming: TermLabels, cue: str) -> Iterator[StatementPart]:
    """Yield what limits a claim: its prerequisite, proviso, time and aim."""
    prerequisites = facts.first_objects("hasPrerequisite")
    provisos = tuple(term for term in facts.first_objects("hasProviso") if term not in prerequisites)
    yield from _limit_parts(", ", "only if: ", prerequisites, naming, " and ")
    yield from _limit_parts(", ", "provided: ", provisos, naming, " and ")
    for when in facts.literal_texts("temporalCue"):
        if when not in cue:
            yield StatementPart("; when: ")
            yield StatementPart(when, "cue")
    if goals := facts.first_objects("hasGoal"):
        yield StatementPart("; aim: ")
        yield from _enumerate_terms(goals, naming, ", ")
    yield from _limit_parts("; ", "not aimed at: ", facts.first_objects("notAimedAt"), naming, ", ")


def _limit_parts(
    separator: str, words: str, terms: tuple[Term, ...], naming: TermLabels, conjunction: str
) -> Iterator[StatementPart]:
    if terms:
        yield StatementPart(separator)
        yield StatementPart(words, "only-if")
        yield from _enumerate_terms(terms, naming, conjunction)


def _enumerate_terms(terms: Iterable[Term], naming: TermLabels, conjunction: str) -> Iterator[StatementPart]:
    for position, term in enumerate(terms):
        if position:
            yield StatementPart(conjunction)
        ref = naming.ref(term)
        yield StatementPart(ref.label, "ref", ref)
