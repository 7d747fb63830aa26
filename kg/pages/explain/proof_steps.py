"""A proof as numbered steps: each with its reason, its place in the source and the hedge of its claim.

RDF lists are read as lists: the cells that a proof walks are not steps of their own but are spelt out in the
statement that uses the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode

from kg.model.graphs import GraphOrigin, get_origin, parse_claim_graph
from kg.namespaces import CLAIM, RDF
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_text
from kg.pages.term_refs import (
    HedgeBadge,
    Term,
    TermLabels,
    TermRef,
    find_weakest_hedge,
    make_hedge_badge,
)
from rlreason import Asserted, Derived, GeneralizedTriple, Proof, iterate_leaves
from rlreason.wording import fill_wording


@dataclass(frozen=True, slots=True)
class ProofAnchor:
    """Where a leaf of a proof stands in the source; `hedge` is the weakest of its claim, `cue` the first."""

    claim: TermRef
    sentence: TermRef | None
    span: TermRef | None
    cue: str
    hedge: HedgeBadge | None


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One line of a proof; premises are numbers of other steps, the conclusion is the first step.

    `kind` is "derived" or "asserted"; `origin` of an asserted one: "text", "background" (a curator added it),
    "ontology" or "data" (a user added it).
    """

    number: int
    depth: int
    subject: TermRef
    predicate: TermRef
    object: TermRef
    kind: str
    rule: str
    reason: str
    premises: tuple[int, ...]
    origin: str
    graph: TermRef | None
    anchor: ProofAnchor | None


@dataclass(frozen=True, slots=True)
class ProofView:
    """One proof, conclusion first; `hedge` is the weakest of the claims used, None when it uses none."""

    steps: tuple[ProofStep, ...]
    hedge: HedgeBadge | None
    caveat: str


_RDF_FIRST, _RDF_REST = RDF["first"], RDF["rest"]


def is_list_cell(statement: GeneralizedTriple) -> bool:
    """Return whether a statement is only a cell of an unnamed list."""
    return isinstance(statement[0], BlankNode) and statement[1] in (_RDF_FIRST, _RDF_REST)


@dataclass(frozen=True, slots=True)
class ProofLists:
    """The cells of the RDF lists that a proof walks: the member of each, and the cell after it."""

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
        cells = list(statements)
        return cls(
            {s: o for s, p, o in cells if p == _RDF_FIRST}, {s: o for s, p, o in cells if p == _RDF_REST}
        )

    def members(self, head: Term) -> Iterator[Term]:
        """Yield the members of a list as far as the proof walks it."""
        seen: set[Term] = set()
        while head in self.first and head not in seen:
            seen.add(head)
            yield self.first[head]
            head = self.rest.get(head, head)

    def with_labels(self, labels: TermLabels) -> ProofLabels:
        """Return labels that spell these lists out."""
        return ProofLabels(labels, self)


@dataclass(frozen=True, slots=True)
class ProofLabels:
    """The names of terms within one proof."""

    labels: TermLabels
    lists: ProofLists

    def ref(self, term: Term) -> TermRef:
        """Return a term as a page shows it; a list by its members, another unnamed node as a class."""
        if not isinstance(term, BlankNode):
            return self.labels.ref(term)
        members = [self.ref(member) for member in self.lists.members(term)]
        if not members:
            return TermRef(label="an unnamed class")
        return TermRef(
            label=f"({', '.join(member.label for member in members)})",
            curie=f"({' '.join(member.curie or member.label for member in members)})",
        )


