"""Cross-references for programs: from one of our entities outwards, or from an outside term to ours."""

from __future__ import annotations

from collections.abc import Iterable

from kg.errors import NotFound
from kg.mappings.prefixes import Prefixes
from kg.views.mappings import MappedTerm
from kg.views.terms import expand

Json = dict[str, object]
#: the match types of SKOS, nearest first; each is a member of the answer, empty where there is none.
MATCHES = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")


def xrefs(asked: str, prefixes: Prefixes, terms: Iterable[MappedTerm]) -> Json:
    """Return the identifiers on the other side of `asked`, exact ones apart from the others.

    Raises BadData for what is no identifier, NotFound for one without cross-references.
    """
    given = list(terms)
    iri = expand(asked.strip())
    ours = [term for term in given if iri == term.entity]
    if ours:
        return _answer(ours[0].entity_curie, ours, outwards=True)
    curie = str(prefixes.parse(asked))
    theirs = [term for term in given if term.curie == curie]
    if not theirs:
        raise NotFound(f"The graph has no cross-reference of {curie}.", todo="See /mappings for all of them.")
    return _answer(curie, theirs, outwards=False) | {"beyond": _beyond(curie, theirs, given)}


def _answer(curie: str, found: list[MappedTerm], *, outwards: bool) -> Json:
    """Return the cross-references found, by match type; `others` is all that is not exact, together."""
    rows = [_row(term, outwards=outwards) for term in found]
    grouped = {match: [row for row in rows if row["predicate"] == f"skos:{match}"] for match in MATCHES}
    others = [row for row in rows if row["predicate"] != "skos:exactMatch"]
    return {"curie": curie, **grouped, "others": others}


def _row(term: MappedTerm, *, outwards: bool) -> Json:
    """Return one cross-reference; the predicate is always read from ours to theirs."""
    there: Json = {"curie": term.curie, "label": term.label, "iri": term.iri, "page": term.page}
    here: Json = {"curie": term.entity_curie, "label": term.entity_label, "iri": term.entity}
    proof: Json = {"proof": term.proof, "version": term.version, "justification": term.justification}
    read: Json = {"subject": term.entity_curie, "predicate": term.predicate, "object": term.curie}
    return (there if outwards else here) | read | proof | {"comment": term.comment}


def _beyond(curie: str, theirs: list[MappedTerm], given: list[MappedTerm]) -> list[Json]:
    """Return the other outside identifiers of the entities that `curie` is an exact match of.

    Two exact matches of one entity are named side by side; no match between them is asserted.
    """
    exact = {term.entity for term in theirs if term.predicate == "skos:exactMatch"}
    return [
        {"curie": term.curie, "label": term.label, "through": term.entity_curie, "predicate": term.predicate}
        for term in given
        if term.entity in exact and term.curie != curie
    ]
