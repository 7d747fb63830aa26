"""What a rule is: atoms over variables and terms, as read from its SPARQL file; no file is opened here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode

from kg.errors import BadData
from kg.namespaces import RDF
from kg.settings import PROJECT_ROOT


class ListWalk(Enum):
    """The three walks along an RDF list that rules make; the engine keeps each as a relation."""

    MEMBER = "rdf:rest*/rdf:first"
    CELL = "rdf:rest*"
    LATER = "rdf:rest+/rdf:first"


@dataclass(frozen=True, slots=True)
class Var:
    """A variable of a rule."""

    name: str


RuleTerm = Var | NamedNode | BlankNode | Literal | ListWalk


@dataclass(frozen=True, slots=True)
class Atom:
    """A triple pattern; the predicate may be a walk along a list."""

    s: RuleTerm
    p: RuleTerm
    o: RuleTerm

    def terms(self) -> tuple[RuleTerm, RuleTerm, RuleTerm]:
        """Return subject, predicate and object."""
        return self.s, self.p, self.o

    def variable_names(self) -> frozenset[str]:
        """Return the names of the variables."""
        return frozenset(term.name for term in self.terms() if isinstance(term, Var))


@dataclass(frozen=True, slots=True)
class ForAllMembers:
    """A condition on every member of a list: `member` walks the list, `each` must hold for what it binds."""

    member: Atom
    conditions: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the specification; without a head, every match is a violation."""

    name: str
    table: int
    wording: str
    head: tuple[Atom, ...]
    body: tuple[Atom, ...]
    for_all: ForAllMembers | None = None
    severity: str = ""
    axiomatic: bool = False
    builtin: str = ""
    unroll: str = ""
    text: str = ""

    @property
    def finds_violations(self) -> bool:
        """Say whether a match contradicts the ontology."""
        return bool(self.severity)

    def variable_names(self) -> tuple[str, ...]:
        """Return the names of the variables of body and head, sorted."""
        return tuple(sorted(frozenset().union(*(atom.variable_names() for atom in (*self.body, *self.head)))))


#: MERGED kg.reasoning.rule_parser
#: MERGED Reads a rule from the text of its `.rq` file: the part of SPARQL 1.1 that rules need, and no more.
#: MERGED
#: MERGED `CONSTRUCT { head } WHERE { body }` derives, `SELECT * WHERE { body }` finds a violation. A body holds triple
#: MERGED patterns, the three list walks of `Walk`, and one `FILTER NOT EXISTS { walk . FILTER NOT EXISTS { each } }`,
#: MERGED which says "for all members". Other filters belong to rules marked `# builtin:`, whose work Python does.


_TOKEN = re.compile(
    r"""\s*(?:(?P<comment>\#[^\n]*)|(?P<iri><[^>\s]*>)|(?P<literal>"[^"]*"(?:\^\^[\w-]+:[\w-]+)?)
    |(?P<path>[\w-]+:[\w-]+[*+](?:/[\w-]+:[\w-]+)?)
    |(?P<name>[\w-]*:[\w-]*)|(?P<var>\?\w+)|(?P<word>\w+|\*)|(?P<mark>&&|\|\||!=|[{}().;,=!]))""",
    re.VERBOSE,
)
_WALK_BY_PATH = {walk.value: walk for walk in ListWalk}


def parse_rule(text: str, file: str = "") -> Rule:
    """Return the rule that `text` holds; raises BadData naming `where` when it is none."""
    try:
        return _parse_rule_text(text)
    except (KeyError, ValueError, StopIteration) as error:
        raise BadData(
            f"This is not a rule: {error}.", location=file, hint="See ontology/rules/README.md."
        ) from error


def _parse_rule_text(text: str) -> Rule:
    """Return the rule of `text`; raises ValueError, KeyError or StopIteration when it is none."""
    header = _read_header(text)
    reader = _RuleParser(text)
    form = reader.read_prologue()
    if form == "CONSTRUCT":
        head, _ = reader.read_group()
        reader.expect_token("WHERE")
    else:
        head = []
        reader.expect_token("*")
        reader.expect_token("WHERE")
    body, for_all = reader.read_group()
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


def _read_header(text: str) -> dict[str, str]:
    """Return the `# key: value` lines."""
    return dict(re.findall(r"^# ([a-z]+): (.*)$", text, re.MULTILINE))


