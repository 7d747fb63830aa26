"""Careless edits of a claim, one at a time: what `kg check --source-text` must refuse without golden answers.

A mutant is the triples of the claims of a sentence, one of them changed as a careless author would: offsets
and hashes are computed again, and cues that are no longer in the span are dropped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from pyoxigraph import Literal, NamedNode, Triple

from kg.model.source_documents import CUE_PROPERTIES, SourceClaim, SourceDocument, SourceSpan
from kg.namespaces import KG, OA, PREFIXES
from kg.texts.claim_wording import WordingReader
from kg.texts.lexicon import Lexicon, LexiconEntry, find_whole_forms, locate_cue
from sparqlhost.store.interface import Term

THINGS = (
    "hasGoal exampleClass namesExample featureFromSentence featureFromLeadIn offers offersToAll offersIf "
    "jointlyOffers reportsPractice reportsStudy reportsTest riskFactor".split()
)
POLARITIES = [NamedNode(PREFIXES["hedge"] + name) for name in ("positive", "negative", "neutral")]
CAN_TREAT, PLAIN = (NamedNode(PREFIXES["hedge"] + name) for name in ("CAN-treat", "PLAIN"))
_WORD = re.compile(r"\w[\w\u2019'-]*")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed claim: the kind of edit, what was done, and the triples of its sentence afterwards."""

    kind: str
    what: str
    triples: frozenset[Triple]


