"""The closed vocabulary: every term a data file uses exists, and none is defined twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from kg.build.turtle_files import SourceLocator
from kg.build.turtle_positions import FilePosition
from kg.errors import BadData
from kg.model.term_names import find_similar_names
from kg.namespaces import BASE, DCTERMS, GRAPH, OWL, PROV, RDF, RDFS, SH, SKOS, XSD, compress_iri

if TYPE_CHECKING:
    from rdflib.namespace import DefinedNamespace


@cache
def _load_standard_vocabularies() -> dict[str, type[DefinedNamespace]]:
    """Return the standard vocabularies whose terms rdflib lists, so that a typo in one is found too."""
    from rdflib import namespace as known

    return {
        str(RDF): known.RDF,
        str(RDFS): known.RDFS,
        str(OWL): known.OWL,
        str(XSD): known.XSD,
        str(SKOS): known.SKOS,
        str(PROV): known.PROV,
        str(DCTERMS): known.DCTERMS,
        str(SH): known.SH,
    }


def find_unknown_terms(places: SourceLocator, generated: Iterable[str] = ()) -> Iterator[BadData]:
    """Yield a mistake for each term that is used and that no file defines; `generated` terms are allowed."""
    defined = {iri for file in places.files for iri in file.positions.definitions} | set(generated)
    used: dict[str, list[FilePosition]] = {}
    for file in places.files:
        for iri, positions in file.positions.terms.items():
            used.setdefault(iri, []).extend(positions)
    for iri, positions in used.items():
        if not _is_defined(iri, defined):
            yield _describe_unknown_term(iri, positions, defined)


def find_duplicate_definitions(places: SourceLocator) -> Iterator[BadData]:
    """Yield a mistake for each further place that defines an IRI of the project."""
    definitions: dict[str, list[FilePosition]] = {}
    for file in places.files:
        for iri, positions in file.positions.definitions.items():
            definitions.setdefault(iri, []).extend(positions)
    for iri, all_places in definitions.items():
        distinct = sorted(set(all_places))
        for place in distinct[1:] if iri.startswith(BASE) else ():
            first = distinct[0]
            yield BadData(
                f"{compress_iri(iri)} is defined here and in {first.file}:{first.line}.",
                location=place.file,
                line=place.line,
                column=place.column,
                hint="Give one of the two another IRI, or merge them; IRIs are never reused.",
            )


def _is_defined(iri: str, defined: set[str]) -> bool:
    """Return whether a file defines a term of the project, or a standard lists a term of its own."""
    if iri.startswith(GRAPH) or (iri.startswith(BASE + "ont") and "#" not in iri):
        return True
    if iri.startswith(BASE):
        return iri in defined or iri == BASE
    for vocabulary, names in _load_standard_vocabularies().items():
        local = iri.removeprefix(vocabulary)
        if local != iri:
            return not local or local in names
    return True


def _describe_unknown_term(iri: str, places: list[FilePosition], defined: set[str]) -> BadData:
    """Return the mistake of an unknown term at its first place, with similar terms."""
    place = places[0]
    more = f" (used in {len(places)} places)" if len(places) > 1 else ""
    head = compress_iri(iri).partition(":")[0] + ":"
    candidates = chain((compress_iri(term) for term in defined), (_list_standard_names(iri)))
    similar = find_similar_names(compress_iri(iri), [name for name in candidates if name.startswith(head)])
    hint = f"Did you mean {' or '.join(similar)}?" if similar else "Define it, or use a term that is defined."
    return BadData(
        f"The term {compress_iri(iri)} does not exist{more}.",
        location=place.file,
        line=place.line,
        column=place.column,
        hint=hint,
    )


def _list_standard_names(iri: str) -> Iterator[str]:
    """Yield the CURIEs of the standard vocabulary whose namespace `iri` has."""
    for vocabulary, names in _load_standard_vocabularies().items():
        if iri.startswith(vocabulary):
            yield from (compress_iri(str(term)) for term in dir(names) if str(term).startswith(vocabulary))
