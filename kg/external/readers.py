"""The table of formats: which reader reads which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from kg.external import obo_rdf, obographs, table
from kg.external.formats import Format
from kg.external.owl import owl
from kg.external.rdf import FORMATS, Native, rdf
from kg.external.reading import Reading

Content = Native | Iterator[bytes]


def content(reading: Reading, scratch: Path, expand: Callable[[str], str]) -> Content:
    """Return what a file holds: RDF for the store's own loader, or blocks of N-Triples.

    `scratch` is a folder for intermediate files, `expand` gives a CURIE's IRI or "".
    """
    form = reading.format()
    if form in FORMATS:
        return rdf(reading, form)
    if form in (Format.FUNCTIONAL, Format.MANCHESTER, Format.OWL_XML):
        return owl(reading, form, scratch)
    if form is Format.OBO:
        return obo_rdf.triples(reading)
    if form is Format.OBO_GRAPHS:
        return obographs.triples(reading)
    if form is Format.SSSOM:
        from kg.external import sssom_rdf  # its library takes a second to load

        return sssom_rdf.triples(reading, expand)
    return table.triples(reading, expand)
