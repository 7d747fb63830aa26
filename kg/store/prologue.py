"""What stands before the WHERE of a query: BASE, PREFIX, and the FROM clauses they help to read."""

from __future__ import annotations

from urllib.parse import urljoin

from kg.store.lexer import Token, tokenize


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
