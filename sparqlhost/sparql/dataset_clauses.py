"""The dataset that a text names: FROM clauses read from a query, USING clauses written into an update.

An update takes its dataset from `using-graph-uri` of the protocol (SPARQL 1.1 Protocol, 2.2.3), but the
engine has no such argument, so the clauses are inserted before the WHERE of each DELETE/INSERT.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urljoin

import pyoxigraph as ox

from sparqlhost.errors import BadQuery
from sparqlhost.sparql.lexer import Token, find_declarations, locate_offset, tokenize


def parse_graph_iri(iri: str) -> ox.NamedNode:
    """Return the graph name `iri`; raises BadQuery unless it is an absolute IRI."""
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise BadQuery(
            f"{iri!r} is not an absolute IRI.", hint="Name a graph by its complete IRI."
        ) from error


def parse_from_clauses(text: str, base: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the IRIs of the FROM and of the FROM NAMED clauses, resolved against `base` and the prologue.

    A text with fewer than two FROM returns empty tuples: only several default graphs have to be merged, the
    engine does the rest. So does a text with an IRI that cannot be resolved: the engine's error is better.
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
    """Return the prefixes and the base that the prologue declares."""
    prefixes: dict[str, str] = {}
    for declaration in find_declarations(words):
        iri = urljoin(base, declaration[-1].text[1:-1])
        if declaration[0].is_keyword("BASE"):
            base = iri
        else:
            prefixes[declaration[1].text] = iri
    return prefixes, base


def _resolve_iri(words: list[Token], prefixes: dict[str, str], base: str) -> str | None:
    """Return the IRI that the first of `words` is, or None."""
    if not words:
        return None
    if words[0].kind == "iri":
        return urljoin(base, words[0].text[1:-1])
    prefix, _, local = words[0].text.partition(":")
    return prefixes[f"{prefix}:"] + local if f"{prefix}:" in prefixes else None


def add_using_clauses(update: str, default_graphs: Sequence[str], named_graphs: Sequence[str]) -> str:
    """Return `update` over the given dataset; raises BadQuery if it names one itself (USING or WITH)."""
    if not default_graphs and not named_graphs:
        return update
    words = [token for token in tokenize(update) if not token.depth]
    for word in words:
        if word.is_keyword("USING", "WITH"):
            line, column = locate_offset(update, word.start)
            raise BadQuery(
                f"The update has {word.text.upper()} and the request using-graph-uri; only one is allowed.",
                line=line,
                column=column,
                hint="Remove one of them.",
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
    # str() of a NamedNode, which was checked, puts it between angle brackets: nothing can break out of them
    for iri in default_graphs:
        yield f"USING {parse_graph_iri(iri)} "
    for iri in named_graphs:
        yield f"USING NAMED {parse_graph_iri(iri)} "


def _find_delete_template(update: str, words: list[Token], index: int) -> str:
    """Return the template that DELETE WHERE leaves out and needs once USING stands before WHERE."""
    if not index or not words[index - 1].is_keyword("DELETE"):
        return ""
    opening = words[index + 1] if index + 1 < len(words) else None
    closing = next((word for word in words[index + 1 :] if word.text == "}"), None)
    if opening is None or closing is None:
        return ""
    return f"{update[opening.start : closing.end]} "
