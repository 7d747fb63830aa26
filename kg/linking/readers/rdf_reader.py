"""RDF with pyoxigraph and OWL with py-horned-owl, as a stream for the store's loader or as N-Triples.

RDF/XML needs two repairs around pyoxigraph's parser: it does not read entity declarations in single quotes
(XML 1.0, section 4.2), which some ontologies have, and it does not say where a mistake is.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Literal
from xml.parsers import expat

import pyhornedowl
import pyoxigraph as ox

from kg.errors import BadData
from kg.linking.readers.file_formats import FileFormat
from kg.linking.readers.source_reading import ReadProblem, SourceReading
from kg.namespaces import BASE
from kg.text_files import clean_parser_message

#: bytes at the start of a file that are searched for entity declarations
DECLARATIONS_SIZE = 1 << 16
_SINGLE_QUOTED_ENTITY = re.compile(rb"""(<!ENTITY\s+[^\s>]+\s+)'([^'"<]*)'""")


def normalize_entity_quotes(stream: IO[bytes]) -> IO[bytes]:
    """Return the stream with double quotes around the values of entity declarations; nothing else changes."""
    head = stream.read(DECLARATIONS_SIZE)
    return io.BufferedReader(_PrependedStream(_SINGLE_QUOTED_ENTITY.sub(rb'\1"\2"', head), stream))


def find_xml_error(stream: IO[bytes]) -> tuple[int, int]:
    """Return line and column, from 1, of the first error in XML; 0 and 0 for well-formed XML."""
    try:
        expat.ParserCreate().ParseFile(stream)
    except expat.ExpatError as error:
        return error.lineno, error.offset + 1
    return 0, 0


class _PrependedStream(io.RawIOBase):
    """Bytes that were read already, then the rest of a stream.

    A single quote is as long as a double one, so the columns of errors are those of the file.
    """

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        """Return True: this stream can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is wider
        """Fill a buffer and return the number of bytes."""
        block = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        """Close the stream too."""
        self._rest.close()
        super().close()


# -- RDF ---

RDF_FORMATS = {
    FileFormat.RDF_XML: ox.RdfFormat.RDF_XML,
    FileFormat.TURTLE: ox.RdfFormat.TURTLE,
    FileFormat.N_TRIPLES: ox.RdfFormat.N_TRIPLES,
    FileFormat.N_QUADS: ox.RdfFormat.N_QUADS,
    FileFormat.TRIG: ox.RdfFormat.TRIG,
    FileFormat.JSON_LD: ox.RdfFormat.JSON_LD,
}
#: formats with named graphs; an import is one graph, so their names are dropped
_DATASET_FORMATS = frozenset({FileFormat.N_QUADS, FileFormat.TRIG, FileFormat.JSON_LD})
_LINE_FORMATS = frozenset({FileFormat.N_TRIPLES, FileFormat.N_QUADS})
_LINES_PER_BLOCK = 5_000


@dataclass(frozen=True, slots=True)
class RdfStream:
    """RDF that the store's own loader parses: in bounded memory, and without Python objects for triples."""

    stream: IO[bytes]
    format: ox.RdfFormat


def read_rdf(reading: SourceReading, form: FileFormat) -> RdfStream | Iterator[bytes]:
    """Return the stream itself, or N-Triples where graphs are merged or broken lines are skipped."""
    if form in _LINE_FORMATS and reading.options.lenient:
        return _read_valid_lines(reading, RDF_FORMATS[form])
    if form in _DATASET_FORMATS:
        return _merge_graphs(reading, RDF_FORMATS[form])
    stream = reading.open_stream()
    return RdfStream(
        normalize_entity_quotes(stream) if form is FileFormat.RDF_XML else stream, RDF_FORMATS[form]
    )


def describe_syntax_error(error: SyntaxError) -> ReadProblem:
    """Return pyoxigraph's error as one sentence with its position."""
    message = f"Not well-formed RDF: {clean_parser_message(error)}."
    return ReadProblem(error.lineno or 0, error.offset or 0, message)


def _merge_graphs(reading: SourceReading, form: ox.RdfFormat) -> Iterator[bytes]:
    """Yield the triples of all graphs of a dataset as blocks of N-Triples."""
    with reading.open_stream() as stream:
        quads = ox.parse(stream, format=form, base_iri=BASE)
        try:
            while block := list(islice(quads, _LINES_PER_BLOCK)):
                yield "".join(f"{quad.triple} .\n" for quad in block).encode()
        except SyntaxError as error:
            reading.skip_or_raise(describe_syntax_error(error), skippable=form == ox.RdfFormat.N_QUADS)


