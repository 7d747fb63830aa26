"""How terms and triples read in a proof."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.namespaces import PREFIXES

Term = NamedNode | BlankNode | Literal | Triple
#: how a term is called, for instance by its label
TermFormatter = Callable[[Term], str]

_LOCAL_NAME = re.compile(r"[\w.\-]*")


def shorten_term(term: Term) -> str:
    """Return a CURIE where a prefix fits, N-Triples otherwise."""
    if isinstance(term, NamedNode):
        for prefix, namespace in PREFIXES.items():
            local = term.value[len(namespace) :]
            if term.value.startswith(namespace) and _LOCAL_NAME.fullmatch(local):
                return f"{prefix}:{local}"
    if isinstance(term, Literal) and term.datatype.value in _SHORT_DATATYPES:
        return f'"{term.value}"^^xsd:{term.datatype.value.partition("#")[2]}'
    return str(term)


def format_triple(
    subject: Term, predicate: Term, obj: Term, format_term: TermFormatter = shorten_term
) -> str:
    """Return a triple as three names."""
    return f"{format_term(subject)} {format_term(predicate)} {format_term(obj)}"


def fill_wording(
    wording: str, bindings: Mapping[str, Term], format_term: TermFormatter = shorten_term
) -> str:
    """Return a rule's wording with each `{variable}` named; a variable without a value stays as it is."""
    said = re.sub(r"\{(\w+)\}", lambda m: format_term(bindings[m[1]]) if m[1] in bindings else m[1], wording)
    return correct_articles(said)


def correct_articles(text: str) -> str:
    """Return a text with "an" where "a" stands before a vowel."""
    return _ARTICLE_BEFORE_VOWEL.sub("an ", text)


#: "a" before what is spoken with a vowel; not before "unit", "European", "one"
_ARTICLE_BEFORE_VOWEL = re.compile(r"\ba (?=[aeio](?!u|ne\b)|u(?!n[aio]|se|su|r[aio]))")
_SHORT_DATATYPES = frozenset(
    PREFIXES["xsd"] + name
    for name in ("integer", "decimal", "boolean", "dateTime", "date", "nonNegativeInteger")
)
