"""The client side of the SPARQL 1.1 Protocol: a query or an update for another server.

SPARQLWrapper writes the requests, `sparqlhost.http` sends them, pyoxigraph parses the results.

Quads are sent in batches, each an update of its own, in which statements about one blank node stay together:
a blank node has its name within one request only (SPARQL 1.1 Update, 3.1.1), in two it would be two nodes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

import pyoxigraph as ox
from pyoxigraph import BlankNode, DefaultGraph, Quad, Triple
from SPARQLWrapper import INSERT, POST, SELECT, SPARQLWrapper

from sparqlhost.errors import BadQuery
from sparqlhost.http import Peer, RequestLimits, Response, remove_credentials, send_request
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import tokenize
from sparqlhost.sparql.syntax_errors import explain_syntax_error
from sparqlhost.store.interface import GraphName, Solutions, read_solutions

RESULTS_JSON = "application/sparql-results+json"
N_TRIPLES = "application/n-triples"
#: what a CONSTRUCT may be answered in: N-Triples can be streamed, Turtle is what every server writes.
RDF_ACCEPT = f"{N_TRIPLES}, text/turtle;q=0.8, application/rdf+xml;q=0.5"
#: seconds that a remote which is not the store itself may take for one query.
REMOTE_DEADLINE = 20.0
#: bytes its answer may have.
MAX_ANSWER_BYTES = 50_000_000

#: how Oxigraph's own server reports a syntax error; the local parser is the same and explains it.
_SYNTAX_ERROR_POSITION = re.compile(r"error at \d+:\d+")
_BAD_QUERY_STATUSES = frozenset({400, 422})
_INVALID_RESULTS = "answered with something that is not complete SPARQL results"

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SparqlEndpoint:
    """A server's query and update addresses, with the limits and the error messages of each request."""

    query_address: str
    update_address: str
    peer: Peer
    limits: RequestLimits

    def send_query(self, query: str, accept: str, parameters: Parameters = ()) -> Response:
        """Send a query and return the response; its media type is one of those in `accept`.

        `parameters` are those of SPARQL 1.1 Protocol, 2.1, e.g. `default-graph-uri`. Raises BadQuery where
        the server refuses the query, StoreUnavailable or TooExpensive where it does not answer as it
        should.
        """
        response = self._send_text(SELECT, query, accept, parameters)
        if response.media_type not in {part.partition(";")[0].strip() for part in accept.split(",")}:
            response.close()
            given, wanted = response.media_type or "no media type", accept.partition(",")[0]
            raise self.peer.unavailable(f"answered with {given} instead of {wanted}")
        return response

    def send_update(self, update: str, parameters: Parameters = ()) -> None:
        """Run an update and wait for its end; raises as `send_query` does."""
        with closing(self._send_text(INSERT, update, "*/*", parameters)) as response:
            response.readall()

    def _send_text(self, form: str, text: str, accept: str, parameters: Parameters) -> Response:
        """Send a query (SELECT) or an update (INSERT); return the response to a request that was accepted."""
        wrapper = SPARQLWrapper(
            remove_credentials(self.query_address), remove_credentials(self.update_address)
        )
        wrapper.setMethod(POST)
        # No `format` parameter beside the Accept header: Virtuoso 7 answers 406 where they differ.
        wrapper.setOnlyConneg(True)
        for name, value in parameters:
            wrapper.addParameter(name, value)
        # setQuery() would guess from the text whether it is an update, and takes a word in a comment for one.
        # The caller has parsed the text, and only knows that it is a query or that it is an update.
        wrapper.queryString, wrapper.queryType = text, form
        request = wrapper._createRequest()
        assert isinstance(request.data, bytes)  # noqa: S101 - that of a POST
        headers = {"Accept": accept, "Content-Type": request.get_header("Content-type", "")}
        address = self.update_address if form == INSERT else self.query_address
        response = send_request("POST", address, self.peer, self.limits, headers, request.data)
        if response.status in _BAD_QUERY_STATUSES:
            with response:
                raise self._explain_refusal(response.read_complaint(), text)
        response.require_success()
        return response

    def _explain_refusal(self, complaint: str, text: str) -> BadQuery:
        if _SYNTAX_ERROR_POSITION.search(complaint):
            return explain_syntax_error(SyntaxError(complaint), text)
        reason = f": {complaint}" if complaint else " without an explanation"
        return BadQuery(
            f"{self.peer.subject} refused the text{reason}", location=remove_credentials(self.query_address)
        )


def derive_update_address(address: str) -> str:
    """Return the update address that goes with a query address.

    >>> derive_update_address("http://localhost:7878/query")
    'http://localhost:7878/update'
    """
    parts = urlsplit(address)
    head, _, last = parts.path.rpartition("/")
    return parts._replace(path=f"{head}/update").geturl() if last == "query" else address


def choose_update_address(query_address: str, configured: str) -> str:
    """Return where updates go, with the user and password of the query address."""
    if not configured:
        return derive_update_address(query_address)
    credentials, at_sign, _ = urlsplit(query_address).netloc.rpartition("@")
    parts = urlsplit(remove_credentials(configured))
    return parts._replace(netloc=credentials + at_sign + parts.netloc).geturl()


def limit_remote_requests(
    settings: HostSettings, private_hosts: tuple[str, ...] | None = None
) -> RequestLimits:
    """Return what one query to a named remote may take; `private_hosts` None: the user chose its address."""
    seconds = min(settings.query_deadline, REMOTE_DEADLINE)
    return RequestLimits(seconds, MAX_ANSWER_BYTES, private_hosts, product=settings.PRODUCT)


def ask_remote(name: str, address: str, query: str, limits: RequestLimits) -> bool:
    """Return the answer of a remote to an ASK query; raises StoreUnavailable, TooExpensive or BadQuery."""
    endpoint = _make_named_endpoint(name, address, limits)
    result = _fetch_results(endpoint, query)
    if not isinstance(result, ox.QueryBoolean):
        raise endpoint.peer.unavailable("answered with rows instead of yes or no")
    return bool(result)


def select_from_remote(name: str, address: str, query: str, limits: RequestLimits) -> Solutions:
    """Return the solutions of a SELECT query at a remote; raises as `ask_remote` does."""
    endpoint = _make_named_endpoint(name, address, limits)
    result = _fetch_results(endpoint, query)
    if not isinstance(result, ox.QuerySolutions):
        raise endpoint.peer.unavailable("answered with yes or no instead of rows")
    try:
        return read_solutions(result)
    except (SyntaxError, ValueError) as error:
        raise endpoint.peer.unavailable(_INVALID_RESULTS) from error


def _make_named_endpoint(name: str, address: str, limits: RequestLimits) -> SparqlEndpoint:
    peer = Peer(
        f"The remote {name} ({remove_credentials(address)})", timeout_hint="Ask it for less, or try later."
    )
    return SparqlEndpoint(address, address, peer, limits)


def _fetch_results(endpoint: SparqlEndpoint, query: str) -> ox.QuerySolutions | ox.QueryBoolean:
    """Return the results of a SELECT or ASK query, of which the head has been parsed."""
    with closing(endpoint.send_query(query, RESULTS_JSON)) as response:
        body = response.readall()
    try:
        return ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
    except (SyntaxError, ValueError) as error:
        raise endpoint.peer.unavailable(_INVALID_RESULTS) from error


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
