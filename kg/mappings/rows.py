"""What an SSSOM mapping is here: columns, predicates, and the three verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

#: The match predicates, strongest first; `owl:sameAs` is none of them and never will be.
MATCH_PREDICATES = (
    "skos:exactMatch",
    "skos:closeMatch",
    "skos:narrowMatch",
    "skos:broadMatch",
    "skos:relatedMatch",
)

#: A folder of data/mappings each; a pair of subject and object stands in one of them only.
MAPPING_VERDICTS = ("accepted", "rejected", "undecided")


@dataclass(frozen=True, slots=True, order=True)
class MappingRow:
    """One row: a term of ours, a predicate, an outside term, and what proves it (all SSSOM slots)."""

    subject_id: str
    subject_label: str
    predicate_id: str
    object_id: str
    object_label: str
    mapping_justification: str
    author_label: str
    mapping_date: str
    object_source: str
    object_source_version: str
    mapping_source: str
    predicate_modifier: str = ""
    confidence: str = ""
    comment: str = ""
    line: int = field(default=0, compare=False)

    @property
    def subject_and_object(self) -> tuple[str, str]:
        """Return subject and object, whatever the predicate."""
        return self.subject_id, self.object_id

    @property
    def sort_key(self) -> tuple[str, str, str]:
        """Return what the rows of a file are sorted by."""
        return self.subject_id, self.object_id, self.predicate_id


#: Column names in the order of a file.
SSSOM_COLUMNS = tuple(
    (
        "subject_id subject_label predicate_modifier predicate_id object_id object_label "
        "mapping_justification author_label mapping_date object_source object_source_version mapping_source "
        "confidence comment"
    ).split()
)
REQUIRED_COLUMNS = ("subject_id", "predicate_id", "object_id", "mapping_justification")


@dataclass(frozen=True, slots=True)
class MappingSet:
    """One file: its YAML header as (key, value) pairs, its prefixes, its rows, its verdict and name."""

    header: tuple[tuple[str, str], ...]
    curie_map: tuple[tuple[str, str], ...]
    rows: tuple[MappingRow, ...]
    verdict: str = "accepted"
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class MappingCollection:
    """All files of data/mappings."""

    sets: tuple[MappingSet, ...]

    def rows(self, verdict: str = "accepted") -> Iterator[MappingRow]:
        """Yield the rows of one verdict."""
        for mapping_set in self.sets:
            if mapping_set.verdict == verdict:
                yield from mapping_set.rows
