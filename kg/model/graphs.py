"""Which named graph is what: the one module that says so.

The build, the inference maintainer, the exports, the pages and the service description all ask here which
graphs the default graph unites, which the reasoner reads, which are exported and which a new build replaces.
Pure: names of graphs go in, facts about them come out; nothing here reads a store.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from pyoxigraph import NamedNode

from kg.namespaces import GRAPH, IMPORT_GRAPH

ONTOLOGY = GRAPH["ontology"]
SOURCE = GRAPH["source"]
ASSERTED = GRAPH["asserted"]
BACKGROUND = GRAPH["background"]
EDITS = GRAPH["edits"]
INFERRED = GRAPH["inferred"]
WEAKEST_HEDGES = GRAPH["weakest-hedges"]
MAPPINGS = GRAPH["mappings"]
METADATA = GRAPH["meta"]
IMPORTS = GRAPH["imports"]

#: graphs that `kg reason` writes on a SPARQL server of the user
REASON_GIVEN = GRAPH["reason/given"]
REASON_INFERRED = GRAPH["reason/inferred"]
REASON_AXIOMATIC = GRAPH["reason/axiomatic"]

#: parts of the nanopublication of a claim, a graph each
CLAIM_PARTS = ("head", "assertion", "provenance", "pubinfo")

_CLAIM_PREFIX = GRAPH["claim/"].value
_OUTSIDE_PREFIX = GRAPH["outside/"].value


class GraphOrigin(Enum):
    """Who states the triples of a graph: the text by a claim, those who modeled its concepts, a curator."""

    ONTOLOGY = "ontology"
    TEXT = "text"
    MODEL = "model"
    CURATOR = "curator"
    USER = "user"
    RULES = "rules"
    VOCABULARY = "vocabulary"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class GraphRole:
    """What a graph is used for.

    is_member: the default graph shows its triples because somebody stated them (INFERRED is not a member: the
    default graph shows it because it follows).
    is_reasoner_input: the reasoner reads it.
    is_exported: JSON-LD and KGX hold it. EDITS is exported since INFERRED may rest on it: a file with
    conclusions and without their premises could not be checked.
    is_from_build: a new build replaces it; all other graphs stay when the build changes.
    """

    origin: GraphOrigin
    is_member: bool = False
    is_reasoner_input: bool = False
    is_exported: bool = False
    is_from_build: bool = False


_STATED = {"is_member": True, "is_reasoner_input": True, "is_exported": True}
_ROLES = MappingProxyType(
    {
        ONTOLOGY: GraphRole(GraphOrigin.ONTOLOGY, is_member=True, is_reasoner_input=True, is_from_build=True),
        # thousands of positions and hashes that no rule speaks of
        SOURCE: GraphRole(GraphOrigin.RECORD, is_member=True, is_from_build=True),
        ASSERTED: GraphRole(GraphOrigin.MODEL, **_STATED, is_from_build=True),
        BACKGROUND: GraphRole(GraphOrigin.CURATOR, **_STATED, is_from_build=True),
        EDITS: GraphRole(GraphOrigin.USER, **_STATED),
        INFERRED: GraphRole(GraphOrigin.RULES, is_exported=True, is_from_build=True),
        WEAKEST_HEDGES: GraphRole(GraphOrigin.RULES, is_exported=True, is_from_build=True),
        MAPPINGS: GraphRole(GraphOrigin.VOCABULARY, is_from_build=True),
        METADATA: GraphRole(GraphOrigin.RECORD, is_from_build=True),
        IMPORTS: GraphRole(GraphOrigin.RECORD),
        REASON_GIVEN: GraphRole(GraphOrigin.USER),
        REASON_INFERRED: GraphRole(GraphOrigin.RULES),
        REASON_AXIOMATIC: GraphRole(GraphOrigin.RULES),
    }
)
_CLAIM_ASSERTION = GraphRole(GraphOrigin.TEXT, **_STATED, is_from_build=True)
_CLAIM_RECORD = GraphRole(GraphOrigin.RECORD, is_from_build=True)
_VOCABULARY_GRAPH = GraphRole(GraphOrigin.VOCABULARY)
_USER_GRAPH = GraphRole(GraphOrigin.USER)


def get_role(graph: NamedNode) -> GraphRole:
    """Return the role of a named graph; one that this project does not name is a user's own."""
    if role := _ROLES.get(graph):
        return role
    if claim_part := parse_claim_graph(graph):
        return _CLAIM_ASSERTION if claim_part[1] == "assertion" else _CLAIM_RECORD
    if is_import(graph) or is_outside_extract(graph):
        return _VOCABULARY_GRAPH
    return _USER_GRAPH


