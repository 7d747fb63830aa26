"""Ask a remote SPARQL endpoint through SPARQLWrapper; every way it fails is one sentence, none hangs."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import cast

import pyoxigraph as ox

from kg.errors import KgError, StoreUnavailable, TooExpensive
from kg.external import guarded
from kg.store.protocol import Solutions, Term
from kg.store.remote_http import RESULTS_JSON, Body, Endpoint

#: seconds one question may take.
DEADLINE = 20.0
#: bytes an answer may have; an endless one ends here.
LIMIT = 50_000_000
_NOT_WHOLE = "answered with something that is not whole SPARQL results"


class Remote(Endpoint):
    """One exchange with the endpoint called `name`; its errors name it."""

    def __init__(
        self, name: str, address: str, deadline: float = DEADLINE, intranet: Sequence[str] | None = None
    ) -> None:
        """Reach `address` and no other; where a stranger's query asks, only `intranet` names are private."""
        super().__init__(address, address, deadline)
        self.remote = name
        self._intranet = intranet

    def _opener(self) -> urllib.request.OpenerDirector:
        """Return the guarded way out for a stranger's query, the ordinary one for the operator's own."""
        return super()._opener() if self._intranet is None else guarded.opener(self._intranet)

    def _late(self) -> TooExpensive:
        """Return the error of a deadline that passed."""
        return TooExpensive(
            f"The remote {self.remote} ({self.shown}) did not answer in time.",
            todo="Ask it less, or try again later.",
        )

    def _endless(self, limit: int) -> KgError:
        """Return the error of an answer over the limit."""
        return self._away(f"answered with more than {limit:,} bytes")

    def _away(self, what: str) -> StoreUnavailable:
        """Return the error of an endpoint that did what none should."""
        return StoreUnavailable(
            f"The remote {self.remote} ({self.shown}) {what}.", todo="Try it with kg remote test, or later."
        )


def ask(
    name: str, address: str, query: str, deadline: float = DEADLINE, intranet: Sequence[str] | None = None
) -> bool:
    """Return the answer of an ASK at a remote; raises StoreUnavailable, TooExpensive or BadQuery."""
    found = _results(Remote(name, address, deadline, intranet), query)
    if not isinstance(found, ox.QueryBoolean):
        raise Remote(name, address, deadline)._away("answered rows where yes or no was asked for")
    return bool(found)


def select(
    name: str, address: str, query: str, deadline: float = DEADLINE, intranet: Sequence[str] | None = None
) -> Solutions:
    """Return the solutions of a SELECT at a remote; raises StoreUnavailable, TooExpensive or BadQuery."""
    endpoint = Remote(name, address, deadline, intranet)
    found = _results(endpoint, query)
    if not isinstance(found, ox.QuerySolutions):
        raise endpoint._away("answered yes or no where rows were asked for")
    names = tuple(variable.value for variable in found.variables)
    try:
        return Solutions(names, tuple(cast("tuple[Term | None, ...]", tuple(row)) for row in found))
    except (SyntaxError, ValueError) as error:
        raise endpoint._away(_NOT_WHOLE) from error


def _results(endpoint: Remote, query: str) -> ox.QuerySolutions | ox.QueryBoolean:
    """Return the parsed head of an answer."""
    with closing(endpoint.ask(query, RESULTS_JSON)) as body:
        text = whole(body, endpoint)
    try:
        return ox.parse_query_results(text, format=ox.QueryResultsFormat.JSON)
    except (SyntaxError, ValueError) as error:
        raise endpoint._away(_NOT_WHOLE) from error


def ask_all(
    remotes: Iterable[tuple[str, str]], query: str, deadline: float = DEADLINE
) -> tuple[dict[str, Solutions], dict[str, KgError]]:
    """Ask several remotes; return the answers, and for those that failed the error instead."""
    answers: dict[str, Solutions] = {}
    failed: dict[str, KgError] = {}
    for name, address in remotes:
        try:
            answers[name] = select(name, address, query, deadline)
        except KgError as error:
            failed[name] = error
    return answers, failed


def whole(body: Body, endpoint: Remote, limit: int = LIMIT) -> bytes:
    """Return the whole body; raises StoreUnavailable or TooLarge when it is endless or ends early."""
    parts: list[bytes] = []
    size = 0
    while part := body.read(1 << 16):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise endpoint._endless(limit)
    return b"".join(parts)
