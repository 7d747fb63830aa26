"""How terms, triples and the application of a rule read in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from pyoxigraph import Literal, NamedNode

from rlreason.term_dictionary import Term
from rlreason.vocabulary import OWL, RDF, RDFS, XSD

#: what a term is called in a sentence, for instance by its label or a CURIE
TermFormatter = Callable[[Term], str]

#: the prefixes of the vocabularies that the rules speak of
STANDARD_PREFIXES: Mapping[str, str] = MappingProxyType(
    {"rdf": str(RDF), "rdfs": str(RDFS), "owl": str(OWL), "xsd": str(XSD)}
)
_LOCAL_NAME = re.compile(r"[\w.\-]*")
#: datatypes whose literals are legible with the prefix xsd:
_SHORT_DATATYPES = frozenset(
    XSD[name] for name in ("integer", "decimal", "boolean", "dateTime", "date", "nonNegativeInteger")
)
#: "a" before what is spoken with a vowel; not before "unit", "European", "one"
_ARTICLE_BEFORE_VOWEL = re.compile(r"\ba (?=[aeio](?!u|ne\b)|u(?!n[aio]|se|su|r[aio]))")


_SCHEMA_NAMESPACES = (str(OWL), str(RDFS), str(RDF) + "first", str(RDF) + "rest")


def is_schema_predicate(predicate: Term) -> bool:
    """Return whether a triple with this predicate is an axiom or part of one, rather than a fact."""
    return isinstance(predicate, NamedNode) and predicate.value.startswith(_SCHEMA_NAMESPACES)


def make_term_formatter(prefixes: Mapping[str, str]) -> TermFormatter:
    """Return a formatter that abbreviates by `prefixes` (prefix -> namespace IRI), the first that fits."""

    def format_term(term: Term) -> str:
        if isinstance(term, NamedNode):
            for prefix, namespace in prefixes.items():
                local = term.value[len(namespace) :]
                if term.value.startswith(namespace) and _LOCAL_NAME.fullmatch(local):
                    return f"{prefix}:{local}"
        if isinstance(term, Literal) and term.datatype in _SHORT_DATATYPES:
            return f'"{term.value}"^^xsd:{term.datatype.value.partition("#")[2]}'
        return str(term)

    return format_term


#: a CURIE for RDF, RDFS, OWL and XSD, N-Triples for the rest
format_standard_term: TermFormatter = make_term_formatter(STANDARD_PREFIXES)


def format_triple(
    subject: Term, predicate: Term, obj: Term, format_term: TermFormatter = format_standard_term
) -> str:
    """Return a triple as three names."""
    return f"{format_term(subject)} {format_term(predicate)} {format_term(obj)}"


def fill_wording(
    wording: str, bindings: Mapping[str, Term], format_term: TermFormatter = format_standard_term
) -> str:
    """Return a rule's wording with each `{variable}` replaced by its value; one without keeps its name."""
    sentence = re.sub(
        r"\{(\w+)\}", lambda m: format_term(bindings[m[1]]) if m[1] in bindings else m[1], wording
    )
    return correct_articles(sentence)


def correct_articles(text: str) -> str:
    """Return a text with "an" where "a" stands before a vowel."""
    return _ARTICLE_BEFORE_VOWEL.sub("an ", text)
