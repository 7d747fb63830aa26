"""Why a term is a candidate: sentences with a worth, the best of each kind kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kg.linking.name_index import NameIndex, TermName
from kg.linking.name_similarity import make_head_variants, make_word_bag, normalize_name


@dataclass(frozen=True, slots=True)
class CandidateReason:
    """Why a term is a candidate: a sentence, and what it is worth (0 to 1)."""

    sentence: str
    weight: float


class ReasonCollector:
    """Term -> kind of reason -> the best reason of that kind."""

    def __init__(self) -> None:
        """Begin with no term."""
        self.by_term: dict[str, dict[str, CandidateReason]] = defaultdict(dict)

    def add_reason(self, iri: str, kind: str, sentence: str, weight: float) -> None:
        """Keep a reason if it is the best of its kind."""
        kinds = self.by_term[iri]
        if kind not in kinds or kinds[kind].weight < weight:
            kinds[kind] = CandidateReason(sentence, round(weight, 3))


#: MERGED kg.linking.bridges
#: MERGED Candidates by way of what was accepted elsewhere: labels, and references through a third term.


#: what a label of an accepted row is worth as a name of ours, by the predicate of the row
_PREDICATE_WEIGHTS = {
    "skos:exactMatch": 0.9,
    "skos:closeMatch": 0.88,
    "skos:broadMatch": 0.8,
    "skos:narrowMatch": 0.75,
    "skos:relatedMatch": 0.75,
}
_NAME_KIND_WEIGHTS = {"label": 1.0, "exact synonym": 0.97}
_OTHER_KIND_WEIGHT = 0.85
_HEAD_VARIANT_WEIGHT = 0.95
_REFERENCE_WEIGHT = 0.85

#: predicate, identifier and label of an accepted row
AcceptedRow = tuple[str, str, str]


def add_label_reasons(
    rows: Sequence[AcceptedRow], index: NameIndex, to_curie: Callable[[str], str], collector: ReasonCollector
) -> None:
    """Note the terms called as an accepted term of another vocabulary is."""
    for predicate, curie, label in rows:
        prefix = curie.partition(":")[0]
        for there, share in _find_names_of_label(label, index):
            if to_curie(there.iri).partition(":")[0] != prefix:
                worth = (
                    _PREDICATE_WEIGHTS.get(predicate, 0.0)
                    * share
                    * _NAME_KIND_WEIGHTS.get(there.kind, _OTHER_KIND_WEIGHT)
                )
                said = f"{curie} {label!r}, accepted as {predicate.partition(':')[2]}, is its {there.kind}"
                collector.add_reason(there.iri, "label elsewhere", f"{said} {there.text!r}", worth)


def _find_names_of_label(label: str, index: NameIndex) -> Iterator[tuple[TermName, float]]:
    """Yield the names equal to a label, and those with another word for agent or treatment."""
    if not (norm := normalize_name(label)):
        return
    for there in index.find_equal(norm):
        yield there, 1.0
    for words in dict.fromkeys((make_word_bag(norm), *make_head_variants(norm))):
        for there in index.find_same_words(words):
            yield there, _HEAD_VARIANT_WEIGHT


def add_reference_reasons(
    accepted_targets: Sequence[str],
    index: NameIndex,
    indexes: Sequence[NameIndex],
    collector: ReasonCollector,
) -> None:
    """Note the terms two references away from an accepted term, by way of a term of any import."""
    for curie in accepted_targets:
        for other in indexes:
            middle = [term.iri] if (term := other.find_term_by_curie(curie)) else []
            for iri in (*middle, *other.find_terms_by_xref(curie)):
                for beyond in other.get_xrefs(iri):
                    found = index.find_term_by_curie(beyond)
                    if found and beyond != curie:
                        by = f"{other.imported.id} ties it to {curie}, an accepted match"
                        collector.add_reason(found.iri, "reference", by, _REFERENCE_WEIGHT)
