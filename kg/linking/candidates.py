"""Which outside terms one entity may be linked to, and why: reasons and a score, never a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from kg.linking.bridges import Row, by_labels, by_references
from kg.linking.curies import Curies
from kg.linking.entities import Entity
from kg.linking.index import Name, NameIndex, Term
from kg.linking.names import bag, headed, normal
from kg.linking.reasons import Notes, Reason
from kg.mappings.rows import Mapping, Mappings

#: what a name of ours and a name of theirs are worth when they are equal.
_OURS = {
    "label": 1.0,
    "other name": 0.97,
    "name spelt out": 0.96,
    "brand name": 0.95,
    "spelling in the source": 0.9,
    "text": 1.0,
}
_THEIRS = {
    "label": 1.0,
    "exact synonym": 0.97,
    "related synonym": 0.85,
    "narrow synonym": 0.8,
    "broad synonym": 0.8,
}
_SAME_WORDS = 0.96
_FUZZY = 0.92
_XREF = 0.98
#: what a link of a broader entity of ours is worth: it is a candidate for a broad match.
_BROADER = 0.8
_AT_LEAST_AS_WIDE = ("skos:exactMatch", "skos:closeMatch", "skos:broadMatch")
#: how alike names must be, 0 to 100, to be worth a look; shorter names need more.
_ALIKE = 72.0
#: names of three letters and fewer are only ever compared whole.
_SHORT = 4
#: each further reason closes this part of the distance to 1.
_MORE = 0.1
_OBSOLETE = 0.3
#: letters a part of a name needs to count, and what it is worth.
_PART = 5
_PART_WORTH = 0.75
#: what is left of the worth when `ALL` meets `all`, an abbreviation a word.
_OTHER_CASE = 0.6
_NEAR = 40
_OTHER_HEAD = 0.9
#: a slip of the pen seldom changes the first letter: names that differ there are other words.
_OTHER_START = 0.7
#: what is left of the worth when theirs is our name and a mark, such as `R2`: one of a series.
_ONE_OF_A_SERIES = 0.7


@dataclass(frozen=True, slots=True)
class Candidate:
    """An outside term for an entity: score 0 to 1; `verdict` is that of the row that has the pair, if any."""

    entity: Entity
    imported: str
    iri: str
    curie: str
    label: str
    definition: str
    path: tuple[str, ...]
    obsolete: bool
    replaced: str
    score: float
    reasons: tuple[Reason, ...]
    verdict: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was judged: pairs by verdict, terms each entity is near or linked to, its accepted rows."""

    verdicts: dict[tuple[str, str], str]
    exact: dict[str, tuple[str, ...]]
    linked: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: dict[str, tuple[Row, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, mappings: Mappings) -> Judged:
        """Return the verdicts of all mapping files; only exact and close rows lead to further terms."""
        verdicts = {row.pair: each.verdict for each in mappings.sets for row in each.rows}
        exact: dict[str, list[str]] = defaultdict(list)
        linked: dict[str, list[str]] = defaultdict(list)
        accepted: dict[str, tuple[Row, ...]] = defaultdict(tuple)
        for row in mappings.rows():
            accepted[row.subject_id] += ((row.predicate_id, row.object_id, row.object_label),)
            if _leads(row):
                exact[row.subject_id].append(row.object_id)
            if row.predicate_id in _AT_LEAST_AS_WIDE:
                linked[row.subject_id].append(row.object_id)
        near, wide = ({s: tuple(objects) for s, objects in each.items()} for each in (exact, linked))
        return cls(verdicts, near, wide, dict(accepted))


def _leads(row: Mapping) -> bool:
    """Say whether a row's object is near enough for its cross-references to count."""
    return row.predicate_id in ("skos:exactMatch", "skos:closeMatch")


def candidates(
    entity: Entity,
    indexes: Sequence[NameIndex],
    judged: Judged,
    curies: Curies,
    top: int = 5,
    keep: Callable[[str], bool] = lambda verdict: verdict != "rejected",
) -> list[Candidate]:
    """Return the best `top` candidates of an entity in each import; rejected pairs stay silent.

    `keep` says which verdicts ("" for none yet) are shown.
    """
    found: list[Candidate] = []
    seen: set[str] = set()
    for index in indexes:
        reasons = _reasons(entity, index, indexes, judged, curies)
        ranked = sorted(reasons, key=lambda iri: (-_score(reasons[iri].values()), iri))
        here = 0
        for iri in ranked:
            curie = curies(iri)
            verdict = judged.verdicts.get((entity.curie, curie), "")
            if iri in seen or not keep(verdict):
                continue
            seen.add(iri)
            found.append(_candidate(entity, index, iri, curie, reasons[iri], verdict))
            here += 1
            if here >= top:
                break
    return sorted(found, key=lambda c: (-c.score, c.curie))


def _candidate(
    entity: Entity, index: NameIndex, iri: str, curie: str, reasons: dict[str, Reason], verdict: str
) -> Candidate:
    """Return the candidate with all a reader needs to judge it."""
    term = index.term(iri) or Term(iri, "", "", False, "")
    score = _score(reasons.values()) * (1 - _OBSOLETE if term.obsolete else 1)
    return Candidate(
        entity=entity,
        imported=index.imported.id,
        iri=iri,
        curie=curie,
        label=term.label,
        definition=term.definition,
        path=index.path(iri),
        obsolete=term.obsolete,
        replaced=term.replaced,
        score=round(score, 3),
        reasons=tuple(sorted(reasons.values(), key=lambda reason: -reason.worth)),
        verdict=verdict,
        version=index.imported.version,
    )


def _score(reasons: Iterable[Reason]) -> float:
    """Return the best reason's worth, drawn a little towards 1 by every further reason."""
    worths = sorted((reason.worth for reason in reasons), reverse=True)
    return 1 - (1 - worths[0]) * (1 - _MORE) ** (len(worths) - 1)


def _reasons(
    entity: Entity, index: NameIndex, indexes: Sequence[NameIndex], judged: Judged, curies: Curies
) -> dict[str, dict[str, Reason]]:
    """Return term -> kind of reason -> the best reason of that kind."""
    notes = Notes()
    for name, ours in entity.names:
        if norm := normal(name):
            _equal(name, ours, norm, index, notes)
            _parts(name, ours, norm, index, notes)
            if len(norm) >= _SHORT:
                _alike(name, ours, norm, index, notes)
    for curie in judged.exact.get(entity.curie, ()):
        for iri in index.with_xref(curie):
            notes.add(iri, "xref", f"it refers to {curie}, an accepted match", _XREF)
    by_labels(judged.rows.get(entity.curie, ()), index, curies, notes)
    by_references(judged.exact.get(entity.curie, ()), index, indexes, notes)
    for wider in entity.broader:
        for curie in judged.linked.get(wider, ()):
            if term := index.called(curie):
                notes.add(term.iri, "broader", f"our {wider}, which is broader, is linked to it", _BROADER)
    return notes.found


def _equal(name: str, ours: str, norm: str, index: NameIndex, notes: Notes) -> None:
    """Note the terms that have one of our names, or one of the same words."""
    for there in index.equal(norm):
        same = there.text == name or len(name) > _PART or not name.isupper()
        worth = _OURS[ours] * _THEIRS[there.kind] * (1 if same else _OTHER_CASE)
        notes.add(there.iri, "name", _says(name, ours, "is", there), worth)
    for words in headed(norm):
        for there in index.same_words(words):
            worth = _OURS[ours] * _theirs(there) * _OTHER_HEAD
            notes.add(there.iri, "words", _says(name, ours, "has the words of", there), worth)
    for there in index.same_words(bag(norm)):
        if normal(there.text) != norm:
            worth = _OURS[ours] * _theirs(there)
            notes.add(there.iri, "words", _says(name, ours, "has the words of", there), worth)


def _parts(name: str, ours: str, norm: str, index: NameIndex, notes: Notes) -> None:
    """Note the terms that some words in a row of our name are the whole name of: often broader terms."""
    words = norm.split()
    for length in range(len(words) - 1, 0, -1):
        for first in range(len(words) - length + 1):
            part = " ".join(words[first : first + length])
            if len(part) < _PART:
                continue
            for there in index.equal(part):
                worth = _OURS[ours] * _THEIRS[there.kind] * _PART_WORTH * (0.8 + 0.2 * len(part) / len(norm))
                notes.add(there.iri, "part", _says(name, ours, "contains", there), worth)


def _theirs(there: Name) -> float:
    """Return what a name with the same words is worth."""
    return _THEIRS[there.kind] * _SAME_WORDS


def _alike(name: str, ours: str, norm: str, index: NameIndex, notes: Notes) -> None:
    """Note the terms whose names look like one of ours, or hold all its words and more."""
    floor, words = _ALIKE + max(0, 8 - len(norm)) * 2, set(norm.split())
    for other, names in index.near(norm, _NEAR):
        if other == norm:
            continue
        alike = max(fuzz.ratio(norm, other), 0.95 * fuzz.token_sort_ratio(norm, other))
        how, kind, share = "looks like", "alike", _FUZZY * alike / 100
        share *= 1 if norm[0] == other[0] else _OTHER_START
        if _numbered(set(bag(norm).split()), bag(other).split()):
            share *= _ONE_OF_A_SERIES
        if alike < floor:
            if len(norm) < _PART or not words <= set(other.split()):
                continue
            how, kind, share = "is part of", "within", _PART_WORTH * (0.8 + 0.2 * len(norm) / len(other))
        for there in names:
            worth = _OURS[ours] * _THEIRS[there.kind] * share
            notes.add(there.iri, kind, f"{_says(name, ours, how, there)} ({alike:.0f} %)", worth)


def _numbered(ours: set[str], theirs: Sequence[str]) -> bool:
    """Say whether a name is ours and only short marks or numbers more."""
    more = [word for word in theirs if word not in ours]
    marks = all(len(word) <= 2 or any(c.isdigit() for c in word) for word in more)
    return bool(more) and marks and ours <= set(theirs)


def _says(name: str, ours: str, how: str, there: Name) -> str:
    """Return the sentence that ties a name of ours to one of theirs."""
    return f"our {ours} {name!r} {how} its {there.kind} {there.text!r}"
