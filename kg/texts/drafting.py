"""Drafts of claims, from words alone: what a text names, how it hedges, on which condition, for whom.

Pure and deterministic: same text and vocabulary, same drafts. A draft is a suggestion for a person; nothing
is inferred from it, and each of its slots says where it comes from and how sure that is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kg.namespaces import compress_iri
from kg.texts.claim_wording import HedgeWording
from kg.texts.draft_vocabulary import DraftVocabulary, NamedMention
from kg.texts.lexicon import Interval, Lexicon, find_whole_forms
from kg.texts.segmentation import SegmentRow, number_words

SURE, LIKELY, GUESS = "sure", "likely", "guess"
_CLAUSE_MARK = re.compile(r"[,;:.?!\u2013\u2014()]")
_BRACKETED = re.compile(r"\s*(\(([A-Z][\w\u00ae-]+)\))")
_MAX_CONDITION_WORDS = 7  # eight words in a row of a text stay out of the repository
#: the links a hedge may carry, the one that says least about whom it is for first
_LINK_ORDER = (
    "reportsStudy",
    "reportsPractice",
    "advisesIf",
    "discounts",
    "offers",
    "offersIf",
    "reportsTest",
)
_UNDRAFTED_KINDS = frozenset({"heading", "heading (question)", "metadata", "page control", "breadcrumb"})


@dataclass(frozen=True, slots=True)
class DraftSlot:
    """A property of a draft: its value (a CURIE or words of the text), how sure it is, and why."""

    property: str
    value: str
    sure: str
    why: str


@dataclass(frozen=True, slots=True)
class ClaimDraft:
    """A suggested claim: the segment and words it rests on, its class beside kg:Claim, and its slots."""

    segment: str
    words: str
    governor: str
    claim_class: str
    slots: tuple[DraftSlot, ...]

    @property
    def id(self) -> str:
        """Return a name that stays the same as long as what is suggested does."""
        parts = [self.segment, self.words, self.governor, self.claim_class]
        parts += [f"{slot.property} {slot.value}" for slot in self.slots]
        return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()[:10]

    def list_values(self, *properties: str) -> list[str]:
        """Return the values of the slots of some properties."""
        return [slot.value for slot in self.slots if slot.property in properties]


class Drafter:
    """Drafts the claims of one document."""

    def __init__(
        self, segments: Sequence[SegmentRow], text: str, vocabulary: DraftVocabulary, lexicon: Lexicon
    ) -> None:
        self._segments = {segment.segment: segment for segment in segments}
        self._text = text
        self._vocabulary = vocabulary
        self._lexicon = lexicon
        self._mentions = {
            (name, kind): vocabulary.find_mentions(self._read(name), kind)
            for name in self._segments
            for kind in vocabulary.forms
        }

    def draft_claims(self) -> Iterator[ClaimDraft]:
        """Yield the drafts, in the order of the text."""
        for segment in self._segments.values():
            if segment.kind in _UNDRAFTED_KINDS:
                continue
            words = self._read(segment.segment)
            for mention in self._mentions[segment.segment, "int"]:
                yield from self._draft_name(segment, words, mention)
            yield from self._draft_examples(segment, words)
            yield from self._draft_treatments(segment, words)
            yield from self._draft_states(segment, words)

    # -- claims ---

    def _draft_name(self, segment: SegmentRow, words: str, mention: NamedMention) -> Iterator[ClaimDraft]:
        """Yield the claim that a word in brackets right after a thing is a name of it."""
        found = _BRACKETED.match(words, mention.end)
        if found:
            slots = [
                DraftSlot("names", mention.thing, SURE, "named before the brackets"),
                DraftSlot("nameGiven", found[2].rstrip("\u00ae"), SURE, "a word in brackets after it"),
                DraftSlot("hasHedge", "hedge:PLAIN", SURE, "a name in brackets is given plainly"),
                DraftSlot("cue", found[1], SURE, "the brackets"),
            ]
            yield self._make_draft(segment, words, (mention.start, found.end(1)), "kg:NamingClaim", slots)

    def _draft_examples(self, segment: SegmentRow, words: str) -> Iterator[ClaimDraft]:
        """Yield the claims that a thing after `such as` is an example of the one before."""
        named = self._mentions[segment.segment, "int"]
        for opener in self._lexicon.find_matches(words):
            before = [m for m in named if m.end <= opener.start]
            if opener.entry.effect != "shows examples" or not before:
                continue
            for example in (
                m
                for m in named
                if m.start >= opener.end and not _CLAUSE_MARK.search(words, opener.end, m.start)
            ):
                slots = [
                    DraftSlot(
                        "exampleClass", before[-1].thing, LIKELY, "named before the opener of the list"
                    ),
                    DraftSlot("namesExample", example.thing, SURE, "named after the opener"),
                    DraftSlot("hasHedge", "hedge:EXAMPLE", SURE, "an example is not the whole class"),
                    DraftSlot("cue", words[opener.start : opener.end], SURE, "opens a list"),
                ]
                span = before[-1].start, example.end
                yield self._make_draft(segment, words, span, "kg:ClassificationClaim", slots)

    def _draft_treatments(self, segment: SegmentRow, words: str) -> Iterator[ClaimDraft]:
        """Yield a claim for each intervention that a hedge of the segment or of its lead-in reaches."""
        for mention in self._mentions[segment.segment, "int"]:
            hedge = self._choose_hedge(segment, words, mention)
            if hedge is None or not hedge[0].links or self._is_example(words, mention):
                continue
            wording, cue, governed = hedge
            situation, features = self._choose_situation(segment)
            conditions = self._find_conditions(words)
            held, prerequisites = self._read_conditions(segment, conditions, features)
            restricting = sum(
                match.entry.effect == "restricts" for match in self._lexicon.find_matches(words)
            )
            is_open = held < restricting
            link = self._choose_link(wording, words, cue, is_open=is_open)
            if not link:
                continue
            where = f"the lead-in {segment.governor}" if governed else "this segment"
            slots = [
                *situation,
                DraftSlot(
                    link,
                    mention.thing,
                    SURE if mention.is_only else GUESS,
                    "named here; the link is one that the hedge fits",
                ),
                DraftSlot(
                    "hasHedge", compress_iri(wording.iri), LIKELY, f"its printed form stands in {where}"
                ),
                DraftSlot("cue", cue, SURE, f"words of {where}"),
                *(
                    DraftSlot("conditionCue", words[a:b], LIKELY, "a condition of this segment")
                    for a, b in conditions
                ),
                *self._find_times(words),
                *self._find_goals(segment),
            ]
            if link == "offersIf":
                slots += [
                    DraftSlot("hasPrerequisite", f, GUESS, "named in the condition")
                    for f in prerequisites[:1]
                ]
                slots += self._find_openers(words)
            yield self._make_draft(segment, words, None, _CLASS_OF_LINK.get(link, ""), slots)

    def _draft_states(self, segment: SegmentRow, words: str) -> Iterator[ClaimDraft]:
        """Yield how often a state occurs, or what causes a problem, where no intervention is named."""
        if self._mentions[segment.segment, "int"]:
            return
        for kind, link, hedge_kinds, claim_class in _STATES:
            for mention in self._mentions[segment.segment, kind]:
                hedge = self._choose_hedge(segment, words, mention)
                if hedge is None or self._vocabulary.hedge_kinds.get(hedge[0].iri) not in hedge_kinds:
                    continue
                if kind == "feat" and mention.thing not in self._vocabulary.stated:
                    continue
                slots = [
                    *self._choose_situation(segment)[0],
                    DraftSlot(link, mention.thing, LIKELY, "named here"),
                    DraftSlot("hasHedge", compress_iri(hedge[0].iri), LIKELY, "its printed form stands here"),
                    DraftSlot("cue", hedge[1], SURE, "words of this segment"),
                ]
                yield self._make_draft(segment, words, None, claim_class, slots)

    def _make_draft(
        self,
        segment: SegmentRow,
        words: str,
        span: Interval | None,
        claim_class: str,
        slots: list[DraftSlot],
    ) -> ClaimDraft:
        try:
            numbers = number_words(words, *span) if span else ""
        except ValueError:  # the words end inside a longer one, such as a name with a hyphen
            numbers = ""
        governor = "" if claim_class in _ABOUT_WORDS else segment.governor
        return ClaimDraft(segment.segment, numbers, governor, claim_class, tuple(slots))

    # -- slots ---

    def _choose_hedge(
        self, segment: SegmentRow, words: str, mention: NamedMention
    ) -> tuple[HedgeWording, str, bool] | None:
        """Return the hedge nearest to a mention, its words, and whether they are of the lead-in."""
        own = [
            (max(place[0] - mention.end, mention.start - place[1]), hedge, place)
            for hedge, place in self._find_hedges(words)
        ]
        if own:
            _, hedge, (start, end) = min(own, key=lambda found: (found[0], found[1].iri))
            return hedge, words[start:end], False
        lead_in = self._read(segment.governor) if segment.governor else ""
        led = [
            (end - start, hedge.iri, hedge, lead_in[start:end])
            for hedge, (start, end) in self._find_hedges(lead_in)
        ]
        if led:
            _, _, hedge, cue = max(led)
            return hedge, cue, True
        return None

    def _find_hedges(self, words: str) -> list[tuple[HedgeWording, Interval]]:
        """Return the hedges whose printed forms are in some words; a longer form hides one inside it."""
        found = [
            (hedge, place)
            for hedge in self._vocabulary.hedges.values()
            for place in find_whole_forms(hedge.forms, words)
        ]
        places = {place for _, place in found}
        return [
            (hedge, (a, b)) for hedge, (a, b) in found
            if not any((c, d) != (a, b) and c <= a and b <= d for c, d in places)
        ]  # fmt: skip

    def _choose_link(self, hedge: HedgeWording, words: str, cue: str, *, is_open: bool) -> str:
        """Return a link that the hedge and the words of the segment permit, or "".

        A condition that the situation does not hold makes an offer conditional: no restriction is cut away.
        """
        links = set(hedge.links)
        for match in self._lexicon.find_matches(words):
            links &= match.entry.permitted_links or links
        if not any(match.entry.limits for match in self._lexicon.find_matches(f"{words} {cue}")):
            links.discard("discounts")
        if is_open and "offersIf" in links:
            return "offersIf"
        if "offersToAll" in links:
            return "offersToAll"
        return next((link for link in _LINK_ORDER if link in links), "")

    def _find_conditions(self, words: str) -> list[Interval]:
        """Return the clauses that begin with a word of condition: `if`, `for patients with`, `when`."""
        found = []
        for match in self._lexicon.find_matches(words):
            if match.entry.word_class == "condition" and match.entry.effect == "restricts":
                end = _CLAUSE_MARK.search(words, match.end)
                clause = words[match.start : end.start() if end else None].rstrip()
                if len(clause.split()) <= _MAX_CONDITION_WORDS:
                    found.append((match.start, match.start + len(clause)))
        return found

    def _read_conditions(
        self, segment: SegmentRow, conditions: list[Interval], features: set[str]
    ) -> tuple[int, list[str]]:
        """Return how many conditions the features of the situation hold, and the features named besides."""
        held, others = 0, set()
        for condition in conditions:
            named: dict[int, set[str]] = {}
            for mention in self._list_inside(segment, "feat", condition):
                named.setdefault(mention.start, set()).add(mention.thing)
            open_names = [things for things in named.values() if not things & features]
            held += bool(named) and not open_names
            others |= set().union(*open_names)
        return held, sorted(others)

    def _find_openers(self, words: str) -> Iterator[DraftSlot]:
        """Yield the words that make an offer conditional: `if`, or `certain` of "certain patients"."""
        for match in self._lexicon.find_matches(words):
            if match.entry.effect == "restricts" or "offersIf" in match.entry.permitted_links:
                yield DraftSlot(
                    "prerequisiteCue", words[match.start : match.end], LIKELY, "it restricts the offer"
                )

    def _find_times(self, words: str) -> Iterator[DraftSlot]:
        for match in self._lexicon.find_matches(words):
            if match.entry.word_class == "condition" and match.entry.effect == "places in time":
                yield DraftSlot("temporalCue", words[match.start : match.end], LIKELY, "places it in time")

    def _find_goals(self, segment: SegmentRow) -> list[DraftSlot]:
        goals = sorted({mention.thing for mention in self._mentions[segment.segment, "goal"]})
        return [DraftSlot("hasGoal", goal, GUESS, "named in this segment") for goal in goals]

    def _choose_situation(self, segment: SegmentRow) -> tuple[list[DraftSlot], set[str]]:
        """Return the situation with most of the features named around a segment, and its features."""
        named: dict[str, tuple[int, str, int]] = {}
        for distance, (place, name) in enumerate(self._list_places(segment)):
            for mention in self._mentions[name, "feat"]:
                named.setdefault(mention.thing, (distance, place, mention.start))
        fitting = []
        for iri, features in self._vocabulary.situations.items():
            wanted = set(map(compress_iri, features))
            if wanted and wanted <= named.keys():
                far = sum(named[feature][0] for feature in wanted)
                late = sum(named[feature][2] for feature in wanted)
                fitting.append(
                    (-len(wanted), -self._vocabulary.breadth[iri], far, late, compress_iri(iri), wanted)
                )
        if not fitting:
            return [], set()
        *_, chosen, wanted = min(fitting)
        places = sorted({named[feature][1] for feature in wanted} - {"sentence"})
        why = f"features of the condition are named in: {', '.join(places) or 'sentence'}"
        slots = [DraftSlot("appliesTo", chosen, LIKELY if places else SURE, why)]
        if places:
            slots.append(DraftSlot("scopeNote", f"Some {why}.", LIKELY, "the sentence does not name them"))
        return slots, wanted

    def _list_places(self, segment: SegmentRow) -> Iterator[tuple[str, str]]:
        """Yield where features of a segment may be named: itself, lead-in, paragraph, heading, title."""
        before = [s for s in self._segments.values() if s.start < segment.start][::-1]
        yield "sentence", segment.segment
        if segment.governor:
            yield "lead-in", segment.governor
        yield from [("paragraph", s.segment) for s in before if s.line == segment.line][
            -1:
        ]  # its opening sentence
        earlier = [s for s in before if s.line < segment.line and s.kind not in _UNDRAFTED_KINDS]
        if before and before[0].line == segment.line:  # what opens a paragraph is not about the one before
            yield from [("paragraph before", s.segment) for s in earlier if s.line == earlier[0].line][-1:]
        yield from [("heading", s.segment) for s in before if s.kind.startswith("heading")][:1]
        head = list(self._segments.values())[:4]
        yield from (("document", s.segment) for s in head if s.kind in _UNDRAFTED_KINDS and s in before)

    # -- words ---

    def _list_inside(self, segment: SegmentRow, kind: str, place: Interval) -> list[NamedMention]:
        found = self._mentions[segment.segment, kind]
        return [mention for mention in found if place[0] <= mention.start and mention.end <= place[1]]

    def _is_example(self, words: str, mention: NamedMention) -> bool:
        """Return whether a mention stands after an opener such as `like` in its clause: an example only."""
        return any(
            match.entry.word_class == "list" and match.end <= mention.start
            and not _CLAUSE_MARK.search(words, match.end, mention.start)
            for match in self._lexicon.find_matches(words)
            if not match.entry.phrase.startswith("may ")
        )  # fmt: skip

    def _read(self, name: str) -> str:
        segment = self._segments[name]
        return self._text[segment.start : segment.end]


#: kind of thing, property, the kinds of hedge that state it, class
_STATES = (
    ("feat", "statesFeature", ("Frequency",), "kg:FrequencyClaim"),
    ("prob", "statesProblem", ("Causation", "Frequency"), "kg:CauseClaim"),
)
_LABEL_PARTS = tuple(
    "offersToAll names nameGiven exampleClass namesExample appliesTo statesFeature statesProblem".split()
)
#: what these say of names, no lead-in governs
_ABOUT_WORDS = frozenset({"kg:NamingClaim", "kg:ClassificationClaim"})
_CLASS_OF_LINK = {
    "discounts": "kg:CautionClaim",
    "advisesIf": "kg:AdviceClaim",
    "reportsPractice": "kg:PracticeClaim",
}


def write_label(draft: ClaimDraft, labels: Mapping[str, str]) -> str:
    """Return a sentence for a draft, of the labels of its parts; a curator writes a better one."""
    parts = [labels.get(value, value) for value in draft.list_values(*_LINK_ORDER, *_LABEL_PARTS)]
    hedge = "".join(labels.get(value, value) for value in draft.list_values("hasHedge"))
    return f"{', '.join(parts)}: {hedge}."


def list_drafts(drafts: Iterable[ClaimDraft]) -> list[ClaimDraft]:
    """Return drafts without those that say the same twice."""
    return list({draft.id: draft for draft in drafts}.values())
