"""Candidates by way of what was accepted elsewhere: labels, and references through a third term."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kg.linking.index import Name, NameIndex
from kg.linking.names import bag, headed, normal
from kg.linking.reasons import Notes

#: what a label of an accepted row is worth as a name of ours, by the predicate of the row
_LABEL = {
    "skos:exactMatch": 0.9,
    "skos:closeMatch": 0.88,
    "skos:broadMatch": 0.8,
    "skos:narrowMatch": 0.75,
    "skos:relatedMatch": 0.75,
}
_KIND = {"label": 1.0, "exact synonym": 0.97}
_OTHER_KIND = 0.85
_OTHER_HEAD = 0.95
_SECOND_STEP = 0.85

#: predicate, identifier and label of an accepted row
Row = tuple[str, str, str]


def by_labels(rows: Sequence[Row], index: NameIndex, curies: Callable[[str], str], notes: Notes) -> None:
    """Note the terms called as an accepted term of another vocabulary is."""
    for predicate, curie, label in rows:
        prefix = curie.partition(":")[0]
        for there, share in _called(label, index):
            if curies(there.iri).partition(":")[0] != prefix:
                worth = _LABEL.get(predicate, 0.0) * share * _KIND.get(there.kind, _OTHER_KIND)
                said = f"{curie} {label!r}, accepted as {predicate.partition(':')[2]}, is its {there.kind}"
                notes.add(there.iri, "label elsewhere", f"{said} {there.text!r}", worth)


def _called(label: str, index: NameIndex) -> Iterator[tuple[Name, float]]:
    """Yield the names equal to a label, and those with another word for agent or treatment."""
    if not (norm := normal(label)):
        return
    for there in index.equal(norm):
        yield there, 1.0
    for words in dict.fromkeys((bag(norm), *headed(norm))):
        for there in index.same_words(words):
            yield there, _OTHER_HEAD


def by_references(near: Sequence[str], index: NameIndex, indexes: Sequence[NameIndex], notes: Notes) -> None:
    """Note the terms two references away from an accepted term, by way of a term of any import."""
    for curie in near:
        for other in indexes:
            middle = [term.iri] if (term := other.called(curie)) else []
            for iri in (*middle, *other.with_xref(curie)):
                for beyond in other.xrefs(iri):
                    found = index.called(beyond)
                    if found and beyond != curie:
                        by = f"{other.imported.id} ties it to {curie}, an accepted match"
                        notes.add(found.iri, "reference", by, _SECOND_STEP)
