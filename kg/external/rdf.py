"""Read RDF with pyoxigraph: as a stream for the loader, or line by line where broken lines are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

import pyoxigraph as ox

from kg.external.formats import FileFormat
from kg.external.rdf_xml import normalize_entity_quotes
from kg.external.reading import ReadProblem, SourceReading

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
