"""Fills the explanation page: asserted graphs out of the store, proofs out of the reasoner, names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pyoxigraph import NamedNode, Triple

from kg.cases.names import Names
from kg.namespaces import CLAIM, GRAPH, KG, RDF, RDFS, SKOS
from kg.reasoning.missing import Gap
from kg.reasoning.proofs import Asserted, Derived, Proof, Prover, Statement
from kg.reasoning.wording import articled, worded
from kg.store.protocol import Store
from kg.views.explanation import Anchor, ExplanationPage, MissingView, ProofStep, ProofView
from kg.views.hedges import Hedge, hedge
from kg.views.misasked import hinted, literal, refuse_unknown
from kg.views.proof_lists import Lists, TermNaming, is_list_part
from kg.views.terms import Naming, Ref, Term

#: alternatives shown at most
BOUND = 20
_CLAIMS = str(GRAPH) + "claim/"
_ORIGINS = {
    GRAPH["ontology"]: "ontology",
    GRAPH["background"]: "background",
    GRAPH["asserted"]: "text",
    GRAPH["edits"]: "data",
}


def is_input(graph: NamedNode) -> bool:
    """Say whether the reasoner reads a graph: ontology, concepts, background, claims, what users wrote."""
    return graph in _ORIGINS or (graph.value.startswith(_CLAIMS) and graph.value.endswith("/assertion"))


def prover(store: Store) -> Prover:
    """Return the prover over what the reasoner read: all but source text, mappings and imports."""
    asserted: dict[Triple, tuple[NamedNode, ...]] = {}
    for graph in store.graphs():
        if is_input(graph):
            for triple in store.quads(graph):
                asserted[triple] = (*asserted.get(triple, ()), graph)
    return Prover(asserted)


def names(store: Store, among: Iterable[NamedNode] | None = None) -> Names:
    """Return what labelled terms may be called; `among` keeps to some, so that a word means one of them."""
    query = f"""SELECT ?term ?label ?preferred WHERE {{
        VALUES (?p ?preferred) {{
            ({SKOS["prefLabel"]} true) ({RDFS["label"]} true) ({SKOS["altLabel"]} false) }}
        ?term ?p ?label FILTER isIRI(?term) }} ORDER BY ?term ?label"""
    kept = None if among is None else frozenset(among)
    found = [
        (term, str(getattr(row["label"], "value", "")), getattr(row["preferred"], "value", "") == "true")
        for row in store.select(query)
        if isinstance(term := row["term"], NamedNode) and (kept is None or term in kept)
    ]
    return Names.of(found)


def naming(store: Store) -> Naming:
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
    return Naming(labels, ranks)


def asked(known: Names, subject: str, predicate: str, obj: str) -> Triple:
    """Return the triple a user named; raises NotFound or BadQuery that says which part is not understood."""
    first = known.find(subject, "subject")
    links = known.among(_is_property)
    link = RDF["type"] if predicate.strip() == "a" else links.find(predicate, "predicate")
    return Triple(first, link, literal(obj) if obj.startswith('"') else known.find(obj, "object"))


def _is_property(term: NamedNode) -> bool:
    """Say whether a term has the name of a property: ours, and those of RDF, start with a small letter."""
    return re.split("[#/]", term.value)[-1][:1].islower()


def explain(
    prover: Prover, store: Store, naming: Naming, triple: Triple, *, every: bool = False
) -> ExplanationPage:
    """Return why a triple holds; `every` asks for alternatives, up to BOUND.

    Raises NotFound for a term that the graph does not have.
    """
    refuse_unknown(prover, store, naming, triple)
    limit = BOUND if every else 1
    proofs = prover.prove(triple, limit + 1)
    anchors = _Anchors(store, naming)
    shown = tuple(_proof_view(proof, naming, anchors) for proof in proofs[:limit])
    status = "absent" if not proofs else "asserted" if prover.is_asserted(triple) else "inferred"
    missing = () if proofs else tuple(_missing(gap, naming) for gap in prover.nearest(triple))
    refs = tuple(naming.ref(term) for term in triple)
    hint = hinted(prover, naming, triple) if status == "absent" else ""
    return ExplanationPage(
        refs[0],
        refs[1],
        refs[2],
        status,
        _summary(status, refs, shown, missing, hint),
        shown,
        len(proofs) > limit,
        missing,
    )


def wording(prover: Prover, store: Store, naming: Naming, triple: Triple) -> Hedge | None:
    """Return the weakest hedge of the first proof of a triple; None where it rests on no claim."""
    proofs = prover.prove(triple, 1)
    return _proof_view(proofs[0], naming, _Anchors(store, naming)).hedge if proofs else None


def _summary(
    status: str,
    refs: tuple[Ref, ...],
    proofs: tuple[ProofView, ...],
    missing: tuple[MissingView, ...],
    hint: str,
) -> str:
    """Return the explanation in one sentence."""
    said = articled(" ".join(ref.label for ref in refs))
    if status == "asserted":
        return f"“{said}” is asserted."
    if status == "absent":
        nearest = " The nearest rule lacks one premise." if missing else " No rule comes near it."
        return f"“{said}” is not in the graph; the text may simply not say it.{hint or nearest}"
    return f"“{said}” is inferred. {proofs[0].caveat}".strip()


class _Anchors:
    """The place in the source of each claim, asked for once."""

    def __init__(self, store: Store, naming: Naming) -> None:
        self.store = store
        self.naming = naming
        self.known: dict[str, Anchor] = {}

    def of(self, graph: NamedNode | None) -> Anchor | None:
        """Return the anchor of a claim's assertion graph."""
        if graph is None or not graph.value.startswith(_CLAIMS):
            return None
        name = graph.value[len(_CLAIMS) :].partition("/")[0]
        if name not in self.known:
            self.known[name] = self._read(CLAIM[name])
        return self.known[name]

    def _read(self, claim: NamedNode) -> Anchor:
        """Return where a claim stands."""
        query = f"""SELECT ?hedge ?cue ?span ?sentence WHERE {{
            OPTIONAL {{ {claim} {KG["hasHedge"]} ?hedge }}
            OPTIONAL {{ {claim} {KG["cue"]} ?cue }}
            OPTIONAL {{ {claim} {KG["hasSourceSpan"]} ?span
                OPTIONAL {{ ?span {KG["inSentence"]} ?sentence }} }}
        }} ORDER BY ?cue LIMIT 1"""
        row = next(iter(self.store.select(query)), {})
        return Anchor(
            self.naming.ref(claim),
            self._ref(row, "sentence"),
            self._ref(row, "span"),
            str(getattr(row.get("cue"), "value", "")),
            hedge(row["hedge"], self.naming) if "hedge" in row else None,
        )

    def _ref(self, row: Mapping[str, Term], name: str) -> Ref | None:
        """Return a cell as a reference."""
        return self.naming.ref(row[name]) if name in row else None


