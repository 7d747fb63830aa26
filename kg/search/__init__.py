"""Pure: the search index and its ranking."""

from kg.search.index import Entry, Index, Name, fold
from kg.search.ranking import Hit, search

__all__ = ["Entry", "Hit", "Index", "Name", "fold", "search"]
