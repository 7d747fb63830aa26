"""Long lists on a page: rows that hold the words of a filter, and one slice of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

Item = TypeVar("Item")

ROWS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class ListSlice(Generic[Item]):
    """A part of a list, where its neighbours are, and which rows of how many it has."""

    items: tuple[Item, ...]
    previous: str
    next: str
    range: str


def filter_by_words(
    items: Sequence[Item], filter_text: str, text_of: Callable[[Item], str]
) -> tuple[Item, ...]:
    """Return the items whose text holds every word asked for, whatever its case.

    >>> filter_by_words(["relapsed ALL", "pain"], "all RELAPSED", str)
    ('relapsed ALL',)
    """
    words = filter_text.casefold().split()
    return tuple(item for item in items if all(word in text_of(item).casefold() for word in words))


def slice_page(
    items: Sequence[Item],
    page: int,
    address: str,
    *,
    filter_text: str = "",
    anchor: str = "",
    per_page: int = ROWS_PER_PAGE,
) -> ListSlice[Item] | None:
    """Return page `page` (from 1) of a list; None when there is no such page. An empty list has one page."""
    first = (page - 1) * per_page
    if first < 0 or first >= max(len(items), 1):
        return None

    def page_address(number: int) -> str:
        query = urlencode({"q": filter_text, "page": number} if filter_text else {"page": number})
        return f"{address}?{query}{anchor}"

    shown = tuple(items[first : first + per_page])
    return ListSlice(
        items=shown,
        previous=page_address(page - 1) if page > 1 else "",
        next=page_address(page + 1) if first + per_page < len(items) else "",
        range=f"{first + 1} to {first + len(shown)} of {len(items)}",
    )
