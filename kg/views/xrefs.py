"""Cross-references for programs: from one of our entities outwards, or from an outside term to ours."""

from __future__ import annotations

from collections.abc import Iterable

from kg.errors import NotFound
from kg.mappings.prefixes import PrefixTable
from kg.views.mappings import AcceptedMapping
from kg.views.terms import expand_curie

XrefJson = dict[str, object]
#: the match types of SKOS, nearest first; each is a member of the answer, empty where there is none.
MATCH_TYPES = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")


def find_xrefs(identifier: str, prefixes: PrefixTable, accepted: Iterable[AcceptedMapping]) -> XrefJson:
    """Return the identifiers on the other side of `asked`, exact ones apart from the others.

    Raises BadData for what is no identifier, NotFound for one without cross-references.
    """
    given = list(accepted)
    iri = expand_curie(identifier.strip())
    ours = [term for term in given if iri == term.entity]
    if ours:
        return _group_by_match(ours[0].entity_curie, ours, outwards=True)
    curie = str(prefixes.parse_identifier(identifier))
    theirs = [term for term in given if term.curie == curie]
    if not theirs:
        raise NotFound(f"The graph has no cross-reference of {curie}.", hint="See /mappings for all of them.")
    return _group_by_match(curie, theirs, outwards=False) | {
        "beyond": _further_mappings(curie, theirs, given)
    }


def _group_by_match(curie: str, mappings: list[AcceptedMapping], *, outwards: bool) -> XrefJson:
    """Return the cross-references found, by match type; `others` is all that is not exact, together."""
    rows = [_xref_row(term, outwards=outwards) for term in mappings]
    grouped = {match: [row for row in rows if row["predicate"] == f"skos:{match}"] for match in MATCH_TYPES}
    others = [row for row in rows if row["predicate"] != "skos:exactMatch"]
    return {"curie": curie, **grouped, "others": others}


def _xref_row(term: AcceptedMapping, *, outwards: bool) -> XrefJson:
    """Return one cross-reference; the predicate is always read from ours to theirs."""
    there: XrefJson = {"curie": term.curie, "label": term.label, "iri": term.iri, "page": term.page}
    here: XrefJson = {"curie": term.entity_curie, "label": term.entity_label, "iri": term.entity}
    proof: XrefJson = {"proof": term.proof, "version": term.version, "justification": term.justification}
    read: XrefJson = {"subject": term.entity_curie, "predicate": term.predicate, "object": term.curie}
    return (there if outwards else here) | read | proof | {"comment": term.comment}


def _further_mappings(
    curie: str, matched: list[AcceptedMapping], accepted: list[AcceptedMapping]
) -> list[XrefJson]:
    """Return the other outside identifiers of the entities that `curie` is an exact match of.

    Two exact matches of one entity are named side by side; no match between them is asserted.
    """
    exact = {term.entity for term in matched if term.predicate == "skos:exactMatch"}
    return [
        {"curie": term.curie, "label": term.label, "through": term.entity_curie, "predicate": term.predicate}
        for term in accepted
        if term.entity in exact and term.curie != curie
    ]
