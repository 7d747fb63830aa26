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

from kg.errors import Forbidden, KgError, TooExpensive, TooLarge
from kg.external.remote_endpoint import ask, select
from kg.store.lexer import Token, place, tokens
from kg.store.protocol import Solutions, Term

#: rows one remote may put into a query.
ROWS = 100_000
#: calls one query may make: each is a request that a stranger lets this server send.
CALLS = 16
#: joins with everything: what stands where a remote failed.
_ONE = "VALUES () { () }"
_NONE = "VALUES () { }"


@dataclass(frozen=True, slots=True)
class Joined:
    """A query whose allowed SERVICE calls are answered; `notes` tell of remotes that failed."""

    text: str
    asked: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Call:
    """A SERVICE: where it starts and ends, its address ("" for a variable), its group, and its silence."""

    start: int
    end: int
    address: str
    group: tuple[Token, ...]
    silent: bool


def joined(
    text: str, allowed: Sequence[str], deadline: float, intranet: Sequence[str] | None = None
) -> Joined:
    """Return `text` with its calls to `allowed` addresses answered, in `deadline` seconds altogether.

    Names in `intranet` may stand for private addresses, with None all may. Raises Forbidden for a call that
    may not be made inside one that may, TooLarge beyond ROWS rows, TooExpensive beyond CALLS calls.
    """
    if not allowed or "service" not in text.lower():
        return Joined(text, 0, ())
    until = time.monotonic() + deadline
    notes: list[str] = []
    made, asked = text, 0
    while (call := _last(made, frozenset(allowed))) is not None:
        if asked == CALLS:
            raise TooExpensive(f"The query calls other hosts more than {CALLS} times.", todo="Call fewer.")
        asked += 1
        values = _answered(made, call, until, notes, intranet)
        made = made[: call.start] + values + made[call.end :]
    return Joined(made, asked, tuple(reversed(notes)))


def _last(text: str, allowed: frozenset[str]) -> _Call | None:
    """Return the last call to an allowed address: what it holds is no such call any more."""
    calls = [call for call in _calls(tuple(tokens(text))) if call.address in allowed]
    return calls[-1] if calls else None


def _calls(words: Sequence[Token]) -> Iterator[_Call]:
    """Yield the calls, each before those within it."""
    for at, token in enumerate(words):
        if not token.is_word("SERVICE"):
            continue
        silent = at + 1 < len(words) and words[at + 1].is_word("SILENT")
        here = at + 1 + silent
        if here + 1 >= len(words) or words[here + 1].text != "{":
            continue
        group = _group(words, here + 1)
        address = words[here].text[1:-1] if words[here].kind == "iri" else ""
        yield _Call(token.start, group[-1].end, address, group, silent)


def _group(words: Sequence[Token], opening: int) -> tuple[Token, ...]:
    """Return the tokens of a group from its brace to the matching one, to the end where there is none."""
    depth = words[opening].depth
    for at in range(opening + 1, len(words)):
        if words[at].kind == "close" and words[at].depth == depth:
            return tuple(words[opening : at + 1])
    return tuple(words[opening:])


def _prologue(words: Sequence[Token]) -> str:
    """Return the BASE and PREFIX declarations before a call, those of an update's later operations too."""
    lines = []
    for at, word in enumerate(words[:-2]):
        if word.is_word("BASE") and words[at + 1].kind == "iri":
            lines.append(f"BASE {words[at + 1].text}")
        if word.is_word("PREFIX") and words[at + 1].kind == "name" and words[at + 2].kind == "iri":
            lines.append(f"PREFIX {words[at + 1].text} {words[at + 2].text}")
    return "\n".join(lines)


def _answered(text: str, call: _Call, until: float, notes: list[str], intranet: Sequence[str] | None) -> str:
    """Return what stands for a call: its rows as VALUES, or what joins with everything when it failed."""
    prologue = _prologue(tuple(tokens(text[: call.start])))
    group = _hushed(text, call)
    has_variables = any(word.kind == "variable" for word in call.group)
    try:
        left = until - time.monotonic()
        if left <= 0:
            raise TooExpensive(f"No time was left to call {call.address}.", todo="Call fewer remotes.")
        if not has_variables:
            query = f"{prologue} ASK {group}"
            return _ONE if ask(call.address, call.address, query, left, intranet) else _NONE
        query = f"{prologue} SELECT * WHERE {group}"
        return _values(select(call.address, call.address, query, left, intranet), call)
    except TooLarge:
        raise
    except KgError as error:
        if not call.silent:
            notes.append(str(error))
        return _ONE


def _hushed(text: str, call: _Call) -> str:
    """Return the group to send: a SILENT call within it has failed, any other is refused."""
    start, parts = call.group[0].start, []
    for inner in _calls(call.group):
        if inner.start < start:
            continue  # within one that is dealt with
        if not inner.silent:
            line, column = place(text, inner.start)
            raise Forbidden(
                "A SERVICE inside a SERVICE would make one host call another.",
                line=line,
                column=column,
                todo="Call only addresses on the allow-list, or put the calls beside one another.",
            )
        parts += [text[start : inner.start], _ONE]
        start = inner.end
    return "".join(parts) + text[start : call.group[-1].end]


def _values(found: Solutions, call: _Call) -> str:
    """Return rows as a VALUES block."""
    if len(found) > ROWS:
        raise TooLarge(
            f"The remote {call.address} answered {len(found):,} rows; the limit is {ROWS:,}.",
            todo="Narrow what stands inside SERVICE.",
        )
    if not found.variables:
        return _ONE if len(found) else _NONE
    names = " ".join(f"?{name}" for name in found.variables)
    rows = "\n".join("(" + " ".join(_cell(term, call) for term in row) + ")" for row in found.rows)
    return f"VALUES ({names}) {{ {rows} }}"


def _cell(term: Term | None, call: _Call) -> str:
    """Return a term as VALUES takes it: another host's blank node becomes an IRI (RDF 1.1, section 3.5).

    Left unbound it would join with everything, which is wrong.
    """
    if term is None:
        return "UNDEF"
    if isinstance(term, BlankNode):
        path = f"/.well-known/genid/{quote(term.value, safe='')}"
        return str(NamedNode(urljoin(call.address, path)))
    if isinstance(term, Triple):
        return f"<<( {_cell(term.subject, call)} {term.predicate} {_cell(term.object, call)} )>>"
    return str(term)