def get_origin(graph: NamedNode) -> GraphOrigin:
    """Return who states the triples of a named graph."""
    return get_role(graph).origin


def is_default_graph_member(graph: NamedNode) -> bool:
    """Return whether the default graph shows what `graph` states; false for INFERRED, which only follows."""
    return get_role(graph).is_member


def is_in_default_graph(graph: NamedNode) -> bool:
    """Return whether the default graph shows the triples of `graph`, stated or inferred.

    These are also the graphs that the inference maintainer watches.
    """
    return graph == INFERRED or is_default_graph_member(graph)


def is_reasoner_input(graph: NamedNode) -> bool:
    """Return whether the reasoner reads `graph`: never the source, mappings, imports or its own output."""
    return get_role(graph).is_reasoner_input


def is_exported(graph: NamedNode) -> bool:
    """Return whether the exports of the graph as a whole (JSON-LD, KGX) hold the triples of `graph`."""
    return get_role(graph).is_exported


def is_from_build(graph: NamedNode) -> bool:
    """Return whether `kg build` makes `graph`, so that a newer build replaces it."""
    return get_role(graph).is_from_build


def is_import(graph: NamedNode) -> bool:
    """Return whether `graph` holds a vocabulary that `kg import` loaded."""
    return graph.value.startswith(IMPORT_GRAPH)


def is_outside_extract(graph: NamedNode) -> bool:
    """Return whether `graph` holds the part of an import around this project's links."""
    return graph.value.startswith(_OUTSIDE_PREFIX)


def is_claim_assertion(graph: NamedNode) -> bool:
    """Return whether `graph` is what a claim states."""
    claim_part = parse_claim_graph(graph)
    return claim_part is not None and claim_part[1] == "assertion"


def name_claim_graph(claim: str, part: str) -> NamedNode:
    """Return the graph of one of CLAIM_PARTS of the claim with the local name `claim`."""
    return NamedNode(f"{_CLAIM_PREFIX}{claim}/{part}")


def name_publication(claim: str) -> NamedNode:
    """Return the IRI of a claim's nanopublication, which its four graphs belong to."""
    return NamedNode(_CLAIM_PREFIX + claim)


def name_outside_extract(import_id: str) -> NamedNode:
    """Return the graph with the part of an import around this project's links."""
    return NamedNode(_OUTSIDE_PREFIX + import_id)


def parse_claim_graph(graph: NamedNode) -> tuple[str, str] | None:
    """Return the claim's local name and the part that `graph` is of its nanopublication, or None."""
    if not graph.value.startswith(_CLAIM_PREFIX):
        return None
    claim, _, part = graph.value.removeprefix(_CLAIM_PREFIX).rpartition("/")
    return (claim, part) if claim and part in CLAIM_PARTS else None


def select_reasoner_input(graphs: Iterable[NamedNode]) -> list[NamedNode]:
    """Return those of `graphs` that the reasoner reads, sorted."""
    return _sort_graphs(graph for graph in graphs if is_reasoner_input(graph))


def select_exported(graphs: Iterable[NamedNode]) -> list[NamedNode]:
    """Return those of `graphs` that JSON-LD and KGX hold, sorted."""
    return _sort_graphs(graph for graph in graphs if is_exported(graph))


def select_claim_graphs(graphs: Iterable[NamedNode]) -> list[NamedNode]:
    """Return those of `graphs` that are a part of some claim's nanopublication, sorted."""
    return _sort_graphs(graph for graph in graphs if parse_claim_graph(graph))


def _sort_graphs(graphs: Iterable[NamedNode]) -> list[NamedNode]:
    return sorted(graphs, key=lambda graph: graph.value)
