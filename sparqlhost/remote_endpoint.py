"""Ask a remote SPARQL endpoint through SPARQLWrapper; every way it fails is one sentence, none hangs."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import cast

import pyoxigraph as ox

from sparqlhost import guarded_http as guarded
from sparqlhost.errors import StoreUnavailable, TooExpensive, UserError
from sparqlhost.remote_http import RESULTS_JSON, ResponseBody, SparqlExchange
from sparqlhost.store.interface import Solutions, Term

#: seconds one question may take.
REMOTE_DEADLINE = 20.0
#: bytes an answer may have; an endless one ends here.
MAX_ANSWER_BYTES = 50_000_000
_INVALID_RESULTS = "answered with something that is not whole SPARQL results"


class NamedRemoteExchange(SparqlExchange):
    """One exchange with the endpoint called `name`; its errors name it."""

    def __init__(
        self,
        name: str,
        address: str,
        deadline: float = REMOTE_DEADLINE,
        private_hosts: Sequence[str] | None = None,
    ) -> None:
        """Reach `address` and no other; where a stranger's query asks, only `intranet` names are private."""
        super().__init__(address, address, deadline)
        self.remote_name = name
        self._private_hosts = private_hosts

    def _build_opener(self) -> urllib.request.OpenerDirector:
        """Return the guarded way out for a stranger's query, the ordinary one for the operator's own."""
        return (
            super()._build_opener()
            if self._private_hosts is None
            else guarded.build_guarded_opener(self._private_hosts)
        )

    def _timeout_error(self) -> TooExpensive:
        """Return the error of a deadline that passed."""
        return TooExpensive(
            f"The remote {self.remote_name} ({self.public_address}) did not answer in time.",
            hint="Ask it less, or try again later.",
        )

    def _too_large_error(self, limit: int) -> UserError:
        """Return the error of an answer over the limit."""
        return self._unavailable_error(f"answered with more than {limit:,} bytes")

    def _unavailable_error(self, failure: str) -> StoreUnavailable:
        """Return the error of an endpoint that did what none should."""
        return StoreUnavailable(
            f"The remote {self.remote_name} ({self.public_address}) {failure}.",
            hint="Try it with kg remote test, or later.",
        )


def ask_remote(
    name: str,
    address: str,
    query: str,
    deadline: float = REMOTE_DEADLINE,
    private_hosts: Sequence[str] | None = None,
) -> bool:
    """Return the answer of an ASK at a remote; raises StoreUnavailable, TooExpensive or BadQuery."""
    found = _fetch_results(NamedRemoteExchange(name, address, deadline, private_hosts), query)
    if not isinstance(found, ox.QueryBoolean):
        raise NamedRemoteExchange(name, address, deadline)._unavailable_error(
            "answered rows where yes or no was asked for"
        )
    return bool(found)


def select_from_remote(
    name: str,
    address: str,
    query: str,
    deadline: float = REMOTE_DEADLINE,
    private_hosts: Sequence[str] | None = None,
) -> Solutions:
    """Return the solutions of a SELECT at a remote; raises StoreUnavailable, TooExpensive or BadQuery."""
    endpoint = NamedRemoteExchange(name, address, deadline, private_hosts)
    found = _fetch_results(endpoint, query)
    if not isinstance(found, ox.QuerySolutions):
        raise endpoint._unavailable_error("answered yes or no where rows were asked for")
    names = tuple(variable.value for variable in found.variables)
    try:
        return Solutions(names, tuple(cast("tuple[Term | None, ...]", tuple(row)) for row in found))
    except (SyntaxError, ValueError) as error:
        raise endpoint._unavailable_error(_INVALID_RESULTS) from error


def _fetch_results(exchange: NamedRemoteExchange, query: str) -> ox.QuerySolutions | ox.QueryBoolean:
    """Return the parsed head of an answer."""
    with closing(exchange.send_query(query, RESULTS_JSON)) as body:
        text = read_bounded(body, exchange)
    try:
        return ox.parse_query_results(text, format=ox.QueryResultsFormat.JSON)
    except (SyntaxError, ValueError) as error:
        raise exchange._unavailable_error(_INVALID_RESULTS) from error


def select_from_remotes(
    remotes: Iterable[tuple[str, str]], query: str, deadline: float = REMOTE_DEADLINE
) -> tuple[dict[str, Solutions], dict[str, UserError]]:
    """Ask several remotes; return the answers, and for those that failed the error instead."""
    answers: dict[str, Solutions] = {}
    failed: dict[str, UserError] = {}
    for name, address in remotes:
        try:
            answers[name] = select_from_remote(name, address, query, deadline)
        except UserError as error:
            failed[name] = error
    return answers, failed


def read_bounded(
    body: ResponseBody, exchange: NamedRemoteExchange, max_bytes: int = MAX_ANSWER_BYTES
) -> bytes:
    """Return the whole body; raises StoreUnavailable or TooLarge when it is endless or ends early."""
    parts: list[bytes] = []
    size = 0
    while part := body.read(1 << 16):
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise exchange._too_large_error(max_bytes)
    return b"".join(parts)
