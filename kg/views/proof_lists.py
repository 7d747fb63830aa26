"""RDF lists in proofs, read as lists: their cells are folded into the statement that uses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode

from kg.namespaces import RDF
from kg.reasoning.proofs import Asserted, GeneralizedTriple, Proof, iterate_leaves
from kg.views.terms import Term, TermLabels, TermRef

_RDF_FIRST, _RDF_REST = RDF["first"], RDF["rest"]


def is_list_cell(statement: GeneralizedTriple) -> bool:
    """Say whether a statement only spells out an unnamed list."""
    return isinstance(statement[0], BlankNode) and statement[1] in (_RDF_FIRST, _RDF_REST)


@dataclass(frozen=True, slots=True)
class ProofLists:
    """The cells of the lists that a proof walks."""

    first: dict[Term, Term]
    rest: dict[Term, Term]

    @classmethod
    def from_proof(cls, proof: Proof) -> ProofLists:
        """Return the lists among the leaves of a proof."""
        return cls.from_statements(
            leaf.triple for leaf in iterate_leaves(proof) if isinstance(leaf, Asserted)
        )

    @classmethod
    def from_statements(cls, statements: Iterable[GeneralizedTriple]) -> ProofLists:
        """Return the lists among some statements."""
        found = list(statements)
        return cls(
            {s: o for s, p, o in found if p == _RDF_FIRST}, {s: o for s, p, o in found if p == _RDF_REST}
        )

    def members(self, head: Term) -> Iterator[Term]:
        """Yield the members of a list as far as the proof walks it."""
        seen: set[Term] = set()
        while head in self.first and head not in seen:
            seen.add(head)
            yield self.first[head]
            head = self.rest.get(head, head)

    def with_labels(self, labels: TermLabels) -> ProofLabels:
        """Return names that spell these lists out."""
        return ProofLabels(labels, self)


@dataclass(frozen=True, slots=True)
class ProofLabels:
    """The names of terms within one proof."""

    labels: TermLabels
    lists: ProofLists

    def ref(self, term: Term) -> TermRef:
        """Return the reader's form of a term; a list by its members, another unnamed node as what it is."""
        if not isinstance(term, BlankNode):
            return self.labels.ref(term)
        members = [self.ref(member) for member in self.lists.members(term)]
        if not members:
            return TermRef(label="an unnamed class")
        return TermRef(
            label=f"({', '.join(member.label for member in members)})",
            curie=f"({' '.join(member.curie or member.label for member in members)})",
        )
