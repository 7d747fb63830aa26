"""Hold each claim against the wording of its sentence: no hedge, negation or condition may be cut away.

Six rules, each for its own kind of careless edit:

1. every accountable word of the lexicon in a sentence is taken by a cue of one of its claims, or excused;
2. a claim takes those inside its own span itself, a contrast or an exception also a claim about it; a claim
   of the strongest hedge takes those of its whole clause;
3. a span is a whole segment or clause; a part of one only where no hedge word carries the claim, and then it
   begins and ends with its cue or with the name of something it speaks of;
4. a cue is a printed form of its hedge, or begins and ends with a whole phrase or name; each hedge has a cue;
5. polarity fits the links and the words; what a claim names is in its sentence;
6. a claim links what its words name as a whole, and by a link that these words permit.

Words that govern a claim from another segment are held to the same rules, there and for this claim; a segment
that says a claim again has its cues.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from kg.model.source_documents import SourceDocument
from kg.model.triple_index import TripleIndex
from kg.namespaces import compress_iri, get_local_name
from kg.texts.claim_wording import (
    GOVERNING,
    RESTATED,
    SOURCE,
    ClaimWording,
    PlacedCue,
    WordingExcuse,
    WordingReader,
    read_excuses,
)
from kg.texts.lexicon import (
    ACCOUNTABLE_CLASSES,
    Interval,
    Lexicon,
    LexiconMatch,
    find_whole_forms,
    fold_phrase,
    locate_cue,
)

_CLAUSE_MARKS = ",;:.?!\u2013\u2014\u201c\u201d"  # a clause begins after one of these and ends before one
_CLAUSE_BREAKS = re.compile(rf"[{_CLAUSE_MARKS}()]")
_JOINER = re.compile(rf"(?<=[{_CLAUSE_MARKS}]) (and|or)$")
_OUTER_MARKS = " .?!\u201c\u201d"
_SHORT_CLAUSE = 4  # words of an adverbial such as "At some point,": it belongs to the clause beside it
_MODALITY = frozenset({"modal", "negation", "frequency"})
_SET_ASIDE = frozenset({"contrast", "exception"})  # what a claim beside another, about it, is for
_DEGREE = _MODALITY - {"negation"}
_TAKE_HINT = "Widen the cue of the claim that it belongs to, or excuse it (kg:WordingExcuse) with a reason."
_SPAN_HINT = "Let the span begin and end with the clause; data/README.md says how a span is cut."
_CUE_HINT = "Write it as printed, in full; a new form goes to kg:printedAs of the hedge or data/lexicon/."
_REPEAT_HINT = "Give this segment a claim of its own, or take it out of kg:restatedIn."
_LINK_HINT = "Fix the link, or what is linked; data/README.md says how such words are encoded."
_NAME_HINT = "Fix the link or the span; a new name goes to skos:altLabel or data/lexicon/printed-forms.tsv."


@dataclass(frozen=True, slots=True)
class WordingMistake:
    """What is wrong with a claim or an excuse, or, without one, with the words at an index of the text."""

    subject: str
    property: str
    index: int
    message: str
    hint: str


class WordingFacts:
    """What holds for all segments: the lexicon, names that look like its words, and the hedges' forms."""

    def __init__(self, lexicon: Lexicon, reader: WordingReader) -> None:
        self._lexicon = lexicon
        self._names = reader.acronyms
        self.all_forms = frozenset(form for hedge in reader.hedges.values() for form in hedge.forms)
        self.strongest = max((hedge.rank for hedge in reader.hedges.values()), default=0)
        self.things = reader

    def is_modal(self, words: str, classes: frozenset[str] = _MODALITY) -> bool:
        """Return whether there is a word of some classes among words as printed."""
        return any(match.entry.word_class in classes for match in self.find_words(words))

    def find_words(self, text: str) -> list[LexiconMatch]:
        """Return the phrases of the lexicon in a text; names in capitals are left out."""
        return [m for m in self._lexicon.find_matches(text) if text[m.start : m.end] not in self._names]


def find_wording_mistakes(
    document: SourceDocument, text: str, claims: TripleIndex, reader: WordingReader, lexicon: Lexicon
) -> Iterator[WordingMistake]:
    """Yield the mistakes of a document's claims; `claims` indexes the triples of sources and claims."""
    facts = WordingFacts(lexicon, reader)
    excuses = read_excuses(claims)
    for segment in document.segments:
        if segment.set_aside:
            continue
        words = text[segment.start : segment.end]
        found = reader.read_claims(document, segment, text, claims)
        own = [excuse for excuse in excuses if excuse.segment == segment.iri]
        for mistake in SegmentWording(segment.notation, words, found, own, facts).find_mistakes():
            yield replace(mistake, index=segment.start + mistake.index)


