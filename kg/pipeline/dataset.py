"""The graphs of a build, in memory: what each holds, and which make up the default graph."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, serialize

from kg.namespaces import GRAPH

ONTOLOGY = GRAPH["ontology"]
SOURCE = GRAPH["source"]
ASSERTED = GRAPH["asserted"]
BACKGROUND = GRAPH["background"]
MAPPINGS = GRAPH["mappings"]
INFERRED = GRAPH["inferred"]
METADATA = GRAPH["meta"]
WEAKEST_HEDGES = GRAPH["weakest-hedges"]

_CLAIM_GRAPH_PREFIX = str(GRAPH) + "claim/"


def name_claim_graph(claim: str, part: str) -> NamedNode:
    """Return the name of a part (head, assertion, provenance, pubinfo) of a claim's nanopublication."""
    return NamedNode(f"{_CLAIM_GRAPH_PREFIX}{claim}/{part}")


def is_claim_assertion(graph: NamedNode) -> bool:
    """Say whether a graph is the assertion of a claim."""
    return graph.value.startswith(_CLAIM_GRAPH_PREFIX) and graph.value.endswith("/assertion")


def is_in_default_graph(graph: NamedNode) -> bool:
    """Say whether the default graph holds the triples of `graph`."""
    return graph in {ONTOLOGY, SOURCE, ASSERTED, BACKGROUND, INFERRED} or is_claim_assertion(graph)


def is_reasoner_input(graph: NamedNode) -> bool:
    """Say whether the reasoner reads `graph`: never the text, mappings, imports or its own output."""
    return graph in {ONTOLOGY, ASSERTED, BACKGROUND} or is_claim_assertion(graph)


@dataclass(slots=True)
class BuildDataset:
    """Named graphs as sets of triples; the default graph is derived, never stored."""

    graphs: dict[NamedNode, set[Triple]] = field(default_factory=dict)

    def add_triples(self, graph: NamedNode, triples: Iterable[Triple]) -> None:
        """Add triples to a graph."""
        self.graphs.setdefault(graph, set()).update(triples)

    def list_graph_names(self) -> list[NamedNode]:
        """Return the graph names in order."""
        return sorted(self.graphs, key=lambda name: name.value)

    def merge_default_graph(self) -> set[Triple]:
        """Return the union that plain queries see."""
        return set().union(*(triples for name, triples in self.graphs.items() if is_in_default_graph(name)))

    def merge_reasoner_input(self) -> set[Triple]:
        """Return the union the reasoner reads."""
        return set().union(*(triples for name, triples in self.graphs.items() if is_reasoner_input(name)))

    def iterate_quads(self) -> Iterator[Quad]:
        """Yield every quad, the default graph's among them."""
        yield from (Quad(t.subject, t.predicate, t.object) for t in self.merge_default_graph())
        for name, triples in self.graphs.items():
            yield from (Quad(t.subject, t.predicate, t.object, name) for t in triples)

    def serialize_nquads(self) -> bytes:
        """Return the dataset as sorted N-Quads; equal datasets give equal bytes."""
        return serialize_sorted(self.iterate_quads(), RdfFormat.N_QUADS)


def serialize_sorted(statements: Iterable[Quad] | Iterable[Triple], format: RdfFormat) -> bytes:
    """Return statements as sorted lines of N-Triples or N-Quads."""
    text = serialize(statements, format=format) or b""
    return b"".join(sorted(text.splitlines(keepends=True)))


def hash_graph(triples: Iterable[Triple]) -> str:
    """Return the sha256 of the sorted N-Triples of a graph."""
    return hashlib.sha256(serialize_sorted(triples, RdfFormat.N_TRIPLES)).hexdigest()