class _RuleParser:
    """Walks over the tokens of one rule file."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = list(_tokenize(text))
        self.position = 0
        self.prefixes: dict[str, str] = {}

    def next_token(self) -> tuple[str, str]:
        """Return the next token and pass it."""
        if self.position >= len(self.tokens):
            raise ValueError("it ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def peek_token(self) -> str:
        """Return the text of the next token without passing it."""
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def expect_token(self, expected: str) -> None:
        """Pass `expected`, or fail."""
        found = self.next_token()[1]
        if found != expected:
            raise ValueError(f"{expected} expected, {found} found")

    def read_prologue(self) -> str:
        """Read the prefixes; return CONSTRUCT or SELECT."""
        while self.peek_token() == "PREFIX":
            self.next_token()
            name = self.next_token()[1].rstrip(":")
            self.prefixes[name] = self.next_token()[1][1:-1]
        form = self.next_token()[1]
        if form not in ("CONSTRUCT", "SELECT"):
            raise ValueError(f"CONSTRUCT or SELECT expected, {form} found")
        return form

    def read_group(self) -> tuple[list[Atom], ForAllMembers | None]:
        """Return the atoms and the condition on all members of one `{ ... }`."""
        self.expect_token("{")
        atoms: list[Atom] = []
        for_all: ForAllMembers | None = None
        while self.peek_token() != "}":
            if self.peek_token() == "FILTER":
                for_all = self._read_filter() or for_all
            else:
                atoms.extend(self._read_triples())
            if self.peek_token() == ".":
                self.next_token()
        self.expect_token("}")
        return atoms, for_all

    def _read_filter(self) -> ForAllMembers | None:
        """Read a filter; return what it asks of all members, or None for an expression."""
        self.expect_token("FILTER")
        if self.peek_token() == "(":
            self._skip_expression()
            return None
        self.expect_token("NOT")
        self.expect_token("EXISTS")
        atoms, inner = self.read_group()
        return ForAllMembers(atoms[0], inner.conditions) if inner else ForAllMembers(atoms[0], tuple(atoms))

    def _skip_expression(self) -> None:
        """Pass a bracketed expression."""
        depth = 0
        while True:
            depth += {"(": 1, ")": -1}.get(self.next_token()[1], 0)
            if depth == 0:
                return

    def _read_triples(self) -> list[Atom]:
        """Read one subject with its predicates and objects."""
        subject = self._read_term()
        atoms: list[Atom] = []
        while True:
            predicate = self._read_term()
            atoms.append(Atom(subject, predicate, self._read_term()))
            if self.peek_token() != ";":
                return atoms
            self.next_token()

    def _read_term(self) -> RuleTerm:
        """Read a variable, a name, a literal or a walk."""
        kind, text = self.next_token()
        match kind:
            case "var":
                return Var(text[1:])
            case "name":
                return self._resolve_name(text)
            case "path":
                return _WALK_BY_PATH[text]
            case "literal":
                value, _, datatype = text.partition("^^")
                return (
                    Literal(value[1:-1], datatype=self._resolve_name(datatype))
                    if datatype
                    else Literal(value[1:-1])
                )
            case "word" if text == "a":
                return RDF["type"]
        raise ValueError(f"a term expected, {text} found")

    def _resolve_name(self, name: str) -> NamedNode:
        """Return the IRI that a prefixed name stands for."""
        prefix, local = name.split(":")
        return NamedNode(self.prefixes[prefix] + local)


def _tokenize(text: str) -> Iterator[tuple[str, str]]:
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


#: MERGED kg.reasoning.rulebook
#: MERGED The rules of OWL 2 RL/RDF as the project ships them; the one module of this package that reads files.
#: MERGED
#: MERGED It reads `ontology/rules/` of the project (KG_ROOT, else where this code stands) only, once a process;
#: MERGED whoever has other rules hands them to `close`.


OWL2RL_FOLDER = Path(os.environ.get("KG_ROOT") or PROJECT_ROOT) / "ontology" / "rules" / "owl2rl"


@cache
def load_rules(folder: Path = OWL2RL_FOLDER) -> tuple[Rule, ...]:
    """Return the rules in `folder`, by table and name.

    Raises BadData when one cannot be read or none is there.
    """
    paths = sorted(folder.glob("*/*.rq"))
    if not paths:
        raise BadData(
            "No rules are there.", location=str(folder), hint="Point KG_ROOT at the project's folder."
        )
    above = folder.parents[2] if len(folder.parents) > 2 else folder
    return tuple(parse_rule(path.read_text("utf-8"), path.relative_to(above).as_posix()) for path in paths)
