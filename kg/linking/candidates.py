"""Which outside terms one entity may be linked to, and why: reasons and a score, never a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from kg.linking.candidate_reasons import (
    AcceptedRow,
    CandidateReason,
    ReasonCollector,
    add_label_reasons,
    add_reference_reasons,
)
from kg.linking.linkable_entities import LinkableEntity
from kg.linking.name_index import NameIndex, OutsideTerm, TermName
from kg.linking.name_similarity import make_head_variants, make_word_bag, normalize_name
from kg.model.identifiers import CurieNormalizer
from kg.model.mapping_sets import MappingCollection, MappingRow

#: what a name of ours and a name of theirs are worth when they are equal.
_ENTITY_NAME_WEIGHTS = {
    "label": 1.0,
    "other name": 0.97,
    "name spelt out": 0.96,
    "brand name": 0.95,
    "spelling in the source": 0.9,
    "text": 1.0,
}
_TERM_NAME_WEIGHTS = {
    "label": 1.0,
    "exact synonym": 0.97,
    "related synonym": 0.85,
    "narrow synonym": 0.8,
    "broad synonym": 0.8,
}
_SAME_WORDS_WEIGHT = 0.96
_SIMILAR_NAME_WEIGHT = 0.92
_XREF_WEIGHT = 0.98
#: what a link of a broader entity of ours is worth: it is a candidate for a broad match.
_BROADER_WEIGHT = 0.8
_BROADER_OR_EQUAL_PREDICATES = ("skos:exactMatch", "skos:closeMatch", "skos:broadMatch")
#: how alike names must be, 0 to 100, to be worth a look; shorter names need more.
_MIN_SIMILARITY = 72.0
#: names of three letters and fewer are only ever compared whole.
_MIN_FUZZY_LENGTH = 4
#: each further reason closes this part of the distance to 1.
_FURTHER_REASON_SHARE = 0.1
_OBSOLETE_PENALTY = 0.3
#: letters a part of a name needs to count, and what it is worth.
_MIN_PART_LENGTH = 5
_PART_WEIGHT = 0.75
#: what is left of the worth when `ALL` meets `all`, an abbreviation a word.
_OTHER_CASE_FACTOR = 0.6
_SIMILAR_NAMES_LIMIT = 40
_HEAD_VARIANT_FACTOR = 0.9
#: a slip of the pen seldom changes the first letter: names that differ there are other words.
_OTHER_INITIAL_FACTOR = 0.7
#: what is left of the worth when theirs is our name and a mark, such as `R2`: one of a series.
_SERIES_MEMBER_FACTOR = 0.7


@dataclass(frozen=True, slots=True)
class Candidate:
    """An outside term for an entity: score 0 to 1; `verdict` is that of the row that has the pair, if any."""

    entity: LinkableEntity
    imported: str
    iri: str
    curie: str
    label: str
    definition: str
    path: tuple[str, ...]
    obsolete: bool
    replaced: str
    score: float
    reasons: tuple[CandidateReason, ...]
    verdict: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class JudgedMappings:
    """What was judged: pairs by verdict, terms each entity is near or linked to, its accepted rows."""

    verdicts: dict[tuple[str, str], str]
    equivalent_targets: dict[str, tuple[str, ...]]
    broader_targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    accepted_rows: dict[str, tuple[AcceptedRow, ...]] = field(default_factory=dict)

    @classmethod
    def from_mappings(cls, mappings: MappingCollection) -> JudgedMappings:
        """Return the verdicts of all mapping files; only exact and close rows lead to further terms."""
        verdicts = {row.subject_and_object: each.verdict for each in mappings.sets for row in each.rows}
        exact: dict[str, list[str]] = defaultdict(list)
        linked: dict[str, list[str]] = defaultdict(list)
        accepted: dict[str, tuple[AcceptedRow, ...]] = defaultdict(tuple)
        for row in mappings.rows():
            accepted[row.subject_id] += ((row.predicate_id, row.object_id, row.object_label),)
            if _is_equivalence(row):
                exact[row.subject_id].append(row.object_id)
            if row.predicate_id in _BROADER_OR_EQUAL_PREDICATES:
                linked[row.subject_id].append(row.object_id)
        near, wide = ({s: tuple(objects) for s, objects in each.items()} for each in (exact, linked))
        return cls(verdicts, near, wide, dict(accepted))


def _is_equivalence(row: MappingRow) -> bool:
    """Say whether a row's object is near enough for its cross-references to count."""
    return row.predicate_id in ("skos:exactMatch", "skos:closeMatch")


