"""SSSOM TSV text: read with the line of every mistake, and written in one canonical way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kg.errors import BadData
from kg.mappings.rows import COLUMNS, REQUIRED, Mapping, MappingSet

_ENTRY = re.compile(r"#(?P<indent> *)(?P<key>[A-Za-z][\w.]*): *(?P<value>.*)\Z")


def parse(text: str, where: str = "", verdict: str = "accepted") -> MappingSet:
    """Return the mapping set written as `text`; raises BadData with file and line."""
    header: list[tuple[str, str]] = []
    curie_map: list[tuple[str, str]] = []
    columns: list[str] = []
    rows: list[Mapping] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            _read_header(line, header, curie_map, where, number)
        elif not columns:
            columns = _columns(line.split("\t"), where, number)
        elif line.strip():
            rows.append(_row(line.split("\t"), columns, where, number))
    if not columns:
        raise BadData(
            "The file has no row of column names.", where=where, todo="Copy that of a file beside it."
        )
    return MappingSet(tuple(header), tuple(curie_map), tuple(rows), verdict, where)


def write(mapping_set: MappingSet) -> str:
    """Return the canonical text: keys, prefixes and rows sorted, and only columns in use."""
    lines = ["#curie_map:"]
    lines += [f"#  {prefix}: {_quoted(iri)}" for prefix, iri in sorted(mapping_set.curie_map)]
    lines += [f"#{key}: {_quoted(value)}" for key, value in sorted(mapping_set.header)]
    used = [name for name in COLUMNS if name in REQUIRED or any(getattr(r, name) for r in mapping_set.rows)]
    lines.append("\t".join(used))
    lines += ["\t".join(getattr(row, name) for name in used) for row in sort(mapping_set.rows)]
    return "\n".join(lines) + "\n"


def sort(rows: Iterable[Mapping]) -> tuple[Mapping, ...]:
    """Return the rows in the order of a canonical file."""
    return tuple(sorted(rows, key=lambda row: row.key))


def _read_header(
    line: str, header: list[tuple[str, str]], curie_map: list[tuple[str, str]], where: str, number: int
) -> None:
    """Add what a line of the YAML header says to `header` or `curie_map`."""
    match = _ENTRY.match(line.rstrip())
    if match is None:
        raise BadData(
            "This header line is not `#key: value`.", where=where, line=number, todo="Mend or remove it."
        )
    entry = match["key"], match["value"].strip("\"'")
    if match["indent"]:
        curie_map.append(entry)
    elif match["key"] != "curie_map":
        header.append(entry)


def _columns(names: Sequence[str], where: str, number: int) -> list[str]:
    """Return the column names; raises BadData for a missing or unknown one."""
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown:
        what = f"lacks {', '.join(missing)}" if missing else f"has the unknown {', '.join(unknown)}"
        raise BadData(
            f"The row of column names {what}.", where=where, line=number, todo=f"Known: {', '.join(COLUMNS)}."
        )
    return list(names)


def _row(cells: Sequence[str], columns: Sequence[str], where: str, number: int) -> Mapping:
    """Return the mapping of a line; raises BadData when cells and columns differ in number."""
    if len(cells) != len(columns):
        what = f"The row has {len(cells)} cells, the file {len(columns)} columns."
        raise BadData(what, where=where, line=number, todo="Separate cells by one tab.")
    given = dict.fromkeys(COLUMNS, "") | dict(zip(columns, (c.strip() for c in cells), strict=True))
    for name in REQUIRED:
        if not given[name]:
            raise BadData(f"The row has no {name}.", where=where, line=number, todo="Fill it in.")
    return Mapping(**given, line=number)


def _quoted(value: str) -> str:
    """Return `value` as YAML writes it: in double quotes where a plain one would be misread."""
    plain = re.fullmatch(r"[A-Za-z][\w./#?=&%+()' ;-]*(:[\w./#?=&%+-]+)*", value)
    return value if plain else f'"{value}"'
