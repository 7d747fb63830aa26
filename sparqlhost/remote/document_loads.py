"""LOAD of allowed addresses: the document is fetched here, and INSERT DATA takes the place of the operation.

So the engine needs no network, a write stays all or nothing, and the document comes through
`sparqlhost.http`. A LOAD of any other address stays in the text, for the caller to refuse.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pyoxigraph as ox

from sparqlhost.errors import BadData, TooLarge, UserError
from sparqlhost.http import Peer, RequestLimits, remove_credentials, send_request
from sparqlhost.remote.remote_endpoint import REMOTE_DEADLINE
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import find_calls, tokenize
from sparqlhost.sparql.syntax_errors import explain_rdf_error

_ACCEPT = "application/n-triples, text/turtle;q=0.9, application/rdf+xml;q=0.8, application/ld+json;q=0.7"
#: what servers send for files they do not know; the file name's extension decides then.
_VAGUE_MEDIA_TYPES = ("", "text/plain", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class LoadOperation:
    """A LOAD: where it starts and ends in the text, its address, `GRAPH <...>` or "", and if it is SILENT."""

    start: int
    end: int
    address: str
    graph: str
    silent: bool


def find_allowed_loads(text: str, allowed_addresses: Sequence[str]) -> tuple[LoadOperation, ...]:
    """Return the LOADs of an update whose address is among `allowed_addresses`, letter by letter."""
    return tuple(load for load in _find_loads(text) if load.address in allowed_addresses)


def remove_loads(text: str, operations: Sequence[LoadOperation]) -> str:
    """Return the update with an operation that does nothing in the place of each of those LOADs."""
    return _replace_operations(text, operations, ["INSERT DATA {}"] * len(operations))


def inline_loads(text: str, operations: Sequence[LoadOperation], settings: HostSettings) -> str:
    """Return the update with the triples of each document in the place of its LOAD.

    A document may have `body_size` bytes, and all of them take the time of one query to a remote. Raises
    StoreUnavailable, TooExpensive, TooLarge or BadData for one that cannot be read, unless its LOAD is
    SILENT.
    """
    expires_at = time.monotonic() + min(settings.query_deadline, REMOTE_DEADLINE)
    inserts = [_make_insert(load, expires_at, settings) for load in operations]
    return _replace_operations(text, operations, inserts)


def _replace_operations(text: str, operations: Sequence[LoadOperation], replacements: Sequence[str]) -> str:
    parts, position = [], 0
    for load, replacement in zip(operations, replacements, strict=True):
        parts += [text[position : load.start], replacement]
        position = load.end
    return "".join(parts) + text[position:]


def _find_loads(text: str) -> Iterator[LoadOperation]:
    """Yield the LOADs that name their address in angle brackets (SPARQL 1.1 Update, 3.1.4)."""
    tokens = tuple(tokenize(text))
    for call in find_calls(tokens, "LOAD"):
        if call.keyword.depth or not call.address:
            continue
        graph, last = "", call.target
        into = tokens[call.target_index + 1 : call.target_index + 4]
        if len(into) == 3 and into[0].is_keyword("INTO"):
            last = into[2]
            graph = f"GRAPH {last.text}"
        yield LoadOperation(call.keyword.start, last.end, call.address, graph, call.silent)


def _make_insert(load: LoadOperation, expires_at: float, settings: HostSettings) -> str:
    """Return the operation that writes a document's triples; an empty one for a failed SILENT LOAD."""
    try:
        triples = _fetch_triples(load.address, expires_at, settings)
    except UserError:
        if load.silent:
            return "INSERT DATA {}"
        raise
    if load.graph:
        # LOAD of an empty document makes an empty graph, where the store keeps those.
        return f"INSERT DATA {{ {load.graph} {{\n{triples}}} }}" if triples else f"CREATE SILENT {load.graph}"
    return f"INSERT DATA {{\n{triples}}}"


def _fetch_triples(address: str, expires_at: float, settings: HostSettings) -> str:
    """Return the triples at an address as N-Triples, its blank nodes renamed so that they meet no others."""
    media_type, body = _fetch_document(address, expires_at, settings)
    rdf_format = _detect_format(address, media_type)
    try:
        quads = ox.parse(io.BytesIO(body), rdf_format, base_iri=address, rename_blank_nodes=True)
        triples = (_require_single_graph(quad, address) for quad in quads)
        return (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
    except SyntaxError as error:
        raise explain_rdf_error(
            error, "The document", address, "Fix the document; nothing was changed."
        ) from error


def _fetch_document(address: str, expires_at: float, settings: HostSettings) -> tuple[str, bytes]:
    """Return media type and bytes; raises StoreUnavailable, TooExpensive or TooLarge."""
    peer = Peer(
        f"The document {remove_credentials(address)}",
        "; nothing was changed",
        timeout_hint="Try again later, or send the file in a request of your own.",
        size_hint=f"Load a smaller one, or ask the operator to raise {settings.name_variable('body_size')}.",
        size_error=TooLarge,
    )
    limits = RequestLimits(
        expires_at - time.monotonic(), settings.body_size, settings.private_hosts, product=settings.PRODUCT
    )
    with closing(send_request("GET", address, peer, limits, {"Accept": _ACCEPT})) as response:
        response.require_success()
        return response.media_type, response.readall()


def _require_single_graph(quad: ox.Quad, address: str) -> ox.Triple:
    """Return the triple of a quad; raises BadData for a document of several graphs."""
    if isinstance(quad.graph_name, ox.DefaultGraph):
        return quad.triple
    raise BadData(
        "The document holds named graphs, and LOAD reads one graph.",
        location=address,
        hint="Load each graph from a document of its own; nothing was changed.",
    )


def _detect_format(address: str, media_type: str) -> ox.RdfFormat:
    """Return the format a document is in; raises BadData where it is not RDF."""
    if media_type in _VAGUE_MEDIA_TYPES:
        rdf_format = ox.RdfFormat.from_extension(PurePosixPath(urlsplit(address).path).suffix[1:])
    else:
        rdf_format = ox.RdfFormat.from_media_type(media_type)
    if rdf_format is None:
        raise BadData(
            f"The document is of type {media_type or '(none)'}, which is not RDF.",
            location=address,
            hint="Load Turtle, N-Triples, RDF/XML or JSON-LD; nothing was changed.",
        )
    return rdf_format
