"""Read a plain CSV or TSV file by a mapping of its columns to roles (`--columns id=Code,label=Name`)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from itertools import islice
from types import MappingProxyType

from kg.errors import BadData
from kg.linking.readers.ntriples_lines import RDF_TYPE, XSD_BOOLEAN, format_iri, format_literal
from kg.linking.readers.source_reading import ReadProblem, SourceReading
from kg.namespaces import OBO, OBOINOWL, OWL, RDFS

#: role -> (predicate, whether the value is itself a term)
COLUMN_ROLES = MappingProxyType(
    {
        "label": (RDFS["label"], False),
        "synonym": (OBOINOWL["hasExactSynonym"], False),
        "broad": (OBOINOWL["hasBroadSynonym"], False),
        "narrow": (OBOINOWL["hasNarrowSynonym"], False),
        "related": (OBOINOWL["hasRelatedSynonym"], False),
        "definition": (OBO["IAO_0000115"], False),
        "comment": (RDFS["comment"], False),
        "xref": (OBOINOWL["hasDbXref"], False),
        "parent": (RDFS["subClassOf"], True),
        "replaced": (OBO["IAO_0100001"], True),
        "deprecated": (OWL["deprecated"], False),
    }
)
#: where an identifier stands that no known vocabulary has and for which no `--iri` was given.
FALLBACK_NAMESPACE = "https://bioregistry.io/"
#: what divides several values in one cell.
VALUE_DIVIDER = "|"
_ROWS_PER_BLOCK = 2_000
_TRUE_WORDS = frozenset({"true", "1", "yes", "y"})


def read_table(reading: SourceReading, expand_curie: Callable[[str], str]) -> Iterator[bytes]:
    """Yield a table as N-Triples; `expand` gives a CURIE's IRI, or "" when it knows none."""
    with reading.open_stream() as stream:
        text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
        head = text.readline()
        delimiter = max("\t,;", key=head.count)
        names = next(csv.reader([head], delimiter=delimiter))
        places, headless = _locate_columns(reading, names)
        rows = csv.reader(text, delimiter=delimiter)
        if headless:
            yield _write_row(reading, 1, names, places, expand_curie).encode()
        while block := list(islice(rows, _ROWS_PER_BLOCK)):
            first = rows.line_num - len(block) + 2
            lines = (
                _write_row(reading, first + i, cells, places, expand_curie) for i, cells in enumerate(block)
            )
            yield "".join(lines).encode()


def _locate_columns(reading: SourceReading, names: list[str]) -> tuple[list[tuple[str, int]], bool]:
    """Return (role, column index) pairs, and whether the columns are numbers, so there is no header."""
    columns = reading.options.columns
    example = f"For example: --columns 'id={names[0]},label={names[1] if len(names) > 1 else '...'}'."
    if not columns or "id" not in {role for role, _ in columns}:
        raise BadData(
            f"A table needs to be told which column is what; its columns are {', '.join(names)[:300]}.",
            location=reading.name,
            hint=f"{example} Roles: id, {', '.join(COLUMN_ROLES)}.",
        )
    if unknown := [role for role, _ in columns if role != "id" and role not in COLUMN_ROLES]:
        raise BadData(
            f"{unknown[0]!r} is not a role of a column.", hint=f"Roles: id, {', '.join(COLUMN_ROLES)}."
        )
    if all(name.isdigit() and name not in names for _, name in columns):
        return [(role, int(name) - 1) for role, name in columns], True
    if missing := [name for _, name in columns if name not in names]:
        raise BadData(
            f"The table has no column {missing[0]!r}; its columns are {', '.join(names)[:300]}.",
            location=reading.name,
            line=1,
            hint=example,
        )
    return [(role, names.index(name)) for role, name in columns], False


def _write_row(
    reading: SourceReading,
    line: int,
    cells: list[str],
    columns: list[tuple[str, int]],
    expand_curie: Callable[[str], str],
) -> str:
    """Return the triples of one row, or nothing when it is broken and skipped."""
    if not any(cells):
        return ""
    try:
        given = [(role, cells[place].strip()) for role, place in columns]
        ident = next(value for role, value in given if role == "id")
        if not ident:
            raise ValueError("the row has no identifier")
        subject = _expand_identifier(ident, reading, expand_curie)
        lines = [f"{subject} {RDF_TYPE} <{OWL['Class'].value}> ."]
        lines += [
            _write_cell(subject, role, v, reading, expand_curie) for role, v in given if role != "id" and v
        ]
    except (IndexError, ValueError) as error:
        short = "the row has too few cells" if isinstance(error, IndexError) else str(error)
        reading.skip_or_raise(ReadProblem(line, 1, f"Not a row of this table: {short}."))
        return ""
    return "\n".join(part for part in lines if part) + "\n"


def _write_cell(
    subject: str, role: str, text: str, reading: SourceReading, expand_curie: Callable[[str], str]
) -> str:
    """Return the triples of one cell; a cell may hold several values divided by `|`."""
    predicate, is_term = COLUMN_ROLES[role]
    if role == "deprecated":
        return f'{subject} <{predicate.value}> "true"^^{XSD_BOOLEAN} .' if text.lower() in _TRUE_WORDS else ""
    values = [text] if role in ("label", "definition", "comment") else text.split(VALUE_DIVIDER)
    return "\n".join(
        f"{subject} <{predicate.value}> {_expand_identifier(v, reading, expand_curie) if is_term else format_literal(v)} ."
        for value in values
        if (v := value.strip())
    )


def _expand_identifier(identifier: str, reading: SourceReading, expand_curie: Callable[[str], str]) -> str:
    """Return `<IRI>` of an identifier; raises ValueError when nothing says what it belongs to."""
    if identifier.startswith(("http://", "https://")):
        return format_iri(identifier)
    given, pattern = reading.options.prefix, reading.options.iri
    if pattern and (given or ":" not in identifier):
        return format_iri(pattern.replace("{id}", identifier))
    curie = f"{given}:{identifier}" if given else identifier
    prefix, colon, local = curie.partition(":")
    if not colon:
        raise ValueError(f"{identifier!r} has no prefix (give --prefix, or --iri)")
    if known := expand_curie(curie):
        return format_iri(known)
    if pattern:
        return format_iri(pattern.replace("{id}", local))
    reading.unknown_prefixes.setdefault(prefix, curie)
    return format_iri(f"{FALLBACK_NAMESPACE}{curie}")
