"""How terms and triples read in a proof."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.namespaces import PREFIXES

Node = NamedNode | BlankNode | Literal | Triple
#: how a term is called, for instance by its label
Naming = Callable[[Node], str]

_LOCAL = re.compile(r"[\w.\-]*")


def short(term: Node) -> str:
    """Return a CURIE where a prefix fits, N-Triples otherwise."""
    if isinstance(term, NamedNode):
        for prefix, namespace in PREFIXES.items():
            local = term.value[len(namespace) :]
            if term.value.startswith(namespace) and _LOCAL.fullmatch(local):
                return f"{prefix}:{local}"
    if isinstance(term, Literal) and term.datatype.value in _SHORT_TYPES:
        return f'"{term.value}"^^xsd:{term.datatype.value.partition("#")[2]}'
    return str(term)


def statement(subject: Node, predicate: Node, obj: Node, naming: Naming = short) -> str:
    """Return a triple as three names."""
    return f"{naming(subject)} {naming(predicate)} {naming(obj)}"


def worded(wording: str, bindings: Mapping[str, Node], naming: Naming = short) -> str:
    """Return a rule's wording with each `{variable}` named; a variable without a value stays as it is."""
    said = re.sub(r"\{(\w+)\}", lambda m: naming(bindings[m[1]]) if m[1] in bindings else m[1], wording)
    return articled(said)


def articled(text: str) -> str:
    """Return a text with "an" where "a" stands before a vowel."""
    return _ARTICLE.sub("an ", text)


#: "a" before what is spoken with a vowel; not before "unit", "European", "one"
_ARTICLE = re.compile(r"\ba (?=[aeio](?!u|ne\b)|u(?!n[aio]|se|su|r[aio]))")
_SHORT_TYPES = frozenset(
    PREFIXES["xsd"] + name
    for name in ("integer", "decimal", "boolean", "dateTime", "date", "nonNegativeInteger")
)
