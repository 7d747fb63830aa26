"""Turtle files: their triples, their positions, and every mistake in them, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, RdfFormat, Triple, parse

from kg.errors import BadData
from kg.files.positions import TurtlePositions, scan_turtle
from kg.files.text import NotUtf8Text, read_text
from kg.namespaces import PREFIXES

_PARSER_POSITION = re.compile(
    r"^Parser error (?:at|between) line \d+ (?:between columns|column) \d+(?: and [^:]*)?: "
)
_UNDECLARED_PREFIX = re.compile(r"The prefix \S+ has not been declared")
_PREFIX_DECLARATION = re.compile(r"^\s*@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_FIX_HINT = "Mend the Turtle here and run `kg check` again."
_MAX_MISTAKES = 20  # complaints a file: past that it is another kind of file


@dataclass(frozen=True, slots=True)
class TurtleFile:
    """One file as read: triples in their order, where things stand, what could not be read."""

    name: str
    triples: tuple[Triple, ...]
    positions: TurtlePositions
    mistakes: tuple[BadData, ...]


def read_turtle(path: Path, name: str) -> TurtleFile:
    """Read a Turtle file; `name` is how complaints call it. Never raises for what the file holds."""
    try:
        text = read_text(path, name)
    except NotUtf8Text as error:
        return TurtleFile(name, (), scan_turtle(error.salvaged_text, name), (error,))
    except BadData as mistake:
        return TurtleFile(name, (), TurtlePositions(), (mistake,))
    triples, mistakes = _parse_turtle(text, name)
    mistakes.extend(_find_conflicting_prefixes(text, name))
    return TurtleFile(
        name,
        tuple(rename_blank_nodes(triples, make_blank_node_prefix(name))),
        scan_turtle(text, name),
        tuple(mistakes),
    )


def _find_conflicting_prefixes(text: str, name: str) -> Iterator[BadData]:
    """Yield a mistake for each prefix of the project that stands for something else in this file."""
    for found in _PREFIX_DECLARATION.finditer(text):
        prefix, iri = found.groups()
        if PREFIXES.get(prefix, iri) != iri:
            yield BadData(
                f"The prefix {prefix}: stands for <{iri}> here.",
                location=name,
                line=text[: found.start()].count("\n") + 1,
                hint=f"Write <{PREFIXES[prefix]}>, as everywhere.",
            )


def _parse_turtle(text: str, name: str) -> tuple[list[Triple], list[BadData]]:
    """Return what parses and one mistake a line that does not; the parser resumes after a mistake."""
    triples: list[Triple] = []
    mistakes: dict[int | str, BadData] = {}
    reader = parse(input=text, format=RdfFormat.TURTLE)
    while len(mistakes) < _MAX_MISTAKES:
        try:
            quad = next(reader)
        except StopIteration:
            break
        except SyntaxError as error:
            mistake = _make_syntax_error(error, name)
            prefix = _UNDECLARED_PREFIX.search(mistake.message)  # one complaint a prefix, not one a use of it
            mistakes.setdefault(prefix.group() if prefix else mistake.line, mistake)
        else:
            triples.append(quad.triple)
    found = list(mistakes.values())
    if len(found) == _MAX_MISTAKES:
        found.append(
            BadData(f"{_MAX_MISTAKES} lines and more cannot be read.", location=name, hint="Is it Turtle?")
        )
    return triples, found


def _make_syntax_error(error: SyntaxError, name: str) -> BadData:
    """Turn the parser's complaint into one sentence with its place."""
    what = _PARSER_POSITION.sub("", error.msg).strip().rstrip(".")
    line, column = error.lineno or 1, error.offset or 1
    return BadData(f"{what}.", location=name, line=line, column=column, hint=_FIX_HINT)


def make_blank_node_prefix(name: str) -> str:
    """Return a blank-node prefix for a file name, so that labels do not depend on other files."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name.removesuffix(".ttl")).strip("-")


def rename_blank_nodes(triples: Iterable[Triple], prefix: str) -> Iterator[Triple]:
    """Yield the triples with blank nodes named by order of appearance, so that two runs give equal bytes."""
    names: dict[BlankNode, BlankNode] = {}

    def name_of(node: BlankNode) -> BlankNode:
        return names.setdefault(node, BlankNode(f"{prefix}-{len(names) + 1}"))

    for triple in triples:
        subject = name_of(triple.subject) if isinstance(triple.subject, BlankNode) else triple.subject
        object_ = name_of(triple.object) if isinstance(triple.object, BlankNode) else triple.object
        yield Triple(subject, triple.predicate, object_)
