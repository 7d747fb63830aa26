"""All entities of one kind, by name."""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import Literal

from kg.namespaces import BASE
from kg.views.reading import PageQueryReader, cell_text
from kg.views.terms import TermRef, compress_iri, link_address

ENTITIES_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class ListedEntity:
    """An entity in a list, with its definition."""

    ref: TermRef
    definition: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list: which rows of how many, and where its neighbours are."""

    kind: str
    title: str
    total: int
    first: int
    items: tuple[ListedEntity, ...]
    previous: str
    next: str
    range: str


def list_page(reader: PageQueryReader, kind: str, page: int = 1) -> ListPage | None:
    """Return page `page` (from 1) of the entities of `kind`, or None when there is no such page."""
    rows = reader.select_rows("entities", base=[Literal(f"{BASE}{kind}/")])
    first = (page - 1) * ENTITIES_PER_PAGE
    if first < 0 or first >= len(rows):
        return None
    shown = rows[first : first + ENTITIES_PER_PAGE]
    return ListPage(
        kind=kind,
        title={"claim": "Claims", "sentence": "Segments of the text"}.get(kind, f"{kind.capitalize()}s"),
        total=len(rows),
        first=first + 1,
        items=tuple(
            _listed_entity(
                cell_text(row, "entity"), cell_text(row, "label"), cell_text(row, "definition"), kind
            )
            for row in shown
        ),
        previous=_list_address(kind, page - 1) if page > 1 else "",
        next=_list_address(kind, page + 1) if first + ENTITIES_PER_PAGE < len(rows) else "",
        range=f"{first + 1} to {first + len(shown)} of {len(rows)}",
    )


def _listed_entity(iri: str, label: str, definition: str, kind: str) -> ListedEntity:
    return ListedEntity(
        TermRef(label=label, iri=iri, curie=compress_iri(iri), href=link_address(iri), kind=kind), definition
    )


def _list_address(kind: str, page: int) -> str:
    return f"/{kind}/?page={page}"
