"""Why an outside term is a candidate: a sentence and a weight for each kind of evidence, the best one kept.

A weight is an estimate, from 0 to 1, of how often such a term is an accepted link. The constants were chosen
on the accepted rows of MONDO, HP and ChEBI (benchmarks/import/link_recall.py); only their order matters much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from kg.linking.name_index import NameIndex, TermName
from kg.linking.name_similarity import make_head_variants, make_word_bag, normalize_name

#: kind of name of an entity -> weight when it is equal to a label of the term
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
_PART_WEIGHT = 0.75
_XREF_WEIGHT = 0.98
_REFERENCE_WEIGHT = 0.85
#: a target of a broader entity is a candidate for a broad match
_BROADER_WEIGHT = 0.8
#: predicate of an accepted row -> weight of its label as a further name of the entity
_ACCEPTED_LABEL_WEIGHTS = {
    "skos:exactMatch": 0.9,
    "skos:closeMatch": 0.88,
    "skos:broadMatch": 0.8,
    "skos:narrowMatch": 0.75,
    "skos:relatedMatch": 0.75,
}
_SYNONYM_OF_LABEL_FACTOR = 0.85
_HEAD_VARIANT_OF_LABEL_FACTOR = 0.95

#: factors for weaker evidence of the same kind
_OTHER_CASE_FACTOR = 0.6  # `CAT` and `cat`: an abbreviation and a word
_HEAD_VARIANT_FACTOR = 0.9
_OTHER_INITIAL_FACTOR = 0.7  # misspellings seldom change the first letter
_SERIES_MEMBER_FACTOR = 0.7  # the other name has a mark more, as in `R2`: one of a series

#: rapidfuzz similarity, 0 to 100, from which a name counts as similar; short names need more
_MIN_SIMILARITY = 72.0
_SHORT_NAME_LETTERS, _SHORT_NAME_MARGIN = 8, 2
#: names with fewer letters are compared for equality only
_MIN_FUZZY_LENGTH = 4
#: letters that a part of a name needs to be looked up by itself
_MIN_PART_LENGTH = 5
_SIMILAR_NAMES_LIMIT = 40

#: predicate, identifier and label of an accepted row
AcceptedRow = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class CandidateReason:
    """Why a term is a candidate: a sentence, and its weight (0 to 1)."""

    sentence: str
    weight: float


class ReasonCollector:
    """Term -> kind of reason -> the best reason of that kind."""

    def __init__(self) -> None:
        self.by_term: dict[str, dict[str, CandidateReason]] = defaultdict(dict)

    def add_reason(self, iri: str, kind: str, sentence: str, weight: float) -> None:
        """Keep a reason if it is the best of its kind for the term."""
        kinds = self.by_term[iri]
        if kind not in kinds or kinds[kind].weight < weight:
            kinds[kind] = CandidateReason(sentence, round(weight, 3))


@dataclass(frozen=True, slots=True)
class _EntityName:
    """A name of the entity: as written, its kind, its normal form."""

    text: str
    kind: str
    normalized: str

    def weigh(self, term_name: TermName) -> float:
        """Return the weight of a match with one name of a term, before any factor."""
        return _ENTITY_NAME_WEIGHTS[self.kind] * _TERM_NAME_WEIGHTS[term_name.kind]

    def describe_match(self, relation: str, term_name: TermName) -> str:
        """Return the sentence that relates this name to one of a term."""
        owner = "the" if self.kind == "text" else "project"
        return f"{owner} {self.kind} {self.text!r} {relation} its {term_name.kind} {term_name.text!r}"


# -- names of the entity ---


def add_name_reasons(name: str, kind: str, index: NameIndex, collector: ReasonCollector) -> None:
    """Add the terms with a name that is equal to `name`, has its words, is part of it or is similar to it."""
    normalized = normalize_name(name)
    if not normalized:
        return
    entity_name = _EntityName(name, kind, normalized)
    _add_equal_names(entity_name, index, collector)
    _add_same_words(entity_name, index, collector)
    _add_parts_of_name(entity_name, index, collector)
    if len(normalized) >= _MIN_FUZZY_LENGTH:
        _add_similar_names(entity_name, index, collector)


def _add_equal_names(name: _EntityName, index: NameIndex, collector: ReasonCollector) -> None:
    """Add the terms with this name; a short one in capitals must be written alike to count in full."""
    is_abbreviation = len(name.text) <= _MIN_PART_LENGTH and name.text.isupper()
    for term_name in index.find_equal(name.normalized):
        factor = _OTHER_CASE_FACTOR if is_abbreviation and term_name.text != name.text else 1
        sentence = name.describe_match("equals", term_name)
        collector.add_reason(term_name.iri, "name", sentence, name.weigh(term_name) * factor)


def _add_same_words(name: _EntityName, index: NameIndex, collector: ReasonCollector) -> None:
    """Add the terms with the same words in another order, spelling or number, or with another head word."""
    for words in make_head_variants(name.normalized):
        for term_name in index.find_same_words(words):
            weight = name.weigh(term_name) * _SAME_WORDS_WEIGHT * _HEAD_VARIANT_FACTOR
            sentence = name.describe_match("has the words of", term_name)
            collector.add_reason(term_name.iri, "words", sentence, weight)
    for term_name in index.find_same_words(make_word_bag(name.normalized)):
        if normalize_name(term_name.text) != name.normalized:
            weight = name.weigh(term_name) * _SAME_WORDS_WEIGHT
            sentence = name.describe_match("has the words of", term_name)
            collector.add_reason(term_name.iri, "words", sentence, weight)


def _add_parts_of_name(name: _EntityName, index: NameIndex, collector: ReasonCollector) -> None:
    """Add the terms whose name is a run of words inside this one: often broader terms."""
    words = name.normalized.split()
    for length in range(len(words) - 1, 0, -1):
        for first in range(len(words) - length + 1):
            part = " ".join(words[first : first + length])
            if len(part) < _MIN_PART_LENGTH:
                continue
            factor = _weigh_part(part, name.normalized)
            for term_name in index.find_equal(part):
                sentence = name.describe_match("contains", term_name)
                collector.add_reason(term_name.iri, "part", sentence, name.weigh(term_name) * factor)


def _weigh_part(part: str, name: str) -> float:
    """Return the factor of a name that is part of another; the more of it, the higher."""
    return _PART_WEIGHT * (0.8 + 0.2 * len(part) / len(name))


def _add_similar_names(name: _EntityName, index: NameIndex, collector: ReasonCollector) -> None:
    """Add the terms whose names look like this one, or contain all its words and more."""
    own = name.normalized
    threshold = _MIN_SIMILARITY + max(0, _SHORT_NAME_LETTERS - len(own)) * _SHORT_NAME_MARGIN
    for other, term_names in index.find_similar(own, _SIMILAR_NAMES_LIMIT):
        if other == own:
            continue
        similarity = max(fuzz.ratio(own, other), 0.95 * fuzz.token_sort_ratio(own, other))
        if similarity >= threshold:
            relation, kind, factor = "looks like", "alike", _weigh_similarity(own, other, similarity)
        elif len(own) >= _MIN_PART_LENGTH and set(own.split()) <= set(other.split()):
            relation, kind, factor = "is part of", "within", _weigh_part(own, other)
        else:
            continue
        for term_name in term_names:
            sentence = f"{name.describe_match(relation, term_name)} ({similarity:.0f} %)"
            collector.add_reason(term_name.iri, kind, sentence, name.weigh(term_name) * factor)


def _weigh_similarity(name: str, other: str, similarity: float) -> float:
    """Return the factor of a name that looks like another."""
    factor = _SIMILAR_NAME_WEIGHT * similarity / 100
    if name[0] != other[0]:
        factor *= _OTHER_INITIAL_FACTOR
    if _is_series_member(set(make_word_bag(name).split()), make_word_bag(other).split()):
        factor *= _SERIES_MEMBER_FACTOR
    return factor


def _is_series_member(own_words: set[str], other_words: Sequence[str]) -> bool:
    """Return whether the other name has all words of this one and further only marks or numbers."""
    further = [word for word in other_words if word not in own_words]
    are_marks = all(len(word) <= 2 or any(c.isdigit() for c in word) for word in further)
    return bool(further) and are_marks and own_words <= set(other_words)


# -- what was accepted already ---


def add_xref_reasons(accepted_targets: Sequence[str], index: NameIndex, collector: ReasonCollector) -> None:
    """Add the terms with a cross-reference to an accepted target of the entity."""
    for curie in accepted_targets:
        for iri in index.find_terms_by_xref(curie):
            collector.add_reason(iri, "xref", f"it refers to {curie}, an accepted match", _XREF_WEIGHT)


def add_label_reasons(
    rows: Sequence[AcceptedRow], index: NameIndex, to_curie: Callable[[str], str], collector: ReasonCollector
) -> None:
    """Add the terms with the label of a term that was accepted in another vocabulary."""
    for predicate, curie, label in rows:
        prefix = curie.partition(":")[0]
        for term_name, factor in _find_names_of_label(label, index):
            if to_curie(term_name.iri).partition(":")[0] == prefix:
                continue
            weight = _ACCEPTED_LABEL_WEIGHTS.get(predicate, 0.0) * factor
            if term_name.kind in ("label", "exact synonym"):
                weight *= _TERM_NAME_WEIGHTS[term_name.kind]
            else:
                weight *= _SYNONYM_OF_LABEL_FACTOR
            match = predicate.partition(":")[2]
            sentence = f"{curie} {label!r}, accepted as {match}, is its {term_name.kind} {term_name.text!r}"
            collector.add_reason(term_name.iri, "label elsewhere", sentence, weight)


def _find_names_of_label(label: str, index: NameIndex) -> Iterator[tuple[TermName, float]]:
    """Yield the names equal to a label, and those with its words or another head word, with their factors."""
    normalized = normalize_name(label)
    if not normalized:
        return
    for term_name in index.find_equal(normalized):
        yield term_name, 1.0
    for words in dict.fromkeys((make_word_bag(normalized), *make_head_variants(normalized))):
        for term_name in index.find_same_words(words):
            yield term_name, _HEAD_VARIANT_OF_LABEL_FACTOR


def add_reference_reasons(
    accepted_targets: Sequence[str],
    index: NameIndex,
    indexes: Sequence[NameIndex],
    collector: ReasonCollector,
) -> None:
    """Add the terms two cross-references away from an accepted target, through a term of any import."""
    for curie in accepted_targets:
        for other in indexes:
            for iri in (*_find_term_iri(other, curie), *other.find_terms_by_xref(curie)):
                for referenced in other.get_xrefs(iri):
                    term = index.find_term_by_curie(referenced)
                    if term and referenced != curie:
                        sentence = f"{other.imported.id} maps it to {curie}, an accepted match"
                        collector.add_reason(term.iri, "reference", sentence, _REFERENCE_WEIGHT)


def _find_term_iri(index: NameIndex, curie: str) -> list[str]:
    term = index.find_term_by_curie(curie)
    return [term.iri] if term else []


def add_broader_reasons(
    broader_entity: str, targets: Sequence[str], index: NameIndex, collector: ReasonCollector
) -> None:
    """Add the targets of a broader entity."""
    sentence = f"{broader_entity}, a broader entity of the project, is linked to it"
    for curie in targets:
        if term := index.find_term_by_curie(curie):
            collector.add_reason(term.iri, "broader", sentence, _BROADER_WEIGHT)
