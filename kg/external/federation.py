"""SERVICE to the remotes the operator named: asked here, their rows put into the query in its place.

So the engine needs no network, every call has a deadline and no redirect, and a remote that fails leaves the
local part of the answer and a sentence. What is not on the list stays in the text, for others to refuse.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pyoxigraph import BlankNode, Triple

from kg.errors import Forbidden, KgError, TooLarge
from kg.external.remote_endpoint import ask, select
from kg.store.lexer import Token, place, tokens, unescaped
from kg.store.protocol import Solutions, Term

#: rows one remote may put into a query.
ROWS = 100_000
_FORMS = ("SELECT", "CONSTRUCT", "DESCRIBE", "ASK")
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
    """A SERVICE to an allowed address: where it starts and ends, its group, and whether it may be silent."""

    start: int
    end: int
    address: str
    group: tuple[Token, ...]
    silent: bool


def joined(text: str, allowed: Sequence[str], deadline: float) -> Joined:
    """Return `text` with its calls to `allowed` addresses answered, in `deadline` seconds altogether.

    Raises Forbidden for a SERVICE inside a SERVICE, TooLarge for an answer of more than ROWS rows.
    """
    if not allowed or "service" not in text.lower():
        return Joined(text, 0, ())
    plain = unescaped(text)
    words = tuple(tokens(plain))
    calls = _calls(plain, words, frozenset(allowed))
    until = time.monotonic() + deadline
    prologue = _prologue(plain, words)
    notes: list[str] = []
    made = plain
    for call in reversed(calls):
        values = _answered(plain, prologue, call, until, notes)
        made = made[: call.start] + values + made[call.end :]
    return Joined(made, len(calls), tuple(reversed(notes)))


def _calls(text: str, words: Sequence[Token], allowed: frozenset[str]) -> list[_Call]:
    """Return the calls to allowed addresses."""
    found: list[_Call] = []
    for at, token in enumerate(words):
        if not token.is_word("SERVICE"):
            continue
        silent = at + 1 < len(words) and words[at + 1].is_word("SILENT")
        here = at + 1 + silent
        if here + 1 >= len(words) or words[here].text[1:-1] not in allowed or words[here + 1].text != "{":
            continue
        group = _group(words, here + 1)
        if (found and token.start < found[-1].end) or any(word.is_word("SERVICE") for word in group):
            line, column = place(text, token.start)
            raise Forbidden(
                "A SERVICE inside a SERVICE would make one host call another.",
                line=line,
                column=column,
                todo="Put the calls beside one another.",
            )
        found.append(_Call(token.start, group[-1].end, words[here].text[1:-1], group, silent))
    return found


def _group(words: Sequence[Token], opening: int) -> tuple[Token, ...]:
    """Return the tokens of a group from its brace to the matching one, to the end where there is none."""
    depth = words[opening].depth
    for at in range(opening + 1, len(words)):
        if words[at].kind == "close" and words[at].depth == depth:
            return tuple(words[opening : at + 1])
    return tuple(words[opening:])


def _prologue(text: str, words: Sequence[Token]) -> str:
    """Return the BASE and PREFIX declarations."""
    first = next((word for word in words if word.is_word(*_FORMS)), None)
    return text[: first.start] if first else ""


def _answered(text: str, prologue: str, call: _Call, until: float, notes: list[str]) -> str:
    """Return what stands for a call: its rows as VALUES, or what joins with everything when it failed."""
    group = text[call.group[0].start : call.group[-1].end]
    left = max(0.1, until - time.monotonic())
    has_variables = any(word.kind == "variable" for word in call.group)
    try:
        if not has_variables:
            return _ONE if ask(call.address, call.address, f"{prologue} ASK {group}", left) else _NONE
        return _values(select(call.address, call.address, f"{prologue} SELECT * WHERE {group}", left), call)
    except TooLarge:
        raise
    except KgError as error:
        if not call.silent:
            notes.append(str(error))
        return _ONE


def _values(found: Solutions, call: _Call) -> str:
    """Return rows as a VALUES block; blank nodes have no meaning here and stay unbound."""
    if len(found) > ROWS:
        raise TooLarge(
            f"The remote {call.address} answered {len(found):,} rows; the limit is {ROWS:,}.",
            todo="Narrow what stands inside SERVICE.",
        )
    if not found.variables:
        return _ONE if len(found) else _NONE
    names = " ".join(f"?{name}" for name in found.variables)
    rows = "\n".join("(" + " ".join(_cell(term) for term in row) + ")" for row in found.rows)
    return f"VALUES ({names}) {{ {rows} }}"


def _cell(term: Term | None) -> str:
    """Return a term as VALUES takes it."""
    return "UNDEF" if term is None or isinstance(term, BlankNode | Triple) else str(term)
