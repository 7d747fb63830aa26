"""SERVICE and LOAD of addresses that are allowed: done here, so that the engine needs no network.

The rows of a service take the place of the call, INSERT DATA that of a LOAD. Every request has a deadline and
follows no redirect. A remote that fails leaves the local part of a query's answer and one sentence; an update
stays all or nothing. A call within a call is answered first and travels along as rows: no remote is made to
call another (SPARQL 1.1 Federated Query, section 2). Any other call stays in the text and is refused.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import quote, urljoin, urlsplit

import pyoxigraph as ox
from pyoxigraph import BlankNode, NamedNode, Triple

from sparqlhost.errors import BadData, Forbidden, TooExpensive, TooLarge, UserError
from sparqlhost.http import Peer, RequestLimits, remove_credentials, send_request
from sparqlhost.remote.remote_endpoint import (
    REMOTE_DEADLINE,
    ask_remote,
    limit_remote_requests,
    select_from_remote,
)
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import (
    Token,
    find_calls,
    find_declarations,
    find_outgoing_calls,
    locate_offset,
    tokenize,
)
from sparqlhost.sparql.syntax_errors import explain_rdf_error
from sparqlhost.store.interface import Solutions, Term

#: rows one remote may put into a query.
MAX_REMOTE_ROWS = 100_000
#: calls one query may make: each is a request that a stranger lets this server send.
MAX_SERVICE_CALLS = 16
#: joins with everything: what stands where a remote failed.
_NEUTRAL_VALUES = "VALUES () { () }"
_EMPTY_VALUES = "VALUES () { }"


@dataclass(frozen=True, slots=True)
class OutgoingPolicy:
    """Which addresses a text may call, what that may take, and what a refusal says."""

    allowed_addresses: tuple[str, ...]
    limits: RequestLimits
    #: whether SILENT calls may stay in the text: a sandbox lets them fail, silently, in the engine.
    leaves_silent_calls: bool
    #: follows the keyword: "would reach another host ...".
    refusal: str
    hint: str

    @classmethod
    def from_settings(cls, settings: HostSettings, *, has_network_sandbox: bool) -> OutgoingPolicy:
        """Return what strangers may do: call the addresses of `service_allow`."""
        allowed = settings.service_allow
        return cls(
            allowed,
            limit_remote_requests(settings, settings.private_hosts),
            has_network_sandbox,
            "would reach another host, and this server reaches "
            + (f"only: {', '.join(allowed)}." if allowed else "none."),
            f"Ask that host yourself, or ask the operator to set {settings.name_variable('service_allow')}.",
        )

    def refuse_calls(self, text: str, keyword: str) -> None:
        """Raise Forbidden, with line and column, for a SERVICE or LOAD (`keyword`) in `text`."""
        for call in find_outgoing_calls(text, keyword):
            if call.silent and self.leaves_silent_calls:
                continue
            line, column = locate_offset(text, call.keyword.start)
            raise Forbidden(f"{keyword} {self.refusal}", line=line, column=column, hint=self.hint)


@dataclass(frozen=True, slots=True)
class FederatedQuery:
    """A text whose allowed SERVICE calls are answered; `failures` has a sentence for each that failed."""

    text: str
    call_count: int
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _ServiceCall:
    """A SERVICE: where it starts and ends, its address ("" for a variable), group, and if it is SILENT."""

    start: int
    end: int
    address: str
    group: tuple[Token, ...]
    silent: bool


def answer_service_calls(text: str, policy: OutgoingPolicy) -> FederatedQuery:
    """Answer the allowed SERVICE calls of a query or update, and refuse the rest.

    Raises Forbidden for a call that is not allowed, and what `inline_service_calls` raises.
    """
    answered = inline_service_calls(text, policy.allowed_addresses, policy.limits)
    policy.refuse_calls(answered.text, "SERVICE")
    return answered


def inline_service_calls(
    text: str, allowed_addresses: Sequence[str], limits: RequestLimits
) -> FederatedQuery:
    """Return `text` with its calls to allowed addresses answered; `limits.seconds` are for all of them.

    Raises Forbidden for a call that is not allowed inside one that is, TooLarge beyond MAX_REMOTE_ROWS rows,
    TooExpensive beyond MAX_SERVICE_CALLS calls.
    """
    if not allowed_addresses or "service" not in text.lower():
        return FederatedQuery(text, 0, ())
    expires_at = time.monotonic() + limits.seconds
    failures: list[str] = []
    count = 0
    while (call := _find_last_allowed_call(text, frozenset(allowed_addresses))) is not None:
        if count == MAX_SERVICE_CALLS:
            raise TooExpensive(
                f"The query calls other hosts more than {MAX_SERVICE_CALLS} times.", hint="Call fewer."
            )
        count += 1
        remaining = replace(limits, seconds=expires_at - time.monotonic())
        values = _answer_call(text, call, remaining, failures)
        text = text[: call.start] + values + text[call.end :]
    return FederatedQuery(text, count, tuple(reversed(failures)))


def _find_last_allowed_call(text: str, allowed_addresses: frozenset[str]) -> _ServiceCall | None:
    """Return the last call to an allowed address; being the last, it has no allowed call inside."""
    calls = [call for call in _find_service_calls(tuple(tokenize(text))) if call.address in allowed_addresses]
    return calls[-1] if calls else None


def _find_service_calls(tokens: Sequence[Token]) -> Iterator[_ServiceCall]:
    """Yield the calls that have a group, each before those within it."""
    for call in find_calls(tokens, "SERVICE"):
        opening = call.target_index + 1
        if opening < len(tokens) and tokens[opening].text == "{":
            group = _group_tokens(tokens, opening)
            yield _ServiceCall(call.keyword.start, group[-1].end, call.address, group, call.silent)


def _group_tokens(tokens: Sequence[Token], opening: int) -> tuple[Token, ...]:
    """Return the tokens of a group from its brace to the matching one, to the end where there is none."""
    depth = tokens[opening].depth
    for index in range(opening + 1, len(tokens)):
        if tokens[index].kind == "close" and tokens[index].depth == depth:
            return tuple(tokens[opening : index + 1])
    return tuple(tokens[opening:])


def _answer_call(text: str, call: _ServiceCall, limits: RequestLimits, failures: list[str]) -> str:
    """Return what stands for a call: its rows as VALUES, or what joins with everything when it failed."""
    declarations = find_declarations(tuple(tokenize(text[: call.start])))
    prologue = "\n".join(" ".join(token.text for token in declaration) for declaration in declarations)
    group = _make_group_to_send(text, call)
    try:
        if limits.seconds <= 0:
            raise TooExpensive(f"No time was left to call {call.address}.", hint="Call fewer remotes.")
        if not any(token.kind == "variable" for token in call.group):
            query = f"{prologue} ASK {group}"
            holds = ask_remote(call.address, call.address, query, limits)
            return _NEUTRAL_VALUES if holds else _EMPTY_VALUES
        query = f"{prologue} SELECT * WHERE {group}"
        return _make_values_block(select_from_remote(call.address, call.address, query, limits), call)
    except TooLarge:
        raise
    except UserError as error:
        if not call.silent:
            failures.append(str(error))
        return _NEUTRAL_VALUES


def _make_group_to_send(text: str, call: _ServiceCall) -> str:
    """Return the group to send: a call within it that is SILENT counts as failed, any other is refused."""
    start, parts = call.group[0].start, []
    for inner in _find_service_calls(call.group):
        if inner.start < start:
            continue  # inside a SILENT call that is already replaced
        if not inner.silent:
            line, column = locate_offset(text, inner.start)
            raise Forbidden(
                "A SERVICE inside a SERVICE would make one host call another.",
                line=line,
                column=column,
                hint="Call only allowed addresses, or put the two calls next to each other.",
            )
        parts += [text[start : inner.start], _NEUTRAL_VALUES]
        start = inner.end
    return "".join(parts) + text[start : call.group[-1].end]


def _make_values_block(solutions: Solutions, call: _ServiceCall) -> str:
    """Return rows as a VALUES block; raises TooLarge for too many."""
    if len(solutions) > MAX_REMOTE_ROWS:
        raise TooLarge(
            f"The remote {call.address} answered {len(solutions):,} rows; the limit is {MAX_REMOTE_ROWS:,}.",
            hint="Narrow the pattern inside SERVICE.",
        )
    if not solutions.variables:
        return _NEUTRAL_VALUES if len(solutions) else _EMPTY_VALUES
    names = " ".join(f"?{name}" for name in solutions.variables)
    rows = "\n".join(
        "(" + " ".join(_format_value(term, call) for term in row) + ")" for row in solutions.rows
    )
    return f"VALUES ({names}) {{ {rows} }}"


def _format_value(term: Term | None, call: _ServiceCall) -> str:
    """Return a term as VALUES takes it.

    Another host's blank node becomes an IRI (RDF 1.1, section 3.5): VALUES takes no blank node, and left
    unbound it would join with everything.
    """
    if term is None:
        return "UNDEF"
    if isinstance(term, BlankNode):
        path = f"/.well-known/genid/{quote(term.value, safe='')}"
        return str(NamedNode(urljoin(call.address, path)))
    if isinstance(term, Triple):
        return (
            f"<<( {_format_value(term.subject, call)} {term.predicate} {_format_value(term.object, call)} )>>"
        )
    return str(term)


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