def find_candidates(
    entity: LinkableEntity,
    indexes: Sequence[NameIndex],
    judged: JudgedMappings,
    curies: CurieNormalizer,
    top: int = 5,
    shows_verdict: Callable[[str], bool] = lambda verdict: verdict != "rejected",
) -> list[Candidate]:
    """Return the best `top` candidates of an entity in each import; rejected pairs stay silent.

    `keep` says which verdicts ("" for none yet) are shown.
    """
    found: list[Candidate] = []
    seen: set[str] = set()
    for index in indexes:
        reasons = _collect_reasons(entity, index, indexes, judged, curies)
        ranked = sorted(reasons, key=lambda iri: (-_score_reasons(reasons[iri].values()), iri))
        here = 0
        for iri in ranked:
            curie = curies(iri)
            verdict = judged.verdicts.get((entity.curie, curie), "")
            if iri in seen or not shows_verdict(verdict):
                continue
            seen.add(iri)
            found.append(_make_candidate(entity, index, iri, curie, reasons[iri], verdict))
            here += 1
            if here >= top:
                break
    return sorted(found, key=lambda c: (-c.score, c.curie))


def _make_candidate(
    entity: LinkableEntity,
    index: NameIndex,
    iri: str,
    curie: str,
    reasons: dict[str, CandidateReason],
    verdict: str,
) -> Candidate:
    """Return the candidate with all a reader needs to judge it."""
    term = index.find_term(iri) or OutsideTerm(iri, "", "", False, "")
    score = _score_reasons(reasons.values()) * (1 - _OBSOLETE_PENALTY if term.obsolete else 1)
    return Candidate(
        entity=entity,
        imported=index.imported.id,
        iri=iri,
        curie=curie,
        label=term.label,
        definition=term.definition,
        path=index.find_path_to_root(iri),
        obsolete=term.obsolete,
        replaced=term.replaced_by,
        score=round(score, 3),
        reasons=tuple(sorted(reasons.values(), key=lambda reason: -reason.weight)),
        verdict=verdict,
        version=index.imported.version,
    )


def _score_reasons(reasons: Iterable[CandidateReason]) -> float:
    """Return the best reason's worth, drawn a little towards 1 by every further reason."""
    worths = sorted((reason.weight for reason in reasons), reverse=True)
    return 1 - (1 - worths[0]) * (1 - _FURTHER_REASON_SHARE) ** (len(worths) - 1)


def _collect_reasons(
    entity: LinkableEntity,
    index: NameIndex,
    indexes: Sequence[NameIndex],
    judged: JudgedMappings,
    curies: CurieNormalizer,
) -> dict[str, dict[str, CandidateReason]]:
    """Return term -> kind of reason -> the best reason of that kind."""
    notes = ReasonCollector()
    for name, ours in entity.names:
        if norm := normalize_name(name):
            _add_equal_names(name, ours, norm, index, notes)
            _add_partial_names(name, ours, norm, index, notes)
            if len(norm) >= _MIN_FUZZY_LENGTH:
                _add_similar_names(name, ours, norm, index, notes)
    for curie in judged.equivalent_targets.get(entity.curie, ()):
        for iri in index.find_terms_by_xref(curie):
            notes.add_reason(iri, "xref", f"it refers to {curie}, an accepted match", _XREF_WEIGHT)
    add_label_reasons(judged.accepted_rows.get(entity.curie, ()), index, curies, notes)
    add_reference_reasons(judged.equivalent_targets.get(entity.curie, ()), index, indexes, notes)
    for wider in entity.broader:
        for curie in judged.broader_targets.get(wider, ()):
            if term := index.find_term_by_curie(curie):
                notes.add_reason(
                    term.iri, "broader", f"our {wider}, which is broader, is linked to it", _BROADER_WEIGHT
                )
    return notes.by_term