def _proof_view(proof: Proof, naming: Naming, anchors: _Anchors) -> ProofView:
    """Return a proof as numbered steps, conclusion first, each before what it rests on.

    A premise used twice has one number, lists are folded.
    """
    names = Lists.of(proof).naming(naming)
    found = _in_order(proof)
    order = {statement: number for number, statement in enumerate(found, 1)}
    steps = [_step(part, depth, order, names, anchors) for part, depth in found.values()]
    weakest = _weakest((s.anchor.hedge for s in steps if s.anchor), naming)
    return ProofView(tuple(steps), weakest, _caveat(weakest, steps))


def _in_order(proof: Proof) -> dict[Statement, tuple[Proof, int]]:
    """Return the parts of a proof with their depth, each once, depth first; without the cells of lists."""
    found: dict[Statement, tuple[Proof, int]] = {}
    waiting: list[tuple[Proof, int]] = [(proof, 0)]
    while waiting:
        current, depth = waiting.pop()
        if current.triple not in found and (depth == 0 or not is_list_part(current.triple)):
            found[current.triple] = current, depth
            premises = current.premises if isinstance(current, Derived) else ()
            waiting += [(premise, depth + 1) for premise in reversed(premises)]
    return found


def _step(
    proof: Proof, depth: int, order: Mapping[Statement, int], names: TermNaming, anchors: _Anchors
) -> ProofStep:
    """Return one line of a proof."""
    s, p, o = (names.ref(term) for term in proof.triple)
    number = order[proof.triple]
    if isinstance(proof, Asserted):
        anchor = anchors.of(proof.graph)
        origin = "text" if anchor else _ORIGINS.get(proof.graph, "data") if proof.graph else "data"
        graph = names.ref(proof.graph) if proof.graph else None
        return ProofStep(number, depth, s, p, o, "asserted", "", "", (), origin, graph, anchor)
    reason = worded(proof.wording, proof.bindings, lambda term: names.ref(term).label)
    premises = tuple(order[premise.triple] for premise in proof.premises if premise.triple in order)
    return ProofStep(number, depth, s, p, o, "derived", proof.rule, reason, premises, "", None, None)


def _weakest(hedges: Iterable[Hedge | None], naming: Naming) -> Hedge | None:
    """Return the weakest hedge, by the order the data give; ties by IRI, as the published edges have it."""
    found = {h.iri: h for h in hedges if h is not None}
    return min(found.values(), key=lambda h: (naming.ranks.get(h.iri, 0), h.iri)) if found else None


def _caveat(weakest: Hedge | None, steps: list[ProofStep]) -> str:
    """Return how strongly the conclusion may be read."""
    if weakest is None:
        return "It rests on no claim of the text: only on definitions of the ontology or background."
    cues = sorted(
        {f"“{s.anchor.cue}”" for s in steps if s.anchor and s.anchor.hedge == weakest and s.anchor.cue}
    )
    printed = f" ({', '.join(cues)})" if cues else ""
    return f"It reads no stronger than its weakest claim: {weakest.label}{printed}."


def _missing(gap: Gap, naming: Naming) -> MissingView:
    """Return a missing premise with its names."""
    names = Lists.of_statements(gap.held).naming(naming)

    def ref(term: Term | None) -> Ref:
        return names.ref(term) if term is not None else Ref(label="(something)")

    s, p, o = (ref(term) for term in gap.missing)
    held = tuple((ref(h[0]), ref(h[1]), ref(h[2])) for h in gap.held if not is_list_part(h))
    reason = worded(gap.wording, gap.bindings, lambda term: names.ref(term).label)
    return MissingView(gap.rule, reason, (s, p, o), held, tuple(ref(term) for term in gap.instead))
