"""The page that says why a statement holds: its proofs, or what is missing. Fields are stable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode, Triple

from kg.model.term_names import TermNames
from kg.namespaces import CLAIM, GRAPH, KG, RDF, RDFS, SKOS
from kg.pages.explain.statement_input import parse_literal, reject_unknown_terms, suggest_correction
from kg.pages.term_refs import HedgeBadge, Term, TermLabels, TermRef, make_hedge_badge
from rlreason.proofs import Asserted, Derived, GeneralizedTriple, Proof, Prover, iterate_leaves
from rlreason.why_not import WhyNot
from rlreason.wording import correct_articles, fill_wording
from sparqlhost.store.interface import Store


@dataclass(frozen=True, slots=True)
class ProofAnchor:
    """Where a leaf of a proof stands in the source."""

    claim: TermRef
    sentence: TermRef | None
    span: TermRef | None
    cue: str
    hedge: HedgeBadge | None


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One line of a proof; premises are numbers of other steps, the conclusion is the first step.

    `kind` is "derived" or "asserted"; `origin` of an asserted one: "text", "background",
    "ontology" or "data".
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


@dataclass(frozen=True, slots=True)
class WhyNotView:
    """A rule that would derive the statement if only `premise` held.

    `instead` does link the premise's two ends.
    """

    rule: str
    reason: str
    premise: tuple[TermRef, TermRef, TermRef]
    held: tuple[tuple[TermRef, TermRef, TermRef], ...]
    instead: tuple[TermRef, ...]


@dataclass(frozen=True, slots=True)
class ExplanationPage:
    """Why a statement holds. `status` is "asserted", "inferred" or "absent"; `summary` is one sentence."""

    subject: TermRef
    predicate: TermRef
    object: TermRef
    status: str
    summary: str
    proofs: tuple[ProofView, ...]
    more: bool
    missing: tuple[WhyNotView, ...]


#: MERGED kg.views.proof_lists
#: MERGED RDF lists in proofs, read as lists: their cells are folded into the statement that uses them.


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


#: MERGED kg.views.proving
#: MERGED Fills the explanation page: asserted graphs out of the store, proofs out of the reasoner, names.


#: alternatives shown at most
MAX_PROOFS = 20
_CLAIM_GRAPHS = str(GRAPH) + "claim/"
_ORIGIN_OF_GRAPH = {
    GRAPH["ontology"]: "ontology",
    GRAPH["background"]: "background",
    GRAPH["asserted"]: "text",
    GRAPH["edits"]: "data",
}


def is_reasoner_input(graph: NamedNode) -> bool:
    """Say whether the reasoner reads a graph: ontology, concepts, background, claims, what users wrote."""
    return graph in _ORIGIN_OF_GRAPH or (
        graph.value.startswith(_CLAIM_GRAPHS) and graph.value.endswith("/assertion")
    )


def make_prover(store: Store) -> Prover:
    """Return the prover over what the reasoner read: all but source text, mappings and imports."""
    asserted: dict[Triple, tuple[NamedNode, ...]] = {}
    for graph in store.graph_names():
        if is_reasoner_input(graph):
            for triple in store.read_graph(graph):
                asserted[triple] = (*asserted.get(triple, ()), graph)
    return Prover(asserted)


def load_term_names(store: Store, limited_to: Iterable[NamedNode] | None = None) -> TermNames:
    """Return what labelled terms may be called; `among` keeps to some, so that a word means one of them."""
    query = f"""SELECT ?term ?label ?preferred WHERE {{
        VALUES (?p ?preferred) {{
            ({SKOS["prefLabel"]} true) ({RDFS["label"]} true) ({SKOS["altLabel"]} false) }}
        ?term ?p ?label FILTER isIRI(?term) }} ORDER BY ?term ?label"""
    kept = None if limited_to is None else frozenset(limited_to)
    found = [
        (term, str(getattr(row["label"], "value", "")), getattr(row["preferred"], "value", "") == "true")
        for row in store.select(query)
        if isinstance(term := row["term"], NamedNode) and (kept is None or term in kept)
    ]
    return TermNames.from_rows(found)


def load_all_labels(store: Store) -> TermLabels:
    """Return the labels of all terms and the ranks of hedges."""
    query = f"""SELECT ?term ?label ?rank WHERE {{
        {{ ?term {SKOS["prefLabel"]} ?label }} UNION
        {{ ?term {RDFS["label"]} ?label FILTER NOT EXISTS {{ ?term {SKOS["prefLabel"]} ?other }} }}
        OPTIONAL {{ ?term {KG["strengthRank"]} ?rank }} }}"""
    labels: dict[str, str] = {}
    ranks: dict[str, int] = {}
    for row in store.select(query):
        iri = row["term"].value if isinstance(row["term"], NamedNode) else ""
        labels.setdefault(iri, getattr(row["label"], "value", ""))
        if "rank" in row:
            ranks[iri] = int(getattr(row["rank"], "value", "1"))
    return TermLabels(labels, ranks)


def parse_statement(term_names: TermNames, subject: str, predicate: str, obj: str) -> Triple:
    """Return the triple a user named; raises NotFound or BadQuery that says which part is not understood."""
    first = term_names.find_term(subject, "subject")
    links = term_names.restrict_to(_is_property_name)
    link = RDF["type"] if predicate.strip() == "a" else links.find_term(predicate, "predicate")
    return Triple(
        first, link, parse_literal(obj) if obj.startswith('"') else term_names.find_term(obj, "object")
    )


def _is_property_name(term: NamedNode) -> bool:
    """Say whether a term has the name of a property: ours, and those of RDF, start with a small letter."""
    return re.split("[#/]", term.value)[-1][:1].islower()


def explain_triple(
    prover: Prover, store: Store, naming: TermLabels, triple: Triple, *, all_proofs: bool = False
) -> ExplanationPage:
    """Return why a triple holds; `every` asks for alternatives, up to BOUND.

    Raises NotFound for a term that the graph does not have.
    """
    reject_unknown_terms(prover, store, naming, triple)
    limit = MAX_PROOFS if all_proofs else 1
    proofs = prover.prove(triple, limit + 1)
    anchors = _AnchorCache(store, naming)
    shown = tuple(_number_proof(proof, naming, anchors) for proof in proofs[:limit])
    status = "absent" if not proofs else "asserted" if prover.is_asserted(triple) else "inferred"
    missing = () if proofs else tuple(_why_not_view(gap, naming) for gap in prover.explain_why_not(triple))
    refs = tuple(naming.ref(term) for term in triple)
    hint = suggest_correction(prover, naming, triple) if status == "absent" else ""
    return ExplanationPage(
        refs[0],
        refs[1],
        refs[2],
        status,
        _summarize(status, refs, shown, missing, hint),
        shown,
        len(proofs) > limit,
        missing,
    )


def weakest_hedge_of_proof(
    prover: Prover, store: Store, naming: TermLabels, triple: Triple
) -> HedgeBadge | None:
    """Return the weakest hedge of the first proof of a triple; None where it rests on no claim."""
    proofs = prover.prove(triple, 1)
    return _number_proof(proofs[0], naming, _AnchorCache(store, naming)).hedge if proofs else None


def _summarize(
    status: str,
    refs: tuple[TermRef, ...],
    proofs: tuple[ProofView, ...],
    missing: tuple[WhyNotView, ...],
    hint: str,
) -> str:
    """Return the explanation in one sentence."""
    said = correct_articles(" ".join(ref.label for ref in refs))
    if status == "asserted":
        return f"“{said}” is asserted."
    if status == "absent":
        nearest = " The nearest rule lacks one premise." if missing else " No rule comes near it."
        return f"“{said}” is not in the graph; the text may simply not say it.{hint or nearest}"
    return f"“{said}” is inferred. {proofs[0].caveat}".strip()


class _AnchorCache:
    """The place in the source of each claim, asked for once."""

    def __init__(self, store: Store, naming: TermLabels) -> None:
        self.store = store
        self.naming = naming
        self.anchors: dict[str, ProofAnchor] = {}

    def find_anchor(self, graph: NamedNode | None) -> ProofAnchor | None:
        """Return the anchor of a claim's assertion graph."""
        if graph is None or not graph.value.startswith(_CLAIM_GRAPHS):
            return None
        name = graph.value[len(_CLAIM_GRAPHS) :].partition("/")[0]
        if name not in self.anchors:
            self.anchors[name] = self._load_anchor(CLAIM[name])
        return self.anchors[name]

    def _load_anchor(self, claim: NamedNode) -> ProofAnchor:
        """Return where a claim stands."""
        query = f"""SELECT ?hedge ?cue ?span ?sentence WHERE {{
            OPTIONAL {{ {claim} {KG["hasHedge"]} ?hedge }}
            OPTIONAL {{ {claim} {KG["cue"]} ?cue }}
            OPTIONAL {{ {claim} {KG["hasSourceSpan"]} ?span
                OPTIONAL {{ ?span {KG["inSentence"]} ?sentence }} }}
        }} ORDER BY ?cue LIMIT 1"""
        row = next(iter(self.store.select(query)), {})
        return ProofAnchor(
            self.naming.ref(claim),
            self._cell_ref(row, "sentence"),
            self._cell_ref(row, "span"),
            str(getattr(row.get("cue"), "value", "")),
            make_hedge_badge(row["hedge"], self.naming) if "hedge" in row else None,
        )

    def _cell_ref(self, row: Mapping[str, Term], name: str) -> TermRef | None:
        """Return a cell as a reference."""
        return self.naming.ref(row[name]) if name in row else None


