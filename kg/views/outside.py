"""Identifiers of an entity in outside vocabularies, with the address of the outside page and the proof."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.views.reading import PageQueryReader, QueryRow, cell_text

#: how near a match is, nearest first
_MATCH_ORDER = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")


@dataclass(frozen=True, slots=True)
class OutsideIdentifier:
    """An outside identifier, how it matches, its page abroad, and what proves it."""

    curie: str
    label: str
    match: str
    iri: str
    href: str
    justification: str
    proof: str
    comment: str


def list_identifiers(reader: PageQueryReader, entity: NamedNode) -> tuple[OutsideIdentifier, ...]:
    """Return the outside identifiers of `entity`, the nearest matches first."""
    rows = reader.select_rows("entity-xrefs", entity=[entity])
    found = {(item.iri, item.match): item for item in map(_identifier_from_row, rows)}
    return tuple(sorted(found.values(), key=_match_sort_key))


def _match_sort_key(item: OutsideIdentifier) -> tuple[int, str]:
    rank = next((i for i, name in enumerate(_MATCH_ORDER) if name.startswith(item.match)), len(_MATCH_ORDER))
    return rank, item.curie


def _identifier_from_row(row: QueryRow) -> OutsideIdentifier:
    return OutsideIdentifier(
        curie=cell_text(row, "curie"),
        label=cell_text(row, "label"),
        match=_local_name(cell_text(row, "match")).removesuffix("Match"),
        iri=cell_text(row, "target"),
        href=cell_text(row, "page") or cell_text(row, "target"),
        justification=_split_camel_case(_local_name(cell_text(row, "justification"))),
        proof=" ".join(
            part for part in (_local_name(cell_text(row, "proof")), cell_text(row, "version")) if part
        ),
        comment=cell_text(row, "comment"),
    )


def _local_name(iri: str) -> str:
    return re.split(r"[/#]", iri)[-1]


def _split_camel_case(name: str) -> str:
    """Return a name such as ManualMappingCuration as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
