"""The checks of mapping files; each mistake has its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kg.errors import BadData, UserError
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MATCH_PREDICATES, MappingCollection, MappingRow, MappingSet
from kg.namespaces import ENTITY_KINDS

_PROJECT_PREFIXES = frozenset(ENTITY_KINDS.values())
_ISO_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_CONFIDENCE = re.compile(r"(0(\.\d+)?|1(\.0+)?)")


def check_mappings(
    mappings: MappingCollection, prefixes: PrefixTable, entities: frozenset[str] | None = None
) -> Iterator[BadData]:
    """Yield every mistake; `entities` are the CURIEs of this graph's entities, None to accept any."""
    for mapping_set in mappings.sets:
        for row in mapping_set.rows:
            yield from _check_row(row, mapping_set, prefixes, entities)
        yield from _check_row_order(mapping_set)
    yield from _check_single_verdict(mappings)
    yield from _check_single_label(mappings)


def check_unmapped_entities(
    mappings: MappingCollection, unmapped: Iterable[str], entities: frozenset[str]
) -> Iterator[BadData]:
    """Yield a mistake for each entity without a mapping and a reason, with both, or that does not exist.

    `unmapped` are the CURIEs of the entities that have a reason in unmapped.tsv.
    """
    mapped, explained = {row.subject_id for row in mappings.rows()}, set(unmapped)
    for entity in sorted(entities - mapped - explained):
        yield BadData(f"{entity} has neither a mapping nor a reason.", hint="Add a row to unmapped.tsv.")
    for entity in sorted(explained & mapped):
        yield BadData(f"{entity} has a mapping and a reason for having none.", hint="Remove one.")
    for entity in sorted(explained - entities):
        yield BadData(f"{entity} is not an entity of the graph.", hint="Fix its name in unmapped.tsv.")


def _check_row(
    row: MappingRow, mapping_set: MappingSet, prefixes: PrefixTable, entities: frozenset[str] | None
) -> Iterator[BadData]:
    """Yield the mistakes of one row."""
    for message, hint in (
        *_check_subject(row, entities),
        *_check_object(row, prefixes),
        *_check_provenance(row, mapping_set.verdict),
    ):
        yield BadData(message, location=mapping_set.file_name, line=row.line, hint=hint)


def _check_subject(row: MappingRow, entities: frozenset[str] | None) -> Iterator[tuple[str, str]]:
    """Yield (message, hint) for each mistake in subject and predicate."""
    if row.subject_id.split(":")[0] not in _PROJECT_PREFIXES:
        yield (
            f"The subject {row.subject_id} is not a term of this graph.",
            "Use one of its prefixes, as in int:.",
        )
    elif entities is not None and row.subject_id not in entities:
        yield f"The graph has no {row.subject_id}.", "Fix the name or add the entity."
    if row.predicate_id not in MATCH_PREDICATES:
        yield f"{row.predicate_id} is not a match predicate.", f"Use one of {', '.join(MATCH_PREDICATES)}."
    if (
        row.subject_id.startswith("sit:")
        and row.predicate_id == "skos:exactMatch"
        and not row.predicate_modifier
    ):
        yield (
            "A situation is not a disease and has no exact match.",
            "Use skos:broadMatch or skos:closeMatch.",
        )


def _check_object(row: MappingRow, prefixes: PrefixTable) -> Iterator[tuple[str, str]]:
    """Yield (message, hint) for an object with an unknown, invalid or unusually spelt identifier."""
    try:
        normal = str(prefixes.parse_identifier(row.object_id))
    except UserError as error:
        yield error.message, error.hint
        return
    if normal != row.object_id:
        yield f"{row.object_id} is written {normal} here.", "Use that spelling."


def _check_provenance(row: MappingRow, verdict: str) -> Iterator[tuple[str, str]]:
    """Yield (message, hint) for mistakes in justification, date, sources, confidence and modifier."""
    if not row.mapping_justification.startswith("semapv:"):
        yield f"{row.mapping_justification} is not a SEMAPV justification.", "See the SSSOM specification."
    if not _ISO_DATE.fullmatch(row.mapping_date):
        yield f"{row.mapping_date!r} is not a date.", "Write year-month-day."
    if not row.mapping_source.startswith("proof:") and verdict == "accepted":
        yield "The row names no file that proves it.", "Put proof:FILE into mapping_source."
    if row.object_source and not row.object_source.startswith("bioregistry:"):
        yield f"{row.object_source} is not a vocabulary of Bioregistry.", "Write bioregistry:PREFIX."
    if row.confidence and not _CONFIDENCE.fullmatch(row.confidence):
        yield f"The confidence {row.confidence} is not between 0 and 1.", "Fix or remove it."
    if (row.predicate_modifier == "Not") != (verdict == "rejected"):
        yield (
            f"The modifier {row.predicate_modifier!r} is wrong among {verdict} rows.",
            "Only rejected rows say Not.",
        )


def _check_row_order(mapping_set: MappingSet) -> Iterator[BadData]:
    """Yield the first row of a file that is out of order or repeated."""
    keys = [row.sort_key for row in mapping_set.rows]
    for before, after, row in zip(keys, keys[1:], mapping_set.rows[1:], strict=False):
        if after <= before:
            message = "The row is out of order." if after < before else "The row stands here twice."
            hint = "Sort by subject and object."
            yield BadData(message, location=mapping_set.file_name, line=row.line, hint=hint)
            return


def _check_single_verdict(mappings: MappingCollection) -> Iterator[BadData]:
    """Yield each pair of subject and object that stands in two rows, in one file or in two."""
    seen: dict[tuple[str, str], tuple[MappingSet, MappingRow]] = {}
    for mapping_set in mappings.sets:
        for row in mapping_set.rows:
            other_set, other = seen.setdefault(row.subject_and_object, (mapping_set, row))
            if other is not row:
                place = f"{other_set.file_name}:{other.line}"
                message = f"{row.subject_id} and {row.object_id} also stand in {place}."
                hint = "Keep one of the two."
                yield BadData(message, location=mapping_set.file_name, line=row.line, hint=hint)


def _check_single_label(mappings: MappingCollection) -> Iterator[BadData]:
    """Yield each object that has another label in an earlier row."""
    labels: dict[str, str] = {}
    for mapping_set in mappings.sets:
        for row in mapping_set.rows:
            label = labels.setdefault(row.object_id, row.object_label)
            if label != row.object_label:
                message = f"{row.object_id} is called {row.object_label!r} here and {label!r} elsewhere."
                yield BadData(message, location=mapping_set.file_name, line=row.line, hint="Use one label.")
