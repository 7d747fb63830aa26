"""Long lists on a page: rows that hold the words of a filter, and one slice of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

Item = TypeVar("Item")

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """A part of a list, where its neighbours are, and which rows of how many it has."""

    items: tuple[Item, ...]
    previous: str
    next: str
    range: str


def matching(items: Sequence[Item], asked: str, text: Callable[[Item], str]) -> tuple[Item, ...]:
    """Return the items whose text holds every word asked for, whatever its case.

    >>> matching(["relapsed ALL", "pain"], "all RELAPSED", str)
    ('relapsed ALL',)
    """
    words = asked.casefold().split()
    return tuple(item for item in items if all(word in text(item).casefold() for word in words))


def sliced(
    items: Sequence[Item], page: int, address: str, asked: str = "", anchor: str = ""
) -> Slice[Item] | None:
    """Return page `page` (from 1) of a list; None when there is no such page. An empty list has one."""
    first = (page - 1) * PAGE_SIZE
    if first < 0 or first >= max(len(items), 1):
        return None

    def at(number: int) -> str:
        query = urlencode({"q": asked, "page": number} if asked else {"page": number})
        return f"{address}?{query}{anchor}"

    shown = tuple(items[first : first + PAGE_SIZE])
    return Slice(
        items=shown,
        previous=at(page - 1) if page > 1 else "",
        next=at(page + 1) if first + PAGE_SIZE < len(items) else "",
        range=f"{first + 1} to {first + len(shown)} of {len(items)}",
    )