def _read_valid_lines(reading: SourceReading, form: ox.RdfFormat) -> Iterator[bytes]:
    """Yield the lines of N-Triples or N-Quads that parse; the others are noted as problems."""
    with reading.open_stream() as stream:
        first = 1
        while lines := list(islice(stream, _LINES_PER_BLOCK)):
            yield _keep_valid_lines(reading, lines, first, form)
            first += len(lines)


def _keep_valid_lines(
    reading: SourceReading, lines: list[bytes], first_line: int, form: ox.RdfFormat
) -> bytes:
    """Return the triples of a block; when it does not parse, those of each line that does.

    Blocks are parsed first, since parsing each line by itself is far slower and broken lines are rare.
    """
    try:
        return _parse_lines(b"".join(lines), form)
    except SyntaxError:
        valid: list[bytes] = []
        for number, line in enumerate(lines, start=first_line):
            try:
                valid.append(_parse_lines(line, form))
            except SyntaxError as error:
                reading.skip_or_raise(
                    ReadProblem(number, error.offset or 0, describe_syntax_error(error).message)
                )
        return b"".join(valid)


def _parse_lines(data: bytes, form: ox.RdfFormat) -> bytes:
    """Return lines of N-Triples or N-Quads as N-Triples; raises SyntaxError when one does not parse."""
    if form == ox.RdfFormat.N_TRIPLES:
        for _ in ox.parse(data, format=form):
            pass
        return data if data.endswith(b"\n") else data + b"\n"
    return "".join(f"{quad.triple} .\n" for quad in ox.parse(data, format=form)).encode()


# -- OWL in other syntaxes ---

_Syntax = Literal["ofn", "omn", "owx"]
_SYNTAX_OF_FORMAT: dict[FileFormat, _Syntax] = {
    FileFormat.FUNCTIONAL: "ofn",
    FileFormat.MANCHESTER: "omn",
    FileFormat.OWL_XML: "owx",
}
_ERROR_POSITION = re.compile(r"line_col: Pos\(\((\d+), (\d+)\)\)")
_ERROR_LINE = re.compile(r'line: "((?:[^"\\]|\\.)*)"')
#: bytes of text; py-horned-owl needs about 12 bytes of memory for each, so more would need over 8 GB
MAX_BYTES = 700_000_000


def read_owl(reading: SourceReading, form: FileFormat, scratch: Path) -> RdfStream:
    """Return an ontology in Functional, Manchester or OWL/XML syntax as RDF/XML, written to `scratch`.

    Raises BadData, with line and column where py-horned-owl tells them.
    """
    with reading.open_stream() as stream:
        text = stream.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise BadData(
            f"In this syntax an ontology must fit into memory; this one has more than {MAX_BYTES:,} bytes.",
            location=reading.name,
            hint="Convert it to RDF/XML or N-Triples, which are read in bounded memory.",
        )
    target = scratch / "horned.rdf"
    try:
        ontology = pyhornedowl.open_ontology_from_string(_decode_utf8(text, reading), _SYNTAX_OF_FORMAT[form])
        ontology.save_to_file(os.fspath(target), "rdf")
    except ValueError as error:
        reading.skip_or_raise(_describe_owl_error(str(error), form), skippable=False)
    return RdfStream(target.open("rb"), ox.RdfFormat.RDF_XML)


def _decode_utf8(text: bytes, reading: SourceReading) -> str:
    """Return decoded text; raises BadData with the line of the first byte that is not UTF-8."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise BadData(
            "This line is not UTF-8.", location=reading.name, line=line, hint="Save it as UTF-8."
        ) from error


def _describe_owl_error(message: str, form: FileFormat) -> ReadProblem:
    """Return py-horned-owl's error as one sentence with its position.

    The error is a text of several lines with a dump of its parser; position and source line are in it.
    """
    position, line_text = _ERROR_POSITION.search(message), _ERROR_LINE.search(message)
    line, column = (int(position[1]), int(position[2])) if position else (0, 0)
    sentence = f"Not OWL in {form.value} syntax"
    if line_text:
        sentence += f", near `{line_text[1].strip()[:80]}`"
    elif not position:
        sentence += f": {message.splitlines()[0][:160]}"
    return ReadProblem(line, column, f"{sentence}.")
