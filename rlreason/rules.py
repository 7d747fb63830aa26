"""What a rule is, and how it is read from its `.rq` file.

A rule file is a SPARQL 1.1 query with a header of `# key: value` lines (see `owl2rl/`, one file for each rule
of OWL 2 Profiles, section 4.3). `CONSTRUCT { head } WHERE { body }` derives; `SELECT * WHERE { body }` with
`# inconsistent:` finds contradictions. A body holds triple patterns, the three walks of `ListWalk`, and at
most one condition on all members of a list,

    FILTER NOT EXISTS { walk . FILTER NOT EXISTS { conditions } }

Expressions in filters are read only in rules marked `# builtin:`, whose work `literals` does by value.
Anything else is refused with its line: a rule that is read is applied as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from pyoxigraph import BlankNode, Literal, NamedNode

from rlreason.vocabulary import RDF


class RuleError(Exception):
    """A rule file that cannot be read as a rule, or a folder without any.

    `file` is the path as it was given; `line` and `column` count from 1, 0 means unknown.
    """

    def __init__(
        self, message: str, *, file: str = "", line: int = 0, column: int = 0, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message, self.file, self.line, self.column, self.hint = message, file, line, column, hint

    def __str__(self) -> str:
        """Return `file:line:column: message hint`, without the parts that are unknown."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return " ".join(part for part in (f"{place}:" if place else "", self.message, self.hint) if part)


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
    """A condition on every member of a list: `member` walks the list, `conditions` hold for each member."""

    member: Atom
    conditions: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of a rule of one's own, as rdflib parsed it; `unequal` are ?a and ?b of `?a != ?b`."""

    parsed: Any = field(compare=False)
    variables: tuple[str, ...]
    unequal: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class AbsentAtoms:
    """FILTER NOT EXISTS: the atoms, with the filters among them, that must have no match."""

    atoms: tuple[Atom, ...]
    filters: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Without a head it finds contradictions, and `severity` says how grave they are.

    `wording` is a sentence for one application, with `{x}` for what `?x` stands for. `axiomatic` rules have
    no body to speak of or conclude what is true of every class or property. `builtin` rules compare values,
    `unroll` rules are written out for each list. `text` is the file, which other SPARQL engines can run.
    `table` is 0 for rules of one's own (`sparql_rules`); only those have assignments, filters and negations.
    """

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
    assignments: tuple[tuple[str, Expression], ...] = ()
    filters: tuple[Expression, ...] = ()
    negations: tuple[AbsentAtoms, ...] = ()

    @property
    def finds_violations(self) -> bool:
        """Return whether a match contradicts the ontology."""
        return bool(self.severity)

    @property
    def only_declares(self) -> bool:
        """Return whether the rule only lists terms that OWL 2 declares (prp-ap, dt-type1)."""
        return not self.body and len(self.head) > 1

    def variable_names(self) -> tuple[str, ...]:
        """Return the names of the variables of body and head, sorted."""
        return tuple(sorted(frozenset().union(*(atom.variable_names() for atom in (*self.body, *self.head)))))


class _Pattern(Protocol):
    """An atom, or its form in term numbers."""

    @property
    def s(self) -> object: ...
    @property
    def p(self) -> object: ...
    @property
    def o(self) -> object: ...


def composes_relation(head: Sequence[_Pattern], body: Sequence[_Pattern]) -> bool:
    """Return whether a rule has the form `?x p ?y . ?y p ?z -> ?x p ?z`: it closes p transitively."""
    if len(body) != 2 or len(head) != 1:
        return False
    (first, second), end = body, head[0]
    same = first.p == second.p == end.p
    return same and first.o == second.s and (end.s, end.o) == (first.s, second.o) and first.s != second.o


_TOKEN = re.compile(
    r"""\s*(?:(?P<comment>\#[^\n]*)|(?P<iri><[^>\s]*>)|(?P<literal>"[^"]*"(?:\^\^[\w-]+:[\w-]+)?)
    |(?P<path>[\w-]+:[\w-]+[*+](?:/[\w-]+:[\w-]+)?)
    |(?P<name>[\w-]*:[\w-]*)|(?P<var>\?\w+)|(?P<word>\w+|\*)|(?P<mark>&&|\|\||!=|[{}().;,=!]))""",
    re.VERBOSE,
)
_WALK_BY_PATH = {walk.value: walk for walk in ListWalk}


def parse_rule(text: str, file: str = "") -> Rule:
    """Return the rule that `text` holds; raises RuleError, which names `file`."""
    header = dict(re.findall(r"^# ([a-z]+): (.*)$", text, re.MULTILINE))
    parser = _RuleParser(text, allow_expressions="builtin" in header)
    try:
        return _make_rule(header, *parser.read_query(), text)
    except (KeyError, ValueError) as error:
        line, column = (0, 0) if isinstance(error, KeyError) else parser.get_place()
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        hint = "The README beside the rules says what a rule file holds."
        raise RuleError(
            f"This is not a rule: {reason}.", file=file, line=line, column=column, hint=hint
        ) from error


def _make_rule(
    header: dict[str, str], head: list[Atom], body: list[Atom], for_all: ForAllMembers | None, text: str
) -> Rule:
    """Return the rule; raises KeyError or ValueError where the header lacks something or does not fit."""
    severity, builtin = header.get("inconsistent", ""), header.get("builtin", "")
    if bool(severity) == bool(head):
        raise ValueError("a CONSTRUCT derives, a SELECT * with `# inconsistent:` finds a violation")
    free = frozenset().union(*(a.variable_names() for a in head)) - frozenset().union(
        *(a.variable_names() for a in body)
    )
    if free and not builtin:
        raise ValueError(f"the body does not bind ?{min(free)} of the head")
    return Rule(
        name=header["rule"],
        table=int(header["table"]),
        wording=header["wording"],
        head=tuple(head),
        body=tuple(body),
        for_all=for_all,
        severity=severity,
        axiomatic=header.get("axiomatic") == "yes",
        builtin=builtin,
        unroll=header.get("unroll", ""),
        text=text,
    )


class _RuleParser:
    """A recursive-descent parser over the tokens of one rule file; every method raises ValueError."""

    def __init__(self, text: str, *, allow_expressions: bool) -> None:
        self._text, self._allow_expressions = text, allow_expressions
        self._tokens = list(_tokenize(text))
        self._next = 0
        self._prefixes: dict[str, str] = {}

    def get_place(self) -> tuple[int, int]:
        """Return line and column of the token read last."""
        before = self._text[: self._tokens[self._next - 1][2] if self._next else 0]
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    def read_query(self) -> tuple[list[Atom], list[Atom], ForAllMembers | None]:
        """Return head, body and the condition on all members."""
        head: list[Atom] = []
        while self._pass_if("PREFIX"):
            name = self._take()[1].rstrip(":")
            self._prefixes[name] = self._take()[1][1:-1]
        if self._pass_if("CONSTRUCT"):
            head, condition = self._read_group()
            if condition is not None:
                raise ValueError("a head has no filter")
        else:
            self._expect("SELECT", "*")
        self._expect("WHERE")
        body, for_all = self._read_group()
        return head, body, for_all

    def _take(self) -> tuple[str, str]:
        """Return kind and text of the next token and pass it."""
        if self._next == len(self._tokens):
            raise ValueError("it ends too early")
        self._next += 1
        kind, text, _ = self._tokens[self._next - 1]
        if kind == "unread":
            raise ValueError(f"{text!r} cannot be read")
        return kind, text

    def _pass_if(self, text: str) -> bool:
        """Pass the next token if it is the one given, and return whether it was."""
        found = self._next < len(self._tokens) and self._tokens[self._next][1] == text
        self._next += found
        return found

    def _expect(self, *expected: str) -> None:
        """Pass the expected tokens."""
        for text in expected:
            found = self._take()[1]
            if found != text:
                raise ValueError(f"{text} expected, {found} found")

    def _read_group(self) -> tuple[list[Atom], ForAllMembers | None]:
        """Return the atoms and the condition on all members of one `{ ... }`."""
        self._expect("{")
        atoms: list[Atom] = []
        for_all: ForAllMembers | None = None
        while not self._pass_if("}"):
            if self._pass_if("FILTER"):
                for_all = self._read_filter() or for_all
            else:
                atoms += self._read_triples()
            self._pass_if(".")
        return atoms, for_all

    def _read_filter(self) -> ForAllMembers | None:
        """Return what a filter asks of all members, or None for an expression, which is passed over."""
        if self._allow_expressions and self._pass_if("("):
            depth = 1
            while depth:
                depth += {"(": 1, ")": -1}.get(self._take()[1], 0)
            return None
        self._expect("NOT", "EXISTS", "{")
        (member,) = self._read_triples()
        self._pass_if(".")
        self._expect("FILTER", "NOT", "EXISTS")
        conditions, inner = self._read_group()
        self._expect("}")
        if inner is not None:
            raise ValueError("a condition on all members holds no other")
        return ForAllMembers(member, tuple(conditions))

    def _read_triples(self) -> list[Atom]:
        """Read one subject with its predicates and objects."""
        subject = self._read_term()
        atoms = [Atom(subject, self._read_term(), self._read_term())]
        while self._pass_if(";"):
            atoms.append(Atom(subject, self._read_term(), self._read_term()))
        return atoms

    def _read_term(self) -> RuleTerm:
        """Read a variable, a name, a literal or a walk."""
        kind, text = self._take()
        match kind:
            case "var":
                return Var(text[1:])
            case "name":
                return self._resolve_name(text)
            case "path" if text in _WALK_BY_PATH:
                return _WALK_BY_PATH[text]
            case "literal":
                value, _, datatype = text.partition("^^")
                return Literal(value[1:-1], datatype=self._resolve_name(datatype) if datatype else None)
            case "word" if text == "a":
                return RDF["type"]
        raise ValueError(f"a term expected, {text} found")

    def _resolve_name(self, name: str) -> NamedNode:
        """Return the IRI that a prefixed name stands for."""
        prefix, local = name.split(":")
        if prefix not in self._prefixes:
            raise ValueError(f"the prefix {prefix}: is not declared")
        return NamedNode(self._prefixes[prefix] + local)


def _tokenize(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and offset of each token, "unread" for the rest of a text that has no more tokens."""
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            yield "unread", text[at : at + 20].strip(), at
            return
        at = match.end()
        if match.lastgroup != "comment":
            yield match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)


def load_rules(folder: Path) -> tuple[Rule, ...]:
    """Return the rules in the files `*/*.rq` of `folder`, by folder and name.

    Reads the files each time: who needs the rules often keeps them. Raises RuleError when a file is not a
    rule or there is none.
    """
    paths = sorted(folder.glob("*/*.rq"))
    if not paths:
        raise RuleError("There are no rules in this folder.", file=str(folder))
    return tuple(parse_rule(path.read_text("utf-8"), path.as_posix()) for path in paths)


class _PackagedRules:
    """The rules that come with this library, read when they are first asked for."""

    @cached_property
    def _rules(self) -> tuple[Rule, ...]:
        return load_rules(Path(__file__).parent / "owl2rl")

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)


#: all 78 rules of OWL 2 RL/RDF (OWL 2 Profiles, section 4.3, tables 4 to 9)
OWL2RL = _PackagedRules()