class AnchorCache:
    """The place of each claim in the source, read at most once."""

    def __init__(self, reader: PageQueryReader, labels: TermLabels) -> None:
        """Start empty."""
        self._reader = reader
        self._labels = labels
        self._anchors: dict[str, ProofAnchor] = {}

    def find_anchor(self, graph: NamedNode | None) -> ProofAnchor | None:
        """Return the anchor of the claim whose assertion `graph` is; None for another graph."""
        claim_part = parse_claim_graph(graph) if graph else None
        if claim_part is None:
            return None
        name = claim_part[0]
        if name not in self._anchors:
            self._anchors[name] = self._load_anchor(CLAIM[name])
        return self._anchors[name]

    def _load_anchor(self, claim: NamedNode) -> ProofAnchor:
        rows = self._reader.select_rows("claim-anchor", claim=[claim])
        by_hedge = {make_hedge_badge(row["hedge"], self._labels): row for row in rows if "hedge" in row}
        weakest = find_weakest_hedge(by_hedge)
        row = by_hedge[weakest] if weakest else rows[0] if rows else {}
        return ProofAnchor(
            self._labels.ref(claim),
            self._cell_ref(row, "sentence"),
            self._cell_ref(row, "span"),
            cell_text(row, "cue"),
            weakest,
        )

    def _cell_ref(self, row: QueryRow, name: str) -> TermRef | None:
        return self._labels.ref(row[name]) if name in row else None


def number_proof(proof: Proof, labels: TermLabels, anchors: AnchorCache) -> ProofView:
    """Return a proof as numbered steps, conclusion first, each before what it rests on.

    A premise used twice is one step; cells of lists are none.
    """
    proof_labels = ProofLists.from_proof(proof).with_labels(labels)
    parts = _order_depth_first(proof)
    numbers = {statement: number for number, statement in enumerate(parts, 1)}
    steps = [_make_step(part, depth, numbers, proof_labels, anchors) for part, depth in parts.values()]
    weakest = find_weakest_hedge(step.anchor.hedge for step in steps if step.anchor and step.anchor.hedge)
    return ProofView(tuple(steps), weakest, _describe_strength(weakest, steps))


def _order_depth_first(proof: Proof) -> dict[GeneralizedTriple, tuple[Proof, int]]:
    """Return the parts of a proof with their depth, each once, depth first; without the cells of lists."""
    parts: dict[GeneralizedTriple, tuple[Proof, int]] = {}
    waiting: list[tuple[Proof, int]] = [(proof, 0)]
    while waiting:
        current, depth = waiting.pop()
        if current.triple not in parts and (depth == 0 or not is_list_cell(current.triple)):
            parts[current.triple] = current, depth
            premises = current.premises if isinstance(current, Derived) else ()
            waiting += [(premise, depth + 1) for premise in reversed(premises)]
    return parts


def _make_step(
    proof: Proof,
    depth: int,
    numbers: Mapping[GeneralizedTriple, int],
    labels: ProofLabels,
    anchors: AnchorCache,
) -> ProofStep:
    s, p, o = (labels.ref(term) for term in proof.triple)
    number = numbers[proof.triple]
    if isinstance(proof, Asserted):
        graph = labels.ref(proof.graph) if proof.graph else None
        origin, anchor = _name_origin(proof.graph), anchors.find_anchor(proof.graph)
        return ProofStep(number, depth, s, p, o, "asserted", "", "", (), origin, graph, anchor)
    reason = fill_wording(proof.wording, proof.bindings, lambda term: labels.ref(term).label)
    premises = tuple(numbers[premise.triple] for premise in proof.premises if premise.triple in numbers)
    return ProofStep(number, depth, s, p, o, "derived", proof.rule, reason, premises, "", None, None)


#: `origin` of a step, by who states its graph; all others: "data"
_ORIGIN_NAMES = {
    GraphOrigin.ONTOLOGY: "ontology",
    GraphOrigin.CURATOR: "background",
    GraphOrigin.TEXT: "text",
}


def _name_origin(graph: NamedNode | None) -> str:
    return _ORIGIN_NAMES.get(get_origin(graph), "data") if graph else "data"


def _describe_strength(weakest: HedgeBadge | None, steps: list[ProofStep]) -> str:
    """Return the sentence that says how strongly the conclusion may be read."""
    if weakest is None:
        return "It rests on no claim of the text: only on definitions of the ontology or background."
    anchors = [step.anchor for step in steps if step.anchor]
    cues = sorted({f"“{anchor.cue}”" for anchor in anchors if anchor.hedge == weakest and anchor.cue})
    printed = f" ({', '.join(cues)})" if cues else ""
    return f"It reads no stronger than its weakest claim: {weakest.label}{printed}."
