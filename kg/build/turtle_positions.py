"""Where in a Turtle file each subject, verb and term stands; parsers give triples but no lines.

A tokeniser, not a parser: what is a statement is judged by pyoxigraph (`kg.build.turtle_files`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

from kg.namespaces import RDF

# Turtle 1.1, section 6.5: comments, strings, IRIs, prefixed names; every other character is punctuation.
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
      | (?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
          |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
      | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
      | (?P<number>[+-]?(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\w:]))
      | (?P<name>(?:[\w][\w.-]*)?:(?:(?:[\w:.%-]|\\[_~.\-!$&'()*+,;=/?\#@%])*(?:[\w:%-]|\\.))?|_:[\w.-]*\w)
      | (?P<word>[A-Za-z]+)
      | (?P<mark>[\[\](){};,.^])
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = frozenset("[("), frozenset("])")


@dataclass(frozen=True, slots=True, order=True)
class FilePosition:
    """A file, and in it a line and a column, both counted from 1."""

    file: str
    line: int
    column: int


@dataclass(slots=True)
class TurtlePositions:
    """Places by what stands there: subjects of statements, verbs of a subject, and every IRI used."""

    prefixes: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, list[FilePosition]] = field(default_factory=dict)
    definitions: dict[str, list[FilePosition]] = field(default_factory=dict)
    verbs: dict[tuple[str, str], list[FilePosition]] = field(default_factory=dict)
    terms: dict[str, list[FilePosition]] = field(default_factory=dict)

    def find_position(self, subject: str, predicate: str = "") -> FilePosition | None:
        """Return where `subject` says `predicate`, or else where its statement starts."""
        found = self.verbs.get((subject, predicate)) or self.subjects.get(subject) or self.terms.get(subject)
        return found[0] if found else None


@dataclass(slots=True)
class _Token:
    kind: str
    text: str
    position: FilePosition


def scan_turtle(text: str, file: str) -> TurtlePositions:
    """Return the positions of the subjects, verbs and terms in Turtle `text` of the file named `file`."""
    found = TurtlePositions()
    depth, subject, expect = 0, "", "subject"
    tokens = _tokenize_turtle(text, file)
    for token in tokens:
        if expect == "subject" and _read_directive(token, tokens, found.prefixes):
            continue
        iri = _resolve_iri(token, found.prefixes)
        if iri:
            found.terms.setdefault(iri, []).append(token.position)
        if token.text in _OPENING:
            expect = "verb" if expect == "subject" else expect
            depth += 1
        elif token.text in _CLOSING:
            depth -= 1
        elif depth == 0 and token.text == ".":
            subject, expect = "", "subject"
        elif depth == 0 and token.text == ";":
            expect = "verb"
        elif depth == 0 and expect == "subject":
            subject, expect = iri, "verb"
            found.subjects.setdefault(iri, []).append(token.position)
        elif depth == 0 and expect == "verb":
            _note_verb(found, subject, token, iri)
            expect = "object"
    return found


def _note_verb(positions: TurtlePositions, subject: str, token: _Token, iri: str) -> None:
    """Note that `subject` uses a verb here; `a` also makes the place a definition of it."""
    if token.text == "a":
        iri = RDF["type"].value
    if iri == RDF["type"].value:
        positions.definitions.setdefault(subject, []).append(
            positions.subjects.get(subject, [token.position])[-1]
        )
    positions.verbs.setdefault((subject, iri), []).append(token.position)


def _tokenize_turtle(text: str, file: str) -> Iterator[_Token]:
    """Yield the tokens of `text` that are neither comment nor blank."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    for match in _TOKEN.finditer(text):
        if match.lastgroup and match.lastgroup != "comment":
            line = bisect_right(starts, match.start())
            place = FilePosition(file, line, match.start() - starts[line - 1] + 1)
            yield _Token(match.lastgroup, match.group(), place)


def _read_directive(token: _Token, tokens: Iterator[_Token], prefixes: dict[str, str]) -> bool:
    """Read `@prefix p: <iri> .`, `PREFIX p: <iri>` or a base; return whether it was one."""
    keyword = token.text.lstrip("@").lower()
    if keyword not in {"prefix", "base"} or token.kind not in {"language", "word"}:
        return False
    name = next(tokens, None).text if keyword == "prefix" else "@base:"  # type: ignore[union-attr]
    iri = next(tokens, None)
    if iri is not None:
        prefixes[name.removesuffix(":")] = urljoin(prefixes.get("@base", ""), iri.text.strip("<>"))
    if token.kind == "language":
        next(tokens, None)
    return True


def _resolve_iri(token: _Token, prefixes: dict[str, str]) -> str:
    """Return the absolute IRI a token names, or an empty string."""
    if token.kind == "iri":
        return urljoin(prefixes.get("@base", ""), token.text[1:-1])
    if token.kind == "name" and not token.text.startswith("_:"):
        prefix, _, local = token.text.partition(":")
        return prefixes[prefix] + re.sub(r"\\(.)", r"\1", local) if prefix in prefixes else ""
    return ""
