"""The table of formats: which reader reads which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from kg.external import obo_rdf, obographs, table
from kg.external.formats import FileFormat
from kg.external.owl import read_owl
from kg.external.rdf import RDF_FORMATS, RdfStream, read_rdf
from kg.external.reading import SourceReading

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
        from kg.external import sssom_rdf  # its library takes a second to load

        return sssom_rdf.read_sssom(reading, expand_curie)
    return table.read_table(reading, expand_curie)
