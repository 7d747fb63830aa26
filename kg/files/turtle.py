"""Turtle files: their triples, their positions, and every mistake in them, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, RdfFormat, Triple, parse

from kg.errors import BadData
from kg.files.positions import Positions, scan

_BETWEEN = re.compile(r"^Parser error (?:at|between) line \d+ column \d+(?: and [^:]*)?: ")
_FIX = "Mend the Turtle here and run `kg check` again."


@dataclass(frozen=True, slots=True)
class TurtleFile:
    """One file as read: triples in their order, where things stand, what could not be read."""

    name: str
    triples: tuple[Triple, ...]
    positions: Positions
    mistakes: tuple[BadData, ...]


def read_turtle(path: Path, name: str) -> TurtleFile:
    """Read a Turtle file; `name` is how complaints call it. Never raises for what the file holds."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        mistake = BadData("A byte that is not UTF-8.", where=name, line=line, todo="Save the file as UTF-8.")
        return TurtleFile(name, (), Positions(), (mistake,))
    except OSError as error:
        mistake = BadData(
            f"Cannot be read: {error.strerror}.", where=name, todo="Check the file and its rights."
        )
        return TurtleFile(name, (), Positions(), (mistake,))
    triples, mistakes = _parse(text, name)
    return TurtleFile(
        name, tuple(rename_blank_nodes(triples, label(name))), scan(text, name), tuple(mistakes)
    )


def _parse(text: str, name: str) -> tuple[list[Triple], list[BadData]]:
    """Return what parses and one mistake a line that does not; the parser resumes after a mistake."""
    triples: list[Triple] = []
    mistakes: dict[int, BadData] = {}
    reader = parse(input=text, format=RdfFormat.TURTLE)
    while True:
        try:
            quad = next(reader)
        except StopIteration:
            return triples, list(mistakes.values())
        except SyntaxError as error:
            mistake = _mistake(error, name)
            mistakes.setdefault(mistake.line, mistake)
        else:
            triples.append(quad.triple)


def _mistake(error: SyntaxError, name: str) -> BadData:
    """Turn the parser's complaint into one sentence with its place."""
    what = _BETWEEN.sub("", error.msg).strip().rstrip(".")
    line, column = error.lineno or 1, error.offset or 1
    return BadData(f"{what}.", where=name, line=line, column=column, todo=_FIX)


def label(name: str) -> str:
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