class SegmentWording:
    """One segment with its claims and excuses, ready to be checked."""

    def __init__(
        self,
        notation: str,
        text: str,
        claims: Iterable[ClaimWording],
        excuses: Iterable[WordingExcuse],
        wording: WordingFacts,
    ) -> None:
        self.notation = notation
        self.text = text
        self.claims = tuple(claims)
        self.wording = wording
        self.excuses = {excuse: locate_cue(excuse.words, text) for excuse in excuses}
        found = wording.find_words(text)
        self.words = [match for match in found if match.entry.is_accountable]
        self.openers = [match for match in found if match.entry.word_class == "list"]
        self.articles = [match for match in found if match.entry.word_class == "article"]
        self.phrases = [(match.start, match.end) for match in found if match not in self.articles]
        self.fixed = {(match.start, match.end) for match in found if not match.entry.is_accountable}

    def find_mistakes(self) -> Iterator[WordingMistake]:
        """Yield every mistake."""
        yield from self._find_untaken_words()
        yield from self._find_idle_excuses()
        for claim in self.claims:
            if claim.role == RESTATED:
                yield from self._check_repeat(claim)
                continue
            yield from self._check_own_words(claim)
            yield from self._check_openers(claim)
            yield from self._check_span(claim)
            yield from self._check_cues(claim)
            if claim.role == SOURCE:
                yield from self._check_hedges(claim)
                yield from self._check_polarity(claim)
                yield from self._check_names(claim)
                yield from self._check_links(claim)

    # -- 1 and 2: words ---

    def _find_untaken_words(self) -> Iterator[WordingMistake]:
        for word in self.words:
            if not any(_takes(claim, word) or self._is_excused(word, claim.iri) for claim in self.claims):
                what = f"{self._quote(word)} is taken by no cue of a claim."
                yield WordingMistake("", "", word.start, what, _TAKE_HINT)

    def _find_idle_excuses(self) -> Iterator[WordingMistake]:
        for excuse, intervals in self.excuses.items():
            words = [word for word in self.words if _is_inside(word, intervals)]
            claims = [claim for claim in self.claims if claim.iri in excuse.claims]
            idle = [all(_takes(claim, word) for word in words) for claim in claims]
            if any(idle) or len(claims) < max(1, len(excuse.claims)):
                what = f"The excuse for {excuse.words!r} in {self.notation} is not needed."
                hint = "Take out the words or the claim that needs none."
                yield WordingMistake(excuse.iri, "", 0, what, hint)

    def _check_own_words(self, claim: ClaimWording) -> Iterator[WordingMistake]:
        beside = [other for other in self.claims if claim.iri in other.concerned]
        same = [other for other in self.claims if other.iri == claim.iri]
        strongest = all(hedge.rank == self.wording.strongest for hedge in claim.list_hedges())
        clauses = self._find_clauses(claim) if strongest else []
        for word in self.words:
            inside = claim.covers((word.start, word.end))
            reached = word.entry.word_class in _MODALITY and _is_inside(word, clauses)
            others = beside if word.entry.word_class in _SET_ASIDE else []
            taken = any(_takes(each, word) for each in (*same, *others)) or self._is_excused(word, claim.iri)
            if (inside or reached) and not taken:
                where = "clause" if not inside else "governing span" if claim.role == GOVERNING else "span"
                what = (
                    f"{self._quote(word)} is in the {where} of claim:{claim.name}, and no cue of it takes it."
                )
                yield WordingMistake(claim.iri, "", word.start, what, _TAKE_HINT)

    def _check_openers(self, claim: ClaimWording) -> Iterator[WordingMistake]:
        for word in self.openers:
            interval = (word.start, word.end)
            others = self.claims if claim.role == SOURCE else ()
            taken = claim.takes(interval) or any(other.takes(interval, other.hedges) for other in others)
            if claim.covers(interval) and not taken:
                what = f"{self._quote(word)} opens a list of claim:{claim.name}, and no cue takes it."
                yield WordingMistake(claim.iri, "", word.start, what, "Add it as kg:listCue.")

    def _is_excused(self, word: LexiconMatch, claim: str) -> bool:
        return any(
            claim in excuse.claims and _is_inside(word, intervals)
            for excuse, intervals in self.excuses.items()
        )

    def _find_clauses(self, claim: ClaimWording) -> list[Interval]:
        """Return the clauses that a span touches, as marks of punctuation part them."""
        breaks = [-1, *(mark.start() for mark in _CLAUSE_BREAKS.finditer(self.text)), len(self.text)]
        clauses = [(start + 1, end) for start, end in pairwise(breaks)]
        return [(start, end) for start, end in clauses if start < claim.end and claim.start < end]

    # -- 3: spans ---

    def _check_span(self, claim: ClaimWording) -> Iterator[WordingMistake]:
        quote = self.text[claim.start : claim.end]
        if quote.strip(_OUTER_MARKS) == self.text.strip(_OUTER_MARKS):
            return
        hedged = any(self.wording.is_modal(form) for hedge in claim.list_hedges() for form in hedge.forms)
        whole = hedged or claim.role == GOVERNING
        starts, ends = self._is_whole_clause(claim) if whole else self._is_whole_phrase(claim)
        if quote.count("(") != quote.count(")"):
            starts = ends = False
        for fits, side, index in ((starts, "begins", claim.start), (ends, "ends", claim.end)):
            if not fits:
                part = "governing span" if claim.role == GOVERNING else "span"
                what = f"The {part} of claim:{claim.name} {side} inside a phrase of {self.notation}"
                words = self.text[max(0, index - 12) : index], self.text[index : index + 12]
                yield WordingMistake(claim.iri, "", index, f"{what}: {'|'.join(words)!r}.", _SPAN_HINT)

    def _is_whole_clause(self, claim: ClaimWording) -> tuple[bool, bool]:
        """Return whether a span begins and ends as a clause does; words in brackets are a clause, too."""
        before, after = self.text[: claim.start].rstrip(), self.text[claim.end :].lstrip()
        if self.text[claim.start] == "(" and self.text[claim.end - 1] == ")":
            return True, True
        before = _JOINER.sub("", before)
        starts = not before or (before[-1] in _CLAUSE_MARKS and not self._is_adverbial(before[:-1], -1))
        ends = not after or (after[0] in _CLAUSE_MARKS and not self._is_adverbial(after[1:], 0))
        return starts, ends

    def _is_adverbial(self, outside: str, nearest: int) -> bool:
        """Return whether the clause beside a span is a few words, and a word among them must be taken."""
        clause = _CLAUSE_BREAKS.split(outside)[nearest]
        return len(clause.split()) <= _SHORT_CLAUSE and self.wording.is_modal(clause, ACCOUNTABLE_CLASSES)

    def _is_whole_phrase(self, claim: ClaimWording) -> tuple[bool, bool]:
        """Return whether a span begins and ends with a cue or a name of its own, articles included."""
        known = find_whole_forms(claim.forms, self.text) + [i for cue in claim.cues for i in cue.intervals]
        starts = {start for start, _ in known}
        before_noun = {
            article.end + 1: article.start for article in self.articles if article.end + 1 in starts
        }
        begins = claim.start in starts and claim.start not in before_noun
        cut_off = any(
            word.end + 1 == claim.start and not self._is_excused(word, claim.iri) for word in self.words
        )
        starts_well = (begins or claim.start in before_noun.values()) and not cut_off
        return starts_well, claim.end in {end for _, end in known}

    # -- 4: cues and hedges ---

    def _check_cues(self, claim: ClaimWording) -> Iterator[WordingMistake]:
        own = {form for hedge in claim.list_hedges() for form in hedge.forms}
        names = find_whole_forms(claim.forms, self.text)
        inner = {i for i in self.phrases for a, b in names if a <= i[0] and i[1] <= b and i != (a, b)}
        known = names + [phrase for phrase in self.phrases if phrase not in inner or phrase in self.fixed]
        for cue in claim.cues:
            form = fold_phrase(cue.text)
            hedges = claim.hedges.get(cue.property, ())
            wrong = ""
            if any(form in hedge.forms for hedge in hedges) or not cue.intervals:
                continue
            if hedges and all(hedge.forms for hedge in hedges):
                wrong = "is not a printed form of its hedge"
            elif hedges and (form in self.wording.all_forms or self.wording.is_modal(cue.text, _DEGREE)):
                wrong = "hedges, and its hedge is none"
            elif form not in own and not all(self._is_whole_cue(place, known) for place in cue.intervals):
                wrong = f"is a part of a phrase of {self.notation}"
            if wrong:
                what = f"The cue {cue.text!r} of claim:{claim.name} {wrong}."
                yield WordingMistake(claim.iri, cue.property, cue.intervals[0][0], what, _CUE_HINT)

    def _is_whole_cue(self, interval: Interval, known: list[Interval]) -> bool:
        """Return whether a cue begins and ends with a whole phrase or name, brackets aside."""
        start, end = interval
        start += len(self.text[start:end]) - len(self.text[start:end].lstrip("("))
        end -= len(self.text[start:end]) - len(self.text[start:end].rstrip(")"))
        return start in {first for first, _ in known} and end in {last for _, last in known}

    def _check_hedges(self, claim: ClaimWording) -> Iterator[WordingMistake]:
        printed = {fold_phrase(cue.text) for cue in claim.cues}
        for hedge in claim.list_hedges():
            if hedge.forms and not hedge.forms & printed:
                what = f"No cue of claim:{claim.name} is a printed form of hedge:{get_local_name(hedge.iri)}."
                yield WordingMistake(claim.iri, "hasHedge", claim.start, what, _CUE_HINT)

    # -- 5: polarity and names ---

    def _check_polarity(self, claim: ClaimWording) -> Iterator[WordingMistake]:
        limits = any(
            cue.property == "contrastCue"
            or (cue.property in claim.hedges and any(word.entry.limits for word in self._find_words_of(cue)))
            for cue in claim.cues
        )
        what = f"The polarity of claim:{claim.name} is {claim.polarity}"
        if claim.polarity != claim.expects:
            message = f"{what}, but its links make it {claim.expects}."
        elif claim.polarity != "neutral" and limits != (claim.polarity == "negative"):
            message = f"{what}, but its cue {'limits' if limits else 'does not limit'} it."
        else:
            return
        yield WordingMistake(claim.iri, "polarity", claim.start, message, "Fix polarity, link or cue.")

    def _check_names(self, claim: ClaimWording) -> Iterator[WordingMistake]:
        named = (
            (claim.needed, "span", claim.quotes),
            (claim.features, "sentence", (self.text,)),
            (claim.led_features, "lead-in", claim.lead_ins),
        )
        for things, where, texts in named:
            for thing, forms in things.items():
                if not any(find_whole_forms(forms, words) for words in texts):
                    what = f"The {where} of claim:{claim.name} does not name {compress_iri(thing)}."
                    yield WordingMistake(claim.iri, "", claim.start, what, _NAME_HINT)

    # -- 6: links ---

    def _check_links(self, claim: ClaimWording) -> Iterator[WordingMistake]:
        words = [word.entry for cue in claim.cues for word in self._find_words_of(cue)]
        for thing, link in claim.links.items():
            what = f"claim:{claim.name} links {compress_iri(thing)} by kg:{link}"
            wrong = [
                f"{entry.phrase!r} permits {' or '.join(sorted(entry.permitted_links))} only"
                for entry in words
                if entry.permitted_links and link not in entry.permitted_links
            ]
            if whole := self.wording.things.find_enclosing_name(claim, thing):
                wrong.append(f"its words name {compress_iri(whole)}")
            if hedge := self.wording.things.find_hedge_before(claim, thing):
                wrong.append(f"it stands behind words of hedge:{get_local_name(hedge)}")
            for why in wrong:
                yield WordingMistake(claim.iri, link, claim.start, f"{what}, but {why}.", _LINK_HINT)

    # -- segments that say it again ---

    def _check_repeat(self, claim: ClaimWording) -> Iterator[WordingMistake]:
        for cue in claim.cues:
            in_source = any(locate_cue(cue.text, quote) for quote in claim.quotes[:1])
            if in_source and not cue.intervals:
                what = f"{self.notation} says claim:{claim.name} again without its cue {cue.text!r}."
                yield WordingMistake(claim.iri, "restatedIn", 0, what, _REPEAT_HINT)

    def _find_words_of(self, cue: PlacedCue) -> list[LexiconMatch]:
        """Return the accountable words in a cue, wherever it is."""
        if cue.intervals:
            return [word for word in self.words if _is_inside(word, cue.intervals)]
        return [word for word in self.wording.find_words(cue.text) if word.entry.is_accountable]

    def _quote(self, word: LexiconMatch) -> str:
        return f"{self.notation}: {self.text[word.start : word.end]!r} ({word.entry.word_class})"


def _takes(claim: ClaimWording, word: LexiconMatch) -> bool:
    """Return whether a cue of a claim takes a word; a contrast is taken by kg:contrastCue only."""
    interval = (word.start, word.end)
    return (
        claim.takes(interval, ("contrastCue",))
        if word.entry.word_class == "contrast"
        else claim.takes(interval)
    )


def _is_inside(word: LexiconMatch, intervals: Iterable[Interval]) -> bool:
    return any(start <= word.start and word.end <= end for start, end in intervals)
