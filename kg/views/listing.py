"""All entities of one kind, by name."""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import Literal

from kg.namespaces import BASE
from kg.views.reading import Reader, text
from kg.views.terms import Ref, curie, href

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """An entity in a list, with its definition."""

    ref: Ref
    definition: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list: which rows of how many, and where its neighbours are."""

    kind: str
    title: str
    total: int
    first: int
    items: tuple[Listed, ...]
    previous: str
    next: str
    range: str


def list_page(reader: Reader, kind: str, page: int = 1) -> ListPage | None:
    """Return page `page` (from 1) of the entities of `kind`, or None when there is no such page."""
    rows = reader.rows("entities", base=[Literal(f"{BASE}{kind}/")])
    first = (page - 1) * PAGE_SIZE
    if first < 0 or first >= len(rows):
        return None
    shown = rows[first : first + PAGE_SIZE]
    return ListPage(
        kind=kind,
        title={"claim": "Claims", "sentence": "Segments of the text"}.get(kind, f"{kind.capitalize()}s"),
        total=len(rows),
        first=first + 1,
        items=tuple(
            _listed(text(row, "entity"), text(row, "label"), text(row, "definition"), kind) for row in shown
        ),
        previous=_address(kind, page - 1) if page > 1 else "",
        next=_address(kind, page + 1) if first + PAGE_SIZE < len(rows) else "",
        range=f"{first + 1} to {first + len(shown)} of {len(rows)}",
    )


def _listed(iri: str, label: str, definition: str, kind: str) -> Listed:
    return Listed(Ref(label=label, iri=iri, curie=curie(iri), href=href(iri), kind=kind), definition)


def _address(kind: str, page: int) -> str:
    return f"/{kind}/?page={page}"
