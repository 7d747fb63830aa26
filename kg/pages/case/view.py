"""Fills the page of a case: knowledge is read from the store, `kg.model` judges, terms get their labels.

`CaseContext` is read once per version of the data and shared by all requests; it holds nothing of any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from kg.build.reasoning import drop_abstract_parents
from kg.errors import NotFound
from kg.model.case_judging import (
    CautionIndex,
    ClaimStatus,
    JudgedClaim,
    StatusGround,
    choose_next_questions,
    find_supportive_claims,
    find_unlocked_claims,
    find_upcoming_claims,
    judge_all_claims,
    match_situations,
)
from kg.model.case_knowledge import ClinicalKnowledge, read_knowledge
from kg.model.graphs import SOURCE
from kg.model.patient_case import CaseEntailments, FeatureTruth, PatientCase, derive_entailments, make_case
from kg.model.term_names import TermNames
from kg.namespaces import KG, RDF
from kg.pages.case.case_page import (
    CaseCaution,
    CaseClaim,
    CaseFeature,
    CasePage,
    CaseSituation,
    FallbackOption,
    FeatureChoice,
    InterventionCautions,
    NextQuestion,
    StatusReason,
    SupportiveOption,
    UnlockedClaim,
    UpcomingClaim,
)
from kg.pages.explain.statement_input import load_term_names
from kg.pages.page_queries import PageQueryReader, ReasonerInput, number_addresses, slice_page
from kg.pages.start.view import attribute_to_dates
from kg.pages.term_refs import TermLabels, TermRef, find_weakest_hedge, make_hedge_badge
from rlreason.materialization import Materialization

#: claims of one answer; the others follow by `?page=`
CLAIMS_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class CaseContext:
    """What every case is judged with: what the text says, the closure, and names and labels of terms."""

    knowledge: ClinicalKnowledge
    closure: Materialization
    feature_names: TermNames
    labels: TermLabels
    attribution: str

    @property
    def notice(self) -> str:
        """Return the notice above every answer: whose words these are, and that they are not advice."""
        return (
            f"This is what {self.attribution} about a case with these features. "
            "It is not medical advice, and what the text does not mention is not thereby ruled out."
        )

    @classmethod
    def load(cls, reader: PageQueryReader, reasoner_input: ReasonerInput) -> CaseContext:
        """Read what cases are judged with; takes some tenths of a second."""
        stated = list(reasoner_input.graphs_by_triple)
        closure = Materialization(drop_abstract_parents(stated), reasoner_input.rules)
        source = list(reader.store.read_graph(SOURCE))
        knowledge = read_knowledge([*stated, *source], {*stated, *closure.inferred})
        context = cls(
            knowledge,
            closure,
            load_term_names(reader).restrict_to(knowledge.features.__contains__),
            reader.load_all_labels(),
            _attribution_of_sources(source),
        )
        derive_entailments(closure, ())  # numbers the scenario's own terms, before requests share the closure
        return context


def _attribution_of_sources(source: Iterable[Triple]) -> str:
    """Return which texts speak and since when, from the triples of the source graph."""
    revised: dict[object, str] = {}
    for triple in source:
        if triple.predicate == RDF["type"] and triple.object == KG["SourceDocument"]:
            revised.setdefault(triple.subject, "")
        elif triple.predicate == KG["lastRevised"] and isinstance(triple.object, Literal):
            revised[triple.subject] = triple.object.value
    return attribute_to_dates(list(revised.values()))


def case_page(
    context: CaseContext,
    yes: Iterable[str],
    no: Iterable[str],
    page: int = 1,
    per_page: int = CLAIMS_PER_PAGE,
) -> CasePage:
    """Return the page of a case with features that hold (`yes`) and that do not (`no`); others are unknown.

    Raises NotFound for unknown names and where there is no such page, BadQuery for features that contradict
    each other.
    """
    present = [context.feature_names.find_term(text, "feature") for text in yes]
    absent = [context.feature_names.find_term(text, "feature said not to hold") for text in no]
    case = make_case(context.knowledge, present, absent, lambda term: context.labels.ref(term).label)
    entailments = derive_entailments(context.closure, case.met)
    judged = judge_all_claims(context.knowledge, case)
    part = slice_page(judged, page, number_addresses("/case"), per_page=per_page)
    if part is None:
        last = -(-len(judged) // per_page)
        raise NotFound("There is no such page of claims.", location="page", hint=f"The last is {last}.")
    builder = _CasePageBuilder.prepare(context, case, judged)
    counts = Counter(judged_claim.status.value for judged_claim in judged)
    return CasePage(
        notice=context.notice,
        asked=bool(present or absent),
        choices=feature_choices(context),
        features=builder.feature_rows(),
        situations=builder.situation_rows(entailments),
        claims=tuple(builder.claim_row(judged_claim) for judged_claim in part.items),
        counts={status.value: counts[status.value] for status in ClaimStatus},
        range=part.range,
        previous=part.previous,
        next=part.next,
        cautions=builder.caution_groups(part.items),
        supportive=builder.supportive_options(),
        unlocked=builder.unlocked_claims(),
        ahead=builder.upcoming_claims(),
        fallbacks=builder.fallback_options(entailments),
        ask_next=builder.next_questions(),
    )


def empty_case_page(context: CaseContext) -> CasePage:
    """Return the form with nothing ticked."""
    choices = feature_choices(context)
    return CasePage(context.notice, False, choices, (), (), (), {}, "", "", "", (), (), (), (), (), ())


def feature_choices(context: CaseContext) -> tuple[FeatureChoice, ...]:
    """Return the features that can be ticked: diseases and populations first, then by group and name."""
    knowledge, ref = context.knowledge, context.labels.ref
    first = [context.labels.ref_of_iri(KG + name).label for name in ("DiseaseFeature", "Population")]
    choices = [
        FeatureChoice(
            ref(feature),
            knowledge.definitions[feature],
            ref(knowledge.feature_classes[feature]).label,
            tuple(ref(other) for other in sorted(knowledge.incompatible_features.get(feature, ()), key=str)),
        )
        for feature in knowledge.features
    ]
    others = sorted({choice.group for choice in choices} - {*first})
    order = {group: at for at, group in enumerate((*first, *others))}
    return tuple(sorted(choices, key=lambda choice: (order[choice.group], choice.feature.label)))


@dataclass(frozen=True, slots=True)
class _CasePageBuilder:
    """Makes the rows of one case.

    `upcoming` are claims about situations that may come next, `upcoming_terms` their names.
    """

    context: CaseContext
    case: PatientCase
    judged: tuple[JudgedClaim, ...]
    upcoming: tuple[tuple[NamedNode, JudgedClaim], ...]
    upcoming_terms: frozenset[NamedNode]
    caution_index: CautionIndex

    @classmethod
    def prepare(
        cls, context: CaseContext, case: PatientCase, judged: tuple[JudgedClaim, ...]
    ) -> _CasePageBuilder:
        """Return the builder for a judged case."""
        upcoming = tuple(find_upcoming_claims(context.knowledge, case, judged))
        return cls(
            context,
            case,
            judged,
            upcoming,
            frozenset(item.claim.term for _, item in upcoming),
            CautionIndex.from_judged(judged),
        )

    def refs_of(self, terms: Iterable[NamedNode]) -> tuple[TermRef, ...]:
        """Return references to terms."""
        return tuple(self.context.labels.ref(term) for term in terms)

    def feature_rows(self) -> tuple[CaseFeature, ...]:
        """Return what holds, what follows and what is denied."""
        ref = self.context.labels.ref
        stated = [CaseFeature(ref(f), "stated", ()) for f in sorted(self.case.stated_present, key=str)]
        follows = [
            CaseFeature(ref(f), "follows", self.refs_of(self._find_implying_features(f)))
            for f in sorted(self.case.met - self.case.stated_present, key=str)
        ]
        denied = [CaseFeature(ref(f), "no", ()) for f in sorted(self.case.stated_absent, key=str)]
        return (*stated, *follows, *denied)

    def _find_implying_features(self, feature: NamedNode) -> list[NamedNode]:
        """Return why a feature holds: stated features that imply it, or denied ones whose opposite does."""
        knowledge = self.context.knowledge
        stated = [s for s in self.case.stated_present if feature in knowledge.implied_features[s]]
        denied = [
            no
            for no in self.case.stated_absent
            if any(feature in knowledge.implied_features[f] for f in knowledge.opposite_features.get(no, ()))
        ]
        return sorted(stated + denied, key=str)

    def situation_rows(self, inferred: CaseEntailments) -> tuple[CaseSituation, ...]:
        """Return the situations matched by their features or by a narrower situation; narrowest first."""
        direct = match_situations(self.context.knowledge, self.case)
        required = self.context.knowledge.required_features
        matched = sorted(
            direct | inferred.situations,
            key=lambda situation: (-len(required.get(situation, ())), str(situation)),
        )
        return tuple(
            CaseSituation(
                self.context.labels.ref(situation),
                situation in direct,
                self.refs_of(required.get(situation, ())),
            )
            for situation in matched
        )

    def claim_row(self, judged: JudgedClaim) -> CaseClaim:
        """Return a judged claim."""
        ref, claim = self.context.labels.ref, judged.claim
        through = self.caution_index.list_limited_interventions(self.context.knowledge, claim)
        hedges = tuple(make_hedge_badge(hedge, self.context.labels) for hedge in claim.hedges)
        return CaseClaim(
            claim=ref(claim.term),
            summary=claim.summary,
            status=judged.status.value,
            why=self.explain_status(judged),
            reasons=tuple(self.reason_row(ground) for ground in judged.grounds),
            kind=claim.kind,
            interventions=self.refs_of(claim.interventions),
            problems=self.refs_of(claim.problems),
            situations=self.refs_of(claim.situations),
            cautions=self.caution_rows(self.caution_index.list_own_cautions(claim)),
            limited_through=self.refs_of(through),
            hedge=find_weakest_hedge(hedges),
            hedges=hedges,
            cue=claim.cues[0] if claim.cues else "",
            cues=claim.cues,
            sentence=ref(claim.sentence) if claim.sentence else None,
        )

    def caution_rows(self, cautions: Iterable[JudgedClaim]) -> tuple[CaseCaution, ...]:
        """Return cautions with what is known of each."""
        ref = self.context.labels.ref
        return tuple(
            CaseCaution(ref(one.claim.term), one.status.value, one.claim.term in self.upcoming_terms)
            for one in cautions
        )

    def caution_groups(self, shown: Iterable[JudgedClaim]) -> tuple[InterventionCautions, ...]:
        """Return what limits the interventions of the claims shown, each intervention once."""
        index = self.caution_index
        limited = (index.list_limited_interventions(self.context.knowledge, one.claim) for one in shown)
        return tuple(
            InterventionCautions(self.context.labels.ref(i), self.caution_rows(index.by_intervention[i]))
            for i in dict.fromkeys(i for interventions in limited for i in interventions)
        )

    def reason_row(self, ground: StatusGround) -> StatusReason:
        """Return a ground of a status; `excluded` when another feature rules it out."""
        by = ground.excluded_by if ground.truth is FeatureTruth.UNMET else None
        state = "excluded" if by else ground.truth.value
        ref = self.context.labels.ref
        return StatusReason(ref(ground.feature), state, ground.role, ref(by) if by else None)

    def explain_status(self, judged: JudgedClaim) -> str:
        """Return the reason of a status in one sentence."""
        situation = [g for g in judged.grounds if g.role in ("situation", "population")]
        if judged.status is ClaimStatus.DOES_NOT_APPLY:
            unmet = [g for g in judged.grounds if g.truth is FeatureTruth.UNMET]
            against = [g for g in unmet if g in situation]
            what = "situation" if against else "condition"
            later = " It may come next." if judged.claim.term in self.upcoming_terms else ""
            return f"Its {what} does not hold: {self._list_grounds(against or unmet)}.{later}"
        if judged.status is ClaimStatus.UNDECIDED:
            unknown = self._list_labels(g for g in situation if g.truth is FeatureTruth.UNKNOWN)
            return f"Not known of the case: {unknown}."
        if judged.status is ClaimStatus.APPLIES_IF:
            conditions = (g for g in judged.list_open_grounds() if g.role in ("prerequisite", "proviso"))
            return f"Only if {self._list_grounds(conditions)}."
        return f"The case has {self._list_labels(judged.grounds)}."

    def _list_labels(self, grounds: Iterable[StatusGround]) -> str:
        return ", ".join(f"“{self.context.labels.ref(ground.feature).label}”" for ground in grounds)

    def _list_grounds(self, grounds: Iterable[StatusGround]) -> str:
        return "; ".join(self._describe_ground(ground) for ground in grounds)

    def _describe_ground(self, ground: StatusGround) -> str:
        """Return one ground with what is known of it."""
        label = self.context.labels.ref(ground.feature).label
        if ground.truth is FeatureTruth.UNKNOWN:
            return f"“{label}” holds, which is not known"
        if ground.excluded_by:
            return f"“{label}”, which “{self.context.labels.ref(ground.excluded_by).label}” rules out"
        return f"“{label}”, which is said not to hold" if ground.truth is FeatureTruth.UNMET else f"“{label}”"

    def supportive_options(self) -> tuple[SupportiveOption, ...]:
        """Return what the text raises for the problems of the case."""
        supportive = find_supportive_claims(self.context.knowledge, self.case, self.judged)
        judged_by_claim = {judged.claim.term: judged for _, judged in supportive}
        return tuple(
            SupportiveOption(
                self.refs_of(judged.claim.problems),
                self.refs_of(judged.claim.interventions),
                judged.claim.kind == "collective",
                bool(judged.claim.prerequisites),
                self.context.labels.ref(judged.claim.term),
                judged.status.value,
            )
            for judged in judged_by_claim.values()
        )

    def unlocked_claims(self) -> tuple[UnlockedClaim, ...]:
        """Return what a state of the case unlocks."""
        ref = self.context.labels.ref
        return tuple(
            UnlockedClaim(
                ref(state),
                ref(judged.claim.term),
                self.refs_of(judged.claim.interventions),
                judged.status.value,
            )
            for state, judged in find_unlocked_claims(self.case, self.judged)
        )

    def upcoming_claims(self) -> tuple[UpcomingClaim, ...]:
        """Return what is said of situations that may come next."""
        labels, ref = self.context.labels, self.context.labels.ref
        return tuple(
            UpcomingClaim(
                ref(situation),
                ref(judged.claim.term),
                judged.claim.summary,
                tuple(make_hedge_badge(hedge, labels) for hedge in judged.claim.hedges),
                judged.claim.negative,
            )
            for situation, judged in self.upcoming
        )

    def fallback_options(self, inferred: CaseEntailments) -> tuple[FallbackOption, ...]:
        """Return what is raised in place of something ruled out, each with the wording of its claim."""
        rows = (self.claim_row(j) for j in self.judged if j.claim.term in inferred.fallback_claims)
        return tuple(
            FallbackOption(row.interventions, row.claim, row.hedges, row.cues, row.status) for row in rows
        )

    def next_questions(self) -> tuple[NextQuestion, ...]:
        """Return the questions worth asking next."""
        return tuple(
            NextQuestion(ref, f"Does this hold: {ref.label}?", count)
            for feature, count in choose_next_questions(self.context.knowledge, self.case, self.judged)
            for ref in (self.context.labels.ref(feature),)
        )
