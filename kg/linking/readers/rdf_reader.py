"""What our parser of RDF/XML lacks: entities in single quotes (XML 1.0, 4.2), and the place of a mistake."""

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

#: the declarations stand at the start of a file
DECLARATIONS_SIZE = 1 << 16
_SINGLE_QUOTED_ENTITY = re.compile(rb"""(<!ENTITY\s+[^\s>]+\s+)'([^'"<]*)'""")


def normalize_entity_quotes(stream: IO[bytes]) -> IO[bytes]:
    """Return a stream whose entity declarations stand in double quotes; all else is left as it is."""
    head = stream.read(DECLARATIONS_SIZE)
    return io.BufferedReader(_PrependedStream(_SINGLE_QUOTED_ENTITY.sub(rb'\1"\2"', head), stream))


def find_xml_error(stream: IO[bytes]) -> tuple[int, int]:
    """Return line and column, from 1, where a stream stops to be XML; 0 and 0 when it is XML throughout."""
    try:
        expat.ParserCreate().ParseFile(stream)
    except expat.ExpatError as error:
        return error.lineno, error.offset + 1
    return 0, 0


class _PrependedStream(io.RawIOBase):
    """Bytes that were read already, then the rest of a stream."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is wider
        """Fill a buffer; columns are those of the file, since a quote is as long as another."""
        found = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        """Close the stream too."""
        self._rest.close()
        super().close()


#: MERGED kg.external.rdf
#: MERGED Read RDF with pyoxigraph: as a stream for the loader, or line by line where broken lines are skipped.


RDF_FORMATS = {
    FileFormat.RDF_XML: ox.RdfFormat.RDF_XML,
    FileFormat.TURTLE: ox.RdfFormat.TURTLE,
    FileFormat.N_TRIPLES: ox.RdfFormat.N_TRIPLES,
    FileFormat.N_QUADS: ox.RdfFormat.N_QUADS,
    FileFormat.TRIG: ox.RdfFormat.TRIG,
    FileFormat.JSON_LD: ox.RdfFormat.JSON_LD,
}
#: formats that may name graphs; all of them go into the import's one graph.
_DATASET_FORMATS = frozenset({FileFormat.N_QUADS, FileFormat.TRIG, FileFormat.JSON_LD})
_LINE_FORMATS = frozenset({FileFormat.N_TRIPLES, FileFormat.N_QUADS})
_LINES_PER_BLOCK = 5_000


@dataclass(frozen=True, slots=True)
class RdfStream:
    """RDF the store's own loader reads, in bounded memory and without Python between."""

    stream: IO[bytes]
    format: ox.RdfFormat


def read_rdf(reading: SourceReading, form: FileFormat) -> RdfStream | Iterator[bytes]:
    """Return what the loader takes: the stream itself, or blocks of N-Triples."""
    if form in _LINE_FORMATS and reading.options.lenient:
        return _read_valid_lines(reading, RDF_FORMATS[form])
    if form in _DATASET_FORMATS:
        return _merge_graphs(reading, RDF_FORMATS[form])
    stream = reading.open_stream()
    return RdfStream(
        normalize_entity_quotes(stream) if form is FileFormat.RDF_XML else stream, RDF_FORMATS[form]
    )


def describe_syntax_error(error: SyntaxError) -> ReadProblem:
    """Return what pyoxigraph found wrong as one sentence."""
    return ReadProblem(
        error.lineno or 0, error.offset or 0, f"Not well-formed RDF: {_shorten_message(str(error.msg))}."
    )


def _shorten_message(message: str) -> str:
    """Return a parser's message without its position (told apart) and not longer than a line."""
    head = message.split("\n")[0]
    for cut in ("Parser error at line ", "Parser error between line "):
        if head.startswith(cut) and ": " in head:
            head = head.split(": ", 1)[1]
    return head[:200].rstrip(".")


