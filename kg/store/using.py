"""`using-graph-uri` of the protocol, written into an update as USING clauses (SPARQL 1.1 Protocol, 2.2.3).

The engine takes no dataset for an update; so the clauses are put before the WHERE of each DELETE/INSERT.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kg.errors import BadQuery
from kg.store.lexer import Token, locate_offset, tokenize


def add_using_clauses(update: str, default_graphs: Sequence[str], named_graphs: Sequence[str]) -> str:
    """Return `update` over the given dataset; raises BadQuery when it names one itself (USING or WITH)."""
    if not default_graphs and not named_graphs:
        return update
    words = [token for token in tokenize(update) if not token.depth]
    for word in words:
        if word.is_keyword("USING", "WITH"):
            line, column = locate_offset(update, word.start)
            raise BadQuery(
                f"The update has {word.text.upper()} and the request using-graph-uri; only one may be.",
                line=line,
                column=column,
                hint="Leave one of them out.",
            )
    clauses = "".join(_make_using_clauses(default_graphs, named_graphs))
    parts: list[str] = []
    at = 0
    for index, word in enumerate(words):
        if word.is_keyword("WHERE"):
            parts += [update[at : word.start], _find_delete_template(update, words, index), clauses]
            at = word.start
    return "".join(parts) + update[at:]


def _make_using_clauses(default_graphs: Iterable[str], named_graphs: Iterable[str]) -> Iterable[str]:
    """Yield the USING clauses."""
    for iri in default_graphs:
        yield f"USING <{_check_iri(iri)}> "
    for iri in named_graphs:
        yield f"USING NAMED <{_check_iri(iri)}> "


def _check_iri(iri: str) -> str:
    """Return `iri`, which must be able to stand between angle brackets."""
    if any(sign in iri for sign in '<>"{}|^`\\') or any(sign <= " " for sign in iri):
        raise BadQuery(f"{iri!r} is not an IRI.", hint="Name a graph by its whole IRI.")
    return iri


def _find_delete_template(update: str, words: list[Token], index: int) -> str:
    """Return the template that `DELETE WHERE` leaves out, else nothing."""
    if not index or not words[index - 1].is_keyword("DELETE"):
        return ""
    opening = words[index + 1] if index + 1 < len(words) else None
    closing = next((word for word in words[index + 1 :] if word.text == "}"), None)
    if opening is None or closing is None:
        return ""
    return f"{update[opening.start : closing.end]} "
