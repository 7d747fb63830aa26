"""Pure: the search index and its ranking."""
