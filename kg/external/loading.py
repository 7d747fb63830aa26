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

from kg.errors import BadData, BadQuery, KgError, StoreUnavailable, TooExpensive, TooLarge
from kg.external.remote_endpoint import Remote, whole
from kg.store.lexer import Token, tokens
from kg.store.syntax import unreadable

_ACCEPT = "application/n-triples, text/turtle;q=0.9, application/rdf+xml;q=0.8, application/ld+json;q=0.7"
#: what servers say of files they do not know; the name's ending decides then.
_VAGUE = ("", "text/plain", "application/octet-stream")


@dataclass(frozen=True, slots=True)
class Means:
    """What loading may take: seconds altogether, bytes a document, and names that may be private."""

    seconds: float
    size: int
    intranet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """A LOAD: where it starts and ends in the text, its address, `GRAPH <...>` or "", and its silence."""

    start: int
    end: int
    address: str
    graph: str
    silent: bool


def loads(text: str, allowed: Sequence[str]) -> tuple[Load, ...]:
    """Return the LOAD operations of an update that read an address in `allowed`, as it is spelled there."""
    return tuple(load for load in _loads(text, tuple(tokens(text))) if load.address in allowed)


def without(text: str, found: Sequence[Load]) -> str:
    """Return the update with nothing in the place of each of those LOADs."""
    return _replaced(text, found, ["INSERT DATA {}"] * len(found))


def loaded(text: str, found: Sequence[Load], means: Means) -> str:
    """Return the update with the triples of each document in the place of its LOAD.

    Raises StoreUnavailable, TooExpensive, TooLarge or BadData for a document that cannot be had, unless its
    LOAD is SILENT.
    """
    until = time.monotonic() + means.seconds
    return _replaced(text, found, [_insertion(load, until, means) for load in found])


def _replaced(text: str, found: Sequence[Load], pieces: Sequence[str]) -> str:
    """Return `text` with each LOAD replaced by its piece."""
    parts, at = [], 0
    for load, piece in zip(found, pieces, strict=True):
        parts += [text[at : load.start], piece]
        at = load.end
    return "".join(parts) + text[at:]


def _loads(text: str, words: Sequence[Token]) -> Iterator[Load]:
    """Yield the LOADs that name their address in angle brackets (SPARQL 1.1 Update, 3.1.4)."""
    for at, token in enumerate(words):
        if not token.is_word("LOAD") or token.depth:
            continue
        silent = at + 1 < len(words) and words[at + 1].is_word("SILENT")
        here = at + 1 + silent
        if here >= len(words) or words[here].kind != "iri":
            continue
        graph, last = "", words[here]
        if here + 3 < len(words) and words[here + 1].is_word("INTO"):
            last = words[here + 3]
            graph = f"GRAPH {last.text}"
        yield Load(token.start, last.end, words[here].text[1:-1], graph, silent)


def _insertion(load: Load, until: float, means: Means) -> str:
    """Return the operation that writes a document's triples; nothing for a SILENT one that failed."""
    try:
        triples = _triples(load.address, until, means)
    except KgError:
        if load.silent:
            return "INSERT DATA {}"
        raise
    if load.graph:
        return f"INSERT DATA {{ {load.graph} {{\n{triples}}} }}" if triples else f"CREATE SILENT {load.graph}"
    return f"INSERT DATA {{\n{triples}}}"


def _triples(address: str, until: float, means: Means) -> str:
    """Return the triples at an address as N-Triples; its blank nodes get names of their own."""
    media, body = _Document(address, until - time.monotonic(), means).read()
    try:
        quads = ox.parse(io.BytesIO(body), _format(address, media), base_iri=address, rename_blank_nodes=True)
        triples = (_triple(quad, address) for quad in quads)
        return (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
    except SyntaxError as error:
        raise unreadable(error, "The document", address, "Mend it there; nothing was changed.") from error


def _triple(quad: ox.Quad, address: str) -> ox.Triple:
    """Return the triple of a quad; raises BadData for a document of several graphs."""
    if isinstance(quad.graph_name, ox.DefaultGraph):
        return quad.triple
    raise BadData(
        "The document holds named graphs, and LOAD reads one graph.",
        where=address,
        todo="Load its graphs one by one; nothing was changed.",
    )


def _format(address: str, media: str) -> ox.RdfFormat:
    """Return the format a document is in; raises BadData where it is not RDF."""
    ending = PurePosixPath(urlsplit(address).path).suffix[1:]
    found = ox.RdfFormat.from_extension(ending) if media in _VAGUE else ox.RdfFormat.from_media_type(media)
    if found is None:
        raise BadData(
            f"The document is of type {media or '(none)'}, which is not RDF.",
            where=address,
            todo="Load Turtle, N-Triples, RDF/XML or JSON-LD; nothing was changed.",
        )
    return found


class _Document(Remote):
    """One GET of one address, by the guarded way out."""

    def __init__(self, address: str, seconds: float, means: Means) -> None:
        """Read `address` and no other."""
        super().__init__(address, address, max(seconds, 0.0), means.intranet)
        self._address, self._size = address, means.size

    def read(self) -> tuple[str, bytes]:
        """Return media type and bytes; raises StoreUnavailable, TooExpensive or TooLarge."""
        if urlsplit(self._address).scheme not in ("http", "https"):
            raise self._away("is no http or https address")
        head = {"Accept": _ACCEPT, "User-Agent": "rrall-kg", "Accept-Encoding": "identity"}
        with closing(self._send(urllib.request.Request(self.shown, headers=head))) as body:  # noqa: S310
            return body.media, whole(body, self, self._size)

    def _status(self, error: urllib.error.HTTPError) -> BadQuery | StoreUnavailable | TooExpensive:
        """Return what an HTTP status means; no text was sent that could have been refused."""
        if error.code in (400, 422):
            return self._away(f"answered status {error.code}")
        return super()._status(error)

    def _endless(self, limit: int) -> TooLarge:
        """Return the error of a document over the limit."""
        return TooLarge(
            f"The document {self.shown} has more than {limit:,} bytes; nothing was changed.",
            todo="Load a smaller one, or let the operator raise KG_BODY_SIZE.",
        )

    def _late(self) -> TooExpensive:
        """Return the error of a deadline that passed."""
        return TooExpensive(
            f"The document {self.shown} did not come in time; nothing was changed.",
            todo="Try again later, or load it from a file of yours.",
        )

    def _away(self, what: str) -> StoreUnavailable:
        """Return the error of a server that did what none should."""
        return StoreUnavailable(
            f"The document {self.shown} {what}; nothing was changed.",
            todo="Look at that address, then try again.",
        )
