"""Fills the page of a case: knowledge out of the store, judgement out of `kg.cases`, names for terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from kg.build.reasoning import drop_abstract_parents
from kg.model.case_judging import (
    ClaimStatus,
    JudgedClaim,
    StatusGround,
    choose_next_questions,
    find_cautions,
    find_supportive_claims,
    find_unlocked_claims,
    find_upcoming_claims,
    judge_all_claims,
    match_situations,
)
from kg.model.case_knowledge import ClinicalKnowledge, read_knowledge
from kg.model.patient_case import CaseEntailments, FeatureTruth, PatientCase, derive_entailments, make_case
from kg.model.term_names import TermNames
from kg.namespaces import GRAPH, KG, RDF
from kg.pages.case.case_page import (
    CaseClaim,
    CaseFeature,
    CasePage,
    CaseSituation,
    FeatureChoice,
    NextQuestion,
    StatusReason,
    SupportiveOption,
    UnlockedClaim,
    UpcomingClaim,
)
from kg.pages.explain.view import is_reasoner_input, load_all_labels, load_term_names
from kg.pages.start.view import attribute_to_dates
from kg.pages.term_refs import TermLabels, TermRef, make_hedge_badge
from rlreason.materialization import Materialization
from sparqlhost.store.interface import Store


@dataclass(frozen=True, slots=True)
class CaseContext:
    """All that cases are judged with; made once for a version of the data."""

    knowledge: ClinicalKnowledge
    closure: Materialization
    feature_names: TermNames
    labels: TermLabels
    attribution: str

    @property
    def notice(self) -> str:
        """Return what a reader of a case must know first."""
        return (
            f"This is what {self.attribution} about a case with these features. "
            "It is not medical advice, and what the text does not mention is not thereby ruled out."
        )

    @classmethod
    def load(cls, store: Store) -> CaseContext:
        """Return what cases are judged with, from the graphs the reasoner reads."""
        asserted = [
            triple
            for graph in store.graph_names()
            if is_reasoner_input(graph)
            for triple in store.read_graph(graph)
        ]
        kept = Materialization(drop_abstract_parents(asserted))
        source = list(store.read_graph(GRAPH["source"]))
        known = read_knowledge([*asserted, *source], {*asserted, *kept.inferred})
        cases = cls(
            known,
            kept,
            load_term_names(store, known.features),
            load_all_labels(store),
            _attribution_of_sources(source),
        )
        derive_entailments(kept, ())  # numbers the scenario's own terms, before requests share them
        return cases


def _attribution_of_sources(source: Iterable[Triple]) -> str:
    """Return which texts speak, from the index of the sources."""
    revised: dict[object, str] = {}
    for triple in source:
        if triple.predicate == RDF["type"] and triple.object == KG["SourceDocument"]:
            revised.setdefault(triple.subject, "")
        elif triple.predicate == KG["lastRevised"] and isinstance(triple.object, Literal):
            revised[triple.subject] = triple.object.value
    return attribute_to_dates(list(revised.values()))


def case_page(context: CaseContext, yes: Iterable[str], no: Iterable[str]) -> CasePage:
    """Return the page of a case; raises NotFound for unknown names, BadQuery for features that contradict."""
    has = [context.feature_names.find_term(text, "feature") for text in yes]
    lacks = [context.feature_names.find_term(text, "feature said not to hold") for text in no]
    case = make_case(context.knowledge, has, lacks, lambda term: context.labels.ref(term).label)
    found = derive_entailments(context.closure, case.met)
    judged = judge_all_claims(context.knowledge, case)
    view = _CasePageBuilder.prepare(context, case, judged)
    return CasePage(
        notice=context.notice,
        asked=bool(has or lacks),
        choices=feature_choices(context),
        features=view.feature_rows(),
        situations=view.situation_rows(found),
        claims=tuple(view.claim_row(one) for one in judged),
        supportive=view.supportive_options(),
        unlocked=view.unlocked_claims(),
        ahead=view.upcoming_claims(),
        fallbacks=tuple(context.labels.ref(term) for term in sorted(found.fallbacks, key=str)),
        ask_next=view.next_questions(),
    )


def empty_case_page(context: CaseContext) -> CasePage:
    """Return the form with nothing ticked."""
    return CasePage(context.notice, False, feature_choices(context), (), (), (), (), (), (), (), ())


def feature_choices(context: CaseContext) -> tuple[FeatureChoice, ...]:
    """Return the features that can be ticked, by group and name."""
    known, ref = context.knowledge, context.labels.ref
    found = [
        FeatureChoice(
            ref(feature),
            known.definitions[feature],
            ref(known.feature_classes[feature]).label,
            tuple(ref(other) for other in sorted(known.incompatible_features.get(feature, ()), key=str)),
        )
        for feature in known.features
    ]
    return tuple(sorted(found, key=lambda choice: (choice.group, choice.feature.label)))


@dataclass(frozen=True, slots=True)
class _CasePageBuilder:
    """One case on its way to the page: `coming` is what may come next, `later` and `undecided` its claims."""

    context: CaseContext
    case: PatientCase
    judged: tuple[JudgedClaim, ...]
    upcoming: tuple[tuple[NamedNode, JudgedClaim], ...]
    upcoming_terms: frozenset[NamedNode]
    undecided_terms: frozenset[NamedNode]

    @classmethod
    def prepare(
        cls, context: CaseContext, case: PatientCase, judged: tuple[JudgedClaim, ...]
    ) -> _CasePageBuilder:
        """Return the view of a judged case; what every claim is held against is worked out once."""
        coming = tuple(find_upcoming_claims(context.knowledge, case, judged))
        later = frozenset(one.claim.term for _, one in coming)
        undecided = frozenset(one.claim.term for one in judged if one.status is ClaimStatus.UNDECIDED)
        return cls(context, case, judged, coming, later, undecided)

    def refs_of(self, terms: Iterable[NamedNode]) -> tuple[TermRef, ...]:
        """Return terms as references."""
        return tuple(self.context.labels.ref(term) for term in terms)

    def feature_rows(self) -> tuple[CaseFeature, ...]:
        """Return what holds, what follows and what is denied."""
        ref = self.context.labels.ref
        stated = [CaseFeature(ref(f), "stated", ()) for f in sorted(self.case.stated_present, key=str)]
        follows = [
            CaseFeature(
                ref(f),
                "follows",
                self.refs_of(self._find_implying_features(f)),
            )
            for f in sorted(self.case.met - self.case.stated_present, key=str)
        ]
        return (
            *stated,
            *follows,
            *(CaseFeature(ref(f), "no", ()) for f in sorted(self.case.stated_absent, key=str)),
        )

    def _find_implying_features(self, feature: NamedNode) -> list[NamedNode]:
        """Return what brings a feature with it: features stated, or the denial of its opposite."""
        known = self.context.knowledge
        stated = [s for s in self.case.stated_present if feature in known.implied_features[s]]
        denied = [
            no
            for no in self.case.stated_absent
            if any(feature in known.implied_features[f] for f in known.opposite_features.get(no, ()))
        ]
        return sorted(stated + denied, key=str)

    def situation_rows(self, inferred: CaseEntailments) -> tuple[CaseSituation, ...]:
        """Return the situations matched: by their own features, or by a narrower situation."""
        known = self.context.knowledge
        direct = match_situations(known, self.case)
        return tuple(
            CaseSituation(
                self.context.labels.ref(s), s in direct, self.refs_of(known.required_features.get(s, ()))
            )
            for s in sorted(
                direct | inferred.situations, key=lambda s: (-len(known.required_features.get(s, ())), str(s))
            )
        )

    def claim_row(self, judged: JudgedClaim) -> CaseClaim:
        """Return a judged claim."""
        ref, claim = self.context.labels.ref, judged.claim
        beside = find_cautions(self.context.knowledge, self.judged, judged)
        hedges = tuple(make_hedge_badge(each, self.context.labels) for each in claim.hedges)
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
            cautions=self.refs_of(c.term for c in beside),
            open_cautions=self.refs_of(c.term for c in beside if c.term in self.undecided_terms),
            later_cautions=self.refs_of(c.term for c in beside if c.term in self.upcoming_terms),
            hedge=hedges[0] if hedges else None,
            hedges=hedges,
            cue=claim.cues[0] if claim.cues else "",
            cues=claim.cues,
            sentence=ref(claim.sentence) if claim.sentence else None,
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
            against = self._list_grounds(g for g in situation if g.truth is FeatureTruth.UNMET)
            later = " It may come next." if judged.claim.term in self.upcoming_terms else ""
            return f"Its situation does not hold: {against}.{later}"
        if judged.status is ClaimStatus.UNDECIDED:
            return f"Not known of the case: {self._list_labels(g for g in situation if g.truth is FeatureTruth.UNKNOWN)}."
        if judged.status is ClaimStatus.APPLIES_IF:
            return f"Only if {self._list_grounds(g for g in judged.list_open_grounds() if g.role in ('prerequisite', 'proviso'))}."
        return f"The case has {self._list_labels(judged.grounds)}."

    def _list_labels(self, grounds: Iterable[StatusGround]) -> str:
        """Return the features of grounds."""
        return ", ".join(f"“{self.context.labels.ref(ground.feature).label}”" for ground in grounds)

    def _list_grounds(self, grounds: Iterable[StatusGround]) -> str:
        """Return grounds with what is known of each."""
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
        found = {
            one.claim.term: one
            for _, one in find_supportive_claims(self.context.knowledge, self.case, self.judged)
        }
        return tuple(
            SupportiveOption(
                self.refs_of(one.claim.problems),
                self.refs_of(one.claim.interventions),
                one.claim.kind == "collective",
                bool(one.claim.prerequisites),
                self.context.labels.ref(one.claim.term),
                one.status.value,
            )
            for one in found.values()
        )

    def unlocked_claims(self) -> tuple[UnlockedClaim, ...]:
        """Return what a state of the case unlocks."""
        ref = self.context.labels.ref
        return tuple(
            UnlockedClaim(
                ref(state), ref(one.claim.term), self.refs_of(one.claim.interventions), one.status.value
            )
            for state, one in find_unlocked_claims(self.case, self.judged)
        )

    def upcoming_claims(self) -> tuple[UpcomingClaim, ...]:
        """Return what is said of situations that may come next."""
        ref, naming = self.context.labels.ref, self.context.labels
        return tuple(
            UpcomingClaim(
                ref(situation),
                ref(one.claim.term),
                one.claim.summary,
                tuple(make_hedge_badge(each, naming) for each in one.claim.hedges),
                one.claim.negative,
            )
            for situation, one in self.upcoming
        )

    def next_questions(self) -> tuple[NextQuestion, ...]:
        """Return the questions worth asking next."""
        return tuple(
            NextQuestion(ref, f"Does this hold: {ref.label}?", count)
            for feature, count in choose_next_questions(self.context.knowledge, self.case, self.judged)
            for ref in (self.context.labels.ref(feature),)
        )
