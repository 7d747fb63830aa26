"""LOAD of the addresses the operator named: fetched here, and written as INSERT DATA in its place.

So the engine needs no network, a write stays all or nothing, and the document comes by the guarded way out. A
LOAD of any other address stays in the text, for others to refuse.
"""

from __future__ import annotations

import io
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pyoxigraph as ox

from sparqlhost.errors import BadData, BadQuery, StoreUnavailable, TooExpensive, TooLarge, UserError
from sparqlhost.remote_endpoint import NamedRemoteExchange, read_bounded
from sparqlhost.sparql.lexer import Token, tokenize
from sparqlhost.sparql.syntax_errors import explain_rdf_error

_ACCEPT = "application/n-triples, text/turtle;q=0.9, application/rdf+xml;q=0.8, application/ld+json;q=0.7"
#: what servers say of files they do not know; the name's ending decides then.
_VAGUE_MEDIA_TYPES = ("", "text/plain", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """What loading may take: seconds altogether, bytes a document, and names that may be private."""

    seconds: float
    max_bytes: int
    private_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadOperation:
    """A LOAD: where it starts and ends in the text, its address, `GRAPH <...>` or "", and its silence."""

    start: int
    end: int
    address: str
    graph: str
    silent: bool


def find_allowed_loads(text: str, allowed_addresses: Sequence[str]) -> tuple[LoadOperation, ...]:
    """Return the LOAD operations of an update that read an address in `allowed`, as it is spelled there."""
    return tuple(
        load for load in _find_loads(text, tuple(tokenize(text))) if load.address in allowed_addresses
    )


def remove_loads(text: str, operations: Sequence[LoadOperation]) -> str:
    """Return the update with nothing in the place of each of those LOADs."""
    return _replace_operations(text, operations, ["INSERT DATA {}"] * len(operations))


def inline_loads(text: str, operations: Sequence[LoadOperation], limits: LoadLimits) -> str:
    """Return the update with the triples of each document in the place of its LOAD.

    Raises StoreUnavailable, TooExpensive, TooLarge or BadData for a document that cannot be had, unless its
    LOAD is SILENT.
    """
    until = time.monotonic() + limits.seconds
    return _replace_operations(text, operations, [_make_insert(load, until, limits) for load in operations])


def _replace_operations(text: str, operations: Sequence[LoadOperation], replacements: Sequence[str]) -> str:
    """Return `text` with each LOAD replaced by its piece."""
    parts, at = [], 0
    for load, piece in zip(operations, replacements, strict=True):
        parts += [text[at : load.start], piece]
        at = load.end
    return "".join(parts) + text[at:]


def _find_loads(text: str, words: Sequence[Token]) -> Iterator[LoadOperation]:
    """Yield the LOADs that name their address in angle brackets (SPARQL 1.1 Update, 3.1.4)."""
    for at, token in enumerate(words):
        if not token.is_keyword("LOAD") or token.depth:
            continue
        silent = at + 1 < len(words) and words[at + 1].is_keyword("SILENT")
        here = at + 1 + silent
        if here >= len(words) or words[here].kind != "iri":
            continue
        graph, last = "", words[here]
        if here + 3 < len(words) and words[here + 1].is_keyword("INTO"):
            last = words[here + 3]
            graph = f"GRAPH {last.text}"
        yield LoadOperation(token.start, last.end, words[here].text[1:-1], graph, silent)


def _make_insert(load: LoadOperation, expires_at: float, limits: LoadLimits) -> str:
    """Return the operation that writes a document's triples; nothing for a SILENT one that failed."""
    try:
        triples = _fetch_triples(load.address, expires_at, limits)
    except UserError:
        if load.silent:
            return "INSERT DATA {}"
        raise
    if load.graph:
        return f"INSERT DATA {{ {load.graph} {{\n{triples}}} }}" if triples else f"CREATE SILENT {load.graph}"
    return f"INSERT DATA {{\n{triples}}}"


def _fetch_triples(address: str, expires_at: float, limits: LoadLimits) -> str:
    """Return the triples at an address as N-Triples; its blank nodes get names of their own."""
    media, body = _DocumentExchange(address, expires_at - time.monotonic(), limits).fetch()
    try:
        quads = ox.parse(
            io.BytesIO(body), _detect_format(address, media), base_iri=address, rename_blank_nodes=True
        )
        triples = (_require_single_graph(quad, address) for quad in quads)
        return (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
    except SyntaxError as error:
        raise explain_rdf_error(
            error, "The document", address, "Mend it there; nothing was changed."
        ) from error


def _require_single_graph(quad: ox.Quad, address: str) -> ox.Triple:
    """Return the triple of a quad; raises BadData for a document of several graphs."""
    if isinstance(quad.graph_name, ox.DefaultGraph):
        return quad.triple
    raise BadData(
        "The document holds named graphs, and LOAD reads one graph.",
        location=address,
        hint="Load its graphs one by one; nothing was changed.",
    )


def _detect_format(address: str, media_type: str) -> ox.RdfFormat:
    """Return the format a document is in; raises BadData where it is not RDF."""
    ending = PurePosixPath(urlsplit(address).path).suffix[1:]
    found = (
        ox.RdfFormat.from_extension(ending)
        if media_type in _VAGUE_MEDIA_TYPES
        else ox.RdfFormat.from_media_type(media_type)
    )
    if found is None:
        raise BadData(
            f"The document is of type {media_type or '(none)'}, which is not RDF.",
            location=address,
            hint="Load Turtle, N-Triples, RDF/XML or JSON-LD; nothing was changed.",
        )
    return found


class _DocumentExchange(NamedRemoteExchange):
    """One GET of one address, by the guarded way out."""

    def __init__(self, address: str, seconds: float, limits: LoadLimits) -> None:
        """Read `address` and no other."""
        super().__init__(address, address, max(seconds, 0.0), limits.private_hosts)
        self._address, self._max_bytes = address, limits.max_bytes

    def fetch(self) -> tuple[str, bytes]:
        """Return media type and bytes; raises StoreUnavailable, TooExpensive or TooLarge."""
        if urlsplit(self._address).scheme not in ("http", "https"):
            raise self._unavailable_error("is no http or https address")
        head = {"Accept": _ACCEPT, "User-Agent": "rrall-kg", "Accept-Encoding": "identity"}
        with closing(self._send_request(urllib.request.Request(self.public_address, headers=head))) as body:  # noqa: S310
            return body.media_type, read_bounded(body, self, self._max_bytes)

    def _status_error(self, error: urllib.error.HTTPError) -> BadQuery | StoreUnavailable | TooExpensive:
        """Return what an HTTP status means; no text was sent that could have been refused."""
        if error.code in (400, 422):
            return self._unavailable_error(f"answered status {error.code}")
        return super()._status_error(error)

    def _too_large_error(self, limit: int) -> TooLarge:
        """Return the error of a document over the limit."""
        return TooLarge(
            f"The document {self.public_address} has more than {limit:,} bytes; nothing was changed.",
            hint="Load a smaller one, or let the operator raise KG_BODY_SIZE.",
        )

    def _timeout_error(self) -> TooExpensive:
        """Return the error of a deadline that passed."""
        return TooExpensive(
            f"The document {self.public_address} did not come in time; nothing was changed.",
            hint="Try again later, or load it from a file of yours.",
        )

    def _unavailable_error(self, failure: str) -> StoreUnavailable:
        """Return the error of a server that did what none should."""
        return StoreUnavailable(
            f"The document {self.public_address} {failure}; nothing was changed.",
            hint="Look at that address, then try again.",
        )
