"""Read RDF with pyoxigraph: as a stream for the loader, or line by line where broken lines are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

import pyoxigraph as ox

from kg.external.formats import Format
from kg.external.rdf_xml import double_quoted
from kg.external.reading import Problem, Reading

FORMATS = {
    Format.RDF_XML: ox.RdfFormat.RDF_XML,
    Format.TURTLE: ox.RdfFormat.TURTLE,
    Format.N_TRIPLES: ox.RdfFormat.N_TRIPLES,
    Format.N_QUADS: ox.RdfFormat.N_QUADS,
    Format.TRIG: ox.RdfFormat.TRIG,
    Format.JSON_LD: ox.RdfFormat.JSON_LD,
}
#: formats that may name graphs; all of them go into the import's one graph.
_DATASETS = frozenset({Format.N_QUADS, Format.TRIG, Format.JSON_LD})
_LINES = frozenset({Format.N_TRIPLES, Format.N_QUADS})
_BLOCK = 5_000


@dataclass(frozen=True, slots=True)
class Native:
    """RDF the store's own loader reads, in bounded memory and without Python between."""

    stream: IO[bytes]
    format: ox.RdfFormat


def rdf(reading: Reading, form: Format) -> Native | Iterator[bytes]:
    """Return what the loader takes: the stream itself, or blocks of N-Triples."""
    if form in _LINES and reading.options.lenient:
        return _lenient(reading, FORMATS[form])
    if form in _DATASETS:
        return _one_graph(reading, FORMATS[form])
    stream = reading.open()
    return Native(double_quoted(stream) if form is Format.RDF_XML else stream, FORMATS[form])


def refused(error: SyntaxError) -> Problem:
    """Return what pyoxigraph found wrong as one sentence."""
    return Problem(error.lineno or 0, error.offset or 0, f"Not well-formed RDF: {_short(str(error.msg))}.")


def _short(message: str) -> str:
    """Return a parser's message without its position (told apart) and not longer than a line."""
    head = message.split("\n")[0]
    for cut in ("Parser error at line ", "Parser error between line "):
        if head.startswith(cut) and ": " in head:
            head = head.split(": ", 1)[1]
    return head[:200].rstrip(".")


def _one_graph(reading: Reading, form: ox.RdfFormat) -> Iterator[bytes]:
    """Yield the triples of a dataset, whatever graph they stood in."""
    with reading.open() as stream:
        quads = ox.parse(stream, format=form, base_iri="https://w3id.org/rrall-kg/")
        try:
            while block := list(islice(quads, _BLOCK)):
                yield "".join(f"{quad.triple} .\n" for quad in block).encode()
        except SyntaxError as error:
            reading.skip(refused(error), mendable=form == ox.RdfFormat.N_QUADS)


def _lenient(reading: Reading, form: ox.RdfFormat) -> Iterator[bytes]:
    """Yield the lines of N-Triples or N-Quads that parse, and list the others."""
    with reading.open() as stream:
        first = 1
        while lines := list(islice(stream, _BLOCK)):
            yield _good(reading, lines, first, form)
            first += len(lines)


def _good(reading: Reading, lines: list[bytes], first: int, form: ox.RdfFormat) -> bytes:
    """Return a block's triples; when the block does not parse, those of each line that does."""
    try:
        return _triples(b"".join(lines), form)
    except SyntaxError:
        kept: list[bytes] = []
        for number, line in enumerate(lines, start=first):
            try:
                kept.append(_triples(line, form))
            except SyntaxError as error:
                reading.skip(Problem(number, error.offset or 0, refused(error).what))
        return b"".join(kept)


def _triples(data: bytes, form: ox.RdfFormat) -> bytes:
    """Return lines of N-Triples or N-Quads as N-Triples; raises SyntaxError."""
    if form == ox.RdfFormat.N_TRIPLES:
        for _ in ox.parse(data, format=form):
            pass
        return data if data.endswith(b"\n") else data + b"\n"
    return "".join(f"{quad.triple} .\n" for quad in ox.parse(data, format=form)).encode()