def _add_equal_names(
    name: str, own_kind: str, normalized: str, index: NameIndex, collector: ReasonCollector
) -> None:
    """Note the terms that have one of our names, or one of the same words."""
    for there in index.find_equal(normalized):
        same = there.text == name or len(name) > _MIN_PART_LENGTH or not name.isupper()
        worth = (
            _ENTITY_NAME_WEIGHTS[own_kind]
            * _TERM_NAME_WEIGHTS[there.kind]
            * (1 if same else _OTHER_CASE_FACTOR)
        )
        collector.add_reason(there.iri, "name", _describe_name_match(name, own_kind, "is", there), worth)
    for words in make_head_variants(normalized):
        for there in index.find_same_words(words):
            worth = _ENTITY_NAME_WEIGHTS[own_kind] * _weigh_same_words(there) * _HEAD_VARIANT_FACTOR
            collector.add_reason(
                there.iri, "words", _describe_name_match(name, own_kind, "has the words of", there), worth
            )
    for there in index.find_same_words(make_word_bag(normalized)):
        if normalize_name(there.text) != normalized:
            worth = _ENTITY_NAME_WEIGHTS[own_kind] * _weigh_same_words(there)
            collector.add_reason(
                there.iri, "words", _describe_name_match(name, own_kind, "has the words of", there), worth
            )


def _add_partial_names(
    name: str, own_kind: str, normalized: str, index: NameIndex, collector: ReasonCollector
) -> None:
    """Note the terms that some words in a row of our name are the whole name of: often broader terms."""
    words = normalized.split()
    for length in range(len(words) - 1, 0, -1):
        for first in range(len(words) - length + 1):
            part = " ".join(words[first : first + length])
            if len(part) < _MIN_PART_LENGTH:
                continue
            for there in index.find_equal(part):
                worth = (
                    _ENTITY_NAME_WEIGHTS[own_kind]
                    * _TERM_NAME_WEIGHTS[there.kind]
                    * _PART_WEIGHT
                    * (0.8 + 0.2 * len(part) / len(normalized))
                )
                collector.add_reason(
                    there.iri, "part", _describe_name_match(name, own_kind, "contains", there), worth
                )


def _weigh_same_words(term_name: TermName) -> float:
    """Return what a name with the same words is worth."""
    return _TERM_NAME_WEIGHTS[term_name.kind] * _SAME_WORDS_WEIGHT


def _add_similar_names(
    name: str, own_kind: str, normalized: str, index: NameIndex, collector: ReasonCollector
) -> None:
    """Note the terms whose names look like one of ours, or hold all its words and more."""
    floor, words = _MIN_SIMILARITY + max(0, 8 - len(normalized)) * 2, set(normalized.split())
    for other, names in index.find_similar(normalized, _SIMILAR_NAMES_LIMIT):
        if other == normalized:
            continue
        alike = max(fuzz.ratio(normalized, other), 0.95 * fuzz.token_sort_ratio(normalized, other))
        how, kind, share = "looks like", "alike", _SIMILAR_NAME_WEIGHT * alike / 100
        share *= 1 if normalized[0] == other[0] else _OTHER_INITIAL_FACTOR
        if _is_series_member(set(make_word_bag(normalized).split()), make_word_bag(other).split()):
            share *= _SERIES_MEMBER_FACTOR
        if alike < floor:
            if len(normalized) < _MIN_PART_LENGTH or not words <= set(other.split()):
                continue
            how, kind, share = (
                "is part of",
                "within",
                _PART_WEIGHT * (0.8 + 0.2 * len(normalized) / len(other)),
            )
        for there in names:
            worth = _ENTITY_NAME_WEIGHTS[own_kind] * _TERM_NAME_WEIGHTS[there.kind] * share
            collector.add_reason(
                there.iri, kind, f"{_describe_name_match(name, own_kind, how, there)} ({alike:.0f} %)", worth
            )


def _is_series_member(own_words: set[str], term_words: Sequence[str]) -> bool:
    """Say whether a name is ours and only short marks or numbers more."""
    more = [word for word in term_words if word not in own_words]
    marks = all(len(word) <= 2 or any(c.isdigit() for c in word) for word in more)
    return bool(more) and marks and own_words <= set(term_words)


def _describe_name_match(name: str, own_kind: str, relation: str, term_name: TermName) -> str:
    """Return the sentence that ties a name of ours to one of theirs."""
    return f"our {own_kind} {name!r} {relation} its {term_name.kind} {term_name.text!r}"
