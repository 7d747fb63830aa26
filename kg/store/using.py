"""`using-graph-uri` of the protocol, written into an update as USING clauses (SPARQL 1.1 Protocol, 2.2.3).

The engine takes no dataset for an update; so the clauses are put before the WHERE of each DELETE/INSERT.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kg.errors import BadQuery
from kg.store.lexer import Token, place, tokens


def with_using(update: str, default: Sequence[str], named: Sequence[str]) -> str:
    """Return `update` over the given dataset; raises BadQuery when it names one itself (USING or WITH)."""
    if not default and not named:
        return update
    words = [token for token in tokens(update) if not token.depth]
    for word in words:
        if word.is_word("USING", "WITH"):
            line, column = place(update, word.start)
            raise BadQuery(
                f"The update has {word.text.upper()} and the request using-graph-uri; only one may be.",
                line=line,
                column=column,
                todo="Leave one of them out.",
            )
    clauses = "".join(_clauses(default, named))
    parts: list[str] = []
    at = 0
    for index, word in enumerate(words):
        if word.is_word("WHERE"):
            parts += [update[at : word.start], _before_where(update, words, index), clauses]
            at = word.start
    return "".join(parts) + update[at:]


def _clauses(default: Iterable[str], named: Iterable[str]) -> Iterable[str]:
    """Yield the USING clauses."""
    for iri in default:
        yield f"USING <{_checked(iri)}> "
    for iri in named:
        yield f"USING NAMED <{_checked(iri)}> "


def _checked(iri: str) -> str:
    """Return `iri`, which must be able to stand between angle brackets."""
    if any(sign in iri for sign in '<>"{}|^`\\') or any(sign <= " " for sign in iri):
        raise BadQuery(f"{iri!r} is not an IRI.", todo="Name a graph by its whole IRI.")
    return iri


def _before_where(update: str, words: list[Token], index: int) -> str:
    """Return the template that `DELETE WHERE` leaves out, else nothing."""
    if not index or not words[index - 1].is_word("DELETE"):
        return ""
    opening = words[index + 1] if index + 1 < len(words) else None
    closing = next((word for word in words[index + 1 :] if word.text == "}"), None)
    if opening is None or closing is None:
        return ""
    return f"{update[opening.start : closing.end]} "
