"""Which reader reads which format; and the triples of any RDF or ontology file, as the reasoner gets them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
from pyoxigraph import Triple

from kg.errors import BadData
from kg.linking.readers.file_formats import (
    CODE_FORMATS,
    HEAD_SIZE,
    FileFormat,
    detect_format,
    get_certain_format,
)
from kg.linking.readers.obo_triples import read_obo, read_obo_graphs
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
from kg.linking.readers.table_reader import read_sssom, read_table

if TYPE_CHECKING:
    from kg.model.code_links import CodeRelation

RdfContent = RdfStream | Iterator[bytes]


def read_content(
    reading: SourceReading,
    scratch: Path,
    expand_curie: Callable[[str], str],
    load_relations: Callable[[], Mapping[str, CodeRelation]] = dict,
) -> RdfContent:
    """Return the content of a file: RDF for the store's own loader, or blocks of N-Triples.

    `scratch` is a folder for intermediate files; `expand_curie` returns the IRI of a CURIE, or "";
    `load_relations` the relations between codes. Raises BadData now, or while the blocks are read.
    """
    form = reading.choose_format()
    if form in RDF_FORMATS:
        return read_rdf(reading, form)
    if form in (FileFormat.FUNCTIONAL, FileFormat.MANCHESTER, FileFormat.OWL_XML):
        return read_owl(reading, form, scratch)
    if form is FileFormat.OBO:
        return read_obo(reading)
    if form is FileFormat.OBO_GRAPHS:
        return read_obo_graphs(reading)
    if form is FileFormat.SSSOM:
        return read_sssom(reading, expand_curie)
    if form in CODE_FORMATS:
        from kg.linking.readers.code_files import CodeFileReader  # with curies and pydantic, slow to import

        return CodeFileReader(expand_curie, load_relations()).read(reading, form)
    return read_table(reading, expand_curie)


# -- triples of files, for the reasoner ---


def read_triples_of_files(paths: Iterable[Path]) -> Iterator[Triple]:
    """Yield the triples of all graphs of some files, terms exactly as written.

    Blank nodes of different files stay different. Raises BadData with file, line and column.
    """
    for number, path in enumerate(paths):
        yield from read_triples_of_file(path, rename_blank_nodes=number > 0)


def read_triples_of_file(path: Path, *, rename_blank_nodes: bool = False) -> Iterator[Triple]:
    """Yield the triples of one file, with new blank nodes if `rename_blank_nodes`; raises BadData."""
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
            hint="Check its name and its permissions.",
        ) from error


def _detect_file_format(path: Path, name: str) -> FileFormat | None:
    """Return the format of a file, None for an empty one; raises BadData when no format fits."""
    if certain := get_certain_format(name):
        return certain
    with SourceReading(path, name).open_stream(silent=True) as stream:
        head = stream.read(HEAD_SIZE)
    return detect_format(head, name) if head.strip() else None


def _parse_rdf_file(path: Path, name: str, form: ox.RdfFormat, rename_blank_nodes: bool) -> Iterator[Triple]:
    """Yield the triples of an RDF file; relative IRIs are resolved against the address of the file."""
    base = path.absolute().as_uri()
    with SourceReading(path, name).open_stream() as opened:
        stream = normalize_entity_quotes(opened) if form == ox.RdfFormat.RDF_XML else opened
        try:
            for quad in ox.parse(stream, format=form, base_iri=base, rename_blank_nodes=rename_blank_nodes):
                yield quad.triple
        except SyntaxError as error:
            problem = describe_syntax_error(error)
            line, column = problem.line, problem.column
            # pyoxigraph gives no position for XML; expat reads the file again and finds one
            if form == ox.RdfFormat.RDF_XML and not line:
                with SourceReading(path, name).open_stream(silent=True) as again:
                    line, column = find_xml_error(again)
            raise BadData(
                problem.message,
                location=name,
                line=line,
                column=column,
                hint="Fix this place, then run again.",
            ) from error


def _convert_ontology_file(path: Path, name: str, form: FileFormat) -> Iterator[Triple]:
    """Yield the triples of an ontology in a format that is not RDF."""
    with tempfile.TemporaryDirectory() as scratch:
        reading = SourceReading(path, name, ReadOptions(format=form))
        content = read_content(reading, Path(scratch), lambda _: "")
        if isinstance(content, RdfStream):
            with content.stream as stream:
                yield from (quad.triple for quad in ox.parse(stream, format=content.format))
            return
        for block in content:
            yield from (quad.triple for quad in ox.parse(block, format=ox.RdfFormat.N_TRIPLES))
