"""What pages read of a store: rows of `queries/pages/*.rq`, slices of long lists, what the reasoner reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlencode

from pyoxigraph import DefaultGraph, NamedNode, Quad, Triple

from kg.build.edge_annotations import name_edge
from kg.build.reasoning import select_published
from kg.model.graphs import CLAIM_PARTS, INFERRED, WEAKEST_HEDGES, name_claim_graph, select_reasoner_input
from kg.model.questions import replace_values_line
from kg.namespaces import BASE, CLAIM, KG, RDF
from kg.pages.term_refs import CONCEPT_KINDS, Term, TermLabels, TermTriple, entity_kind
from kg.text_files import read_text
from rlreason import Materialization, Prover, Rule, close
from sparqlhost.store.interface import Store

QueryRow = dict[str, Term]
Item = TypeVar("Item")
ROWS_PER_PAGE = 50


_read_query_file = lru_cache(maxsize=64)(read_text)  # files do not change while a server runs


@dataclass(frozen=True, slots=True)
class PageQueryReader:
    """A store and the folder of page queries: all a view needs to fill its page."""

    store: Store
    folder: Path

    @classmethod
    def from_root(cls, store: Store, root: Path) -> PageQueryReader:
        """Return the reader of the page queries below the root of the project."""
        return cls(store, root / "queries" / "pages")

    def bind_query(self, name: str, /, **bound: Iterable[Term]) -> str:
        """Return the query `name` with each `VALUES ?parameter { ... }` line given the bound terms.

        Raises BadData when the query has no such line.
        """
        query = _read_query_file(self.folder / f"{name}.rq")
        for parameter, terms in bound.items():
            query = replace_values_line(query, parameter, terms)
        return query

    def select_rows(self, name: str, /, **bound: Iterable[Term]) -> list[QueryRow]:
        """Return the rows of a page query."""
        return list(self.store.select(self.bind_query(name, **bound)))

    def ask(self, name: str, /, **bound: Iterable[Term]) -> bool:
        """Return the answer of a page query of the form ASK."""
        return self.store.ask(self.bind_query(name, **bound))

    def load_labels(self, terms: Iterable[Term]) -> TermLabels:
        """Return the labels of all IRIs among `terms`, in one query."""
        iris = sorted({term for term in terms if isinstance(term, NamedNode)}, key=str)
        return _make_labels(self.select_rows("labels", iri=iris) if iris else [], "iri")

    def load_all_labels(self) -> TermLabels:
        """Return the labels of all terms, and the ranks of hedges: for proofs, which may name any term."""
        return _make_labels(reversed(self.select_rows("all-labels")), "term")


def _make_labels(rows: Iterable[QueryRow], name: str) -> TermLabels:
    """Return labels and ranks; of several labels of a term the last counts."""
    listed = [(cell_text(row, name), row) for row in rows]
    return TermLabels(
        {iri: cell_text(row, "label") for iri, row in listed},
        {iri: cell_number(row, "rank") for iri, row in listed if "rank" in row},
    )


def cell_text(row: QueryRow, name: str) -> str:
    """Return the text or IRI of a cell; nothing where it is unbound."""
    return str(getattr(row.get(name), "value", ""))


def cell_number(row: QueryRow, name: str) -> int:
    """Return the whole number in a cell; 0 where it is unbound."""
    return int(cell_text(row, name) or 0)


def terms_in_rows(rows: Iterable[QueryRow]) -> set[Term]:
    """Return every term that stands in some rows."""
    return {term for row in rows for term in row.values()}


#: how RDF says what a derived edge rests on: by plain reified statements, by RDF 1.2 reifiers, not at all
ANNOTATED, RDF12, BARE = "annotated", "rdf12", "bare"
RDF_PROFILES = (ANNOTATED, RDF12, BARE)


def describe_entity(reader: PageQueryReader, iri: str, profile: str = ANNOTATED) -> Iterator[Quad]:
    """Yield the statements out of and into `iri`; for a claim, its whole nanopublication too.

    A derived edge comes with its claims, hedges and condition, in the form of one of RDF_PROFILES; BARE
    leaves out what holds only under a condition, for that could not be distinguished from what always holds.
    """
    node = NamedNode(iri)
    rests_on: dict[TermTriple, dict[Quad, None]] = {}
    conditional: set[TermTriple] = set()
    for row in reader.select_rows("edge-support", entity=[node]):
        edge = row["s"], row["p"], row["o"]
        says = Quad(name_edge(Triple(*edge)), row["says"], row["value"], WEAKEST_HEDGES)  # type: ignore[arg-type]
        rests_on.setdefault(edge, {})[says] = None
        conditional |= {edge} if says.predicate == KG["onlyIf"] else set()
    out = [
        (node, row["p"], row["o"], row["graph"]) for row in reader.select_rows("entity-out", entity=[node])
    ]
    back = [
        (row["s"], row["p"], node, row["graph"]) for row in reader.select_rows("entity-in", entity=[node])
    ]
    for s, p, o, graph in (*out, *back):
        edge = s, p, o
        if graph != INFERRED or profile != BARE or edge not in conditional:
            yield Quad(s, p, o, graph)  # type: ignore[arg-type]
        if graph == INFERRED and profile != BARE and edge in rests_on:
            yield from _reify(Triple(*edge), profile)  # type: ignore[arg-type]
            yield from rests_on[edge]
    if iri.startswith(CLAIM):
        for part in CLAIM_PARTS:
            yield from read_graph_quads(reader, name_claim_graph(iri.removeprefix(CLAIM), part).value)


def _reify(edge: Triple, profile: str) -> Iterator[Quad]:
    """Yield what makes the IRI of an edge a name of it."""
    if profile == RDF12:
        yield Quad(name_edge(edge), RDF["reifies"], edge, WEAKEST_HEDGES)
    else:
        yield Quad(name_edge(edge), RDF["type"], KG["InferredEdge"], WEAKEST_HEDGES)
        for name, term in zip(("subject", "predicate", "object"), edge, strict=True):
            yield Quad(name_edge(edge), RDF[name], term, WEAKEST_HEDGES)


def read_graph_quads(reader: PageQueryReader, iri: str) -> Iterator[Quad]:
    """Yield the quads of one named graph."""
    graph = NamedNode(iri)
    name = graph if iri.startswith(BASE) else DefaultGraph()
    for triple in reader.store.read_graph(graph):
        yield Quad(triple.subject, triple.predicate, triple.object, name)


@dataclass(frozen=True, slots=True)
class ListSlice(Generic[Item]):
    """A part of a list, where its neighbours are, and which rows of how many it has."""

    items: tuple[Item, ...]
    previous: str
    next: str
    range: str


def filter_by_words(
    items: Sequence[Item], filter_text: str, text_of: Callable[[Item], str]
) -> tuple[Item, ...]:
    """Return the items whose text holds every word asked for, whatever its case.

    >>> filter_by_words(["low counts", "pain"], "counts LOW", str)
    ('low counts',)
    """
    words = filter_text.casefold().split()
    return tuple(item for item in items if all(word in text_of(item).casefold() for word in words))


def number_addresses(address: str, filter_text: str = "", anchor: str = "") -> Callable[[int], str]:
    """Return the function from a page number to the address of that page of a list."""
    words = {"q": filter_text} if filter_text else {}
    return lambda page: f"{address}?{urlencode({**words, 'page': page})}{anchor}"


def slice_page(
    items: Sequence[Item],
    page: int,
    page_address: Callable[[int], str],
    *,
    per_page: int = ROWS_PER_PAGE,
) -> ListSlice[Item] | None:
    """Return page `page` (from 1) of a list; None when there is no such page. An empty list has one page."""
    first = (page - 1) * per_page
    if first < 0 or first >= max(len(items), 1):
        return None

    shown = tuple(items[first : first + per_page])
    return ListSlice(
        items=shown,
        previous=page_address(page - 1) if page > 1 else "",
        next=page_address(page + 1) if first + per_page < len(items) else "",
        range=f"{first + 1} to {first + len(shown)} of {len(items)}",
    )


@dataclass(frozen=True, slots=True)
class ReasonerInput:
    """The triples that the reasoner reads, each with every graph that states it, sorted by graph; its rules.

    Every graph: a claim's statement that a second graph states too does not go away with the claim.
    """

    graphs_by_triple: Mapping[Triple, tuple[NamedNode, ...]]
    rules: tuple[Rule, ...]

    @classmethod
    def load(cls, store: Store, rules: tuple[Rule, ...]) -> ReasonerInput:
        """Read the graphs of `kg.model.graphs.select_reasoner_input`."""
        graphs_by_triple: dict[Triple, tuple[NamedNode, ...]] = {}
        for graph in select_reasoner_input(store.graph_names()):
            for triple in store.read_graph(graph):
                graphs_by_triple[triple] = (*graphs_by_triple.get(triple, ()), graph)
        return cls(graphs_by_triple, rules)

    def make_prover(self) -> Prover:
        """Return a prover; making it takes some tenths of a second."""
        return Prover(close(self.graphs_by_triple, self.rules), self.graphs_by_triple)

    def close(self) -> Materialization:
        """Return the closure of all triples; takes some tenths of a second."""
        return Materialization(self.graphs_by_triple, self.rules)

    def find_retraction_impact(self, closure: Materialization, claim_iri: str) -> list[TermTriple]:
        """Return the derived statements between concepts that have no proof without a claim, sorted.

        `closure` is that of `close`; it stays as it is.
        """
        graph = name_claim_graph(claim_iri.removeprefix(CLAIM), "assertion")
        stated_here_only = [triple for triple, graphs in self.graphs_by_triple.items() if graphs == (graph,)]
        lost = select_published(closure.copy().remove(stated_here_only).removed, self.graphs_by_triple)
        triples = ((t.subject, t.predicate, t.object) for t in sorted(lost, key=str))
        return [t for t in triples if {_concept_kind(t[0]), _concept_kind(t[2])} <= CONCEPT_KINDS]


def _concept_kind(term: Term) -> str:
    return entity_kind(term.value) if isinstance(term, NamedNode) else ""
