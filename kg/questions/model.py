"""A question and its parameters; values enter the query as serialised terms, never as pasted text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pyoxigraph import Literal, NamedNode

from kg.errors import BadQuery
from kg.namespaces import BASE, ENTITY_KINDS, KG, PREFIXES, XSD

ParameterValue = NamedNode | Literal
GivenValue = str | ParameterValue | Sequence[str | ParameterValue]

#: kinds of literal a parameter may be, and the datatype its values get.
_LITERAL_DATATYPES = {"text": XSD["string"], "integer": XSD["integer"], "date": XSD["date"]}
LITERAL_TYPES = frozenset(_LITERAL_DATATYPES)
_LEXICAL_FORMS = {"integer": re.compile(r"[+-]?\d{1,18}"), "date": re.compile(r"\d{4}-\d\d-\d\d")}
# RFC 3987 as SPARQL's IRIREF allows it: none of these may stand between < and >.
_IRI_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20]+")


@dataclass(frozen=True, slots=True)
class QuestionParameter:
    """What a question asks for: a name, a type, a line of help, and the example its file holds."""

    name: str
    type: str
    help: str
    example: str
    is_repeatable: bool = False

    def parse_value(self, text: str | ParameterValue) -> ParameterValue:
        """Return `text` (an IRI, a CURIE, a local name, or a literal's form) as a term; raises BadQuery."""
        if not isinstance(text, str):
            return text
        if self.type in _LITERAL_DATATYPES:
            return self._parse_literal(text)
        prefix, colon, local = text.partition(":")
        iri = PREFIXES[prefix] + local if colon and prefix in PREFIXES else text
        if not colon and re.fullmatch(r"[\w.-]+", text):
            iri = self._get_local_namespace() + text
        if not _IRI_PATTERN.fullmatch(iri):
            raise BadQuery(
                f"{text!r} is not a {self.type}.", location=f"--{self.name}", hint=self._example_hint()
            )
        return NamedNode(iri)

    def _parse_literal(self, text: str) -> Literal:
        """Return a literal of the parameter's datatype."""
        pattern = _LEXICAL_FORMS.get(self.type)
        if pattern and not pattern.fullmatch(text):
            raise BadQuery(
                f"{text!r} is not a value of type {self.type}.",
                location=f"--{self.name}",
                hint=self._example_hint(),
            )
        return Literal(text, datatype=_LITERAL_DATATYPES[self.type])

    def _get_local_namespace(self) -> str:
        """Return the namespace in which a bare local name of this type stands."""
        return f"{BASE}{self.type}/" if self.type in ENTITY_KINDS else str(KG)

    def _example_hint(self) -> str:
        """Return the sentence that shows a value that works."""
        return f"Give a {self.type}, for example {self.example}."


@dataclass(frozen=True, slots=True)
class Question:
    """One `.rq` file: its header and the query text, which runs as it stands with the example values."""

    name: str
    title: str
    question: str
    params: tuple[QuestionParameter, ...]
    returns: str
    text: str

    @property
    def query_form(self) -> str:
        """Return SELECT or ASK."""
        body = re.sub(r"#[^\n]*|<[^>\s]*>", "", self.text)
        found = re.search(r"\b(SELECT|ASK)\b", body)
        return found.group() if found else "SELECT"

    def bind_values(self, values: Mapping[str, GivenValue]) -> str:
        """Return the query with the given values in place of the examples; others keep their example.

        Raises BadQuery for a parameter the question does not have, or a value that is no such term.
        """
        unknown = [name for name in values if name not in {p.name for p in self.params}]
        if unknown:
            raise BadQuery(
                f"`{self.name}` has no parameter {unknown[0]!r}.", hint=self._parameter_hint(unknown[0])
            )
        text = self.text
        for parameter in self.params:
            if parameter.name in values:
                text = _replace_values_line(
                    text, parameter, self.parse_values(parameter, values[parameter.name])
                )
        return text

    def parse_values(self, parameter: QuestionParameter, given: GivenValue) -> tuple[ParameterValue, ...]:
        """Return the terms of a given value; several only where the parameter takes several."""
        items: Sequence[str | ParameterValue] = (
            [given] if isinstance(given, str | NamedNode | Literal) else given
        )
        if not items or (len(items) > 1 and not parameter.is_repeatable):
            count = "one or more values" if parameter.is_repeatable else "one value"
            raise BadQuery(
                f"`{parameter.name}` takes {count}, not {len(items)}.", location=f"--{parameter.name}"
            )
        return tuple(parameter.parse_value(item) for item in items)

    def _parameter_hint(self, name: str) -> str:
        """Return the sentence that names the parameters there are."""
        names = [p.name for p in self.params]
        near = get_close_matches(name, names, n=1)
        if not names:
            return "It takes none."
        return (f"Did you mean {near[0]}? " if near else "") + f"Parameters: {', '.join(names)}."


def compile_values_line(name: str) -> re.Pattern[str]:
    """Return the pattern of a parameter's line, `VALUES ?name { terms }`, alone on its line."""
    return re.compile(
        rf"^(?P<head>[ \t]*VALUES[ \t]+\?{re.escape(name)}[ \t]*)\{{(?P<body>[^{{}}\n]*)\}}[ \t]*$", re.M
    )


def _replace_values_line(text: str, parameter: QuestionParameter, terms: Sequence[ParameterValue]) -> str:
    """Return `text` with the parameter's line holding `terms`, each serialised by the RDF library."""
    body = " ".join(str(term) for term in terms)
    return compile_values_line(parameter.name).sub(lambda match: f"{match['head']}{{ {body} }}", text)
