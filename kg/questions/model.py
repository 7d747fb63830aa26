"""A question and its parameters; values enter the query as serialised terms, never as pasted text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pyoxigraph import Literal, NamedNode

from kg.errors import BadQuery
from kg.namespaces import BASE, ENTITY_KINDS, KG, PREFIXES, XSD

Value = NamedNode | Literal
Given = str | Value | Sequence[str | Value]

#: kinds of literal a parameter may be, and the datatype its values get.
_LITERALS = {"text": XSD["string"], "integer": XSD["integer"], "date": XSD["date"]}
LITERAL_TYPES = frozenset(_LITERALS)
_LEXICAL = {"integer": re.compile(r"[+-]?\d{1,18}"), "date": re.compile(r"\d{4}-\d\d-\d\d")}
# RFC 3987 as SPARQL's IRIREF allows it: none of these may stand between < and >.
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20]+")


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a question asks for: a name, a type, a line of help, and the example its file holds."""

    name: str
    type: str
    help: str
    example: str
    many: bool = False

    def term(self, text: str | Value) -> Value:
        """Return `text` (an IRI, a CURIE, a local name, or a literal's form) as a term; raises BadQuery."""
        if not isinstance(text, str):
            return text
        if self.type in _LITERALS:
            return self._literal(text)
        prefix, colon, local = text.partition(":")
        iri = PREFIXES[prefix] + local if colon and prefix in PREFIXES else text
        if not colon and re.fullmatch(r"[\w.-]+", text):
            iri = self._namespace() + text
        if not _IRI.fullmatch(iri):
            raise BadQuery(f"{text!r} is not a {self.type}.", where=f"--{self.name}", todo=self._example())
        return NamedNode(iri)

    def _literal(self, text: str) -> Literal:
        """Return a literal of the parameter's datatype."""
        pattern = _LEXICAL.get(self.type)
        if pattern and not pattern.fullmatch(text):
            raise BadQuery(
                f"{text!r} is not a value of type {self.type}.", where=f"--{self.name}", todo=self._example()
            )
        return Literal(text, datatype=_LITERALS[self.type])

    def _namespace(self) -> str:
        """Return the namespace in which a bare local name of this type stands."""
        return f"{BASE}{self.type}/" if self.type in ENTITY_KINDS else str(KG)

    def _example(self) -> str:
        """Return the sentence that shows a value that works."""
        return f"Give a {self.type}, for example {self.example}."


@dataclass(frozen=True, slots=True)
class Question:
    """One `.rq` file: its header and the query text, which runs as it stands with the example values."""

    name: str
    title: str
    question: str
    params: tuple[Parameter, ...]
    returns: str
    text: str

    @property
    def form(self) -> str:
        """Return SELECT or ASK."""
        body = re.sub(r"#[^\n]*|<[^>\s]*>", "", self.text)
        found = re.search(r"\b(SELECT|ASK)\b", body)
        return found.group() if found else "SELECT"

    def bind(self, values: Mapping[str, Given]) -> str:
        """Return the query with the given values in place of the examples; others keep their example.

        Raises BadQuery for a parameter the question does not have, or a value that is no such term.
        """
        unknown = [name for name in values if name not in {p.name for p in self.params}]
        if unknown:
            raise BadQuery(f"`{self.name}` has no parameter {unknown[0]!r}.", todo=self._which(unknown[0]))
        text = self.text
        for parameter in self.params:
            if parameter.name in values:
                text = _bound(text, parameter, self.terms(parameter, values[parameter.name]))
        return text

    def terms(self, parameter: Parameter, given: Given) -> tuple[Value, ...]:
        """Return the terms of a given value; several only where the parameter takes several."""
        items: Sequence[str | Value] = [given] if isinstance(given, str | NamedNode | Literal) else given
        if not items or (len(items) > 1 and not parameter.many):
            count = "one or more values" if parameter.many else "one value"
            raise BadQuery(
                f"`{parameter.name}` takes {count}, not {len(items)}.", where=f"--{parameter.name}"
            )
        return tuple(parameter.term(item) for item in items)

    def _which(self, name: str) -> str:
        """Return the sentence that names the parameters there are."""
        names = [p.name for p in self.params]
        near = get_close_matches(name, names, n=1)
        if not names:
            return "It takes none."
        return (f"Did you mean {near[0]}? " if near else "") + f"Parameters: {', '.join(names)}."


def values_line(name: str) -> re.Pattern[str]:
    """Return the pattern of a parameter's line, `VALUES ?name { terms }`, alone on its line."""
    return re.compile(
        rf"^(?P<head>[ \t]*VALUES[ \t]+\?{re.escape(name)}[ \t]*)\{{(?P<body>[^{{}}\n]*)\}}[ \t]*$", re.M
    )


def _bound(text: str, parameter: Parameter, terms: Sequence[Value]) -> str:
    """Return `text` with the parameter's line holding `terms`, each serialised by the RDF library."""
    body = " ".join(str(term) for term in terms)
    return values_line(parameter.name).sub(lambda match: f"{match['head']}{{ {body} }}", text)
