"""Which entries answer a query, best first: exact, prefix, synonym, typo, text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from kg.search.index import Entry, FoldedName, Index, Indexed, fold

SHORTEST_TYPO = 4
#: letters typed from which on one slip more is forgiven; a swap of neighbours is one slip
SLIPS = (SHORTEST_TYPO, 6, 11)

EXACT_LABEL, EXACT_NAME, PREFIX_LABEL, PREFIX_NAME, WORDS, TYPO, TEXT = range(7)

#: kinds in the order in which equals are shown
KIND_ORDER = (
    "disease",
    "intervention",
    "situation",
    "feature",
    "problem",
    "goal",
    "hedge",
    "term",
    "claim",
    "sentence",
    "decision",
    "relation",
    "document",
)


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that answers, the name that did so, and how."""

    entry: Entry
    matched: str
    sort: str
    tier: int
    score: float


def search(index: Index, query: str, limit: int = 50) -> list[Hit]:
    """Return at most `limit` hits, best first; an empty query has none."""
    asked = fold(query)
    if not asked:
        return []
    hits = [hit for indexed in index.entries if (hit := _best(indexed, asked)) is not None]
    return sorted(hits, key=_order)[:limit]


def _order(hit: Hit) -> tuple[int, float, int, int, str]:
    kind = KIND_ORDER.index(hit.entry.kind) if hit.entry.kind in KIND_ORDER else len(KIND_ORDER)
    return hit.tier, -hit.score, kind, len(hit.entry.label), hit.entry.label


def _best(indexed: Indexed, asked: str) -> Hit | None:
    """Return the best way in which an entry answers, or None."""
    words = asked.split()
    found = [hit for name in indexed.names for hit in _by_name(indexed.entry, name, asked, words)]
    if not found and len(asked) > 2 and _all_begin(words, indexed.text.split()):
        found = [Hit(indexed.entry, "", "text", TEXT, 0.0)]
    return min(found, key=_order, default=None)


def _by_name(entry: Entry, name: FoldedName, asked: str, words: list[str]) -> Iterator[Hit]:
    """Yield the hits of one name, none or one."""
    tier, score = _tier(name, asked, words)
    if tier is not None:
        yield Hit(entry, name.name.text, name.name.sort, tier, score)


def _tier(name: FoldedName, asked: str, words: list[str]) -> tuple[int | None, float]:
    if name.folded == asked:
        return (EXACT_LABEL if name.main else EXACT_NAME), 0.0
    if name.folded.startswith(asked):
        return (PREFIX_LABEL if name.main else PREFIX_NAME), 0.0
    if f" {asked}" in f" {name.folded}" or _all_begin(words, name.words):
        return WORDS, 1.0 if name.main else 0.0
    return _typo(name, asked)


def _all_begin(parts: Sequence[str], words: Sequence[str]) -> bool:
    """Say whether every part begins a word; a single letter (the T of `CAR-T`) must be a whole one."""
    return all(
        part in words if len(part) == 1 else any(word.startswith(part) for word in words) for part in parts
    )


def _typo(name: FoldedName, asked: str) -> tuple[int | None, float]:
    """Return the typo tier when the whole name or one long word of it is a few slips away."""
    slips = sum(len(asked) >= length for length in SLIPS)
    if not slips or name.name.sort in {"code", "initials"}:
        return None, 0.0
    rivals = [name.folded, *(word for word in name.words if len(word) >= SHORTEST_TYPO)]
    score = max((_alike(asked, rival, slips) for rival in rivals if rival[0] == asked[0]), default=0.0)
    return (TYPO, score) if score else (None, 0.0)


def _alike(asked: str, rival: str, slips: int) -> float:
    """Return how alike two spellings are, 0 to 100; 0 when more than `slips` apart."""
    apart = OSA.distance(asked, rival, score_cutoff=slips)
    return 100 * (1 - apart / max(len(asked), len(rival))) if apart <= slips else 0.0