def _number_proof(proof: Proof, naming: TermLabels, anchors: _AnchorCache) -> ProofView:
    """Return a proof as numbered steps, conclusion first, each before what it rests on.

    A premise used twice has one number, lists are folded.
    """
    names = ProofLists.from_proof(proof).with_labels(naming)
    found = _order_depth_first(proof)
    order = {statement: number for number, statement in enumerate(found, 1)}
    steps = [_make_step(part, depth, order, names, anchors) for part, depth in found.values()]
    weakest = _weakest_hedge((s.anchor.hedge for s in steps if s.anchor), naming)
    return ProofView(tuple(steps), weakest, _describe_strength(weakest, steps))


def _order_depth_first(proof: Proof) -> dict[GeneralizedTriple, tuple[Proof, int]]:
    """Return the parts of a proof with their depth, each once, depth first; without the cells of lists."""
    found: dict[GeneralizedTriple, tuple[Proof, int]] = {}
    waiting: list[tuple[Proof, int]] = [(proof, 0)]
    while waiting:
        current, depth = waiting.pop()
        if current.triple not in found and (depth == 0 or not is_list_cell(current.triple)):
            found[current.triple] = current, depth
            premises = current.premises if isinstance(current, Derived) else ()
            waiting += [(premise, depth + 1) for premise in reversed(premises)]
    return found


