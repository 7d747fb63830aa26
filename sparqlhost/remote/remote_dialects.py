"""What travels to other servers, and where they differ from the standards.

Quads are sent in batches, each an update of its own, in which statements about one blank node stay
together: a blank node has its name within one request only (SPARQL 1.1 Update, 3.1.1), in two requests it
would be two nodes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pyoxigraph as ox
from pyoxigraph import BlankNode, DefaultGraph, Quad, Triple

from sparqlhost.sparql.lexer import tokenize
from sparqlhost.store.interface import GraphName


def split_into_batches(quads: Iterable[Quad], size: int) -> Iterator[list[Quad]]:
    """Yield the quads, at most `size` at a time, more where blank nodes tie them together.

    Quads with blank nodes come last: only when all are known are their groups complete.
    """
    plain: list[Quad] = []
    with_blank_nodes: list[Quad] = []
    for quad in quads:
        if any(list_blank_nodes(quad.triple)):
            with_blank_nodes.append(quad)
            continue
        plain.append(quad)
        if len(plain) == size:
            yield plain
            plain = []
    if plain:
        yield plain
    yield from _pack_components(_group_by_blank_nodes(with_blank_nodes), size)


def _pack_components(components: Iterable[list[Quad]], size: int) -> Iterator[list[Quad]]:
    """Yield batches of complete components, filled while the next one fits."""
    batch: list[Quad] = []
    for component in components:
        if batch and len(batch) + len(component) > size:
            yield batch
            batch = []
        batch = batch + component
    if batch:
        yield batch


def _group_by_blank_nodes(quads: list[Quad]) -> list[list[Quad]]:
    """Return the quads grouped by the blank nodes that connect them: union-find with path halving."""
    parents: dict[str, str] = {}

    def find_root(name: str) -> str:
        while parents.setdefault(name, name) != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    for quad in quads:
        first, *others = list_blank_nodes(quad.triple)
        for other in others:
            parents[find_root(other)] = find_root(first)
    groups: dict[str, list[Quad]] = {}
    for quad in quads:
        groups.setdefault(find_root(next(list_blank_nodes(quad.triple))), []).append(quad)
    return list(groups.values())


def list_blank_nodes(triple: Triple) -> Iterator[str]:
    """Yield the names of the blank nodes of a triple, also of those inside triple terms."""
    for term in (triple.subject, triple.object):
        if isinstance(term, BlankNode):
            yield term.value
        elif isinstance(term, Triple):
            yield from list_blank_nodes(term)


def make_insert_update(quads: Iterable[Quad]) -> str:
    """Return the update that adds `quads`.

    With blank nodes it is INSERT { } WHERE {}, not INSERT DATA: Virtuoso 7 refuses blank nodes in INSERT
    DATA.
    """
    lines_by_graph: dict[str, list[str]] = {}
    has_blank_nodes = False
    for quad in quads:
        graph = "" if isinstance(quad.graph_name, DefaultGraph) else str(quad.graph_name)
        lines_by_graph.setdefault(graph, []).append(f"{quad.triple} .")
        has_blank_nodes = has_blank_nodes or any(list_blank_nodes(quad.triple))
    blocks = (
        "\n".join(lines) if not graph else f"GRAPH {graph} {{\n" + "\n".join(lines) + "\n}"
        for graph, lines in lines_by_graph.items()
    )
    text = "\n".join(blocks)
    return f"INSERT {{\n{text}\n}} WHERE {{}}" if has_blank_nodes else f"INSERT DATA {{\n{text}\n}}"


def make_replace_update(graph: GraphName, triples: Iterable[Triple]) -> str:
    """Return one update, and so one transaction, that empties or creates `graph` and inserts `triples`."""
    clearing = f"DROP SILENT GRAPH {graph} ; CREATE SILENT GRAPH {graph}" if graph else "CLEAR SILENT DEFAULT"
    return f"{clearing} ; {make_insert_update(make_quads(triples, graph))}"


def make_quads(triples: Iterable[Triple], graph: GraphName) -> Iterator[Quad]:
    """Yield `triples` as quads of one graph, None being the default graph."""
    for triple in triples:
        yield Quad(triple.subject, triple.predicate, triple.object, graph or DefaultGraph())


# -- Virtuoso 7 (seen in 7.2.5, Debian's virtuoso-opensource-7-bin), where it differs from the standards

#: graphs that Virtuoso keeps for itself; every query sees them, so they are left out of the list of graphs.
VIRTUOSO_SYSTEM_GRAPHS = frozenset(
    {
        "http://www.openlinksw.com/schemas/virtrdf#",
        "http://www.w3.org/ns/ldp#",
        "http://localuriqaserver/sparql",
    }
)
#: Virtuoso may answer ASK with one row of this one variable instead of the boolean of the results format.
_ASK_VARIABLE = "__ASK_RETVAL"
_JSON_BLANK_NODE = b'"type": "bnode", "value": "'
_VIRTUOSO_BLANK_NODE = _JSON_BLANK_NODE + b"nodeID://"
_DATASET_KEYWORD = re.compile(r"\b(?:FROM|USING|WITH|GRAPH)\b", re.IGNORECASE)


def find_graphs_to_send(text: str) -> tuple[str, ...] | None:
    """Return the graphs to name beside the one that stands for the default graph; None: name none at all.

    Virtuoso has no default graph: a query without GRAPH sees the union of all graphs, so the request names
    the graph that stands for it. Such a dataset replaces FROM, and in Virtuoso GRAPH <...> then sees only
    the graphs that the request names, while GRAPH ?g still sees all. So the graphs of GRAPH <...> are named
    as well, and a text that has FROM, or mixes the two kinds of GRAPH, is sent without a dataset.
    """
    if not _DATASET_KEYWORD.search(text):
        return ()
    tokens = list(tokenize(text))
    if any(token.is_keyword("FROM", "USING", "WITH") for token in tokens):
        return None
    graphs = [following for token, following in pairwise(tokens) if token.is_keyword("GRAPH")]
    if all(graph.kind == "iri" for graph in graphs):
        return tuple(dict.fromkeys(graph.text[1:-1] for graph in graphs))
    return () if all(graph.kind == "variable" for graph in graphs) else None


def parse_ask_answer(result: ox.QuerySolutions | ox.QueryBoolean) -> ox.QueryBoolean | None:
    """Return the answer to an ASK, also where it came as a row; None for the answer to another form."""
    if isinstance(result, ox.QueryBoolean):
        return result
    if [variable.value for variable in result.variables] != [_ASK_VARIABLE]:
        return None
    value = next((row[0] for row in result), None)
    boolean = b"true" if isinstance(value, ox.Literal) and value.value in ("1", "true") else b"false"
    # QueryBoolean has no constructor: it is made by parsing.
    body = b'{"head":{},"boolean":' + boolean + b"}"
    answer = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
    return answer if isinstance(answer, ox.QueryBoolean) else None


def normalize_blank_nodes(body: bytes) -> bytes:
    """Return results in JSON with plain blank node names; Virtuoso writes `nodeID://b1`, not a valid name."""
    return body.replace(_VIRTUOSO_BLANK_NODE, _JSON_BLANK_NODE)


class BlankNodeNormalizer(io.RawIOBase):
    """`normalize_blank_nodes` of an answer that is read as it arrives."""

    def __init__(self, source: io.RawIOBase) -> None:
        super().__init__()
        self._source, self._pending, self._ended = source, b"", False

    def readable(self) -> bool:
        """Return true: it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; bytes that may begin a blank node's name wait until the name is complete."""
        while not self._ended and len(self._pending) < len(_VIRTUOSO_BLANK_NODE):
            part = self._source.read(len(buffer)) or b""
            self._ended = not part
            self._pending = normalize_blank_nodes(self._pending + part)
        held_back = 0 if self._ended else len(_VIRTUOSO_BLANK_NODE) - 1
        size = min(len(buffer), max(len(self._pending) - held_back, 0))
        buffer[:size], self._pending = self._pending[:size], self._pending[size:]
        return size
