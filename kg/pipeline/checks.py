"""The queries of `queries/checks/`: each must return no row; a row is a mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from kg.errors import BadData, BadQuery
from kg.files.places import Places
from kg.namespaces import shorten
from kg.store.protocol import Store, Term

_LINE = re.compile(r"^# (title|todo): *(.+)$", re.M)


def run_checks(store: Store, folder: Path, places: Places) -> Iterator[BadData]:
    """Yield a mistake for each row that a check returns; run after the closure."""
    for path in sorted(folder.glob("*.rq")):
        text = path.read_text("utf-8")
        header = dict(_LINE.findall(text))
        try:
            rows = list(store.select(text))
        except BadQuery as error:
            yield BadData(error.what, where=path.name, line=error.line, column=error.column, todo=error.todo)
            continue
        for row in rows:
            if any(places.broken(term.value) for term in row.values() if isinstance(term, NamedNode)):
                continue  # a consequence of a line that does not parse, which is reported already
            yield _mistake(header.get("title", path.stem), header.get("todo", ""), row, places)


def _mistake(title: str, todo: str, row: dict[str, Term], places: Places) -> BadData:
    """Return a row (`focus`, `message`) as a sentence at the place of its first IRI that stands in a file."""
    shown = ", ".join(_shown(term) for name, term in row.items() if name != "message")
    message = row.get("message")
    detail = f" ({message.value})" if isinstance(message, Literal) else ""
    iris = [term.value for term in row.values() if isinstance(term, NamedNode)]
    place = next((found for iri in iris if (found := places.of(iri))), None)
    return places.mistake(
        f"{shown}: {title.rstrip('.')}{detail}.", todo or "Mend it and run `kg check` again.", place
    )


def _shown(term: Term) -> str:
    """Return a term as people write it."""
    return shorten(term.value) if isinstance(term, NamedNode) else str(term)