def _merge_graphs(reading: SourceReading, form: ox.RdfFormat) -> Iterator[bytes]:
    """Yield the triples of a dataset, whatever graph they stood in."""
    with reading.open_stream() as stream:
        quads = ox.parse(stream, format=form, base_iri="https://w3id.org/rrall-kg/")
        try:
            while block := list(islice(quads, _LINES_PER_BLOCK)):
                yield "".join(f"{quad.triple} .\n" for quad in block).encode()
        except SyntaxError as error:
            reading.skip_or_raise(describe_syntax_error(error), skippable=form == ox.RdfFormat.N_QUADS)


def _read_valid_lines(reading: SourceReading, form: ox.RdfFormat) -> Iterator[bytes]:
    """Yield the lines of N-Triples or N-Quads that parse, and list the others."""
    with reading.open_stream() as stream:
        first = 1
        while lines := list(islice(stream, _LINES_PER_BLOCK)):
            yield _keep_valid_lines(reading, lines, first, form)
            first += len(lines)


def _keep_valid_lines(
    reading: SourceReading, lines: list[bytes], first_line: int, form: ox.RdfFormat
) -> bytes:
    """Return a block's triples; when the block does not parse, those of each line that does."""
    try:
        return _parse_lines(b"".join(lines), form)
    except SyntaxError:
        kept: list[bytes] = []
        for number, line in enumerate(lines, start=first_line):
            try:
                kept.append(_parse_lines(line, form))
            except SyntaxError as error:
                reading.skip_or_raise(
                    ReadProblem(number, error.offset or 0, describe_syntax_error(error).message)
                )
        return b"".join(kept)


def _parse_lines(data: bytes, form: ox.RdfFormat) -> bytes:
    """Return lines of N-Triples or N-Quads as N-Triples; raises SyntaxError."""
    if form == ox.RdfFormat.N_TRIPLES:
        for _ in ox.parse(data, format=form):
            pass
        return data if data.endswith(b"\n") else data + b"\n"
    return "".join(f"{quad.triple} .\n" for quad in ox.parse(data, format=form)).encode()


#: MERGED kg.external.owl
#: MERGED Read OWL in Functional, Manchester and XML syntax with py-horned-owl, and hand it on as RDF/XML.
#: MERGED
#: MERGED The library holds the whole ontology in memory (about 12 bytes a byte of text); RDF/XML never comes this way.


_Syntax = Literal["ofn", "omn", "owx"]
_SYNTAX_OF_FORMAT: dict[FileFormat, _Syntax] = {
    FileFormat.FUNCTIONAL: "ofn",
    FileFormat.MANCHESTER: "omn",
    FileFormat.OWL_XML: "owx",
}
_ERROR_POSITION = re.compile(r"line_col: Pos\(\((\d+), (\d+)\)\)")
_ERROR_LINE = re.compile(r'line: "((?:[^"\\]|\\.)*)"')
#: larger text would need more than about 8 GB.
MAX_BYTES = 700_000_000


def read_owl(reading: SourceReading, form: FileFormat, scratch: Path) -> RdfStream:
    """Return the ontology as RDF/XML written to `scratch`; raises BadData with line and column."""
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
    """Return `text` decoded; raises BadData with the line of the first byte that is not UTF-8."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise BadData(
            "This line is not UTF-8.", location=reading.name, line=line, hint="Save it as UTF-8."
        ) from error


def _describe_owl_error(message: str, form: FileFormat) -> ReadProblem:
    """Return py-horned-owl's error as a place and one sentence."""
    place, shown = _ERROR_POSITION.search(message), _ERROR_LINE.search(message)
    what = f"Not OWL in {form.value} syntax"
    if shown:
        what += f", near `{shown[1].strip()[:80]}`"
    elif not place:
        what += f": {message.splitlines()[0][:160]}"
    return ReadProblem(int(place[1]) if place else 0, int(place[2]) if place else 0, what + ".")
