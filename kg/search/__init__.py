"""Pure: the search index and its ranking."""

from kg.search.index import SearchEntry, SearchIndex, SearchName, fold_text
from kg.search.ranking import SearchHit, search_entries

__all__ = ["SearchEntry", "SearchHit", "SearchIndex", "SearchName", "fold_text", "search_entries"]
