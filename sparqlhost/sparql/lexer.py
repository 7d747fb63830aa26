"""The words of a SPARQL text: strings, IRIs and comments known for what they are (SPARQL 1.1, section 19.8).

Used to guard the engine (nesting), to say clearly that SERVICE or LOAD is off, and to put dataset clauses in.
It never decides between read and write; the engine's parser does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sparqlhost.errors import BadQuery, TooLarge

#: 2,000 nested groups survive in the engine and 20,000 crash it (measured); real queries stay below 50.
MAX_NESTING = 500

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n\r]*)
    |(?P<string>'''(?:(?:'|'')?(?:[^'\\]|\\.))*'''|\"\"\"(?:(?:"|"")?(?:[^"\\]|\\.))*\"\"\"
      |'(?:[^'\\\n\r]|\\.)*'|"(?:[^"\\\n\r]|\\.)*")
    |(?P<iri><(?:[^<>"{}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*>)
    |(?P<variable>[?$]\w+)
    |(?P<blank>_:[\w.\-]*\w)
    |(?P<language>@[A-Za-z]+(?:-+[A-Za-z0-9]+)*)
    |(?P<name>(?:[^\W\d_][\w.\-]*)?:(?:[\w:]|%[0-9A-Fa-f]{2}|\\[^\w\s])?(?:[\w:.\-]|%[0-9A-Fa-f]{2}|\\[^\w\s])*)
    |(?P<word>[^\W\d]\w*)
    |(?P<number>\d*\.?\d+(?:[eE][+-]?\d+)?)
    |(?P<open><<\(|[{(\[])
    |(?P<close>\)>>|[})\]])
    |(?P<bang>!+)
    |(?P<other>\S)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_NESTING_SIGNS = "{([!"


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text: its kind, its letters, where it stands, and how many groups are open there."""

    kind: str
    text: str
    start: int
    depth: int

    @property
    def end(self) -> int:
        """Return the offset behind the token."""
        return self.start + len(self.text)

    def is_keyword(self, *words: str) -> bool:
        """Say whether it is one of the keywords, in any case."""
        return self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """A SERVICE or LOAD: its keyword, the token that names the host, and whether it may fail silently."""

    keyword: Token
    target: Token
    silent: bool


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of `text` but comments and blanks."""
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind == "comment":
            continue
        if kind == "close":
            depth -= 1
        yield Token(kind, match.group(), match.start(), depth)
        if kind == "open":
            depth += 1


def check_size_and_nesting(text: str, max_bytes: int) -> None:
    """Raise TooLarge for a text over `size` bytes, BadQuery for one nested deeper than the engine bears."""
    if len(text) > max_bytes or len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise TooLarge(
            f"The text has {len(text.encode('utf-8', 'surrogatepass'))} bytes; the limit is {max_bytes}.",
            hint="Shorten it, or let the operator raise KG_QUERY_SIZE.",
        )
    if sum(map(text.count, _NESTING_SIGNS)) <= MAX_NESTING:
        return
    bangs = 0
    for token in tokenize(text):
        bangs = bangs + len(token.text) if token.kind == "bang" else 0
        if token.depth + bangs > MAX_NESTING:
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
    r"""Return `text` with its `\uXXXX` escapes resolved, as section 19.2 has it before any parsing."""
    return _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)), text) if "\\u" in text.lower() else text


def find_outgoing_calls(text: str, keyword: str) -> list[OutgoingCall]:
    """Return each use of the keyword `word` (SERVICE or LOAD): not what strings, IRIs and comments hold."""
    if keyword.lower() not in text.lower() and "\\" not in text:
        return []
    words = list(tokenize(resolve_unicode_escapes(text)))
    calls: list[OutgoingCall] = []
    for at, token in enumerate(words):
        if token.is_keyword(keyword):
            silent = at + 1 < len(words) and words[at + 1].is_keyword("SILENT")
            target = words[at + 1 + silent] if at + 1 + silent < len(words) else token
            calls.append(OutgoingCall(token, target, silent))
    return calls
