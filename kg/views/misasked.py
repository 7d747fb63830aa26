"""What a user may have meant by a statement that does not hold; how literals are written in a question."""

from __future__ import annotations

import re

from pyoxigraph import Literal, NamedNode, Triple

from kg.errors import BadQuery
from kg.namespaces import PREFIXES
from kg.reasoning.proofs import Prover
from kg.reasoning.wording import articled
from kg.views.terms import Naming, Term

_LITERAL = re.compile(
    r'"(?P<text>.*)"(?:@(?P<language>[a-zA-Z]+(?:-[a-zA-Z0-9]+)*)|\^\^(?P<datatype>\S+))?', re.DOTALL
)


def literal(text: str) -> Literal:
    """Return a literal written as in Turtle: "text", "text"@language or "text"^^xsd:type."""
    found = _LITERAL.fullmatch(text.strip())
    if found is None:
        raise BadQuery(
            f"{text} is no literal.", where="object", todo='Write "text", "text"@en or "5"^^xsd:integer.'
        )
    if found["datatype"]:
        prefix, _, local = found["datatype"].strip("<>").partition(":")
        name = PREFIXES[prefix] + local if prefix in PREFIXES else found["datatype"].strip("<>")
        return Literal(found["text"], datatype=NamedNode(name))
    return Literal(found["text"], language=found["language"] or None)


def hinted(prover: Prover, naming: Naming, triple: Triple) -> str:
    """Return what holds in the place of a statement, or which term of it occurs nowhere; else nothing."""
    for found in prover.values(triple.subject, triple.predicate):
        if found.value.casefold() == naming.ref(triple.object).label.casefold() and found != triple.object:
            return f" It holds of the literal {found}."
    unknown = [term for term in triple if not prover.occurs(term)]
    if unknown:
        names = " and ".join(_name(term, naming) for term in unknown)
        return f" {names} occur{'s' if len(unknown) == 1 else ''} nowhere in it."
    if isinstance(triple.object, NamedNode):
        turned = Triple(triple.object, triple.predicate, triple.subject)
        if prover.holds(turned):
            said = articled(" ".join(naming.ref(term).label for term in turned))
            return f" The other way round it holds: “{said}”."
    return ""


def _name(term: Term, naming: Naming) -> str:
    """Return a term as its short name."""
    ref = naming.ref(term)
    return ref.curie or f"“{ref.label}”"
