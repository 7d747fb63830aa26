"""SERVICE to the remotes the operator named: asked here, their rows put into the query in its place.

So the engine needs no network, every call has a deadline and no redirect, and a remote that fails leaves the
local part of the answer and a sentence. What is not on the list stays in the text, for others to refuse.
A call within a call is answered first and travels along as rows: no remote is made to call another.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from pyoxigraph import BlankNode, NamedNode, Triple

from sparqlhost.errors import Forbidden, TooExpensive, TooLarge, UserError
from sparqlhost.remote_endpoint import ask_remote, select_from_remote
from sparqlhost.sparql.lexer import Token, locate_offset, tokenize
from sparqlhost.store.interface import Solutions, Term

#: rows one remote may put into a query.
MAX_REMOTE_ROWS = 100_000
#: calls one query may make: each is a request that a stranger lets this server send.
MAX_SERVICE_CALLS = 16
#: joins with everything: what stands where a remote failed.
_NEUTRAL_VALUES = "VALUES () { () }"
_EMPTY_VALUES = "VALUES () { }"


@dataclass(frozen=True, slots=True)
class FederatedQuery:
    """A query whose allowed SERVICE calls are answered; `notes` tell of remotes that failed."""

    text: str
    call_count: int
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _ServiceCall:
    """A SERVICE: where it starts and ends, its address ("" for a variable), its group, and its silence."""

    start: int
    end: int
    address: str
    group: tuple[Token, ...]
    silent: bool


def inline_service_calls(
    text: str, allowed_addresses: Sequence[str], deadline: float, private_hosts: Sequence[str] | None = None
) -> FederatedQuery:
    """Return `text` with its calls to `allowed` addresses answered, in `deadline` seconds altogether.

    Names in `intranet` may stand for private addresses, with None all may. Raises Forbidden for a call that
    may not be made inside one that may, TooLarge beyond ROWS rows, TooExpensive beyond CALLS calls.
    """
    if not allowed_addresses or "service" not in text.lower():
        return FederatedQuery(text, 0, ())
    until = time.monotonic() + deadline
    notes: list[str] = []
    made, asked = text, 0
    while (call := _find_last_allowed_call(made, frozenset(allowed_addresses))) is not None:
        if asked == MAX_SERVICE_CALLS:
            raise TooExpensive(
                f"The query calls other hosts more than {MAX_SERVICE_CALLS} times.", hint="Call fewer."
            )
        asked += 1
        values = _answer_call(made, call, until, notes, private_hosts)
        made = made[: call.start] + values + made[call.end :]
    return FederatedQuery(made, asked, tuple(reversed(notes)))


def _find_last_allowed_call(text: str, allowed_addresses: frozenset[str]) -> _ServiceCall | None:
    """Return the last call to an allowed address: what it holds is no such call any more."""
    calls = [call for call in _find_service_calls(tuple(tokenize(text))) if call.address in allowed_addresses]
    return calls[-1] if calls else None


def _find_service_calls(words: Sequence[Token]) -> Iterator[_ServiceCall]:
    """Yield the calls, each before those within it."""
    for at, token in enumerate(words):
        if not token.is_keyword("SERVICE"):
            continue
        silent = at + 1 < len(words) and words[at + 1].is_keyword("SILENT")
        here = at + 1 + silent
        if here + 1 >= len(words) or words[here + 1].text != "{":
            continue
        group = _group_tokens(words, here + 1)
        address = words[here].text[1:-1] if words[here].kind == "iri" else ""
        yield _ServiceCall(token.start, group[-1].end, address, group, silent)


def _group_tokens(words: Sequence[Token], opening: int) -> tuple[Token, ...]:
    """Return the tokens of a group from its brace to the matching one, to the end where there is none."""
    depth = words[opening].depth
    for at in range(opening + 1, len(words)):
        if words[at].kind == "close" and words[at].depth == depth:
            return tuple(words[opening : at + 1])
    return tuple(words[opening:])


def _collect_prologue(words: Sequence[Token]) -> str:
    """Return the BASE and PREFIX declarations before a call, those of an update's later operations too."""
    lines = []
    for at, word in enumerate(words[:-2]):
        if word.is_keyword("BASE") and words[at + 1].kind == "iri":
            lines.append(f"BASE {words[at + 1].text}")
        if word.is_keyword("PREFIX") and words[at + 1].kind == "name" and words[at + 2].kind == "iri":
            lines.append(f"PREFIX {words[at + 1].text} {words[at + 2].text}")
    return "\n".join(lines)


def _answer_call(
    text: str, call: _ServiceCall, expires_at: float, failures: list[str], private_hosts: Sequence[str] | None
) -> str:
    """Return what stands for a call: its rows as VALUES, or what joins with everything when it failed."""
    prologue = _collect_prologue(tuple(tokenize(text[: call.start])))
    group = _make_group_to_send(text, call)
    has_variables = any(word.kind == "variable" for word in call.group)
    try:
        left = expires_at - time.monotonic()
        if left <= 0:
            raise TooExpensive(f"No time was left to call {call.address}.", hint="Call fewer remotes.")
        if not has_variables:
            query = f"{prologue} ASK {group}"
            return (
                _NEUTRAL_VALUES
                if ask_remote(call.address, call.address, query, left, private_hosts)
                else _EMPTY_VALUES
            )
        query = f"{prologue} SELECT * WHERE {group}"
        return _make_values_block(
            select_from_remote(call.address, call.address, query, left, private_hosts), call
        )
    except TooLarge:
        raise
    except UserError as error:
        if not call.silent:
            failures.append(str(error))
        return _NEUTRAL_VALUES


def _make_group_to_send(text: str, call: _ServiceCall) -> str:
    """Return the group to send: a SILENT call within it has failed, any other is refused."""
    start, parts = call.group[0].start, []
    for inner in _find_service_calls(call.group):
        if inner.start < start:
            continue  # within one that is dealt with
        if not inner.silent:
            line, column = locate_offset(text, inner.start)
            raise Forbidden(
                "A SERVICE inside a SERVICE would make one host call another.",
                line=line,
                column=column,
                hint="Call only addresses on the allow-list, or put the calls beside one another.",
            )
        parts += [text[start : inner.start], _NEUTRAL_VALUES]
        start = inner.end
    return "".join(parts) + text[start : call.group[-1].end]


def _make_values_block(solutions: Solutions, call: _ServiceCall) -> str:
    """Return rows as a VALUES block."""
    if len(solutions) > MAX_REMOTE_ROWS:
        raise TooLarge(
            f"The remote {call.address} answered {len(solutions):,} rows; the limit is {MAX_REMOTE_ROWS:,}.",
            hint="Narrow what stands inside SERVICE.",
        )
    if not solutions.variables:
        return _NEUTRAL_VALUES if len(solutions) else _EMPTY_VALUES
    names = " ".join(f"?{name}" for name in solutions.variables)
    rows = "\n".join(
        "(" + " ".join(_format_value(term, call) for term in row) + ")" for row in solutions.rows
    )
    return f"VALUES ({names}) {{ {rows} }}"


def _format_value(term: Term | None, call: _ServiceCall) -> str:
    """Return a term as VALUES takes it: another host's blank node becomes an IRI (RDF 1.1, section 3.5).

    Left unbound it would join with everything, which is wrong.
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
