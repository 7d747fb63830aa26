"""SSSOM mapping sets: rows, predicates and verdicts; TSV parsed, and written in one canonical form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kg.errors import BadData

#: The match predicates, strongest first. `owl:sameAs` is not one: it would merge entities of different kinds.
MATCH_PREDICATES = (
    "skos:exactMatch",
    "skos:closeMatch",
    "skos:broadMatch",
    "skos:narrowMatch",
    "skos:relatedMatch",
)
#: rows whose object means nearly the same, so that its cross-references hold for the subject too
EQUIVALENCE_PREDICATES = frozenset({"skos:exactMatch", "skos:closeMatch"})
#: rows whose object is as broad as the subject or broader
BROADER_OR_EQUAL_PREDICATES = EQUIVALENCE_PREDICATES | {"skos:broadMatch"}

#: The folders of data/mappings. A pair of subject and object is in one of them only.
MAPPING_VERDICTS = ("accepted", "rejected", "undecided")


@dataclass(frozen=True, slots=True, order=True)
class MappingRow:
    """One row of SSSOM: an entity of this graph, a predicate, an outside term, and what proves it.

    `line` is the line of the file, from 1; 0 for a row that is not from a file.
    """

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
        """Return the pair that has one verdict, whatever the predicate."""
        return self.subject_id, self.object_id

    @property
    def sort_key(self) -> tuple[str, str, str]:
        """Return the key that the rows of a file are sorted by."""
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


# -- SSSOM TSV ---

_HEADER_ENTRY = re.compile(r"#(?P<indent> *)(?P<key>[A-Za-z][\w.]*): *(?P<value>.*)\Z")


def parse_sssom(text: str, file_name: str = "", verdict: str = "accepted") -> MappingSet:
    """Return the mapping set written as `text`; raises BadData with file and line."""
    header: list[tuple[str, str]] = []
    curie_map: list[tuple[str, str]] = []
    columns: list[str] = []
    rows: list[MappingRow] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            _parse_header_line(line, header, curie_map, file_name, number)
        elif not columns:
            columns = _parse_columns(line.split("\t"), file_name, number)
        elif line.strip():
            rows.append(_parse_row(line.split("\t"), columns, file_name, number))
    if not columns:
        raise BadData(
            "The file has no row of column names.", location=file_name, hint="Copy that of a file beside it."
        )
    return MappingSet(tuple(header), tuple(curie_map), tuple(rows), verdict, file_name)


def format_sssom(mapping_set: MappingSet) -> str:
    """Return the canonical text: keys, prefixes and rows sorted, columns without any value left out."""
    lines = ["#curie_map:"]
    lines += [f"#  {prefix}: {_quote_yaml(iri)}" for prefix, iri in sorted(mapping_set.curie_map)]
    lines += [f"#{key}: {_quote_yaml(value)}" for key, value in sorted(mapping_set.header)]
    used = [
        name
        for name in SSSOM_COLUMNS
        if name in REQUIRED_COLUMNS or any(getattr(r, name) for r in mapping_set.rows)
    ]
    lines.append("\t".join(used))
    lines += ["\t".join(getattr(row, name) for name in used) for row in sort_rows(mapping_set.rows)]
    return "\n".join(lines) + "\n"


def sort_rows(rows: Iterable[MappingRow]) -> tuple[MappingRow, ...]:
    """Return the rows in the order of a canonical file."""
    return tuple(sorted(rows, key=lambda row: row.sort_key))


def _parse_header_line(
    line: str, header: list[tuple[str, str]], curie_map: list[tuple[str, str]], file_name: str, number: int
) -> None:
    """Add a line of the YAML header to `header`, or to `curie_map` where it is indented."""
    match = _HEADER_ENTRY.match(line.rstrip())
    if match is None:
        raise BadData(
            "This header line is not `#key: value`.",
            location=file_name,
            line=number,
            hint="Fix or remove it.",
        )
    entry = match["key"], match["value"].strip("\"'")
    if match["indent"]:
        curie_map.append(entry)
    elif match["key"] != "curie_map":
        header.append(entry)


def _parse_columns(names: Sequence[str], file_name: str, number: int) -> list[str]:
    """Return the column names; raises BadData for a missing or unknown one."""
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    unknown = [name for name in names if name not in SSSOM_COLUMNS]
    if missing or unknown:
        mistake = f"lacks {', '.join(missing)}" if missing else f"has the unknown {', '.join(unknown)}"
        raise BadData(
            f"The row of column names {mistake}.",
            location=file_name,
            line=number,
            hint=f"Known: {', '.join(SSSOM_COLUMNS)}.",
        )
    return list(names)


def _parse_row(cells: Sequence[str], columns: Sequence[str], file_name: str, number: int) -> MappingRow:
    """Return the mapping of a line; raises BadData when cells and columns differ in number."""
    if len(cells) != len(columns):
        message = f"The row has {len(cells)} cells, the file {len(columns)} columns."
        raise BadData(message, location=file_name, line=number, hint="Separate cells by one tab.")
    values = dict.fromkeys(SSSOM_COLUMNS, "") | dict(zip(columns, (c.strip() for c in cells), strict=True))
    for name in REQUIRED_COLUMNS:
        if not values[name]:
            raise BadData(f"The row has no {name}.", location=file_name, line=number, hint="Fill it in.")
    return MappingRow(**values, line=number)


def _quote_yaml(value: str) -> str:
    """Return `value` as a YAML scalar, in double quotes where a plain one would be read as something else."""
    plain = re.fullmatch(r"[A-Za-z][\w./#?=&%+()' ;-]*(:[\w./#?=&%+-]+)*", value)
    return value if plain else f'"{value}"'
