"""CSV and TSV tables, whose columns the user maps to roles (`--columns id=Code,label=Name`); SSSOM TSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING

from kg.errors import BadData
from kg.linking.readers.source_reading import (
    RDF_TYPE,
    XSD_BOOLEAN,
    ReadProblem,
    SourceReading,
    format_iri,
    format_literal,
    write_ingredients,
)
from kg.model.product_names import split_parts
from kg.namespaces import BIOREGISTRY, OBO, OBOINOWL, OWL, RDFS, SSSOM

if TYPE_CHECKING:  # sssom-pydantic with pandas and pydantic takes a second to import
    from curies import Converter, Reference
    from sssom_pydantic import SemanticMapping

#: role -> (predicate, whether the value is a term)
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
        "ingredient": (RDFS["label"], False),
    }
)
_ROLES_HINT = f"Roles: id, {', '.join(COLUMN_ROLES)}."
#: namespace for identifiers of no known vocabulary, when no `--iri` is given
FALLBACK_NAMESPACE = str(BIOREGISTRY)
#: separates several values in one cell
VALUE_DIVIDER = "|"
_ROWS_PER_BLOCK = 2_000
_TRUE_WORDS = frozenset({"true", "1", "yes", "y"})


def read_table(reading: SourceReading, expand_curie: Callable[[str], str]) -> Iterator[bytes]:
    """Yield a table as blocks of N-Triples; `expand_curie` returns the IRI of a CURIE, or "". Raises BadData.

    The delimiter is the most frequent of tab, comma and semicolon in the first line.
    """
    with reading.open_stream() as stream:
        text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
        head = text.readline()
        delimiter = max("\t,;", key=head.count)
        names = next(csv.reader([head], delimiter=delimiter))
        columns, has_header = _locate_columns(reading, names)
        rows = csv.reader(text, delimiter=delimiter)
        if not has_header:
            yield _write_row(reading, 1, names, columns, expand_curie).encode()
        while block := list(islice(rows, _ROWS_PER_BLOCK)):
            first_line = rows.line_num - len(block) + 2
            lines = (
                _write_row(reading, line, cells, columns, expand_curie)
                for line, cells in enumerate(block, first_line)
            )
            yield "".join(lines).encode()


def _locate_columns(reading: SourceReading, names: list[str]) -> tuple[list[tuple[str, int]], bool]:
    """Return (role, column index) pairs, and whether the table has a header.

    It has none if all columns are given by numbers (from 1) that are not themselves names. Raises BadData.
    """
    columns = reading.options.columns
    example = f"For example: --columns 'id={names[0]},label={names[1] if len(names) > 1 else '...'}'."
    if not columns or "id" not in {role for role, _ in columns}:
        raise BadData(
            f"This is a table; its columns are {', '.join(names)[:300]}.",
            location=reading.name,
            hint=f"Say which column holds what with --columns. {example} {_ROLES_HINT}",
        )
    if unknown := [role for role, _ in columns if role != "id" and role not in COLUMN_ROLES]:
        raise BadData(f"{unknown[0]!r} is not a role of a column.", hint=_ROLES_HINT)
    if all(name.isdigit() and name not in names for _, name in columns):
        return [(role, int(name) - 1) for role, name in columns], False
    if missing := [name for _, name in columns if name not in names]:
        raise BadData(
            f"The table has no column {missing[0]!r}; its columns are {', '.join(names)[:300]}.",
            location=reading.name,
            line=1,
            hint=example,
        )
    return [(role, names.index(name)) for role, name in columns], True


def _write_row(
    reading: SourceReading,
    line: int,
    cells: list[str],
    columns: list[tuple[str, int]],
    expand_curie: Callable[[str], str],
) -> str:
    """Return the lines of one row, "" for one that is empty or skipped."""
    if not any(cells):
        return ""
    try:
        values = [(role, cells[index].strip()) for role, index in columns]
        identifier = next(value for role, value in values if role == "id")
        if not identifier:
            raise ValueError("the row has no identifier")
        subject = _expand_identifier(identifier, reading, expand_curie)
        lines = [f"{subject} {RDF_TYPE} {OWL['Class']} ."]
        lines += [
            _write_cell(subject, role, value, reading, expand_curie)
            for role, value in values
            if role not in ("id", "ingredient") and value
        ]
        ingredients = [part for role, value in values if role == "ingredient" for part in split_parts(value)]
        lines += write_ingredients(subject, ingredients, expand_curie)
    except (IndexError, ValueError) as error:
        reason = "the row has too few cells" if isinstance(error, IndexError) else str(error)
        reading.skip_or_raise(ReadProblem(line, 1, f"Not a row of this table: {reason}."))
        return ""
    return "\n".join(part for part in lines if part) + "\n"


def _write_cell(
    subject: str, role: str, text: str, reading: SourceReading, expand_curie: Callable[[str], str]
) -> str:
    """Return the lines of one cell, which may have several values separated by `|`."""
    predicate, is_term = COLUMN_ROLES[role]
    if role == "deprecated":
        return f'{subject} {predicate} "true"^^{XSD_BOOLEAN} .' if text.lower() in _TRUE_WORDS else ""
    texts = [text] if role in ("label", "definition", "comment") else text.split(VALUE_DIVIDER)
    values = filter(None, (value.strip() for value in texts))
    if is_term:
        targets = [_expand_identifier(value, reading, expand_curie) for value in values]
    else:
        targets = [format_literal(value) for value in values]
    return "\n".join(f"{subject} {predicate} {target} ." for target in targets)


def _expand_identifier(identifier: str, reading: SourceReading, expand_curie: Callable[[str], str]) -> str:
    """Return `<IRI>` of an identifier; raises ValueError when it has no prefix and the user gave none."""
    if identifier.startswith(("http://", "https://")):
        return format_iri(identifier)
    own_prefix, pattern = reading.options.prefix, reading.options.iri
    if pattern and (own_prefix or ":" not in identifier):
        return format_iri(pattern.replace("{id}", identifier))
    curie = f"{own_prefix}:{identifier}" if own_prefix else identifier
    prefix, colon, local = curie.partition(":")
    if not colon:
        raise ValueError(f"{identifier!r} has no prefix (give --prefix, or --iri)")
    if known := expand_curie(curie):
        return format_iri(known)
    if pattern:
        return format_iri(pattern.replace("{id}", local))
    reading.unknown_prefixes.setdefault(prefix, curie)
    return format_iri(f"{FALLBACK_NAMESPACE}{curie}")


# -- SSSOM ---


def read_sssom(reading: SourceReading, expand_curie: Callable[[str], str]) -> Iterator[bytes]:
    """Yield an SSSOM file as N-Triples; `expand_curie` returns the IRI of a CURIE, or "". Raises BadData.

    The project's own prefixes come before those of the file's curie_map, so that the same term has one IRI in
    all imports. Each mapping is a triple, and an owl:Axiom with its justification (the "OWL reified
    axioms" of the SSSOM specification). A negative mapping (predicate_modifier `Not`) has the axiom only: its
    triple would state the opposite.
    """
    import sssom_pydantic
    from pydantic import ValidationError
    from yaml import YAMLError

    try:
        with reading.open_stream() as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig")
            mappings, converter, metadata, errors = sssom_pydantic.read(text, return_errors=True)
    except (ValidationError, YAMLError, ValueError, KeyError, csv.Error) as error:
        reading.skip_or_raise(
            ReadProblem(1, 1, f"Not SSSOM: {_describe_sssom_error(error)}."), skippable=False
        )
        return
    reading.note_fact("version", metadata.version or "")
    reading.note_fact("licence", str(metadata.license or ""))
    reading.note_fact("title", metadata.title or "")
    for problem in errors:
        reading.skip_or_raise(
            ReadProblem(problem.line_number, 1, f"Not SSSOM: {_describe_sssom_error(problem.exception)}.")
        )
    yield "".join(
        _write_mapping(number, mapping, converter, expand_curie) for number, mapping in enumerate(mappings)
    ).encode()


def _describe_sssom_error(error: Exception) -> str:
    """Return the first field and message of a validation error, or the first line of any other error."""
    if errors := getattr(error, "errors", None):
        first = errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error).splitlines()[0][:200]


def _write_mapping(
    number: int, mapping: SemanticMapping, converter: Converter, expand_curie: Callable[[str], str]
) -> str:
    """Return the lines of one mapping."""

    def expand_reference(reference: Reference) -> str:
        iri = expand_curie(reference.curie) or converter.expand(reference.curie)
        return format_iri(iri or BIOREGISTRY + reference.curie)

    subject, predicate, target = (
        expand_reference(mapping.subject),
        expand_reference(mapping.predicate),
        expand_reference(mapping.object),
    )
    node = f"_:m{number}"
    is_negative = mapping.predicate_modifier == "Not"
    lines = [] if is_negative else [f"{subject} {predicate} {target} ."]
    lines += [
        f"{node} {RDF_TYPE} {OWL['Axiom']} .",
        f"{node} {OWL['annotatedSource']} {subject} .",
        f"{node} {OWL['annotatedProperty']} {predicate} .",
        f"{node} {OWL['annotatedTarget']} {target} .",
        f"{node} {SSSOM['mapping_justification']} {expand_reference(mapping.justification)} .",
    ]
    if is_negative:
        lines.append(f"{node} {SSSOM['predicate_modifier']} {format_literal('Not')} .")
    if mapping.confidence is not None:
        lines.append(f"{node} {SSSOM['confidence']} {format_literal(str(mapping.confidence))} .")
    for term, reference in ((subject, mapping.subject), (target, mapping.object)):
        if name := getattr(reference, "name", None):
            lines.append(f"{term} {RDFS['label']} {format_literal(name)} .")
    return "\n".join(lines) + "\n"
