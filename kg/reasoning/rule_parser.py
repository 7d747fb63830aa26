"""Reads a rule from the text of its `.rq` file: the part of SPARQL 1.1 that rules need, and no more.

`CONSTRUCT { head } WHERE { body }` derives, `SELECT * WHERE { body }` finds a violation. A body holds triple
patterns, the three list walks of `Walk`, and one `FILTER NOT EXISTS { walk . FILTER NOT EXISTS { each } }`,
which says "for all members". Other filters belong to rules marked `# builtin:`, whose work Python does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode

from kg.errors import BadData
from kg.namespaces import RDF
from kg.reasoning.rules import Atom, ForAll, Rule, RuleTerm, Var, Walk

_TOKEN = re.compile(
    r"""\s*(?:(?P<comment>\#[^\n]*)|(?P<iri><[^>\s]*>)|(?P<literal>"[^"]*"(?:\^\^[\w-]+:[\w-]+)?)
    |(?P<path>[\w-]+:[\w-]+[*+](?:/[\w-]+:[\w-]+)?)
    |(?P<name>[\w-]*:[\w-]*)|(?P<var>\?\w+)|(?P<word>\w+|\*)|(?P<mark>&&|\|\||!=|[{}().;,=!]))""",
    re.VERBOSE,
)
_WALKS = {walk.value: walk for walk in Walk}


def parse_rule(text: str, where: str = "") -> Rule:
    """Return the rule that `text` holds; raises BadData naming `where` when it is none."""
    try:
        return _parse(text)
    except (KeyError, ValueError, StopIteration) as error:
        raise BadData(
            f"This is not a rule: {error}.", where=where, todo="See ontology/rules/README.md."
        ) from error


def _parse(text: str) -> Rule:
    """Return the rule of `text`; raises ValueError, KeyError or StopIteration when it is none."""
    header = _header(text)
    reader = _Reader(text)
    form = reader.skip_prologue()
    if form == "CONSTRUCT":
        head, _ = reader.group()
        reader.take("WHERE")
    else:
        head = []
        reader.take("*")
        reader.take("WHERE")
    body, for_all = reader.group()
    severity = header.get("inconsistent", "")
    if bool(severity) == bool(head):
        raise ValueError("a CONSTRUCT derives, a SELECT * with `# inconsistent:` finds a violation")
    return Rule(
        name=header["rule"],
        table=int(header["table"]),
        wording=header["wording"],
        head=tuple(head),
        body=tuple(body),
        for_all=for_all,
        severity=severity,
        axiomatic=header.get("axiomatic") == "yes",
        builtin=header.get("builtin", ""),
        unroll=header.get("unroll", ""),
        text=text,
    )


def _header(text: str) -> dict[str, str]:
    """Return the `# key: value` lines."""
    return dict(re.findall(r"^# ([a-z]+): (.*)$", text, re.MULTILINE))


class _Reader:
    """Walks over the tokens of one rule file."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = list(_tokens(text))
        self.at = 0
        self.prefixes: dict[str, str] = {}

    def next(self) -> tuple[str, str]:
        """Return the next token and pass it."""
        if self.at >= len(self.tokens):
            raise ValueError("it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self) -> str:
        """Return the text of the next token without passing it."""
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, expected: str) -> None:
        """Pass `expected`, or fail."""
        found = self.next()[1]
        if found != expected:
            raise ValueError(f"{expected} expected, {found} found")

    def skip_prologue(self) -> str:
        """Read the prefixes; return CONSTRUCT or SELECT."""
        while self.peek() == "PREFIX":
            self.next()
            name = self.next()[1].rstrip(":")
            self.prefixes[name] = self.next()[1][1:-1]
        form = self.next()[1]
        if form not in ("CONSTRUCT", "SELECT"):
            raise ValueError(f"CONSTRUCT or SELECT expected, {form} found")
        return form

    def group(self) -> tuple[list[Atom], ForAll | None]:
        """Return the atoms and the condition on all members of one `{ ... }`."""
        self.take("{")
        atoms: list[Atom] = []
        for_all: ForAll | None = None
        while self.peek() != "}":
            if self.peek() == "FILTER":
                for_all = self._filter() or for_all
            else:
                atoms.extend(self._triples())
            if self.peek() == ".":
                self.next()
        self.take("}")
        return atoms, for_all

    def _filter(self) -> ForAll | None:
        """Read a filter; return what it asks of all members, or None for an expression."""
        self.take("FILTER")
        if self.peek() == "(":
            self._skip_expression()
            return None
        self.take("NOT")
        self.take("EXISTS")
        atoms, inner = self.group()
        return ForAll(atoms[0], inner.each) if inner else ForAll(atoms[0], tuple(atoms))

    def _skip_expression(self) -> None:
        """Pass a bracketed expression."""
        depth = 0
        while True:
            depth += {"(": 1, ")": -1}.get(self.next()[1], 0)
            if depth == 0:
                return

    def _triples(self) -> list[Atom]:
        """Read one subject with its predicates and objects."""
        subject = self._term()
        atoms: list[Atom] = []
        while True:
            predicate = self._term()
            atoms.append(Atom(subject, predicate, self._term()))
            if self.peek() != ";":
                return atoms
            self.next()

    def _term(self) -> RuleTerm:
        """Read a variable, a name, a literal or a walk."""
        kind, text = self.next()
        match kind:
            case "var":
                return Var(text[1:])
            case "name":
                return self._named(text)
            case "path":
                return _WALKS[text]
            case "literal":
                value, _, datatype = text.partition("^^")
                return (
                    Literal(value[1:-1], datatype=self._named(datatype)) if datatype else Literal(value[1:-1])
                )
            case "word" if text == "a":
                return RDF["type"]
        raise ValueError(f"a term expected, {text} found")

    def _named(self, name: str) -> NamedNode:
        """Return the IRI that a prefixed name stands for."""
        prefix, local = name.split(":")
        return NamedNode(self.prefixes[prefix] + local)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each token; comments are left out."""
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"{text[at : at + 20]!r} cannot be read")
        at = match.end()
        if match.lastgroup != "comment":
            yield match.lastgroup, match.group(match.lastgroup)
