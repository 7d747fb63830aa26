"""The names that drafts of claims are made with, and where a text has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kg.model.triple_index import TripleIndex
from kg.namespaces import KG, PREFIXES, RDFS, compress_iri, get_local_name
from kg.texts.claim_wording import HedgeWording, WordingReader
from kg.texts.lexicon import Interval, compile_phrases, find_whole_forms, fold_phrase
from kg.texts.segmentation import SegmentRow

_MAX_NAME_WORDS = 7


@dataclass(frozen=True, slots=True)
class NamedMention:
    """A thing named in a text: its CURIE, where, and whether the words name nothing else of its kind."""

    thing: str
    start: int
    end: int
    is_only: bool = True


@dataclass(frozen=True, slots=True)
class DraftVocabulary:
    """The names that drafts are made with: by kind of thing, its IRI and forms; the features of situations.

    `stated` are the features that a text can state of patients: not the disease, not the population.
    `hedge_kinds` has the local name of the kind of each hedge.
    """

    forms: Mapping[str, Mapping[str, frozenset[str]]]
    situations: Mapping[str, frozenset[str]]
    breadth: Mapping[str, int]  # situation -> how many features it has with those of broader ones
    hedges: Mapping[str, HedgeWording]
    hedge_kinds: Mapping[str, str] = field(default_factory=dict)
    stated: frozenset[str] = field(default_factory=frozenset)
    acronyms: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def from_concepts(cls, concepts: TripleIndex, reader: WordingReader) -> DraftVocabulary:
        """Return the vocabulary of the project's own concepts."""
        kinds = {
            kind: {
                iri: frozenset(f for form in reader.find_forms(iri) for f in (form, *_make_plurals(form)))
                for iri in concepts.list_subjects(PREFIXES[kind])
            }
            for kind in ("int", "feat", "goal", "prob")
        }
        for feature in kinds["feat"]:
            linked = concepts.list_texts(feature, KG["featureOfDisease"], KG["featureOfProblem"])
            kinds["feat"][feature] |= {form for iri in linked for form in reader.find_forms(iri)}
        situations = {
            iri: frozenset(concepts.list_texts(iri, KG["hasFeature"]))
            for iri in concepts.list_subjects(PREFIXES["sit"])
        }
        stated = {
            compress_iri(feature)
            for feature in kinds["feat"]
            if not concepts.get_text(feature, KG["featureOfDisease"])
            and not concepts.has_type(feature, KG["Population"])
        }
        hedge_kinds = {iri: get_local_name(concepts.get_text(iri, KG["hedgeKind"])) for iri in reader.hedges}
        breadth = {
            iri: len(
                own.union(*(situations.get(b, ()) for b in concepts.list_texts(iri, KG["broaderSituation"])))
            )
            for iri, own in situations.items()
        }
        return cls(kinds, situations, breadth, reader.hedges, hedge_kinds, frozenset(stated), reader.acronyms)

    def find_mentions(self, words: str, kind: str) -> list[NamedMention]:
        """Return the things of a kind that some words name, in order; a longer name hides one inside it."""
        places: dict[Interval, list[str]] = {}
        for iri, forms in sorted(self.forms[kind].items(), reverse=True):
            for place in find_whole_forms(forms, words):
                places.setdefault(place, []).append(compress_iri(iri))
        return [
            NamedMention(thing, a, b, len(things) == 1)
            for (a, b), things in sorted(places.items())
            for thing in sorted(things)
            if not any((c, d) != (a, b) and c <= a and b <= d for c, d in places)
            and (words[a:b] != "all" or words[a:b] in self.acronyms)
        ]


def _make_plurals(form: str) -> Iterator[str]:
    """Yield the plural of a form, or its singular."""
    if len(form) > 3 and form[-1].isalpha():
        yield form[:-1] if form.endswith("s") else f"{form}s"
        if form.endswith("y"):
            yield f"{form[:-1]}ies"


def collect_labels(concepts: TripleIndex) -> dict[str, str]:
    """Return the label of each concept by its CURIE."""
    return {compress_iri(iri): concepts.get_text(iri, RDFS["label"]) for iri in concepts.list_subjects()}


@dataclass(frozen=True, slots=True)
class ConceptProposal:
    """Words that name something for which there is no concept, and the outside terms of that name."""

    words: str
    segment: str
    why: str
    candidates: tuple[str, ...] = ()


def propose_concepts(
    segments: Iterable[SegmentRow],
    text: str,
    vocabulary: DraftVocabulary,
    outside_names: Mapping[str, tuple[str, ...]],
) -> Iterator[ConceptProposal]:
    """Yield words without a concept: outside names that the text prints, list items that name nothing.

    `outside_names` has the folded words that imports know, each with the CURIEs of terms of that name.
    """
    known = {form for things in vocabulary.forms.values() for forms in things.values() for form in forms}
    names = sorted(set(outside_names) - known, key=lambda name: (-len(name), name))
    pattern = compile_phrases(names or ["\0"])
    seen: set[str] = set()
    for segment in segments:
        words = text[segment.start : segment.end]
        found = {
            fold_phrase(match.group()): "an import has this name"
            for match in pattern.finditer(words)
        }  # fmt: skip
        item = fold_phrase(words).strip(" .-\u2022*")
        if segment.governor and len(item.split()) <= _MAX_NAME_WORDS:
            if not any(vocabulary.find_mentions(words, kind) for kind in vocabulary.forms):
                found.setdefault(item, f"a list item under {segment.governor} that names nothing known")
        for name, why in found.items():
            if name not in seen:
                yield ConceptProposal(name, segment.segment, why, outside_names.get(name, ()))
        seen |= found.keys()
