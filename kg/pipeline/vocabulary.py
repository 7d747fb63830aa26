"""The closed vocabulary: every term a data file uses exists, and none is defined twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from kg.errors import BadData
from kg.files.places import Places
from kg.files.positions import Place
from kg.namespaces import BASE, DCTERMS, GRAPH, OWL, PROV, RDF, RDFS, SH, SKOS, XSD, shorten

if TYPE_CHECKING:
    from rdflib.namespace import DefinedNamespace


@cache
def _standard() -> dict[str, type[DefinedNamespace]]:
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


def unknown_terms(places: Places, also: Iterable[str] = ()) -> Iterator[BadData]:
    """Yield a mistake for each term that is used and that no file defines; `also` lists generated terms."""
    defined = {iri for file in places.files for iri in file.positions.definitions} | set(also)
    used: dict[str, list[Place]] = {}
    for file in places.files:
        for iri, found in file.positions.terms.items():
            used.setdefault(iri, []).extend(found)
    for iri, found in used.items():
        if not _exists(iri, defined):
            yield _unknown(iri, found, defined)


def duplicates(places: Places) -> Iterator[BadData]:
    """Yield a mistake for each further place that defines an IRI of ours."""
    definitions: dict[str, list[Place]] = {}
    for file in places.files:
        for iri, found in file.positions.definitions.items():
            definitions.setdefault(iri, []).extend(found)
    for iri, all_places in definitions.items():
        distinct = sorted(set(all_places))
        for place in distinct[1:] if iri.startswith(BASE) else ():
            first = distinct[0]
            yield BadData(
                f"{shorten(iri)} is defined here and in {first.file}:{first.line}.",
                where=place.file,
                line=place.line,
                column=place.column,
                todo="Give one of the two another IRI, or merge them; IRIs are never reused.",
            )


def _exists(iri: str, defined: set[str]) -> bool:
    """Say whether a term exists: ours when a file defines it, a standard's when the standard lists it."""
    if iri.startswith(GRAPH) or (iri.startswith(BASE + "ont") and "#" not in iri):
        return True
    if iri.startswith(BASE):
        return iri in defined or iri == BASE
    for vocabulary, names in _standard().items():
        local = iri.removeprefix(vocabulary)
        if local != iri:
            return not local or local in names
    return True


def _unknown(iri: str, found: list[Place], defined: set[str]) -> BadData:
    """Return the mistake of an unknown term at its first place, with near terms."""
    place = found[0]
    more = f" (used in {len(found)} places)" if len(found) > 1 else ""
    head = shorten(iri).partition(":")[0] + ":"
    candidates = chain((shorten(term) for term in defined), (_standard_names(iri)))
    near = get_close_matches(shorten(iri), [name for name in candidates if name.startswith(head)], n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Define it, or use a term that is defined."
    return BadData(
        f"The term {shorten(iri)} does not exist{more}.",
        where=place.file,
        line=place.line,
        column=place.column,
        todo=hint,
    )


def _standard_names(iri: str) -> Iterator[str]:
    """Yield the names of the standard vocabulary that `iri` pretends to be of."""
    for vocabulary, names in _standard().items():
        if iri.startswith(vocabulary):
            yield from (shorten(str(term)) for term in dir(names) if str(term).startswith(vocabulary))
