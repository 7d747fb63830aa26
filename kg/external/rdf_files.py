"""Any RDF or ontology file as triples, terms exactly as written: what the reasoner is fed with.

A known suffix decides the format; else the first bytes do. Blank nodes of a second file never meet those of
the first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox
from pyoxigraph import Triple

from kg.errors import BadData
from kg.external.formats import HEAD, Format, detect
from kg.external.rdf import FORMATS, Native, refused
from kg.external.rdf_xml import double_quoted, place
from kg.external.readers import content
from kg.external.reading import Options, Reading

_SURE = {
    ".ttl": Format.TURTLE,
    ".nt": Format.N_TRIPLES,
    ".nq": Format.N_QUADS,
    ".trig": Format.TRIG,
    ".jsonld": Format.JSON_LD,
    ".rdf": Format.RDF_XML,
}


def triples_of_files(paths: Iterable[Path]) -> Iterator[Triple]:
    """Yield the triples of files, whatever graphs they stand in.

    Raises BadData with file, line and column where one cannot be read.
    """
    for number, path in enumerate(paths):
        yield from triples_of_file(path, rename=number > 0)


def triples_of_file(path: Path, *, rename: bool = False) -> Iterator[Triple]:
    """Yield the triples of one file; `rename` gives its blank nodes names of their own."""
    name = str(path)
    try:
        form = _format(path, name)
        if form is None:
            return
        if form in FORMATS:
            yield from _parsed(path, name, FORMATS[form], rename)
        else:
            yield from _converted(path, name, form)
    except OSError as error:
        raise BadData(
            f"The file cannot be read: {error.strerror or error}.",
            where=name,
            todo="Check its name and rights.",
        ) from error


def _format(path: Path, name: str) -> Format | None:
    """Return the format of a file; None when it is empty."""
    suffixes = [suffix for suffix in path.suffixes if suffix not in (".gz", ".bz2", ".zst")]
    if suffixes and suffixes[-1] in _SURE:
        return _SURE[suffixes[-1]]
    with Reading(path, name).open(silent=True) as stream:
        head = stream.read(HEAD)
    return detect(head, name) if head.strip() else None


def _parsed(path: Path, name: str, form: ox.RdfFormat, rename: bool) -> Iterator[Triple]:
    """Yield the triples of an RDF file."""
    base = path.absolute().as_uri()
    with Reading(path, name).open() as opened:
        stream = double_quoted(opened) if form == ox.RdfFormat.RDF_XML else opened
        try:
            for quad in ox.parse(stream, format=form, base_iri=base, rename_blank_nodes=rename):
                yield quad.triple
        except SyntaxError as error:
            problem = refused(error)
            line, column = problem.line, problem.column
            if form == ox.RdfFormat.RDF_XML and not line:
                with Reading(path, name).open(silent=True) as again:
                    line, column = place(again)
            raise BadData(
                problem.what, where=name, line=line, column=column, todo="Mend that place and run again."
            ) from error


def _converted(path: Path, name: str, form: Format) -> Iterator[Triple]:
    """Yield the triples of an ontology in another format, by way of the importer's readers."""
    with tempfile.TemporaryDirectory() as scratch:
        found = content(Reading(path, name, Options(format=form)), Path(scratch), lambda _: "")
        if isinstance(found, Native):
            with found.stream as stream:
                yield from (quad.triple for quad in ox.parse(stream, format=found.format))
            return
        for block in found:
            yield from (quad.triple for quad in ox.parse(block, format=ox.RdfFormat.N_TRIPLES))
