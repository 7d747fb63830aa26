"""What a rule is: atoms over variables and terms, as read from its SPARQL file; no file is opened here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pyoxigraph import BlankNode, Literal, NamedNode


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
