"""Read OWL in Functional, Manchester and XML syntax with py-horned-owl, and hand it on as RDF/XML.

The library holds the whole ontology in memory (about 12 bytes a byte of text); RDF/XML never comes this way.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import pyhornedowl
import pyoxigraph as ox

from kg.errors import BadData
from kg.external.formats import FileFormat
from kg.external.rdf import RdfStream
from kg.external.reading import ReadProblem, SourceReading

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
