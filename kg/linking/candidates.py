"""The entities that can have a counterpart outside, and the terms that each may be linked to.

A user names an entity by any of its names, never by a similar one. Terms are found by reasons, ranked by
score, and never accepted here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rapidfuzz import fuzz, process

from kg.errors import NotFound
from kg.linking.candidate_reasons import (
    AcceptedRow,
    CandidateReason,
    ReasonCollector,
    add_broader_reasons,
    add_label_reasons,
    add_name_reasons,
    add_reference_reasons,
    add_xref_reasons,
)
from kg.linking.name_index import NameIndex, OutsideTerm
from kg.linking.name_similarity import normalize_name
from kg.model.identifiers import CurieNormalizer
from kg.model.mapping_sets import BROADER_OR_EQUAL_PREDICATES, EQUIVALENCE_PREDICATES, MappingCollection
from kg.namespaces import ENTITY_KINDS, compress_iri, expand_curie
from kg.text_files import read_text
from sparqlhost.store.interface import Store, get_term_text

_QUERIES = Path("queries") / "imports"
#: an abbreviation in capitals, as names of other entities contain it ("relapsed ABC")
_ABBREVIATION = re.compile(r"(?=.*[A-Z]{2})[A-Z][A-Za-z0-9+-]{1,7}")
#: rapidfuzz ratio, 0 to 100, from which a text is spelt like a name of an entity
_MIN_SPELLING_SIMILARITY = 82


@dataclass(frozen=True, slots=True)
class LinkableEntity:
    """An entity of this graph, or a text the user typed (then `curie` is empty).

    `names` are (name, kind of name) pairs, the best kind first; `broader` are CURIEs.
    """

    curie: str
    label: str
    definition: str = ""
    names: tuple[tuple[str, str], ...] = ()
    broader: tuple[str, ...] = ()

    @property
    def iri(self) -> str:
        """Return the full IRI, empty for a text."""
        return expand_curie(self.curie)


def read_entities(store: Store, root: Path) -> tuple[LinkableEntity, ...]:
    """Return every entity that can have a counterpart outside, by CURIE; `root` has the queries."""
    values: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for row in store.select(read_text(root / _QUERIES / "entity-names.rq")):
        rank, name, kind = (get_term_text(row[variable]) for variable in ("rank", "name", "kind"))
        values[get_term_text(row["entity"])].append((int(rank), name, kind))
    entities = sorted((_make_entity(iri, found) for iri, found in values.items()), key=lambda e: e.curie)
    diseases = [e for e in entities if e.curie.startswith(ENTITY_KINDS["disease"] + ":")]
    abbreviations = {name: e.label for e in diseases for name, _ in e.names if _ABBREVIATION.fullmatch(name)}
    broader = _read_broader_entities(store, root)
    return tuple(
        replace(
            e, names=(*e.names, *_expand_abbreviations(e, abbreviations)), broader=tuple(broader[e.curie])
        )
        for e in entities
    )


def _read_broader_entities(store: Store, root: Path) -> dict[str, list[str]]:
    """Return the CURIEs of the entities directly above each entity."""
    broader: dict[str, list[str]] = defaultdict(list)
    for row in store.select(read_text(root / _QUERIES / "entity-broader.rq")):
        entity, above = (compress_iri(get_term_text(row[name])) for name in ("entity", "broader"))
        broader[entity].append(above)
    return broader


def _expand_abbreviations(entity: LinkableEntity, abbreviations: dict[str, str]) -> list[tuple[str, str]]:
    """Return an entity's names with the abbreviations in them written in full."""
    names = [name for name, _ in entity.names]
    expanded = {
        " ".join(abbreviations.get(w, w) for w in name.split()): None for name in names if " " in name
    }
    return [(name, "name spelt out") for name in expanded if name not in names]


def _make_entity(iri: str, values: Iterable[tuple[int, str, str]]) -> LinkableEntity:
    """Return an entity from its (rank, name, kind of name) values; a name keeps its best kind."""
    names: dict[str, str] = {}
    definitions: list[str] = []
    for _, name, kind in sorted(values):
        if kind == "definition":
            definitions.append(name)
        else:
            names.setdefault(name, kind)
    curie = compress_iri(iri)
    label = next(iter(names), curie.partition(":")[2])
    return LinkableEntity(curie, label, " ".join(definitions), tuple(names.items()))


def select_entities(
    entities: Iterable[LinkableEntity], references: Iterable[str], *, as_text: bool = False
) -> tuple[LinkableEntity, ...]:
    """Return the entities that a user names by CURIE, IRI, local name or any name.

    A reference that names none of them is returned as a text, to be looked up as it is. Where it is spelt
    like a name, only if `as_text`: raises NotFound otherwise, for nobody can tell a slip from a look-alike.
    """
    known = tuple(entities)
    found = (_match_entities(known, text, as_text) for text in references)
    return tuple(dict.fromkeys(entity for matches in found for entity in matches))


def _match_entities(
    entities: tuple[LinkableEntity, ...], reference: str, as_text: bool
) -> tuple[LinkableEntity, ...]:
    """Return the entities that one reference names, by identifier, else by name; else the text itself."""
    normalized = normalize_name(reference)
    by_identifier = tuple(
        e for e in entities if reference in (e.curie, e.iri) or reference == e.curie.partition(":")[2]
    )
    named = by_identifier or tuple(
        e for e in entities if normalized and normalized in {normalize_name(name) for name, _ in e.names}
    )
    if not named and not as_text:
        names = {name: e for e in entities for name, _ in e.names}
        similar = process.extract(
            normalized,
            list(names),
            processor=normalize_name,
            scorer=fuzz.ratio,
            score_cutoff=_MIN_SPELLING_SIMILARITY,
        )
        if near := dict.fromkeys(f"{names[name].curie} ({name})" for name, _, _ in similar):
            raise NotFound(
                f"No entity is called {reference!r}; spelt alike: {', '.join(list(near)[:3])}.",
                hint="Name one of these, or add --text to look for the words as they are.",
            )
    return named or (LinkableEntity("", reference, "", ((reference, "text"),)),)


