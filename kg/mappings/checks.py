"""What a mapping file may not hold; each finding has its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kg.errors import BadData, KgError
from kg.mappings.prefixes import Prefixes
from kg.mappings.rows import PREDICATES, Mapping, Mappings, MappingSet
from kg.mappings.sssom import write
from kg.namespaces import ENTITY_KINDS

_OURS = frozenset(ENTITY_KINDS.values())
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_RANGE = re.compile(r"(0(\.\d+)?|1(\.0+)?)")


def check(
    mappings: Mappings, prefixes: Prefixes, entities: frozenset[str] | None = None
) -> Iterator[BadData]:
    """Yield every mistake; `entities` are the CURIEs of the graph's own terms, where they are known."""
    for mapping_set in mappings.sets:
        for row in mapping_set.rows:
            yield from _row(row, mapping_set, prefixes, entities)
        yield from _order(mapping_set)
    yield from _one_verdict(mappings)
    yield from _one_label(mappings)


def check_unmapped(
    mappings: Mappings, unmapped: Iterable[str], entities: frozenset[str]
) -> Iterator[BadData]:
    """Yield every entity that is neither mapped nor explained, and every explained one that is mapped."""
    mapped, explained = {row.subject_id for row in mappings.rows()}, set(unmapped)
    for entity in sorted(entities - mapped - explained):
        yield BadData(f"{entity} has neither a mapping nor a reason.", todo="Add a row to unmapped.tsv.")
    for entity in sorted(explained & mapped):
        yield BadData(f"{entity} has a mapping and a reason for having none.", todo="Remove one.")
    for entity in sorted(explained - entities):
        yield BadData(f"{entity} is not an entity of the graph.", todo="Mend its name in unmapped.tsv.")


def _row(
    row: Mapping, mapping_set: MappingSet, prefixes: Prefixes, entities: frozenset[str] | None
) -> Iterator[BadData]:
    """Yield the mistakes of one row."""
    for what, todo in (*_subject(row, entities), *_object(row, prefixes), *_rest(row, mapping_set.verdict)):
        yield BadData(what, where=mapping_set.where, line=row.line, todo=todo)


def _subject(row: Mapping, entities: frozenset[str] | None) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the subject."""
    if row.subject_id.split(":")[0] not in _OURS:
        yield (
            f"The subject {row.subject_id} is not a term of this graph.",
            "Use one of its prefixes, as in int:.",
        )
    elif entities is not None and row.subject_id not in entities:
        yield f"The graph has no {row.subject_id}.", "Mend the name or add the entity."
    if row.predicate_id not in PREDICATES:
        yield f"{row.predicate_id} is not a match predicate.", f"Use one of {', '.join(PREDICATES)}."
    if (
        row.subject_id.startswith("sit:")
        and row.predicate_id == "skos:exactMatch"
        and not row.predicate_modifier
    ):
        yield (
            "A situation is not a disease and has no exact match.",
            "Use skos:broadMatch or skos:closeMatch.",
        )


def _object(row: Mapping, prefixes: Prefixes) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the object's identifier."""
    try:
        written = str(prefixes.parse(row.object_id))
    except KgError as error:
        yield error.what, error.todo
        return
    if written != row.object_id:
        yield f"{row.object_id} is written {written} here.", "Write the one spelling."


def _rest(row: Mapping, verdict: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with justification, date, proof, confidence and modifier."""
    if not row.mapping_justification.startswith("semapv:"):
        yield f"{row.mapping_justification} is not a SEMAPV justification.", "See the SSSOM specification."
    if not _DATE.fullmatch(row.mapping_date):
        yield f"{row.mapping_date!r} is not a date.", "Write year-month-day."
    if not row.mapping_source.startswith("proof:") and verdict == "accepted":
        yield "The row names no file that proves it.", "Put proof:FILE into mapping_source."
    if row.confidence and not _RANGE.fullmatch(row.confidence):
        yield f"The confidence {row.confidence} is not between 0 and 1.", "Mend or remove it."
    if (row.predicate_modifier == "Not") != (verdict == "rejected"):
        yield (
            f"The modifier {row.predicate_modifier!r} is wrong among {verdict} rows.",
            "Only rejected rows say Not.",
        )


def _order(mapping_set: MappingSet) -> Iterator[BadData]:
    """Yield the first place where rows are out of order or doubled."""
    keys = [row.key for row in mapping_set.rows]
    for before, after, row in zip(keys, keys[1:], mapping_set.rows[1:], strict=False):
        if after <= before:
            what = "The row is out of order." if after < before else "The row stands here twice."
            yield BadData(what, where=mapping_set.where, line=row.line, todo="Sort by subject and object.")
            return


def _one_verdict(mappings: Mappings) -> Iterator[BadData]:
    """Yield each pair of subject and object that stands twice, in one verdict or in two."""
    seen: dict[tuple[str, str], tuple[MappingSet, Mapping]] = {}
    for mapping_set in mappings.sets:
        for row in mapping_set.rows:
            first = seen.setdefault(row.pair, (mapping_set, row))
            if first[1] is not row:
                what = f"{row.subject_id} and {row.object_id} also stand in {first[0].where}:{first[1].line}."
                yield BadData(what, where=mapping_set.where, line=row.line, todo="Keep one of the two.")


def _one_label(mappings: Mappings) -> Iterator[BadData]:
    """Yield each accepted object that goes by two labels."""
    labels: dict[str, str] = {}
    for mapping_set in mappings.sets:
        for row in mapping_set.rows:
            label = labels.setdefault(row.object_id, row.object_label)
            if label != row.object_label:
                what = f"{row.object_id} is called {row.object_label!r} here and {label!r} elsewhere."
                yield BadData(what, where=mapping_set.where, line=row.line, todo="Use one label.")


def is_canonical(text: str, mapping_set: MappingSet) -> bool:
    """Return whether `text` is what `write` makes of its rows."""
    return text == write(mapping_set)
