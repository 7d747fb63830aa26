"""RDF lists in proofs, read as lists: their cells are folded into the statement that uses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode

from kg.namespaces import RDF
from kg.reasoning.proofs import Asserted, Proof, Statement, leaves
from kg.views.terms import Naming, Ref, Term

_FIRST, _REST = RDF["first"], RDF["rest"]


def is_list_part(statement: Statement) -> bool:
    """Say whether a statement only spells out an unnamed list."""
    return isinstance(statement[0], BlankNode) and statement[1] in (_FIRST, _REST)


@dataclass(frozen=True, slots=True)
class Lists:
    """The cells of the lists that a proof walks."""

    first: dict[Term, Term]
    rest: dict[Term, Term]

    @classmethod
    def of(cls, proof: Proof) -> Lists:
        """Return the lists among the leaves of a proof."""
        return cls.of_statements(leaf.triple for leaf in leaves(proof) if isinstance(leaf, Asserted))

    @classmethod
    def of_statements(cls, statements: Iterable[Statement]) -> Lists:
        """Return the lists among some statements."""
        found = list(statements)
        return cls({s: o for s, p, o in found if p == _FIRST}, {s: o for s, p, o in found if p == _REST})

    def members(self, head: Term) -> Iterator[Term]:
        """Yield the members of a list as far as the proof walks it."""
        seen: set[Term] = set()
        while head in self.first and head not in seen:
            seen.add(head)
            yield self.first[head]
            head = self.rest.get(head, head)

    def naming(self, naming: Naming) -> TermNaming:
        """Return names that spell these lists out."""
        return TermNaming(naming, self)


@dataclass(frozen=True, slots=True)
class TermNaming:
    """The names of terms within one proof."""

    naming: Naming
    lists: Lists

    def ref(self, term: Term) -> Ref:
        """Return the reader's form of a term; a list by its members, another unnamed node as what it is."""
        if not isinstance(term, BlankNode):
            return self.naming.ref(term)
        members = [self.ref(member) for member in self.lists.members(term)]
        if not members:
            return Ref(label="an unnamed class")
        return Ref(
            label=f"({', '.join(member.label for member in members)})",
            curie=f"({' '.join(member.curie or member.label for member in members)})",
        )
