"""The page of one claim: its words, its place in the source, what was decided, what depends on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.model.graphs import name_claim_graph
from kg.namespaces import KG, RDF, RDFS, compress_iri
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_number, cell_text, terms_in_rows
from kg.pages.statements import ClaimStatement, group_claim_facts, make_statement
from kg.pages.term_refs import (
    ASSERTED,
    INFERRED,
    EdgeRow,
    Term,
    TermLabels,
    TermRef,
    TermTriple,
    link_address,
    make_edge_row,
    read_edge_support,
)

#: IRI of a claim -> the derived statements that have no proof without it
ImpactFinder = Callable[[str], Iterable[TermTriple]]

#: parts of a claim the page shows elsewhere, as a sentence or by name
_SHOWN_SEPARATELY = {RDF["type"], RDFS["label"], KG["hasSourceSpan"], KG["governingSpan"], KG["inSentence"]}
_GRAPH_PARTS = ("assertion", "provenance", "pubinfo", "head")


@dataclass(frozen=True, slots=True)
class ClaimSpan:
    """The characters a claim rests on, or that govern it: code points [start, end) of the document."""

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
    governing: tuple[ClaimSpan, ...]
    decisions: tuple[ClaimDecision, ...]
    follows: tuple[EdgeRow, ...]
    falls: tuple[EdgeRow, ...] | None  # None: not computed
    graphs: tuple[TermRef, ...]


def claim_page(
    reader: PageQueryReader, iri: str, find_impact: ImpactFinder | None = None
) -> ClaimPage | None:
    """Return the page of a claim, or None where there is no such claim.

    `find_impact` finds what depends on the claim alone; without it, `falls` is None.
    """
    node = NamedNode(iri)
    claim_rows = reader.select_rows("claims", claim=[node])
    facts = group_claim_facts(claim_rows)
    if not facts or not facts[0].first_objects("hasHedge"):
        return None
    spans, decisions = reader.select_rows("span", claim=[node]), reader.select_rows("decisions", claim=[node])
    follows = [(row["s"], row["p"], row["o"]) for row in reader.select_rows("claim-follows", claim=[node])]
    falls = list(find_impact(iri)) if find_impact else []
    subjects = sorted({subject for subject, _, _ in (*follows, *falls)}, key=str)
    support_rows = reader.select_rows("edge-support", entity=subjects)
    near = terms_in_rows([*claim_rows, *spans, *decisions, *support_rows])
    naming = reader.load_labels(near.union({node}, *follows, *falls))
    support = read_edge_support(support_rows, naming)
    statement = make_statement(facts[0], naming)

    def derived_edges(triples: Iterable[TermTriple]) -> tuple[EdgeRow, ...]:
        return tuple(make_edge_row(t, naming, INFERRED, support.get(t)) for t in triples)

    return ClaimPage(
        ref=naming.ref_of_iri(iri),
        title=statement.summary or statement.name,
        kind="claim",
        statement=statement,
        facts=tuple(_property_rows(node, claim_rows, naming)),
        span=next((_claim_span(row, naming) for row in spans if not _governs(row)), None),
        governing=tuple(_claim_span(row, naming) for row in spans if _governs(row)),
        decisions=_curator_decisions(decisions, naming),
        follows=derived_edges(follows),
        falls=derived_edges(falls) if find_impact else None,
        graphs=tuple(_nanopub_graph_ref(statement.name, part) for part in _GRAPH_PARTS),
    )


def _property_rows(node: NamedNode, rows: Iterable[QueryRow], naming: TermLabels) -> Iterable[EdgeRow]:
    """Yield the claim's properties, each once, in the order of their labels."""
    pairs = {(row["p"], row["o"]) for row in rows if row["p"] not in _SHOWN_SEPARATELY}
    for predicate, target in sorted(pairs, key=lambda pair: (naming.ref(pair[0]).label, str(pair[1]))):
        yield EdgeRow(naming.ref(node), naming.ref(predicate), naming.ref(target), ASSERTED, False, "")


def _governs(row: QueryRow) -> bool:
    return cell_text(row, "governs") == "true"


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


def _nanopub_graph_ref(name: str, part: str) -> TermRef:
    iri = name_claim_graph(name, part).value
    return TermRef(label=part, iri=iri, curie=compress_iri(iri), href=link_address(iri), kind="graph")
