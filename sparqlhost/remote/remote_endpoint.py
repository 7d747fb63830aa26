"""The client side of the SPARQL 1.1 Protocol: a query or an update for another server.

SPARQLWrapper writes the requests, `sparqlhost.http` sends them, pyoxigraph parses the results.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

import pyoxigraph as ox
from SPARQLWrapper import INSERT, POST, SELECT, SPARQLWrapper

from sparqlhost.errors import BadQuery
from sparqlhost.http import Peer, RequestLimits, Response, remove_credentials, send_request
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.syntax_errors import explain_syntax_error
from sparqlhost.store.interface import Solutions, read_solutions

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
