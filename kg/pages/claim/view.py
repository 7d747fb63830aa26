"""What would fall without a claim: its assertion is taken out of the closure, and the loss is read off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from kg.namespaces import BASE, CLAIM, GRAPH, KG, RDF, RDFS
from kg.pages.edge_rows import (
    ASSERTED,
    INFERRED,
    EdgeRow,
    TermTriple,
    is_negative,
    proof_address,
    weakest_hedges_by_triple,
)
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_number, cell_text, terms_in_rows
from kg.pages.statements import ClaimStatement, group_claim_facts, make_statement
from kg.pages.term_refs import HedgeBadge, Term, TermLabels, TermRef, entity_kind
from rlreason.materialization import Materialization
from sparqlhost.store.interface import Store

_REASONER_GRAPHS = (GRAPH["ontology"], GRAPH["asserted"], GRAPH["background"])
_CONCEPT_KINDS = frozenset({"disease", "situation", "feature", "intervention", "problem", "goal"})


def load_closure(store: Store) -> Materialization:
    """Return the closure of what the reasoner reads: ontology, asserted, background and claims."""
    assertions = (graph for graph in store.graph_names() if _is_claim_assertion(graph.value))
    return Materialization(
        {triple for graph in (*_REASONER_GRAPHS, *assertions) for triple in store.read_graph(graph)}
    )


def _is_claim_assertion(graph: str) -> bool:
    return graph.startswith(f"{GRAPH}claim/") and graph.endswith("/assertion")


def find_retraction_impact(
    store: Store, closure: Materialization, claim: str
) -> Iterator[tuple[Term, Term, Term]]:
    """Yield the derived statements between concepts that would have no proof left without `claim`."""
    gone = list(store.read_graph(GRAPH[f"claim/{claim.removeprefix(CLAIM)}/assertion"]))
    lost = closure.copy().remove(gone).removed
    for triple in sorted(lost, key=str):
        if _joins_concepts(triple):
            yield triple.subject, triple.predicate, triple.object


def _joins_concepts(triple: Triple) -> bool:
    ends = (getattr(triple.subject, "value", ""), getattr(triple.object, "value", ""))
    return all(end.startswith(BASE) and entity_kind(end) in _CONCEPT_KINDS for end in ends)


#: MERGED kg.views.claim
#: MERGED The page of one claim: its words, its place in the source, what was decided, what hangs on it.


#: which derived edges would be gone without a claim: claim graph -> triples (subject, predicate, object)
ImpactFinder = Callable[[str], Iterable[tuple[Term, Term, Term]]]

#: parts of a claim the page shows elsewhere, as a sentence or by name
_SHOWN_SEPARATELY = frozenset(
    {RDF["type"].value, RDFS["label"].value, KG["hasSourceSpan"].value, KG["inSentence"].value}
)


@dataclass(frozen=True, slots=True)
class ClaimSpan:
    """The characters a claim rests on: code points [start, end) of the document."""

    ref: TermRef
    sentence: TermRef | None
    document: TermRef | None
    start: int
    end: int
    sha256: str
    curated: str


@dataclass(frozen=True, slots=True)
class ClaimDecision:
    """A curator's choice between readings."""

    ref: TermRef
    readings: tuple[str, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """Everything the page of a claim shows; its JSON has the same fields."""

    ref: TermRef
    title: str
    kind: str
    statement: ClaimStatement
    facts: tuple[EdgeRow, ...]
    span: ClaimSpan | None
    decisions: tuple[ClaimDecision, ...]
    follows: tuple[EdgeRow, ...]
    falls: tuple[EdgeRow, ...] | None  # None: not worked out
    graphs: tuple[TermRef, ...]


def claim_page(
    reader: PageQueryReader, iri: str, find_impact: ImpactFinder | None = None
) -> ClaimPage | None:
    """Return the page of a claim, or None when there is none; `falling` says what would go with it."""
    node = NamedNode(iri)
    said = reader.select_rows("claims", claim=[node])
    found = group_claim_facts(said)
    if not found or not found[0].first_objects("hasHedge"):
        return None
    spans, decisions = reader.select_rows("span", claim=[node]), reader.select_rows("decisions", claim=[node])
    follows = [(row["s"], row["p"], row["o"]) for row in reader.select_rows("claim-follows", claim=[node])]
    falls = list(find_impact(iri)) if find_impact else []
    hedge_rows = reader.select_rows(
        "edge-hedges", entity=sorted({s for s, _, _ in [*follows, *falls]}, key=str)
    )
    terms = (
        terms_in_rows(said)
        | terms_in_rows(spans)
        | terms_in_rows(decisions)
        | terms_in_rows(hedge_rows)
        | {node}
    )
    naming = reader.load_labels(terms | {t for triple in [*follows, *falls] for t in triple})
    hedged = weakest_hedges_by_triple(hedge_rows, naming)
    own = make_statement(found[0], naming)
    return ClaimPage(
        ref=naming.ref_of_iri(iri),
        title=own.summary or own.name,
        kind="claim",
        statement=own,
        facts=tuple(_property_rows(node, said, naming)),
        span=next((_claim_span(row, naming) for row in spans), None),
        decisions=_curator_decisions(decisions, naming),
        follows=tuple(_derived_edges(follows, naming, hedged)),
        falls=tuple(_derived_edges(falls, naming, hedged)) if find_impact else None,
        graphs=tuple(
            _nanopub_graph_ref(own.name, part) for part in ("assertion", "provenance", "pubinfo", "head")
        ),
    )


def _property_rows(node: NamedNode, rows: Iterable[QueryRow], naming: TermLabels) -> Iterable[EdgeRow]:
    """Yield the claim's properties, each once, in the order of their labels."""
    pairs = {(row["p"], row["o"]) for row in rows if cell_text(row, "p") not in _SHOWN_SEPARATELY}
    for predicate, target in sorted(pairs, key=lambda pair: (naming.ref(pair[0]).label, str(pair[1]))):
        yield EdgeRow(naming.ref(node), naming.ref(predicate), naming.ref(target), ASSERTED, False, "")


def _claim_span(row: QueryRow, naming: TermLabels) -> ClaimSpan:
    return ClaimSpan(
        ref=naming.ref(row["span"]),
        sentence=naming.ref(row["sentence"]) if "sentence" in row else None,
        document=naming.ref(row["document"]) if "document" in row else None,
        start=cell_number(row, "start"),
        end=cell_number(row, "end"),
        sha256=cell_text(row, "sha256"),
        curated=cell_text(row, "curated"),
    )


def _curator_decisions(rows: Iterable[QueryRow], naming: TermLabels) -> tuple[ClaimDecision, ...]:
    readings: dict[Term, dict[str, None]] = {}
    chosen: dict[Term, str] = {}
    for row in rows:
        reading = cell_text(row, "reading")
        readings.setdefault(row["decision"], {}).update({reading: None} if reading else {})
        chosen[row["decision"]] = cell_text(row, "chosen")
    return tuple(ClaimDecision(naming.ref(d), tuple(texts), chosen[d]) for d, texts in readings.items())


def _derived_edges(
    triples: Iterable[TermTriple],
    naming: TermLabels,
    hedges_by_triple: Mapping[TermTriple, tuple[HedgeBadge, ...]],
) -> Iterable[EdgeRow]:
    for subject, predicate, target in triples:
        negative = isinstance(predicate, NamedNode) and is_negative(predicate.value)
        ends = naming.ref(subject), naming.ref(predicate), naming.ref(target)
        hedges = hedges_by_triple.get((subject, predicate, target), ())
        yield EdgeRow(*ends, INFERRED, negative, proof_address(subject, predicate, target), hedges)


def _nanopub_graph_ref(name: str, part: str) -> TermRef:
    iri = f"{GRAPH}claim/{name}/{part}"
    return TermRef(
        label=part,
        iri=iri,
        curie=f"graph:claim/{name}/{part}",
        href="/" + iri.removeprefix(BASE),
        kind="graph",
    )
