"""A proof as numbered steps: each with its reason, its place in the source and the hedge of its claim.

RDF lists are read as lists: the cells that a proof walks are not steps of their own but are spelt out in the
statement that uses the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode

from kg.model.graphs import GraphOrigin, get_origin, parse_claim_graph
from kg.namespaces import CLAIM, RDF
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_text
from kg.pages.term_refs import (
    INFERRED,
    HedgeBadge,
    Term,
    TermLabels,
    TermRef,
    find_origin_mark,
    find_weakest_hedge,
    make_hedge_badge,
)
from rlreason import Asserted, Derived, GeneralizedTriple, Proof, iterate_leaves
from rlreason.wording import fill_wording


@dataclass(frozen=True, slots=True)
class ProofAnchor:
    """Where a leaf of a proof stands in the source; `hedge` is the weakest of its claim, `cue` the first.

    `revised` is the day of the document's last revision, as an ISO date, or "".
    """

    claim: TermRef
    sentence: TermRef | None
    span: TermRef | None
    cue: str
    hedge: HedgeBadge | None
    document: TermRef | None
    revised: str


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One line of a proof; premises are numbers of other steps, the conclusion is the first step.

    `kind` is "derived" or "asserted"; `origin` of an asserted one: "text" (a claim says it), "model"
    (curators modeled it), "background" (a curator added it), "ontology" or "data" (a user added it). `mark`
    is the one that all pages use.
    """

    number: int
    depth: int
    subject: TermRef
    predicate: TermRef
    object: TermRef
    kind: str
    mark: str
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
        self._anchors: dict[Term, ProofAnchor] = {}

    def find_anchor(self, leaf: Asserted) -> ProofAnchor | None:
        """Return the anchor of the claim in whose graph a leaf stands or that it is about; None without."""
        claim_part = parse_claim_graph(leaf.graph) if leaf.graph else None
        subject = leaf.triple[0]
        if claim_part is not None:
            return self.list_anchors([CLAIM[claim_part[0]]])[0]
        is_claim = isinstance(subject, NamedNode) and subject.value.startswith(CLAIM)
        return self.list_anchors([subject])[0] if is_claim else None  # type: ignore[list-item]  # is_claim

    def list_anchors(self, claims: Sequence[NamedNode]) -> list[ProofAnchor]:
        """Return the places of some claims; one query for all that were not read yet."""
        rows: dict[Term, list[QueryRow]] = {claim: [] for claim in claims if claim not in self._anchors}
        for row in self._reader.select_rows("claim-anchor", claim=rows) if rows else ():
            rows[row["claim"]].append(row)
        self._anchors |= {claim: self._make_anchor(claim, found) for claim, found in rows.items()}
        return [self._anchors[claim] for claim in claims]

    def _make_anchor(self, claim: Term, rows: Sequence[QueryRow]) -> ProofAnchor:
        by_hedge = {make_hedge_badge(row["hedge"], self._labels): row for row in rows if "hedge" in row}
        weakest = find_weakest_hedge(by_hedge)
        row = by_hedge[weakest] if weakest else rows[0] if rows else {}
        return ProofAnchor(
            self._labels.ref(claim),
            self._cell_ref(row, "sentence"),
            self._cell_ref(row, "span"),
            cell_text(row, "cue"),
            weakest,
            self._cell_ref(row, "document"),
            cell_text(row, "revised"),
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
    used = {step.anchor: None for step in steps if step.anchor}
    weakest = find_weakest_hedge(anchor.hedge for anchor in used if anchor.hedge)
    return ProofView(tuple(steps), weakest, describe_strength(used, "This proof"))


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
        origin, anchor = _name_origin(proof.graph), anchors.find_anchor(proof)
        mark = find_origin_mark([proof.graph] if proof.graph else ())
        return ProofStep(number, depth, s, p, o, "asserted", mark, "", "", (), origin, graph, anchor)
    reason = fill_wording(proof.wording, proof.bindings, lambda term: labels.ref(term).label)
    premises = tuple(numbers[premise.triple] for premise in proof.premises if premise.triple in numbers)
    return ProofStep(
        number, depth, s, p, o, "derived", INFERRED, proof.rule, reason, premises, "", None, None
    )


#: `origin` of a step, by who states its graph; all others: "data"
_ORIGIN_NAMES = {
    GraphOrigin.ONTOLOGY: "ontology",
    GraphOrigin.CURATOR: "background",
    GraphOrigin.TEXT: "text",
    GraphOrigin.MODEL: "model",
}


def _name_origin(graph: NamedNode | None) -> str:
    return _ORIGIN_NAMES.get(get_origin(graph), "data") if graph else "data"


def describe_strength(anchors: Iterable[ProofAnchor], what: str) -> str:
    """Return the sentence that says how strongly `what`, which rests on some claims, may be read."""
    listed = list(anchors)
    if not listed:
        return f"{what} rests on no claim of the text: only on definitions of the ontology or background."
    weakest = find_weakest_hedge(anchor.hedge for anchor in listed if anchor.hedge)
    if weakest is None:
        return f"{what} rests on claims that give no wording."
    cues = sorted({f"“{anchor.cue}”" for anchor in listed if anchor.hedge == weakest and anchor.cue})
    printed = f" ({', '.join(cues)})" if cues else ""
    return f"It reads no stronger than its weakest claim: {weakest.label}{printed}."
