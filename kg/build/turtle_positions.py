"""The positions of subjects, verbs and terms in a Turtle file; RDF parsers return triples without lines.

This is a tokenizer, not a parser: whether the text is valid Turtle is decided by pyoxigraph
(`kg.build.turtle_files`). It never fails, so positions are known for broken files too.
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
    """A position in a file: line and column, both from 1."""

    file: str
    line: int
    column: int


@dataclass(slots=True)
class TurtlePositions:
    """The positions in one file, by IRI.

    subjects: of statements at the top level. definitions: of subjects that get a type (`a`).
    verbs: by (subject, verb). terms: every use of an IRI.
    """

    prefixes: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, list[FilePosition]] = field(default_factory=dict)
    definitions: dict[str, list[FilePosition]] = field(default_factory=dict)
    verbs: dict[tuple[str, str], list[FilePosition]] = field(default_factory=dict)
    terms: dict[str, list[FilePosition]] = field(default_factory=dict)

    def find_position(self, subject: str, predicate: str = "") -> FilePosition | None:
        """Return the first position of a subject's `predicate`, else of its statement, else of any use."""
        positions = (
            self.verbs.get((subject, predicate)) or self.subjects.get(subject) or self.terms.get(subject)
        )
        return positions[0] if positions else None


@dataclass(slots=True)
class _Token:
    kind: str
    text: str
    position: FilePosition


def scan_turtle(text: str, file: str) -> TurtlePositions:
    """Return the positions in Turtle `text` of the file named `file`.

    `expect` says what the next token at the top level is: a statement is subject verb object, `;` begins the
    next verb, `.` the next statement. Inside brackets (`depth` > 0) only the uses of terms are recorded, so
    the verbs of a blank node count for no subject.
    """
    positions = TurtlePositions()
    depth, subject, expect = 0, "", "subject"
    tokens = _tokenize_turtle(text, file)
    for token in tokens:
        if expect == "subject" and _read_directive(token, tokens, positions.prefixes):
            continue
        iri = _resolve_iri(token, positions.prefixes)
        if iri:
            positions.terms.setdefault(iri, []).append(token.position)
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
            positions.subjects.setdefault(iri, []).append(token.position)
        elif depth == 0 and expect == "verb":
            _note_verb(positions, subject, token, iri)
            expect = "object"
    return positions


def _note_verb(positions: TurtlePositions, subject: str, token: _Token, iri: str) -> None:
    """Record a verb of `subject`; the verb `a` also makes the statement a definition of it."""
    if token.text == "a":
        iri = RDF["type"].value
    if iri == RDF["type"].value:
        positions.definitions.setdefault(subject, []).append(
            positions.subjects.get(subject, [token.position])[-1]
        )
    positions.verbs.setdefault((subject, iri), []).append(token.position)


def _tokenize_turtle(text: str, file: str) -> Iterator[_Token]:
    """Yield the tokens of `text` without comments and white space."""
    line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
    for match in _TOKEN.finditer(text):
        if match.lastgroup and match.lastgroup != "comment":
            line = bisect_right(line_starts, match.start())
            position = FilePosition(file, line, match.start() - line_starts[line - 1] + 1)
            yield _Token(match.lastgroup, match.group(), position)


def _read_directive(token: _Token, tokens: Iterator[_Token], prefixes: dict[str, str]) -> bool:
    """Read `@prefix p: <iri> .`, `PREFIX p: <iri>` or a base into `prefixes`; return whether it was one.

    The forms with `@` end in a full stop (Turtle 1.1, section 6.5, rules 4 to 6s), which is read too.
    """
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
    """Return the absolute IRI of a token, "" for one that is not an IRI or has an unknown prefix."""
    if token.kind == "iri":
        return urljoin(prefixes.get("@base", ""), token.text[1:-1])
    if token.kind == "name" and not token.text.startswith("_:"):
        prefix, _, local = token.text.partition(":")
        return prefixes[prefix] + re.sub(r"\\(.)", r"\1", local) if prefix in prefixes else ""
    return ""
