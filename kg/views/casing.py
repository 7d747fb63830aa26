"""Fills the page of a case: knowledge out of the store, judgement out of `kg.cases`, names for terms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from kg.cases.case import Case, Truth, make_case
from kg.cases.judging import (
    Ground,
    Judged,
    Status,
    ahead,
    ask_next,
    cautions,
    judge_all,
    matched,
    supportive,
    unlocked,
)
from kg.cases.knowledge import Knowledge, knowledge
from kg.cases.names import Names
from kg.cases.reasoned import Reasoned, reasoned
from kg.namespaces import GRAPH, KG, RDF
from kg.reasoning.materialisation import Materialisation
from kg.reasoning.publication import without_abstract_parents
from kg.store.protocol import Store
from kg.views.case import (
    Ahead,
    CaseClaim,
    CaseFeature,
    CasePage,
    CaseSituation,
    FeatureChoice,
    NextQuestion,
    Reason,
    SupportiveOption,
    Unlocked,
)
from kg.views.hedges import hedge
from kg.views.proving import is_input, names, naming
from kg.views.start import told
from kg.views.terms import Naming, Ref


@dataclass(frozen=True, slots=True)
class Cases:
    """All that cases are judged with; made once for a version of the data."""

    known: Knowledge
    kept: Materialisation
    names: Names
    naming: Naming
    told_by: str

    @property
    def notice(self) -> str:
        """Return what a reader of a case must know first."""
        return (
            f"This is what {self.told_by} about a case with these features. "
            "It is not medical advice, and what the text does not mention is not thereby ruled out."
        )

    @classmethod
    def of(cls, store: Store) -> Cases:
        """Return what cases are judged with, from the graphs the reasoner reads."""
        asserted = [triple for graph in store.graphs() if is_input(graph) for triple in store.quads(graph)]
        kept = Materialisation(without_abstract_parents(asserted))
        source = list(store.quads(GRAPH["source"]))
        known = knowledge([*asserted, *source], {*asserted, *kept.inferred})
        cases = cls(known, kept, names(store, known.features), naming(store), _told_by(source))
        reasoned(kept, ())  # numbers the scenario's own terms, before requests share them
        return cases


def _told_by(source: Iterable[Triple]) -> str:
    """Return which texts speak, from the index of the sources."""
    revised: dict[object, str] = {}
    for triple in source:
        if triple.predicate == RDF["type"] and triple.object == KG["SourceDocument"]:
            revised.setdefault(triple.subject, "")
        elif triple.predicate == KG["lastRevised"] and isinstance(triple.object, Literal):
            revised[triple.subject] = triple.object.value
    return told(list(revised.values()))


def case_page(cases: Cases, yes: Iterable[str], no: Iterable[str]) -> CasePage:
    """Return the page of a case; raises NotFound for unknown names, BadQuery for features that contradict."""
    has = [cases.names.find(text, "feature") for text in yes]
    lacks = [cases.names.find(text, "feature said not to hold") for text in no]
    case = make_case(cases.known, has, lacks, lambda term: cases.naming.ref(term).label)
    found = reasoned(cases.kept, case.met)
    judged = judge_all(cases.known, case)
    view = _View.of(cases, case, judged)
    return CasePage(
        notice=cases.notice,
        asked=bool(has or lacks),
        choices=choices(cases),
        features=view.features(),
        situations=view.situations(found),
        claims=tuple(view.claim(one) for one in judged),
        supportive=view.supportive(),
        unlocked=view.unlocked(),
        ahead=view.ahead(),
        fallbacks=tuple(cases.naming.ref(term) for term in sorted(found.fallbacks, key=str)),
        ask_next=view.ask_next(),
    )


def empty_page(cases: Cases) -> CasePage:
    """Return the form with nothing ticked."""
    return CasePage(cases.notice, False, choices(cases), (), (), (), (), (), (), (), ())


def choices(cases: Cases) -> tuple[FeatureChoice, ...]:
    """Return the features that can be ticked, by group and name."""
    known, ref = cases.known, cases.naming.ref
    found = [
        FeatureChoice(
            ref(feature),
            known.definitions[feature],
            ref(known.groups[feature]).label,
            tuple(ref(other) for other in sorted(known.excludes.get(feature, ()), key=str)),
        )
        for feature in known.features
    ]
    return tuple(sorted(found, key=lambda choice: (choice.group, choice.feature.label)))


@dataclass(frozen=True, slots=True)
class _View:
    """One case on its way to the page: `coming` is what may come next, `later` and `undecided` its claims."""

    cases: Cases
    case: Case
    judged: tuple[Judged, ...]
    coming: tuple[tuple[NamedNode, Judged], ...]
    later: frozenset[NamedNode]
    undecided: frozenset[NamedNode]

    @classmethod
    def of(cls, cases: Cases, case: Case, judged: tuple[Judged, ...]) -> _View:
        """Return the view of a judged case; what every claim is held against is worked out once."""
        coming = tuple(ahead(cases.known, case, judged))
        later = frozenset(one.claim.term for _, one in coming)
        undecided = frozenset(one.claim.term for one in judged if one.status is Status.UNDECIDED)
        return cls(cases, case, judged, coming, later, undecided)

    def refs(self, terms: Iterable[NamedNode]) -> tuple[Ref, ...]:
        """Return terms as references."""
        return tuple(self.cases.naming.ref(term) for term in terms)

    def features(self) -> tuple[CaseFeature, ...]:
        """Return what holds, what follows and what is denied."""
        ref = self.cases.naming.ref
        stated = [CaseFeature(ref(f), "stated", ()) for f in sorted(self.case.yes, key=str)]
        follows = [
            CaseFeature(
                ref(f),
                "follows",
                self.refs(self._because(f)),
            )
            for f in sorted(self.case.met - self.case.yes, key=str)
        ]
        return (*stated, *follows, *(CaseFeature(ref(f), "no", ()) for f in sorted(self.case.no, key=str)))

    def _because(self, feature: NamedNode) -> list[NamedNode]:
        """Return what brings a feature with it: features stated, or the denial of its opposite."""
        known = self.cases.known
        stated = [s for s in self.case.yes if feature in known.brings[s]]
        denied = [
            no for no in self.case.no if any(feature in known.brings[f] for f in known.opposites.get(no, ()))
        ]
        return sorted(stated + denied, key=str)

    def situations(self, found: Reasoned) -> tuple[CaseSituation, ...]:
        """Return the situations matched: by their own features, or by a narrower situation."""
        known = self.cases.known
        direct = matched(known, self.case)
        return tuple(
            CaseSituation(self.cases.naming.ref(s), s in direct, self.refs(known.requires.get(s, ())))
            for s in sorted(
                direct | found.situations, key=lambda s: (-len(known.requires.get(s, ())), str(s))
            )
        )

    def claim(self, one: Judged) -> CaseClaim:
        """Return a judged claim."""
        ref, claim = self.cases.naming.ref, one.claim
        beside = cautions(self.cases.known, self.judged, one)
        hedges = tuple(hedge(each, self.cases.naming) for each in claim.hedges)
        return CaseClaim(
            claim=ref(claim.term),
            summary=claim.summary,
            status=one.status.value,
            why=self.why(one),
            reasons=tuple(self.reason(ground) for ground in one.grounds),
            kind=claim.kind,
            interventions=self.refs(claim.interventions),
            problems=self.refs(claim.problems),
            situations=self.refs(claim.situations),
            cautions=self.refs(c.term for c in beside),
            open_cautions=self.refs(c.term for c in beside if c.term in self.undecided),
            later_cautions=self.refs(c.term for c in beside if c.term in self.later),
            hedge=hedges[0] if hedges else None,
            hedges=hedges,
            cue=claim.cues[0] if claim.cues else "",
            cues=claim.cues,
            sentence=ref(claim.sentence) if claim.sentence else None,
        )

    def reason(self, ground: Ground) -> Reason:
        """Return a ground of a status; `excluded` when another feature rules it out."""
        by = ground.excluded_by if ground.truth is Truth.UNMET else None
        state = "excluded" if by else ground.truth.value
        ref = self.cases.naming.ref
        return Reason(ref(ground.feature), state, ground.role, ref(by) if by else None)

    def why(self, one: Judged) -> str:
        """Return the reason of a status in one sentence."""
        situation = [g for g in one.grounds if g.role in ("situation", "population")]
        if one.status is Status.DOES_NOT_APPLY:
            against = self._listed(g for g in situation if g.truth is Truth.UNMET)
            later = " It may come next." if one.claim.term in self.later else ""
            return f"Its situation does not hold: {against}.{later}"
        if one.status is Status.UNDECIDED:
            return f"Not known of the case: {self._named(g for g in situation if g.truth is Truth.UNKNOWN)}."
        if one.status is Status.APPLIES_IF:
            return f"Only if {self._listed(g for g in one.open() if g.role in ('prerequisite', 'proviso'))}."
        return f"The case has {self._named(one.grounds)}."

    def _named(self, grounds: Iterable[Ground]) -> str:
        """Return the features of grounds."""
        return ", ".join(f"“{self.cases.naming.ref(ground.feature).label}”" for ground in grounds)

    def _listed(self, grounds: Iterable[Ground]) -> str:
        """Return grounds with what is known of each."""
        return "; ".join(self._told(ground) for ground in grounds)

    def _told(self, ground: Ground) -> str:
        """Return one ground with what is known of it."""
        label = self.cases.naming.ref(ground.feature).label
        if ground.truth is Truth.UNKNOWN:
            return f"“{label}” holds, which is not known"
        if ground.excluded_by:
            return f"“{label}”, which “{self.cases.naming.ref(ground.excluded_by).label}” rules out"
        return f"“{label}”, which is said not to hold" if ground.truth is Truth.UNMET else f"“{label}”"

    def supportive(self) -> tuple[SupportiveOption, ...]:
        """Return what the text raises for the problems of the case."""
        found = {one.claim.term: one for _, one in supportive(self.cases.known, self.case, self.judged)}
        return tuple(
            SupportiveOption(
                self.refs(one.claim.problems),
                self.refs(one.claim.interventions),
                one.claim.kind == "collective",
                bool(one.claim.prerequisites),
                self.cases.naming.ref(one.claim.term),
                one.status.value,
            )
            for one in found.values()
        )

    def unlocked(self) -> tuple[Unlocked, ...]:
        """Return what a state of the case unlocks."""
        ref = self.cases.naming.ref
        return tuple(
            Unlocked(ref(state), ref(one.claim.term), self.refs(one.claim.interventions), one.status.value)
            for state, one in unlocked(self.case, self.judged)
        )

    def ahead(self) -> tuple[Ahead, ...]:
        """Return what is said of situations that may come next."""
        ref, naming = self.cases.naming.ref, self.cases.naming
        return tuple(
            Ahead(
                ref(situation),
                ref(one.claim.term),
                one.claim.summary,
                tuple(hedge(each, naming) for each in one.claim.hedges),
                one.claim.negative,
            )
            for situation, one in self.coming
        )

    def ask_next(self) -> tuple[NextQuestion, ...]:
        """Return the questions worth asking next."""
        return tuple(
            NextQuestion(ref, f"Does this hold: {ref.label}?", count)
            for feature, count in ask_next(self.cases.known, self.case, self.judged)
            for ref in (self.cases.naming.ref(feature),)
        )