def _make_step(
    proof: Proof,
    depth: int,
    order: Mapping[GeneralizedTriple, int],
    names: ProofLabels,
    anchors: _AnchorCache,
) -> ProofStep:
    """Return one line of a proof."""
    s, p, o = (names.ref(term) for term in proof.triple)
    number = order[proof.triple]
    if isinstance(proof, Asserted):
        anchor = anchors.find_anchor(proof.graph)
        origin = "text" if anchor else _ORIGIN_OF_GRAPH.get(proof.graph, "data") if proof.graph else "data"
        graph = names.ref(proof.graph) if proof.graph else None
        return ProofStep(number, depth, s, p, o, "asserted", "", "", (), origin, graph, anchor)
    reason = fill_wording(proof.wording, proof.bindings, lambda term: names.ref(term).label)
    premises = tuple(order[premise.triple] for premise in proof.premises if premise.triple in order)
    return ProofStep(number, depth, s, p, o, "derived", proof.rule, reason, premises, "", None, None)


def _weakest_hedge(hedges: Iterable[HedgeBadge | None], naming: TermLabels) -> HedgeBadge | None:
    """Return the weakest hedge, by the order the data give; ties by IRI, as the published edges have it."""
    found = {h.iri: h for h in hedges if h is not None}
    return min(found.values(), key=lambda h: (naming.ranks.get(h.iri, 0), h.iri)) if found else None


def _describe_strength(weakest: HedgeBadge | None, steps: list[ProofStep]) -> str:
    """Return how strongly the conclusion may be read."""
    if weakest is None:
        return "It rests on no claim of the text: only on definitions of the ontology or background."
    cues = sorted(
        {f"“{s.anchor.cue}”" for s in steps if s.anchor and s.anchor.hedge == weakest and s.anchor.cue}
    )
    printed = f" ({', '.join(cues)})" if cues else ""
    return f"It reads no stronger than its weakest claim: {weakest.label}{printed}."


def _why_not_view(why_not: WhyNot, naming: TermLabels) -> WhyNotView:
    """Return a missing premise with its names."""
    names = ProofLists.from_statements(why_not.other_premises).with_labels(naming)

    def ref_or_placeholder(term: Term | None) -> TermRef:
        return names.ref(term) if term is not None else TermRef(label="(something)")

    s, p, o = (ref_or_placeholder(term) for term in why_not.lacking_premise)
    held = tuple(
        (ref_or_placeholder(h[0]), ref_or_placeholder(h[1]), ref_or_placeholder(h[2]))
        for h in why_not.other_premises
        if not is_list_cell(h)
    )
    reason = fill_wording(why_not.wording, why_not.bindings, lambda term: names.ref(term).label)
    return WhyNotView(
        why_not.rule,
        reason,
        (s, p, o),
        held,
        tuple(ref_or_placeholder(term) for term in why_not.linking_predicates),
    )
