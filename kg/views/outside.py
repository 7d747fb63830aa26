"""Identifiers of an entity in outside vocabularies, with the address of the outside page and the proof."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.views.reading import Reader, Row, text

#: how near a match is, nearest first
_ORDER = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")


@dataclass(frozen=True, slots=True)
class Identifier:
    """An outside identifier, how it matches, its page abroad, and what proves it."""

    curie: str
    label: str
    match: str
    iri: str
    href: str
    justification: str
    proof: str
    comment: str


def identifiers(reader: Reader, entity: NamedNode) -> tuple[Identifier, ...]:
    """Return the outside identifiers of `entity`, the nearest matches first."""
    rows = reader.rows("entity-xrefs", entity=[entity])
    found = {(item.iri, item.match): item for item in map(_identifier, rows)}
    return tuple(sorted(found.values(), key=_order))


def _order(item: Identifier) -> tuple[int, str]:
    rank = next((i for i, name in enumerate(_ORDER) if name.startswith(item.match)), len(_ORDER))
    return rank, item.curie


def _identifier(row: Row) -> Identifier:
    return Identifier(
        curie=text(row, "curie"),
        label=text(row, "label"),
        match=_local(text(row, "match")).removesuffix("Match"),
        iri=text(row, "target"),
        href=text(row, "page") or text(row, "target"),
        justification=_words(_local(text(row, "justification"))),
        proof=" ".join(part for part in (_local(text(row, "proof")), text(row, "version")) if part),
        comment=text(row, "comment"),
    )


def _local(iri: str) -> str:
    return re.split(r"[/#]", iri)[-1]


def _words(name: str) -> str:
    """Return a name such as ManualMappingCuration as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
