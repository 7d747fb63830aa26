"""The table of formats: which reader reads which."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox
from pyoxigraph import Triple

from kg.errors import BadData
from kg.linking.readers import obo_triples as obo_rdf
from kg.linking.readers import obo_triples as obographs
from kg.linking.readers import table_reader as table
from kg.linking.readers.file_formats import HEAD_SIZE, FileFormat, detect_format
from kg.linking.readers.rdf_reader import (
    RDF_FORMATS,
    RdfStream,
    describe_syntax_error,
    find_xml_error,
    normalize_entity_quotes,
    read_owl,
    read_rdf,
)
from kg.linking.readers.source_reading import ReadOptions, SourceReading

RdfContent = RdfStream | Iterator[bytes]


def read_content(reading: SourceReading, scratch: Path, expand_curie: Callable[[str], str]) -> RdfContent:
    """Return what a file holds: RDF for the store's own loader, or blocks of N-Triples.

    `scratch` is a folder for intermediate files, `expand` gives a CURIE's IRI or "".
    """
    form = reading.choose_format()
    if form in RDF_FORMATS:
        return read_rdf(reading, form)
    if form in (FileFormat.FUNCTIONAL, FileFormat.MANCHESTER, FileFormat.OWL_XML):
        return read_owl(reading, form, scratch)
    if form is FileFormat.OBO:
        return obo_rdf.read_obo(reading)
    if form is FileFormat.OBO_GRAPHS:
        return obographs.read_obo_graphs(reading)
    if form is FileFormat.SSSOM:
        from kg.linking.readers import sssom_reader as sssom_rdf  # its library takes a second to load

        return sssom_rdf.read_sssom(reading, expand_curie)
    return table.read_table(reading, expand_curie)


#: MERGED kg.external.rdf_files
#: MERGED Any RDF or ontology file as triples, terms exactly as written: what the reasoner is fed with.
#: MERGED
#: MERGED A known suffix decides the format; else the first bytes do. Blank nodes of a second file never meet those of
#: MERGED the first.


_CERTAIN_FORMATS = {
    ".ttl": FileFormat.TURTLE,
    ".nt": FileFormat.N_TRIPLES,
    ".nq": FileFormat.N_QUADS,
    ".trig": FileFormat.TRIG,
    ".jsonld": FileFormat.JSON_LD,
    ".rdf": FileFormat.RDF_XML,
}


def read_triples_of_files(paths: Iterable[Path]) -> Iterator[Triple]:
    """Yield the triples of files, whatever graphs they stand in.

    Raises BadData with file, line and column where one cannot be read.
    """
    for number, path in enumerate(paths):
        yield from read_triples_of_file(path, rename_blank_nodes=number > 0)


def read_triples_of_file(path: Path, *, rename_blank_nodes: bool = False) -> Iterator[Triple]:
    """Yield the triples of one file; `rename` gives its blank nodes names of their own."""
    name = str(path)
    try:
        form = _detect_file_format(path, name)
        if form is None:
            return
        if form in RDF_FORMATS:
            yield from _parse_rdf_file(path, name, RDF_FORMATS[form], rename_blank_nodes)
        else:
            yield from _convert_ontology_file(path, name, form)
    except OSError as error:
        raise BadData(
            f"The file cannot be read: {error.strerror or error}.",
            location=name,
            hint="Check its name and rights.",
        ) from error


def _detect_file_format(path: Path, name: str) -> FileFormat | None:
    """Return the format of a file; None when it is empty."""
    suffixes = [suffix for suffix in path.suffixes if suffix not in (".gz", ".bz2", ".zst")]
    if suffixes and suffixes[-1] in _CERTAIN_FORMATS:
        return _CERTAIN_FORMATS[suffixes[-1]]
    with SourceReading(path, name).open_stream(silent=True) as stream:
        head = stream.read(HEAD_SIZE)
    return detect_format(head, name) if head.strip() else None


def _parse_rdf_file(path: Path, name: str, form: ox.RdfFormat, rename_blank_nodes: bool) -> Iterator[Triple]:
    """Yield the triples of an RDF file."""
    base = path.absolute().as_uri()
    with SourceReading(path, name).open_stream() as opened:
        stream = normalize_entity_quotes(opened) if form == ox.RdfFormat.RDF_XML else opened
        try:
            for quad in ox.parse(stream, format=form, base_iri=base, rename_blank_nodes=rename_blank_nodes):
                yield quad.triple
        except SyntaxError as error:
            problem = describe_syntax_error(error)
            line, column = problem.line, problem.column
            if form == ox.RdfFormat.RDF_XML and not line:
                with SourceReading(path, name).open_stream(silent=True) as again:
                    line, column = find_xml_error(again)
            raise BadData(
                problem.message,
                location=name,
                line=line,
                column=column,
                hint="Mend that place and run again.",
            ) from error


def _convert_ontology_file(path: Path, name: str, form: FileFormat) -> Iterator[Triple]:
    """Yield the triples of an ontology in another format, by way of the importer's readers."""
    with tempfile.TemporaryDirectory() as scratch:
        found = read_content(SourceReading(path, name, ReadOptions(format=form)), Path(scratch), lambda _: "")
        if isinstance(found, RdfStream):
            with found.stream as stream:
                yield from (quad.triple for quad in ox.parse(stream, format=found.format))
            return
        for block in found:
            yield from (quad.triple for quad in ox.parse(block, format=ox.RdfFormat.N_TRIPLES))
