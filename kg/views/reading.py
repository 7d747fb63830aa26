"""Ask the page queries (`queries/pages/*.rq`) with their parameters bound as terms."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pyoxigraph import NamedNode

from kg.errors import BadData
from kg.store.protocol import Store
from kg.views.terms import Naming, Term

Row = dict[str, Term]


@lru_cache(maxsize=64)
def _text(path: Path) -> str:
    """Return the text of a query file; files do not change while a server runs."""
    return path.read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Reader:
    """A store and the folder of page queries: all a view needs to fill its page."""

    store: Store
    folder: Path

    def text(self, name: str, /, **bound: Iterable[Term]) -> str:
        """Return the query `name` with each `VALUES ?parameter { ... }` line given the bound terms.

        Raises BadData when the query has no such line.
        """
        query = _text(self.folder / f"{name}.rq")
        for parameter, terms in bound.items():
            values = f"VALUES ?{parameter} {{ {' '.join(str(term) for term in terms)} }}"
            pattern = rf"VALUES\s+\?{parameter}\s*\{{[^}}]*\}}"
            query, found = re.subn(pattern, values.replace("\\", r"\\"), query)
            if not found:
                raise BadData(f"The page query {name}.rq has no VALUES line for ?{parameter}.", where=name)
        return query

    def rows(self, name: str, /, **bound: Iterable[Term]) -> list[Row]:
        """Return the rows of a page query."""
        return list(self.store.select(self.text(name, **bound)))

    def naming(self, terms: Iterable[Term]) -> Naming:
        """Return the labels of all IRIs among `terms`, in one query."""
        iris = {term for term in terms if isinstance(term, NamedNode)}
        if not iris:
            return Naming({})
        rows = self.rows("labels", iri=sorted(iris, key=str))
        return Naming(
            {text(row, "iri"): text(row, "label") for row in rows},
            {text(row, "iri"): int(text(row, "rank")) for row in rows if "rank" in row},
        )


def text(row: Row, name: str) -> str:
    """Return the text or IRI of a cell; nothing where it is unbound."""
    return str(getattr(row.get(name), "value", ""))


def number(row: Row, name: str) -> int:
    """Return the whole number in a cell; 0 where it is unbound."""
    return int(text(row, name) or 0)


def terms_of(rows: Iterable[Row]) -> set[Term]:
    """Return every term that stands in some rows."""
    return {term for row in rows for term in row.values()}
