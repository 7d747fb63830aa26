"""Search by name: an index of entries, folded once, and the ranking of a query against it.

Tiers, best first: exact label, exact name, prefix of the label, prefix of another name, all words of a name
in any order, a name a few slips away (optimal string alignment distance), words of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

_WORD_SEPARATORS = re.compile(r"[^\w:.+]+", re.UNICODE)

MIN_TYPO_LETTERS = 4
#: lengths of a query from which one more slip is allowed; two swapped neighbors are one slip
SLIP_LENGTHS = (MIN_TYPO_LETTERS, 6, 11)

EXACT_LABEL, EXACT_NAME, PREFIX_LABEL, PREFIX_NAME, ALL_WORDS, MISSPELT, TEXT_ONLY = range(7)

#: order of the kinds among equally good hits
KIND_ORDER = tuple(
    "disease intervention situation feature problem goal hedge term claim sentence decision relation "
    "document".split()
)


@dataclass(frozen=True, slots=True)
class SearchName:
    """A name of an entry and its category ("brand name", "as printed")."""

    text: str
    category: str


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """Something a reader can look for."""

    iri: str
    label: str
    kind: str
    names: tuple[SearchName, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class FoldedName:
    """A name made ready for comparison."""

    name: SearchName
    folded: str
    words: tuple[str, ...]
    is_label: bool


@dataclass(frozen=True, slots=True)
class IndexedEntry:
    """An entry with its folded names and text."""

    entry: SearchEntry
    names: tuple[FoldedName, ...]
    text: str


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """All entries, folded."""

    entries: tuple[IndexedEntry, ...]

    @classmethod
    def build(cls, entries: Iterable[SearchEntry]) -> SearchIndex:
        """Return the index of `entries`; initials of a label of three words or more are names too."""
        return cls(tuple(_index_entry(entry) for entry in entries))


def fold_text(text: str) -> str:
    """Return `text` without case, accents, registered signs and punctuation between words."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(_WORD_SEPARATORS.split(plain.casefold().replace("®", ""))).strip()


def make_initials(label: str) -> str:
    """Return the initials of a label of three words or more: what people abbreviate it to."""
    words = [word for word in _WORD_SEPARATORS.split(label) if word]
    return "".join(word[0] for word in words).upper() if len(words) > 2 else ""


def _index_entry(entry: SearchEntry) -> IndexedEntry:
    label, initials = SearchName(entry.label, "name"), SearchName(make_initials(entry.label), "initials")
    texts = [(name, fold_text(name.text)) for name in (label, *entry.names, initials)]
    names = tuple(FoldedName(name, text, tuple(text.split()), name is label) for name, text in texts if text)
    return IndexedEntry(entry, names, fold_text(entry.text))


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A matching entry, its name that matched, and how well it did."""

    entry: SearchEntry
    matched: str
    category: str
    tier: int
    score: float


def search_entries(index: SearchIndex, query: str, limit: int = 50) -> list[SearchHit]:
    """Return at most `limit` hits, best first; an empty query has none."""
    folded = fold_text(query)
    if not folded:
        return []
    hits = [hit for indexed in index.entries if (hit := _find_best_hit(indexed, folded)) is not None]
    return sorted(hits, key=_hit_sort_key)[:limit]


def _hit_sort_key(hit: SearchHit) -> tuple[int, float, int, int, str]:
    kind = KIND_ORDER.index(hit.entry.kind) if hit.entry.kind in KIND_ORDER else len(KIND_ORDER)
    return hit.tier, -hit.score, kind, len(hit.entry.label), hit.entry.label


def _find_best_hit(indexed: IndexedEntry, query: str) -> SearchHit | None:
    """Return the best match of an entry, or None."""
    words = query.split()
    hits = [
        SearchHit(indexed.entry, name.name.text, name.name.category, tier, score)
        for name in indexed.names
        for tier, score in _classify_match(name, query, words)
    ]
    if not hits and len(query) > 2 and _all_begin_words(words, indexed.text.split()):
        hits = [SearchHit(indexed.entry, "", "text", TEXT_ONLY, 0.0)]
    return min(hits, key=_hit_sort_key, default=None)


def _classify_match(name: FoldedName, query: str, words: list[str]) -> Iterator[tuple[int, float]]:
    """Yield the tier and the score of one name, where it matches."""
    if name.folded == query:
        yield (EXACT_LABEL if name.is_label else EXACT_NAME), 0.0
    elif name.folded.startswith(query):
        yield (PREFIX_LABEL if name.is_label else PREFIX_NAME), 0.0
    elif f" {query}" in f" {name.folded}" or _all_begin_words(words, name.words):
        yield ALL_WORDS, 1.0 if name.is_label else 0.0
    elif score := _score_misspelling(name, query):
        yield MISSPELT, score


def _all_begin_words(parts: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether every part begins a word; a single letter (the T of `CAR-T`) must be a word."""
    return all(
        part in words if len(part) == 1 else any(word.startswith(part) for word in words) for part in parts
    )


def _score_misspelling(name: FoldedName, query: str) -> float:
    """Return the similarity, 0 to 100, to the whole name or one long word of it; 0 beyond a few slips."""
    slips = sum(len(query) >= length for length in SLIP_LENGTHS)
    if not slips or name.name.category in {"code", "initials"}:
        return 0.0
    rivals = [name.folded, *(word for word in name.words if len(word) >= MIN_TYPO_LETTERS)]
    scores = (_measure_similarity(query, rival, slips) for rival in rivals if rival[0] == query[0])
    return max(scores, default=0.0)


def _measure_similarity(query: str, rival: str, slips: int) -> float:
    """Return the similarity of two spellings, 0 to 100; 0 when they are more than `slips` apart."""
    distance = OSA.distance(query, rival, score_cutoff=slips)
    return 100 * (1 - distance / max(len(query), len(rival))) if distance <= slips else 0.0
