"""Quads in batches that can travel apart: statements about one blank node stay together.

A blank node has its name within one request only (SPARQL 1.1 Update, 3.1.1): in two, it would be two nodes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pyoxigraph as ox
from pyoxigraph import BlankNode, DefaultGraph, Quad, Triple

from sparqlhost.sparql.lexer import tokenize


def split_into_batches(quads: Iterable[Quad], size: int) -> Iterator[list[Quad]]:
    """Yield the quads, about `size` at a time, more where blank nodes tie them together."""
    plain: list[Quad] = []
    tied: list[Quad] = []
    for quad in quads:
        if any(list_blank_nodes(quad.triple)):
            tied.append(quad)
            continue
        plain.append(quad)
        if len(plain) == size:
            yield plain
            plain = []
    if plain:
        yield plain
    yield from _pack_components(_group_by_blank_nodes(tied), size)


def _pack_components(components: Iterable[list[Quad]], size: int) -> Iterator[list[Quad]]:
    """Yield whole components, put together while they fit."""
    batch: list[Quad] = []
    for component in components:
        if batch and len(batch) + len(component) > size:
            yield batch
            batch = []
        batch = batch + component
    if batch:
        yield batch


def _group_by_blank_nodes(quads: list[Quad]) -> list[list[Quad]]:
    """Return the quads by the blank nodes that tie them together (union-find)."""
    above: dict[str, str] = {}

    def find_root(name: str) -> str:
        while above.setdefault(name, name) != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    for quad in quads:
        first, *others = list_blank_nodes(quad.triple)
        for other in others:
            above[find_root(other)] = find_root(first)
    found: dict[str, list[Quad]] = {}
    for quad in quads:
        found.setdefault(find_root(next(list_blank_nodes(quad.triple))), []).append(quad)
    return list(found.values())


def list_blank_nodes(triple: Triple) -> Iterator[str]:
    """Yield the names of the blank nodes of a triple, those within triple terms too."""
    for term in (triple.subject, triple.object):
        if isinstance(term, BlankNode):
            yield term.value
        elif isinstance(term, Triple):
            yield from list_blank_nodes(term)


def make_insert_update(quads: Iterable[Quad]) -> str:
    """Return the update that adds `quads`; with blank nodes by a template, which every server takes."""
    parts: dict[str, list[str]] = {}
    named = True
    for quad in quads:
        graph = "" if isinstance(quad.graph_name, DefaultGraph) else str(quad.graph_name)
        parts.setdefault(graph, []).append(f"{quad.triple} .")
        named = named and not any(list_blank_nodes(quad.triple))
    blocks = (
        "\n".join(lines) if not graph else f"GRAPH {graph} {{\n" + "\n".join(lines) + "\n}"
        for graph, lines in parts.items()
    )
    text = "\n".join(blocks)
    return f"INSERT DATA {{\n{text}\n}}" if named else f"INSERT {{\n{text}\n}} WHERE {{}}"


#: MERGED kg.store.dialects
#: MERGED What remote servers do that the standards do not say, kept apart from the store: Virtuoso 7's ways.


#: graphs that Virtuoso keeps for itself, where every query sees them.
VIRTUOSO_SYSTEM_GRAPHS = frozenset(
    {
        "http://www.openlinksw.com/schemas/virtrdf#",
        "http://www.w3.org/ns/ldp#",
        "http://localuriqaserver/sparql",
    }
)
#: the one variable of the one row that Virtuoso answers to ASK.
_ASK_VARIABLE = "__ASK_RETVAL"
_JSON_BLANK_NODE = b'"type": "bnode", "value": "'
_VIRTUOSO_BLANK_NODE = _JSON_BLANK_NODE + b"nodeID://"
_DATASET_KEYWORD = re.compile(r"\b(?:FROM|USING|WITH|GRAPH)\b", re.IGNORECASE)


def find_graphs_to_send(text: str) -> tuple[str, ...] | None:
    """Return the graphs to name beside the one that stands for the default graph; None: name none at all.

    A dataset in the request takes the place of FROM, and where it has a default graph, GRAPH <...> sees only
    the graphs it names; GRAPH ?g sees all of them as before.
    """
    if not _DATASET_KEYWORD.search(text):
        return ()
    words = list(tokenize(text))
    if any(word.is_keyword("FROM", "USING", "WITH") for word in words):
        return None
    named = [after for word, after in pairwise(words) if word.is_keyword("GRAPH")]
    if all(token.kind == "iri" for token in named):
        return tuple(dict.fromkeys(token.text[1:-1] for token in named))
    return () if all(token.kind == "variable" for token in named) else None


def parse_ask_answer(result: ox.QuerySolutions | ox.QueryBoolean) -> ox.QueryBoolean | None:
    """Return the answer to an ASK, also where it came as a row; None for an answer to anything else."""
    if isinstance(result, ox.QueryBoolean):
        return result
    if [variable.value for variable in result.variables] != [_ASK_VARIABLE]:
        return None
    value = next((row[0] for row in result), None)
    word = b"true" if isinstance(value, ox.Literal) and value.value in ("1", "true") else b"false"
    read = ox.parse_query_results(b'{"head":{},"boolean":' + word + b"}", format=ox.QueryResultsFormat.JSON)
    return read if isinstance(read, ox.QueryBoolean) else None


def normalize_blank_nodes(body: bytes) -> bytes:
    """Return results in JSON with blank nodes that have names; Virtuoso calls them by addresses."""
    return body.replace(_VIRTUOSO_BLANK_NODE, _JSON_BLANK_NODE)


class BlankNodeNormalizer(io.RawIOBase):
    """The same, of an answer that is read as it arrives."""

    def __init__(self, source: io.RawIOBase) -> None:
        """Read from `source`."""
        super().__init__()
        self._source, self._pending, self._ended = source, b"", False

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; what may be the start of a name waits for its end."""
        while not self._ended and len(self._pending) < len(_VIRTUOSO_BLANK_NODE):
            part = self._source.read(len(buffer)) or b""
            self._ended = not part
            self._pending = normalize_blank_nodes(self._pending + part)
        kept = 0 if self._ended else len(_VIRTUOSO_BLANK_NODE) - 1
        size = min(len(buffer), max(len(self._pending) - kept, 0))
        buffer[:size], self._pending = self._pending[:size], self._pending[size:]
        return size
