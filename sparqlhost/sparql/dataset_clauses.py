"""What stands before the WHERE of a query: BASE, PREFIX, and the FROM clauses they help to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urljoin

from sparqlhost.errors import BadQuery
from sparqlhost.sparql.lexer import Token, locate_offset, tokenize


def parse_from_clauses(text: str, base: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the IRIs of `FROM` and of `FROM NAMED` in `text`, resolved against `base` and the prologue.

    Only as far as needed to merge several default graphs: a text without two FROM returns empty tuples.
    """
    if text.upper().count("FROM") < 2:
        return (), ()
    words = list(tokenize(text))
    prefixes, base = _parse_prologue(words, base or "")
    defaults: list[str] = []
    named: list[str] = []
    for at, word in enumerate(words):
        if word.depth or not word.is_keyword("FROM"):
            continue
        is_named = at + 1 < len(words) and words[at + 1].is_keyword("NAMED")
        iri = _resolve_iri(words[at + 1 + is_named : at + 2 + is_named], prefixes, base)
        if iri is None:
            return (), ()
        (named if is_named else defaults).append(iri)
    return tuple(defaults), tuple(named)


def _parse_prologue(words: list[Token], base: str) -> tuple[dict[str, str], str]:
    """Return the prefixes and the base that the declarations at the head give."""
    prefixes: dict[str, str] = {}
    at = 0
    while at + 1 < len(words) and words[at].is_keyword("BASE", "PREFIX", "VERSION"):
        if words[at].is_keyword("BASE"):
            base = urljoin(base, words[at + 1].text[1:-1])
            at += 2
        elif words[at].is_keyword("VERSION"):
            at += 2
        else:
            prefixes[words[at + 1].text] = (
                urljoin(base, words[at + 2].text[1:-1]) if at + 2 < len(words) else ""
            )
            at += 3
    return prefixes, base


def _resolve_iri(words: list[Token], prefixes: dict[str, str], base: str) -> str | None:
    """Return the IRI of the first of `words`, or None when it is none."""
    if not words:
        return None
    if words[0].kind == "iri":
        return urljoin(base, words[0].text[1:-1])
    prefix, _, local = words[0].text.partition(":")
    return prefixes[f"{prefix}:"] + local if f"{prefix}:" in prefixes else None


#: MERGED kg.store.using
#: MERGED `using-graph-uri` of the protocol, written into an update as USING clauses (SPARQL 1.1 Protocol, 2.2.3).
#: MERGED
#: MERGED The engine takes no dataset for an update; so the clauses are put before the WHERE of each DELETE/INSERT.


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