# -- candidates ---

#: each further reason closes this share of the distance to 1
_FURTHER_REASON_SHARE = 0.1
_OBSOLETE_PENALTY = 0.3


@dataclass(frozen=True, slots=True)
class Candidate:
    """An outside term that an entity may be linked to.

    `score` is 0 to 1, `reasons` are sorted by weight, `path` has the labels from the term's parent up to the
    root, `verdict` is that of the mapping row with this pair ("" for none), `version` is the import's.
    """

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
    """What the mapping files say already.

    verdicts: (subject, object) -> verdict. equivalent_targets: entity -> objects of its exact and close rows;
    their cross-references count as its own. broader_targets: entity -> objects that are equal to it or
    broader; they are broad candidates for all entities below it.
    """

    verdicts: dict[tuple[str, str], str]
    equivalent_targets: dict[str, tuple[str, ...]]
    broader_targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    accepted_rows: dict[str, tuple[AcceptedRow, ...]] = field(default_factory=dict)

    @classmethod
    def from_mappings(cls, mappings: MappingCollection) -> JudgedMappings:
        """Return what all mapping files say, gathered in one pass over the accepted rows."""
        verdicts = {
            row.subject_and_object: mapping_set.verdict
            for mapping_set in mappings.sets
            for row in mapping_set.rows
        }
        equivalent: dict[str, tuple[str, ...]] = defaultdict(tuple)
        broader: dict[str, tuple[str, ...]] = defaultdict(tuple)
        accepted: dict[str, tuple[AcceptedRow, ...]] = defaultdict(tuple)
        for row in mappings.rows():
            accepted[row.subject_id] += ((row.predicate_id, row.object_id, row.object_label),)
            if row.predicate_id in EQUIVALENCE_PREDICATES:
                equivalent[row.subject_id] += (row.object_id,)
            if row.predicate_id in BROADER_OR_EQUAL_PREDICATES:
                broader[row.subject_id] += (row.object_id,)
        return cls(verdicts, dict(equivalent), dict(broader), dict(accepted))


def find_candidates(
    entity: LinkableEntity,
    indexes: Sequence[NameIndex],
    judged: JudgedMappings,
    curies: CurieNormalizer,
    top: int = 5,
    shows_verdict: Callable[[str], bool] = lambda verdict: verdict != "rejected",
) -> list[Candidate]:
    """Return the best `top` candidates of an entity in each import, the best first.

    `shows_verdict` says for each verdict ("" for none yet) whether pairs with it are returned. A term that
    several imports have is returned once, from the first of them.
    """
    candidates: dict[str, Candidate] = {}
    for index in indexes:
        reasons = _collect_reasons(entity, index, indexes, judged, curies)
        remaining = top
        for iri in sorted(reasons, key=lambda iri: (-_score_reasons(reasons[iri].values()), iri)):
            curie = curies(iri)
            verdict = judged.verdicts.get((entity.curie, curie), "")
            if iri in candidates or not shows_verdict(verdict):
                continue
            candidates[iri] = _make_candidate(entity, index, iri, curie, reasons[iri], verdict)
            remaining -= 1
            if not remaining:
                break
    return sorted(candidates.values(), key=lambda candidate: (-candidate.score, candidate.curie))


def _make_candidate(
    entity: LinkableEntity,
    index: NameIndex,
    iri: str,
    curie: str,
    reasons: dict[str, CandidateReason],
    verdict: str,
) -> Candidate:
    """Return the candidate with what the import knows of its term."""
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
    """Return the weight of the best reason, moved towards 1 by every further reason.

    Adding up the weights would let many weak reasons beat an equal name; so each further one only closes a
    fixed share of the distance to 1, which keeps the score below 1 and in the order of the best reasons.
    """
    weights = [reason.weight for reason in reasons]
    return 1 - (1 - max(weights)) * (1 - _FURTHER_REASON_SHARE) ** (len(weights) - 1)


def _collect_reasons(
    entity: LinkableEntity,
    index: NameIndex,
    indexes: Sequence[NameIndex],
    judged: JudgedMappings,
    curies: CurieNormalizer,
) -> dict[str, dict[str, CandidateReason]]:
    """Return term -> kind of reason -> the best reason of that kind, for the terms of one import."""
    # All kinds of reasons for all terms, before any is ranked: a term with two weak ones may beat one with a
    # stronger one, and of each kind only the best counts, so that many similar synonyms do not add up.
    collector = ReasonCollector()
    targets = judged.equivalent_targets.get(entity.curie, ())
    for name, kind in entity.names:
        add_name_reasons(name, kind, index, collector)
    add_xref_reasons(targets, index, collector)
    add_label_reasons(judged.accepted_rows.get(entity.curie, ()), index, curies, collector)
    add_reference_reasons(targets, index, indexes, collector)
    for broader in entity.broader:
        add_broader_reasons(broader, judged.broader_targets.get(broader, ()), index, collector)
    return collector.by_term
