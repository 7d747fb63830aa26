"""The tokens of a SPARQL text (SPARQL 1.1 Query, 19.8), without parsing it.

Used to refuse texts that would crash the engine (nesting), to find SERVICE and LOAD, and to read and insert
dataset clauses. It never decides whether a text reads or writes; the engine's parser does.

An update takes its dataset from `using-graph-uri` of the protocol (SPARQL 1.1 Protocol, 2.2.3), but the
engine has no such argument, so USING clauses are inserted before the WHERE of each DELETE/INSERT.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import pyoxigraph as ox

from sparqlhost.errors import BadQuery, TooLarge

#: the engine parses 2,000 nested groups and crashes at 20,000 (measured); real queries have fewer than 50.
MAX_NESTING = 500

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n\r]*)
    |(?P<string>'''(?:(?:'|'')?(?:[^'\\]|\\.))*'''|\"\"\"(?:(?:"|"")?(?:[^"\\]|\\.))*\"\"\"
      |'(?:[^'\\\n\r]|\\.)*'|"(?:[^"\\\n\r]|\\.)*")
    |(?P<iri><(?:[^<>"{}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*>)
    |(?P<variable>[?$]\w+)
    |(?P<blank>_:[\w.\-]*\w)
    |(?P<language>@[A-Za-z]+(?:-+[A-Za-z0-9]+)*)
    |(?P<name>(?:[^\W\d_][\w.\-]*+)?+:(?:[\w:]|%[0-9A-Fa-f]{2}|\\[^\w\s])?(?:[\w:.\-]|%[0-9A-Fa-f]{2}|\\[^\w\s])*)
    |(?P<run>[^\W\d_][\w.\-]*+)
    |(?P<word>[^\W\d]\w*)
    |(?P<number>\d*\.?\d+(?:[eE][+-]?\d+)?)
    |(?P<open><<\(|[{(\[])
    |(?P<close>\)>>|[})\]])
    |(?P<bang>!+)
    |(?P<other>\S)""",
    re.VERBOSE | re.DOTALL,
)
#: the tokens of a run, which is what begins like a prefixed name and has no colon. It is scanned once as a
#: whole: looking for the colon again at each of its words would take the square of its length.
_TOKEN_OF_RUN = re.compile(r"(?P<word>[^\W\d]\w*)|(?P<number>\d*\.?\d+(?:[eE][+-]?\d+)?)|(?P<other>\S)")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_NESTING_SIGNS = "{([!"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind (a group of _TOKEN), its text, its offset, and how many groups are open there."""

    kind: str
    text: str
    start: int
    depth: int

    @property
    def end(self) -> int:
        """The offset after the token."""
        return self.start + len(self.text)

    def is_keyword(self, *words: str) -> bool:
        """Say whether it is one of the keywords, which are given in capitals."""
        return self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """A SERVICE or LOAD: its keyword, the token that names the host, and whether it may fail silently.

    `target_index` is the place of the target among the tokens; at the end of the text there may be none,
    and the target is the keyword itself.
    """

    keyword: Token
    target: Token
    silent: bool
    target_index: int

    @property
    def address(self) -> str:
        """The IRI that is called, "" where a variable or a prefixed name stands."""
        return self.target.text[1:-1] if self.target.kind == "iri" else ""


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of `text`, without comments and white space."""
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind == "comment":
            continue
        if kind == "run":
            for part in _TOKEN_OF_RUN.finditer(text, match.start(), match.end()):
                yield Token(part.lastgroup or "other", part.group(), part.start(), depth)
            continue
        if kind == "close":
            depth -= 1
        yield Token(kind, match.group(), match.start(), depth)
        if kind == "open":
            depth += 1


def check_size_and_nesting(text: str, max_bytes: int) -> None:
    """Raise TooLarge for a text over `max_bytes`, BadQuery for one that is nested deeper than MAX_NESTING."""
    if len(text) > max_bytes or len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise TooLarge(
            f"The text has {len(text.encode('utf-8', 'surrogatepass'))} bytes; the limit is {max_bytes}.",
            hint="Shorten it, or ask the operator to raise the limit (query_size).",
        )
    if sum(map(text.count, _NESTING_SIGNS)) <= MAX_NESTING:
        return
    negations = 0  # `!!!!x` nests as deep as it is long
    for token in tokenize(text):
        negations = negations + len(token.text) if token.kind == "bang" else 0
        if token.depth + negations > MAX_NESTING:
            line, column = locate_offset(text, token.start)
            raise BadQuery(
                f"The text is nested deeper than {MAX_NESTING} levels here.",
                line=line,
                column=column,
                hint="Write it with fewer nested groups.",
            )


