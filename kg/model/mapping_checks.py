"""What a mapping file may not hold; each finding has its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kg.errors import BadData, UserError
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MATCH_PREDICATES, MappingCollection, MappingRow, MappingSet, format_sssom
from kg.namespaces import ENTITY_KINDS

_PROJECT_PREFIXES = frozenset(ENTITY_KINDS.values())
_ISO_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_CONFIDENCE = re.compile(r"(0(\.\d+)?|1(\.0+)?)")


def check_mappings(
    mappings: MappingCollection, prefixes: PrefixTable, entities: frozenset[str] | None = None
) -> Iterator[BadData]:
    """Yield every mistake; `entities` are the CURIEs of the graph's own terms, where they are known."""
    for mapping_set in mappings.sets:
        for row in mapping_set.rows:
            yield from _check_row(row, mapping_set, prefixes, entities)
        yield from _check_row_order(mapping_set)
    yield from _check_single_verdict(mappings)
    yield from _check_single_label(mappings)


def check_unmapped_entities(
    mappings: MappingCollection, unmapped: Iterable[str], entities: frozenset[str]
) -> Iterator[BadData]:
    """Yield every entity that is neither mapped nor explained, and every explained one that is mapped."""
    mapped, explained = {row.subject_id for row in mappings.rows()}, set(unmapped)
    for entity in sorted(entities - mapped - explained):
        yield BadData(f"{entity} has neither a mapping nor a reason.", hint="Add a row to unmapped.tsv.")
    for entity in sorted(explained & mapped):
        yield BadData(f"{entity} has a mapping and a reason for having none.", hint="Remove one.")
    for entity in sorted(explained - entities):
        yield BadData(f"{entity} is not an entity of the graph.", hint="Mend its name in unmapped.tsv.")


def _check_row(
    row: MappingRow, mapping_set: MappingSet, prefixes: PrefixTable, entities: frozenset[str] | None
) -> Iterator[BadData]:
    """Yield the mistakes of one row."""
    for what, todo in (
        *_check_subject(row, entities),
        *_check_object(row, prefixes),
        *_check_provenance(row, mapping_set.verdict),
    ):
        yield BadData(what, location=mapping_set.file_name, line=row.line, hint=todo)


def _check_subject(row: MappingRow, entities: frozenset[str] | None) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the subject."""
    if row.subject_id.split(":")[0] not in _PROJECT_PREFIXES:
        yield (
            f"The subject {row.subject_id} is not a term of this graph.",
            "Use one of its prefixes, as in int:.",
        )
    elif entities is not None and row.subject_id not in entities:
        yield f"The graph has no {row.subject_id}.", "Mend the name or add the entity."
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
    """Yield what is wrong with the object's identifier."""
    try:
        written = str(prefixes.parse_identifier(row.object_id))
    except UserError as error:
        yield error.message, error.hint
        return
    if written != row.object_id:
        yield f"{row.object_id} is written {written} here.", "Write the one spelling."


def _check_provenance(row: MappingRow, verdict: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with justification, date, proof, confidence and modifier."""
    if not row.mapping_justification.startswith("semapv:"):
        yield f"{row.mapping_justification} is not a SEMAPV justification.", "See the SSSOM specification."
    if not _ISO_DATE.fullmatch(row.mapping_date):
        yield f"{row.mapping_date!r} is not a date.", "Write year-month-day."
    if not row.mapping_source.startswith("proof:") and verdict == "accepted":
        yield "The row names no file that proves it.", "Put proof:FILE into mapping_source."
    if row.confidence and not _CONFIDENCE.fullmatch(row.confidence):
        yield f"The confidence {row.confidence} is not between 0 and 1.", "Mend or remove it."
    if (row.predicate_modifier == "Not") != (verdict == "rejected"):
        yield (
            f"The modifier {row.predicate_modifier!r} is wrong among {verdict} rows.",
            "Only rejected rows say Not.",
        )


def _check_row_order(mapping_set: MappingSet) -> Iterator[BadData]:
    """Yield the first place where rows are out of order or doubled."""
    keys = [row.sort_key for row in mapping_set.rows]
    for before, after, row in zip(keys, keys[1:], mapping_set.rows[1:], strict=False):
        if after <= before:
            what = "The row is out of order." if after < before else "The row stands here twice."
            yield BadData(
                what, location=mapping_set.file_name, line=row.line, hint="Sort by subject and object."
            )
            return


def _check_single_verdict(mappings: MappingCollection) -> Iterator[BadData]:
    """Yield each pair of subject and object that stands twice, in one verdict or in two."""
    seen: dict[tuple[str, str], tuple[MappingSet, MappingRow]] = {}
    for mapping_set in mappings.sets:
        for row in mapping_set.rows:
            first = seen.setdefault(row.subject_and_object, (mapping_set, row))
            if first[1] is not row:
                what = f"{row.subject_id} and {row.object_id} also stand in {first[0].file_name}:{first[1].line}."
                yield BadData(
                    what, location=mapping_set.file_name, line=row.line, hint="Keep one of the two."
                )


def _check_single_label(mappings: MappingCollection) -> Iterator[BadData]:
    """Yield each accepted object that goes by two labels."""
    labels: dict[str, str] = {}
    for mapping_set in mappings.sets:
        for row in mapping_set.rows:
            label = labels.setdefault(row.object_id, row.object_label)
            if label != row.object_label:
                what = f"{row.object_id} is called {row.object_label!r} here and {label!r} elsewhere."
                yield BadData(what, location=mapping_set.file_name, line=row.line, hint="Use one label.")


def is_canonical_sssom(text: str, mapping_set: MappingSet) -> bool:
    """Return whether `text` is what `write` makes of its rows."""
    return text == format_sssom(mapping_set)