@dataclass(frozen=True, slots=True)
class ClaimEditor:
    """Makes the mutants of one claim."""

    claim: SourceClaim
    document: SourceDocument
    text: str
    triples: frozenset[Triple]
    lexicon: Lexicon
    reader: WordingReader
    everything: frozenset[Triple]

    def make_all(self) -> Iterator[Mutant]:
        """Yield every mutant."""
        yield from self.trim_hedge()
        yield from self.trim_negation()
        yield from self.drop_cues()
        yield from self.shorten_cues()
        yield from self.strengthen()
        yield from self.flip_polarity()
        yield from self.shift_span()
        yield from self.swap_things()
        yield from self.trim_governing()
        yield from self.drop_governing()

    def trim_hedge(self) -> Iterator[Mutant]:
        """Cut the hedge word off, at the front or at the end of the span, and call the rest plain."""
        for start, end, _ in self._find_hedge_words():
            for first, last in ((end, self.end), (self.start, start)):
                for hedge, cue in product((CAN_TREAT, PLAIN), _WORD.findall(self.text, first, last)):
                    changed = self._set("hasHedge", hedge, self._cut(first, last, cue))
                    yield Mutant("trim hedge", f"{first}-{last} {cue}", changed)

    def trim_negation(self) -> Iterator[Mutant]:
        """Cut a "not", or a word like it, off the front of the span and turn the claim into an offer."""
        for end in self._find_ends_of_denials():
            for hedge, cue in product((CAN_TREAT, PLAIN), _WORD.findall(self.text, end, self.end)):
                cut = self._set("hasHedge", hedge, self._cut(end, self.end, cue))
                turned = self._set("polarity", POLARITIES[0], cut)
                offers = {t for t in turned if t.predicate == KG["discounts"] and t.subject == self.node}
                made = {Triple(t.subject, KG["offers"], t.object) for t in offers}
                yield Mutant("trim negation", f"from {end} {cue}", frozenset(turned - offers | made))

    def drop_cues(self) -> Iterator[Mutant]:
        """Drop a condition, or any other cue beside that of the hedge."""
        for triple in self._list_cues():
            if triple.predicate != KG["cue"]:
                yield Mutant("drop cue", str(triple.object), self.triples - {triple})

    def shorten_cues(self) -> Iterator[Mutant]:
        """Write a cue one word short, at the front or at the end."""
        for triple in self._list_cues():
            cue = get_value(triple)
            words = list(_WORD.finditer(cue))
            if len(words) > 1:
                for short in (cue[words[1].start() :], cue[: words[-2].end()]):
                    changed = self.triples - {triple} | {Triple(self.node, triple.predicate, Literal(short))}
                    yield Mutant("cue a word short", short, changed)

    def strengthen(self) -> Iterator[Mutant]:
        """Take a stronger hedge than the text allows, each in turn."""
        hedges = self.reader.hedges
        for triple in (*self._select("hasHedge"), *self._select("outcomeHedge")):
            for iri, hedge in sorted(hedges.items()):
                if hedge.rank > hedges[get_value(triple)].rank:
                    stronger = Triple(self.node, triple.predicate, NamedNode(iri))
                    yield Mutant("stronger hedge", iri, self.triples - {triple} | {stronger})

    def flip_polarity(self) -> Iterator[Mutant]:
        """Set each other polarity."""
        (now,) = self._select("polarity")
        for polarity in POLARITIES:
            if polarity != now.object:
                yield Mutant("polarity", polarity.value, self._set("polarity", polarity, self.triples))

    def shift_span(self) -> Iterator[Mutant]:
        """Move the start, the end, or both by a word, inside the sentence."""
        segment = next(s for s in self.document.segments if s.iri == self.span.segment)
        words = list(_WORD.finditer(self.text, segment.start, segment.end))
        inside = [i for i, word in enumerate(words) if self.start <= word.start() and word.end() <= self.end]
        for before, after in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)):
            first, last = inside[0] + before, inside[-1] + after
            if 0 <= first <= last < len(words):
                start = words[first].start() if before else self.start
                end = words[last].end() if after else self.end
                if changed := self._move(start, end, self.triples):
                    yield Mutant("shift span", f"{before:+d} {after:+d}", changed)

    def swap_things(self) -> Iterator[Mutant]:
        """Take another goal or class, in turn each that some claim has, where the sentence decides it."""
        scopes = {t.predicate: t.object for t in self.triples if t.subject == self.node}
        for name in THINGS:
            others = sorted({t.object for t in self.everything if t.predicate == KG[name]}, key=str)
            now = [t.object for t in self._select(name)]
            if name == "hasGoal" and KG["goalFromScope"] in scopes:
                continue
            if name == "exampleClass" and scopes[KG["scopeBasis"]] != KG["sentence"]:
                continue
            for old, new in product(now, others):
                if new not in now and not self._is_printed(new):
                    changed = self.triples - {Triple(self.node, KG[name], old)}
                    yield Mutant(f"other {name}", f"{new}", changed | {Triple(self.node, KG[name], new)})

    def trim_governing(self) -> Iterator[Mutant]:
        """Cut words off a governing span, at either end, and call the claim plain where a cue is lost."""
        for span in self.document.find_governing_spans(self.claim):
            words = list(_WORD.finditer(self.text, span.start, span.end))
            for n in range(1, len(words)):
                for start, end in ((words[n].start(), span.end), (span.start, words[n - 1].end())):
                    yield from self._call_plain(
                        "trim governing span", self._move(start, end, self.triples, span, needs_cue=False)
                    )

    def drop_governing(self) -> Iterator[Mutant]:
        """Leave out a governing span, and call what the item says plain, or capable."""
        for span in self.document.find_governing_spans(self.claim):
            link = Triple(self.node, KG["governingSpan"], NamedNode(span.iri))
            of_span = {t for t in self.triples if str(t.subject)[1:-1].startswith(span.iri)}
            kept = self.triples - of_span - {link}
            yield from self._call_plain(
                "drop governing span", kept - self._list_lost_cues(kept, [(self.start, self.end)])
            )

    def _call_plain(self, kind: str, changed: frozenset[Triple]) -> Iterator[Mutant]:
        """Yield a changed claim as it is; one without its cue with each word of its span as the cue."""
        if any(t.predicate == KG["cue"] and t.subject == self.node for t in changed):
            yield Mutant(kind, "as it is", changed)
            return
        for hedge, cue in product((CAN_TREAT, PLAIN), _WORD.findall(self.text, self.start, self.end)):
            with_cue = changed | {Triple(self.node, KG["cue"], Literal(cue))}
            yield Mutant(kind, cue, self._set("hasHedge", hedge, with_cue))

    # -- the claim ---

    @property
    def node(self) -> NamedNode:
        """Return the claim's IRI."""
        return NamedNode(self.claim.iri)

    @property
    def span(self) -> SourceSpan:
        """Return the claim's span."""
        span = self.document.find_span(self.claim)
        assert span is not None
        return span

    @property
    def start(self) -> int:
        """Return where the span starts."""
        return self.span.start

    @property
    def end(self) -> int:
        """Return where the span ends."""
        return self.span.end

    def _is_printed(self, thing: Term) -> bool:
        """Return whether the sentence names a thing: then its words do not decide which one is meant."""
        segment = next(s for s in self.document.segments if s.iri == self.span.segment)
        return bool(
            find_whole_forms(self.reader.find_forms(str(thing)[1:-1]), self.text[segment.start : segment.end])
        )

    def _find_hedge_words(self) -> list[tuple[int, int, LexiconEntry]]:
        """Return where the hedge's cue has words of the lexicon that must be taken, in the whole text."""
        cues = [get_value(t) for t in (*self._select("cue"), *self._select("outcomeCue"))]
        places = [place for cue in cues for place in locate_cue(cue, self.text, self.start, self.end)]
        words = self.lexicon.find_matches(self.text[self.start : self.end])
        found = [(self.start + w.start, self.start + w.end, w.entry) for w in words if w.entry.is_accountable]
        return [word for word in found if any(start <= word[0] and word[1] <= end for start, end in places)]

    def _find_ends_of_denials(self) -> list[int]:
        """Return where the words end that deny or lower, each word of a phrase."""
        phrases = [(start, end) for start, end, entry in self._find_hedge_words() if entry.limits]
        return [word.end() for start, end in phrases for word in _WORD.finditer(self.text, start, end)]

    def _cut(self, start: int, end: int, cue: str) -> frozenset[Triple]:
        """Return the claim with a shorter span, from its first to its last whole word, and another cue."""
        words = list(_WORD.finditer(self.text, start, end))
        changed = self.triples - set(self._select("cue")) - set(self._select("outcomeCue")) | {
            Triple(self.node, KG["cue"], Literal(cue))
        }
        first = words[0].start() if start > self.start else start
        return self._move(first, words[-1].end() if end < self.end else end, changed)

    def _move(
        self,
        start: int,
        end: int,
        triples: frozenset[Triple],
        moved: SourceSpan | None = None,
        needs_cue: bool = True,
    ) -> frozenset[Triple]:
        """Return the claim with its span, or another one, moved, without the cues that this leaves behind.

        Empty when its cue is lost and nothing is to be kept without one.
        """
        digest = hashlib.sha256(self.text[start:end].encode()).hexdigest()
        span = NamedNode((moved or self.span).iri)
        (selector,) = (
            NamedNode(get_value(t)) for t in triples if (t.subject, t.predicate) == (span, OA["hasSelector"])
        )
        kept = {
            t
            for t in triples
            if t.predicate not in (OA["start"], OA["end"], KG["exactSha256"])
            or t.subject not in (span, selector)
        }
        others = [
            s for s in (self.span, *self.document.find_governing_spans(self.claim)) if s.iri != span.value
        ]
        lost = self._list_lost_cues(kept, [(start, end), *((s.start, s.end) for s in others)])
        if needs_cue and not any(t.predicate == KG["cue"] for t in set(self._list_cues(kept)) - lost):
            return frozenset()
        made = {Triple(selector, OA["start"], _count(start)), Triple(selector, OA["end"], _count(end))}
        return frozenset(kept - lost | made | {Triple(span, KG["exactSha256"], Literal(digest))})

    def _list_lost_cues(self, triples: Iterable[Triple], places: Iterable[tuple[int, int]]) -> set[Triple]:
        """Return the cues of the claim that are in none of some places of the text."""
        cues = self._list_cues(set(triples))
        return {t for t in cues if not any(locate_cue(get_value(t), self.text, *place) for place in places)}

    def _select(self, name: str) -> list[Triple]:
        return [
            t for t in sorted(self.triples, key=str) if t.subject == self.node and t.predicate == KG[name]
        ]

    def _list_cues(self, triples: set[Triple] | None = None) -> list[Triple]:
        wanted = {KG[name] for name in CUE_PROPERTIES}
        chosen = sorted(self.triples if triples is None else triples, key=str)
        return [t for t in chosen if t.subject == self.node and t.predicate in wanted]

    def _set(self, name: str, value: NamedNode, triples: frozenset[Triple]) -> frozenset[Triple]:
        others = {t for t in triples if t.subject != self.node or t.predicate != KG[name]}
        return frozenset(others | {Triple(self.node, KG[name], value)})


def get_value(triple: Triple) -> str:
    """Return the IRI or the text that is a triple's object."""
    assert isinstance(triple.object, NamedNode | Literal)
    return triple.object.value


def _count(number: int) -> Literal:
    return Literal(str(number), datatype=NamedNode(PREFIXES["xsd"] + "integer"))
