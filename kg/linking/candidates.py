"""Which outside terms one entity may be linked to, and why: reasons and a score, never a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from rapidfuzz import fuzz

from kg.errors import KgError, NotFound
from kg.linking.entities import Entity
from kg.linking.index import Name, NameIndex, Term
from kg.linking.names import bag, normal
from kg.mappings.prefixes import Prefixes
from kg.mappings.rows import Mapping, Mappings
from kg.namespaces import OBO

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


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a term is a candidate: a sentence, and what it is worth (0 to 1)."""

    sentence: str
    worth: float


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
    """What was judged: pairs by verdict, the terms each entity is near to, and all that it is linked to."""

    verdicts: dict[tuple[str, str], str]
    exact: dict[str, tuple[str, ...]]
    linked: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, mappings: Mappings) -> Judged:
        """Return the verdicts of all mapping files; only exact and close rows lead to further terms."""
        verdicts: dict[tuple[str, str], str] = {}
        exact: dict[str, list[str]] = defaultdict(list)
        linked: dict[str, list[str]] = defaultdict(list)
        for mapping_set in mappings.sets:
            for row in mapping_set.rows:
                verdicts[row.pair] = mapping_set.verdict
                if mapping_set.verdict == "accepted" and _leads(row):
                    exact[row.subject_id].append(row.object_id)
                if mapping_set.verdict == "accepted" and row.predicate_id in _AT_LEAST_AS_WIDE:
                    linked[row.subject_id].append(row.object_id)
        near, wide = ({s: tuple(objects) for s, objects in each.items()} for each in (exact, linked))
        return cls(verdicts, near, wide)


def _leads(row: Mapping) -> bool:
    """Say whether a row's object is near enough for its cross-references to count."""
    return row.predicate_id in ("skos:exactMatch", "skos:closeMatch")


class Curies:
    """The one spelling of outside identifiers and IRIs; those of unknown vocabularies stay as they are."""

    def __init__(self, prefixes: Prefixes) -> None:
        """Use the vocabularies of `prefixes`."""
        self._prefixes = prefixes
        self._unknown: set[str] = set()

    def __call__(self, spelling: str) -> str:
        """Return the CURIE of an IRI or a CURIE in any spelling."""
        purl = self._purl(spelling)
        for form in (spelling, purl) if purl else (spelling,):
            prefix = form.rpartition("/")[0] or form.partition(":")[0]
            if prefix in self._unknown:
                continue
            try:
                return str(self._prefixes.parse(form))
            except NotFound:
                self._unknown.add(prefix)
            except KgError:
                continue
        return self._by_host(spelling) or purl or spelling

    def iri(self, curie: str) -> str:
        """Return the IRI of a CURIE, or the text itself when its vocabulary is not known."""
        try:
            return self._prefixes.iri(self._prefixes.parse(curie))
        except KgError:
            return curie

    def _by_host(self, iri: str) -> str:
        """Return the CURIE of a page's address where a part of it names the vocabulary, else nothing."""
        parts = urlsplit(iri)
        if not parts.hostname:
            return ""
        *path, local = parts.path.split("/")
        for name in (*parts.hostname.split("."), *path):
            if name and name not in self._unknown:
                try:
                    return str(self._prefixes.parse(f"{name}:{local}"))
                except NotFound:
                    self._unknown.add(name)
                except KgError:
                    continue
        return ""

    def _purl(self, iri: str) -> str:
        """Return `PREFIX:local` of an OBO Foundry IRI, else nothing."""
        prefix, underscore, local = iri.removeprefix(OBO).partition("_")
        return f"{prefix}:{local}" if iri.startswith(OBO) and underscore else ""


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
        reasons = _reasons(entity, index, judged, curies)
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


class _Notes:
    """Term -> kind of reason -> the best reason of that kind."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Reason]] = defaultdict(dict)

    def add(self, iri: str, kind: str, sentence: str, worth: float) -> None:
        """Keep a reason if it is the best of its kind."""
        kinds = self.found[iri]
        if kind not in kinds or kinds[kind].worth < worth:
            kinds[kind] = Reason(sentence, round(worth, 3))


def _reasons(
    entity: Entity, index: NameIndex, judged: Judged, curies: Curies
) -> dict[str, dict[str, Reason]]:
    """Return term -> kind of reason -> the best reason of that kind."""
    notes = _Notes()
    for name, ours in entity.names:
        if norm := normal(name):
            _equal(name, ours, norm, index, notes)
            _parts(name, ours, norm, index, notes)
            if len(norm) >= _SHORT:
                _alike(name, ours, norm, index, notes)
    for curie in judged.exact.get(entity.curie, ()):
        for iri in index.with_xref(curie):
            notes.add(iri, "xref", f"it refers to {curie}, an accepted match", _XREF)
    for wider in entity.broader:
        for curie in judged.linked.get(wider, ()):
            if index.term(iri := curies.iri(curie)):
                notes.add(iri, "broader", f"our {wider}, which is broader, is linked to it", _BROADER)
    return notes.found


def _equal(name: str, ours: str, norm: str, index: NameIndex, notes: _Notes) -> None:
    """Note the terms that have one of our names, or one of the same words."""
    for there in index.equal(norm):
        same = there.text == name or len(name) > _PART or not name.isupper()
        worth = _OURS[ours] * _THEIRS[there.kind] * (1 if same else _OTHER_CASE)
        notes.add(there.iri, "name", _says(name, ours, "is", there), worth)
    for there in index.same_words(bag(norm)):
        if normal(there.text) != norm:
            worth = _OURS[ours] * _theirs(there)
            notes.add(there.iri, "words", _says(name, ours, "has the words of", there), worth)


def _parts(name: str, ours: str, norm: str, index: NameIndex, notes: _Notes) -> None:
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


def _alike(name: str, ours: str, norm: str, index: NameIndex, notes: _Notes) -> None:
    """Note the terms whose names look like one of ours, or hold all its words and more."""
    floor, words = _ALIKE + max(0, 8 - len(norm)) * 2, set(norm.split())
    for other, names in index.near(norm, _NEAR):
        if other == norm:
            continue
        alike = max(fuzz.ratio(norm, other), 0.95 * fuzz.token_sort_ratio(norm, other))
        how, kind, share = "looks like", "alike", _FUZZY * alike / 100
        if alike < floor:
            if len(norm) < _PART or not words <= set(other.split()):
                continue
            how, kind, share = "is part of", "within", _PART_WORTH * (0.8 + 0.2 * len(norm) / len(other))
        for there in names:
            worth = _OURS[ours] * _THEIRS[there.kind] * share
            notes.add(there.iri, kind, f"{_says(name, ours, how, there)} ({alike:.0f} %)", worth)


def _says(name: str, ours: str, how: str, there: Name) -> str:
    """Return the sentence that ties a name of ours to one of theirs."""
    return f"our {ours} {name!r} {how} its {there.kind} {there.text!r}"
