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
from kg.external.formats import Format
from kg.external.rdf import Native
from kg.external.reading import Problem, Reading

_Syntax = Literal["ofn", "omn", "owx"]
_SYNTAX: dict[Format, _Syntax] = {Format.FUNCTIONAL: "ofn", Format.MANCHESTER: "omn", Format.OWL_XML: "owx"}
_PLACE = re.compile(r"line_col: Pos\(\((\d+), (\d+)\)\)")
_LINE = re.compile(r'line: "((?:[^"\\]|\\.)*)"')
#: larger text would need more than about 8 GB.
LIMIT = 700_000_000


def owl(reading: Reading, form: Format, scratch: Path) -> Native:
    """Return the ontology as RDF/XML written to `scratch`; raises BadData with line and column."""
    with reading.open() as stream:
        text = stream.read(LIMIT + 1)
    if len(text) > LIMIT:
        raise BadData(
            f"In this syntax an ontology must fit into memory; this one has more than {LIMIT:,} bytes.",
            where=reading.name,
            todo="Convert it to RDF/XML or N-Triples, which are read in bounded memory.",
        )
    target = scratch / "horned.rdf"
    try:
        ontology = pyhornedowl.open_ontology_from_string(_utf8(text, reading), _SYNTAX[form])
        ontology.save_to_file(os.fspath(target), "rdf")
    except ValueError as error:
        reading.skip(_problem(str(error), form), mendable=False)
    return Native(target.open("rb"), ox.RdfFormat.RDF_XML)


def _utf8(text: bytes, reading: Reading) -> str:
    """Return `text` decoded; raises BadData with the line of the first byte that is not UTF-8."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise BadData(
            "This line is not UTF-8.", where=reading.name, line=line, todo="Save it as UTF-8."
        ) from error


def _problem(message: str, form: Format) -> Problem:
    """Return py-horned-owl's error as a place and one sentence."""
    place, shown = _PLACE.search(message), _LINE.search(message)
    what = f"Not OWL in {form.value} syntax"
    if shown:
        what += f", near `{shown[1].strip()[:80]}`"
    elif not place:
        what += f": {message.splitlines()[0][:160]}"
    return Problem(int(place[1]) if place else 0, int(place[2]) if place else 0, what + ".")
