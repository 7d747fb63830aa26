"""The queries of `queries/checks/`: each must return no row; a row is a mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from kg.errors import BadData, BadQuery
from kg.files.places import SourceLocator, shorten_project_iris
from kg.files.text import read_text
from kg.namespaces import compress_iri
from kg.store.protocol import Store, Term

_QUERY_HINT = "Mend the query and run `kg check` again."
_CHECK_HEADER_LINE = re.compile(r"^# (title|todo): *(.+)$", re.M)


def run_query_checks(store: Store, folder: Path, places: SourceLocator) -> Iterator[BadData]:
    """Yield a mistake for each row that a check returns; run after the closure."""
    for path in sorted(folder.glob("*.rq")):
        where = f"queries/checks/{path.name}"
        try:
            text = read_text(path, where)
            header = _read_check_header(text, where)
            rows = list(store.select(text))
        except BadQuery as error:
            yield BadData(
                error.message, location=where, line=error.line, column=error.column, hint=_QUERY_HINT
            )
            continue
        except BadData as mistake:
            yield mistake
            continue
        for row in rows:
            if any(places.is_broken(term.value) for term in row.values() if isinstance(term, NamedNode)):
                continue  # a consequence of a line that does not parse, which is reported already
            yield _describe_row(header["title"], header["todo"], row, places)


def _read_check_header(text: str, where: str) -> dict[str, str]:
    """Return title and remedy of a check; raises BadData when it lacks one or returns other columns."""
    header = dict(_CHECK_HEADER_LINE.findall(text))
    for key in ("title", "todo"):
        if key not in header:
            raise BadData(f"The header needs a line `# {key}:`.", location=where, line=1, hint="Write it.")
    if not re.search(r"SELECT\s+(DISTINCT\s+)?\?focus\s+\?message\b", text):
        raise BadData(
            "A check selects ?focus and ?message.", location=where, line=1, hint="Return these two columns."
        )
    return header


def _describe_row(title: str, todo: str, row: dict[str, Term], places: SourceLocator) -> BadData:
    """Return a row (`focus`, `message`) as a sentence at the place of its first IRI that stands in a file."""
    shown = ", ".join(_format_term(term) for name, term in row.items() if name != "message")
    message = row.get("message")
    detail = f" ({shorten_project_iris(message.value)})" if isinstance(message, Literal) else ""
    iris = [term.value for term in row.values() if isinstance(term, NamedNode)]
    place = next((found for iri in iris if (found := places.locate_node(iri))), None)
    return places.make_error(f"{shown}: {title.rstrip('.')}{detail}.", todo, place)


def _format_term(term: Term) -> str:
    """Return a term as people write it."""
    return compress_iri(term.value) if isinstance(term, NamedNode) else str(term)