def locate_offset(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, both from 1, of an offset."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def resolve_unicode_escapes(text: str) -> str:
    r"""Return `text` with its `\uXXXX` and `\UXXXXXXXX` escapes resolved (SPARQL 1.1 Query, 19.2)."""
    return _ESCAPE.sub(_resolve_escape, text) if "\\u" in text.lower() else text


def _resolve_escape(escape: re.Match[str]) -> str:
    code_point = int(escape[1] or escape[2], 16)
    return chr(code_point) if code_point <= sys.maxunicode else escape[0]


def find_outgoing_calls(text: str, keyword: str) -> list[OutgoingCall]:
    r"""Return each use of `keyword` (SERVICE or LOAD) outside strings, IRIs and comments.

    Servers disagree on when to resolve Unicode escapes: before everything else (section 19.2), or only inside
    strings and IRIs (as the engine here does). Each reading can hide a call from the other: `"\u0022"` is a
    string to one and begins a long string to the other, which ends at the next `"\u0022"`. So the text is
    read both ways, and a call found by either counts. Offsets are those of the text as it was read.
    """
    if keyword.lower() not in text.lower() and "\\" not in text:
        return []
    calls = list(find_calls(tuple(tokenize(text)), keyword))
    resolved_text = resolve_unicode_escapes(text)
    if resolved_text == text:
        return calls
    resolved_calls = list(find_calls(tuple(tokenize(resolved_text)), keyword))
    is_same = [call.target.text for call in calls] == [call.target.text for call in resolved_calls]
    return calls if is_same else calls + resolved_calls


def find_calls(tokens: Sequence[Token], keyword: str) -> Iterator[OutgoingCall]:
    """Yield each use of `keyword` (SERVICE or LOAD) among the tokens, in order."""
    for index, token in enumerate(tokens):
        if token.is_keyword(keyword):
            silent = index + 1 < len(tokens) and tokens[index + 1].is_keyword("SILENT")
            target_index = index + 1 + silent
            target = tokens[target_index] if target_index < len(tokens) else token
            yield OutgoingCall(token, target, silent, target_index)


def find_declarations(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """Yield the tokens of each BASE and PREFIX declaration, those of an update's later operations too."""
    for index, token in enumerate(tokens):
        size = 2 if token.is_keyword("BASE") else 3 if token.is_keyword("PREFIX") else 0
        declaration = tuple(tokens[index : index + size])
        if size and len(declaration) == size and declaration[-1].kind == "iri":
            yield declaration


def parse_graph_iri(iri: str) -> ox.NamedNode:
    """Return the graph name `iri`; raises BadQuery unless it is an absolute IRI."""
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise BadQuery(
            f"{iri!r} is not an absolute IRI.", hint="Name a graph by its complete IRI."
        ) from error


def parse_from_clauses(text: str, base: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the IRIs of the FROM and of the FROM NAMED clauses, resolved against `base` and the prologue.

    A text with fewer than two FROM returns empty tuples: only several default graphs have to be merged, the
    engine does the rest. So does a text with an IRI that cannot be resolved: the engine's error is better.
    """
    if text.upper().count("FROM") < 2:
        return (), ()
    words = list(tokenize(text))
    prefixes, base = _parse_prologue(words, base or "")
    defaults: list[str] = []
    named: list[str] = []
    for at, word in enumerate(words):
        if word.depth or not word.is_keyword("FROM"):
            continue
        is_named = at + 1 < len(words) and words[at + 1].is_keyword("NAMED")
        iri = _resolve_iri(words[at + 1 + is_named : at + 2 + is_named], prefixes, base)
        if iri is None:
            return (), ()
        (named if is_named else defaults).append(iri)
    return tuple(defaults), tuple(named)


def _parse_prologue(words: list[Token], base: str) -> tuple[dict[str, str], str]:
    """Return the prefixes and the base that the prologue declares."""
    prefixes: dict[str, str] = {}
    for declaration in find_declarations(words):
        iri = urljoin(base, declaration[-1].text[1:-1])
        if declaration[0].is_keyword("BASE"):
            base = iri
        else:
            prefixes[declaration[1].text] = iri
    return prefixes, base


def _resolve_iri(words: list[Token], prefixes: dict[str, str], base: str) -> str | None:
    """Return the IRI that the first of `words` is, or None."""
    if not words:
        return None
    if words[0].kind == "iri":
        return urljoin(base, words[0].text[1:-1])
    prefix, _, local = words[0].text.partition(":")
    return prefixes[f"{prefix}:"] + local if f"{prefix}:" in prefixes else None


def add_using_clauses(update: str, default_graphs: Sequence[str], named_graphs: Sequence[str]) -> str:
    """Return `update` over the given dataset; raises BadQuery if it names one itself (USING or WITH)."""
    if not default_graphs and not named_graphs:
        return update
    words = [token for token in tokenize(update) if not token.depth]
    for word in words:
        if word.is_keyword("USING", "WITH"):
            line, column = locate_offset(update, word.start)
            raise BadQuery(
                f"The update has {word.text.upper()} and the request using-graph-uri; only one is allowed.",
                line=line,
                column=column,
                hint="Remove one of them.",
            )
    clauses = "".join(_make_using_clauses(default_graphs, named_graphs))
    parts: list[str] = []
    at = 0
    for index, word in enumerate(words):
        if word.is_keyword("WHERE"):
            parts += [update[at : word.start], _find_delete_template(update, words, index), clauses]
            at = word.start
    return "".join(parts) + update[at:]


def _make_using_clauses(default_graphs: Iterable[str], named_graphs: Iterable[str]) -> Iterable[str]:
    # str() of a NamedNode, which was checked, puts it between angle brackets: nothing can break out of them
    for iri in default_graphs:
        yield f"USING {parse_graph_iri(iri)} "
    for iri in named_graphs:
        yield f"USING NAMED {parse_graph_iri(iri)} "


def _find_delete_template(update: str, words: list[Token], index: int) -> str:
    """Return the template that DELETE WHERE leaves out and needs once USING stands before WHERE."""
    if not index or not words[index - 1].is_keyword("DELETE"):
        return ""
    opening = words[index + 1] if index + 1 < len(words) else None
    closing = next((word for word in words[index + 1 :] if word.text == "}"), None)
    if opening is None or closing is None:
        return ""
    return f"{update[opening.start : closing.end]} "
