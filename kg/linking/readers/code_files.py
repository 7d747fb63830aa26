"""Files of code systems as published: RxNorm and UMLS RRF, SNOMED CT RF2, OMOP Athena, NDC, ICD-10-CM.

`code_layouts.tsv` has the columns of each kind of file, `code_statements.tsv` what a row of it says: labels,
and relations of `data/mappings/code_relations.tsv`. This module only applies the two tables, row by row: a
file of any size takes the memory of a block.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, zip_longest
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from kg.errors import BadData
from kg.linking.readers.file_formats import (
    CODE_LINE,
    ORDER_LINE,
    CodeLayout,
    FileFormat,
    detect_code_file,
    find_code_layout,
    read_code_layouts,
)
from kg.linking.readers.source_reading import (
    RDF_TYPE,
    XSD_BOOLEAN,
    ReadProblem,
    SourceReading,
    format_iri,
    format_literal,
    write_ingredients,
)
from kg.model.code_links import CodeRelation
from kg.model.code_spellings import parse_rows
from kg.model.product_names import split_parts
from kg.namespaces import OBO, OWL, expand_curie
from kg.text_files import read_text

_REPLACED_BY = OBO["IAO_0100001"].value
_DEPRECATED = f'{OWL["deprecated"]} "true"^^{XSD_BOOLEAN}'
_IS_CLASS = f"{RDF_TYPE} {OWL['Class']}"
_ROWS_PER_BLOCK = 5_000
_RELEASE_DATE = re.compile(r"_(\d{8})\.txt$")
_CONDITION = re.compile(r"(?P<column>\w+)(?P<sign>!?[=@])(?P<values>\S*)")
#: what is left of a label where a cell was empty
_EMPTY_CELL = re.compile(r"(?<=\()[, ]+|[, ]+(?=[,)])|\s*\(\)")

Cells = Mapping[str, str]
_Row = tuple[int, Cells]  # its line, its cells
_Condition = tuple[
    str, "frozenset[str] | set[str]", bool
]  # a column, values, whether its value is among them


@dataclass(frozen=True, slots=True)
class RowStatement:
    """A row of code_statements.tsv: what a row of a `kind` of file says when its conditions hold."""

    kind: str
    when: str
    subject: str
    predicate: str
    object: str


@cache
def read_row_statements() -> tuple[RowStatement, ...]:
    """Return the statements of the table beside this module."""
    path = Path(__file__).with_name("code_statements.tsv")
    return tuple(RowStatement(*cells) for _, cells in parse_rows(read_text(path), 5, path.name))


@dataclass(frozen=True, slots=True)
class CodeFileReader:
    """Reads the files of one import; `expand` returns the IRI of a CURIE, or "".

    `remembered` are the sets of codes that one file of a release tells the others.
    """

    expand: Callable[[str], str]
    relations: Mapping[str, CodeRelation]
    remembered: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def read(self, reading: SourceReading, form: FileFormat) -> Iterator[bytes]:
        """Yield the content of a file, or of each known file of a folder, as blocks of N-Triples."""
        if form is FileFormat.RELEASE:
            yield from self._read_folder(reading)
            return
        lines = self._read_rows(reading, form)
        while block := list(islice(lines, _ROWS_PER_BLOCK)):
            yield "".join(block).encode()

    def _read_folder(self, folder: SourceReading) -> Iterator[bytes]:
        """Yield the files of a release, those that name the concepts first; raises BadData for a mixture."""
        dates: dict[str, str] = {}
        for path, form in _list_release_files(folder):
            reading = SourceReading(path, str(path), folder.options, folder.problems, folder.facts)
            reading.on_bytes_read = folder.on_bytes_read
            if (date := _RELEASE_DATE.search(path.name)) and dates and date[1] not in dates:
                known, name = next(iter(dates.items()))
                raise BadData(
                    f"This file is of the release {date[1]}, {name} of {known}.",
                    location=str(path),
                    hint="Import one release at a time.",
                )
            if date:
                dates.setdefault(date[1], path.name)
            yield from self.read(reading, form)
        folder.note_fact("version", next(iter(dates), ""))

    def _read_rows(self, reading: SourceReading, form: FileFormat) -> Iterator[str]:
        """Yield the N-Triples of each row of a file."""
        with reading.open_stream() as stream:
            if form is FileFormat.ICD10CM_XML:
                kind, rows = "tabular", _split_xml(reading, stream)
            elif form is FileFormat.ICD10CM:
                kind, rows = "order", _match_lines(reading, stream)
            else:
                kind, rows = _split_cells(reading, stream, form)
            properties = self._find_properties()
            statements = [
                (conditions, statement)
                for statement in read_row_statements()
                if statement.kind == kind and (conditions := self._list_conditions(statement)) is not None
            ]
            for number, row in rows:
                try:
                    for conditions, statement in statements:
                        if all((row[column] in values) is wanted for column, values, wanted in conditions):
                            yield self._say(statement, properties, row)
                except ValueError as error:
                    reading.skip_or_raise(ReadProblem(number, 1, str(error)))

    # -- statements

    def _list_conditions(self, statement: RowStatement) -> list[_Condition] | None:
        """Return the conditions of a statement; None for one that refuses what no other file knows.

        Nothing is refused where nothing was remembered: then there is one file alone.
        """
        conditions = []
        for found in _CONDITION.finditer(statement.when):
            values: set[str] | frozenset[str] = frozenset(found["values"].split(","))
            if "@" in found["sign"]:
                values = self.remembered[found["values"]]
                if statement.predicate == "refuse" and not values:
                    return None
            conditions.append((found["column"], values, not found["sign"].startswith("!")))
        return conditions

    def _say(self, statement: RowStatement, properties: Mapping[str, str], row: Cells) -> str:
        """Return the lines of a statement about a row; "" where it says nothing."""
        code, text = statement.subject.format_map(row), statement.object.strip('"').format_map(row)
        if statement.predicate == "remember":
            self.remembered[text].add(code)
            return ""
        if statement.predicate == "refuse":
            raise ValueError(text)
        subject = self._term(code)
        if statement.predicate in ("ingredients", "substances"):
            parts = split_parts(text) if statement.predicate == "ingredients" else text.split("; ")
            return "".join(write_ingredients(subject, parts, self.expand))
        if text == "true":
            return f"{subject} {_DEPRECATED} .\n"
        if statement.object.startswith('"'):
            label = _EMPTY_CELL.sub("", text) if statement.object.count("{") > 1 else text
            predicate = f"<{expand_curie(statement.predicate)}>"
            return f"{subject} {_IS_CLASS} .\n{subject} {predicate} {format_literal(label)} .\n"
        relation = properties.get(statement.predicate.format_map(row), "")
        target = self._term(text) if relation and subject else ""
        if not target or subject == target:
            return ""
        retired = f"{subject} {_DEPRECATED} .\n" if relation == _REPLACED_BY else ""
        return f"{retired}{subject} <{relation}> {target} .\n"

    def _find_properties(self) -> dict[str, str]:
        """Return the IRIs of the relations by property, and by their names in OMOP and SNOMED CT."""
        properties: dict[str, str] = {}
        base = self.expand("rxnorm:1")[:-1]
        for relation in self.relations.values():
            names = [f"rxnorm:{relation.iri.removeprefix(base)}", f"omop:{relation.omop}"]
            names += [f"snomedct:{code}" for code in relation.snomedct.split()]
            properties |= dict.fromkeys(names, relation.iri)
        names_in_table = {s.predicate for s in read_row_statements()}
        return properties | {n: expand_curie(n) for n in names_in_table if expand_curie(n) in self.relations}

    def _term(self, code: str) -> str:
        """Return `<IRI>` of a code; raises ValueError for what is not a code of its vocabulary.

        With a `?` at its end, a code of no known vocabulary gives "".
        """
        if iri := self.expand(code.removesuffix("?")):
            return format_iri(iri)
        if code.endswith("?"):
            return ""
        prefix, _, identifier = code.partition(":")
        raise ValueError(f"{identifier!r} is not a code of {prefix}.")


# -- rows ---


def _split_cells(reading: SourceReading, stream: IO[bytes], form: FileFormat) -> tuple[str, Iterator[_Row]]:
    """Return the kind of a file of cells, and its rows; raises BadData for a broken header."""
    header, divider = "", "|"
    if form is not FileFormat.RRF:
        divider, header = "\t", _decode(stream.readline(), form, reading, 1)
    layout = find_code_layout(form, reading.name, header)
    columns = tuple(header.split(divider)) if header else layout.columns

    def split_rows() -> Iterator[_Row]:
        for number, raw in enumerate(stream, 2 if header else 1):
            cells = _decode(raw, form, reading, number).split(divider)
            if form is FileFormat.RRF and cells[-1] == "" and len(cells) == len(columns) + 1:
                cells.pop()  # RRF has a divider after the last field too
            row = dict(zip_longest(columns, cells[: len(columns)], fillvalue=""))
            if problem := _find_row_problem(reading, row, len(cells), divider, raw):
                reading.skip_or_raise(ReadProblem(number, len(raw.rstrip()) + 1, problem))
                continue
            yield number, row

    return layout.kind, split_rows()


def _match_lines(reading: SourceReading, stream: IO[bytes]) -> Iterator[_Row]:
    """Yield code and label of each line of an order file of ICD-10-CM, or of one of codes and names."""
    for number, raw in enumerate(stream, 1):
        line = _decode(raw, FileFormat.ICD10CM, reading, number)
        if found := ORDER_LINE.match(line) or CODE_LINE.match(line):
            yield number, found.groupdict()
        elif line.strip():
            problem = "Not a line of an order file (number, code, flag, names) or of code and name."
            reading.skip_or_raise(ReadProblem(number, 1, problem))


def _split_xml(reading: SourceReading, stream: IO[bytes]) -> Iterator[_Row]:
    """Yield code and label of each entry of the tabular list of ICD-10-CM in XML."""
    try:
        for _, element in ElementTree.iterparse(stream):  # noqa: S314 - expat bounds the expansion of entities
            if element.tag == "diag":
                yield 0, {"code": element.findtext("name", ""), "label": element.findtext("desc", "")}
                for child in element.findall("diag"):
                    element.remove(child)
    except ElementTree.ParseError as error:
        line, column = error.position
        reading.skip_or_raise(ReadProblem(line, column + 1, f"Not XML: {error.msg}."), skippable=False)


def _decode(raw: bytes, form: FileFormat, reading: SourceReading, number: int) -> str:
    """Return a line as text; raises BadData, with the column, for one that is not UTF-8 (NDC: Latin-1)."""
    try:
        return raw.decode("latin-1" if form is FileFormat.NDC else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        problem = f"The line is not UTF-8 (byte 0x{raw[error.start]:02X}); it seems to be Latin-1."
        raise BadData(
            problem,
            location=reading.name,
            line=number,
            column=error.start + 1,
            hint="Convert it, as with iconv -f LATIN1 -t UTF-8, then import again.",
        ) from error


def _find_row_problem(reading: SourceReading, row: Cells, width: int, divider: str, raw: bytes) -> str:
    """Return why a row of `width` fields is none of the file: its number of fields or its date; else ""."""
    if width != len(row):
        names = {"|": "|", "\t": "tabs", ",": "commas"}
        name = names.pop(divider)
        other = next((word for character, word in names.items() if character.encode() in raw), "")
        reason = "the file was cut short" if not raw.endswith(b"\n") else "fields are missing or too many"
        if width == 1 and other:
            reason = f"they are separated by {other}"
        return f"The row has {width} fields separated by {name} instead of {len(row)}: {reason}."
    date = _RELEASE_DATE.search(reading.name)
    if date and row.get("effectiveTime", "") > date[1]:
        return (
            f"The row is of {row['effectiveTime']}, after the release {date[1]} that the file's name "
            "states; rows of another release were mixed in."
        )
    return ""


def _list_release_files(folder: SourceReading) -> list[tuple[Path, FileFormat]]:
    """Return the files of a folder that are read, in the order of the layouts: names of concepts come first.

    Other files of a release (documents, reference sets, all versions) are passed over. Raises BadData for
    none.
    """
    files = []
    for path in sorted(folder.path.rglob("*")):
        if path.is_file() and path.stat().st_size:
            with SourceReading(path, str(path)).open_stream(silent=True) as stream:
                head = stream.read(1 << 14).decode("utf-8", "replace")
            if layout := _find_release_layout(head, path.name):
                files.append((read_code_layouts().index(layout), path, layout.format))
    if not files:
        raise BadData(
            "The folder has no file of RxNorm, UMLS, SNOMED CT, OMOP, NDC or ICD-10-CM.",
            location=folder.name,
            hint="Name the folder in which the .RRF, RF2 Snapshot .txt or Athena .csv files are.",
        )
    return [(path, form) for _, path, form in sorted(files)]


def _find_release_layout(head: str, name: str) -> CodeLayout | None:
    """Return the layout of a file of a release by its name, else by its content; None for another file."""
    layouts = read_code_layouts()
    if named := next((layout for layout in layouts if layout.has_name(name)), None):
        return named
    form = detect_code_file(head, name)
    if form in (None, FileFormat.RRF, FileFormat.RF2):
        return None
    header = head.partition("\n")[0]
    return max((x for x in layouts if x.format is form), key=lambda layout: layout.count_columns(header))
