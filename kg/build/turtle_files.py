"""Turtle files: their triples, where each subject stands, and every mistake in them, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple, parse

from kg.build.turtle_positions import FilePosition, TurtlePositions, scan_turtle
from kg.errors import BadData
from kg.namespaces import BASE, PREFIXES, compress_iri
from kg.text_files import NotUtf8Text, clean_parser_message, read_text

_UNDECLARED_PREFIX = re.compile(r"The prefix \S+ has not been declared")
_PREFIX_DECLARATION = re.compile(r"^\s*@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_FIX_HINT = "Fix the Turtle here and run `kg check` again."
#: mistakes reported for one file; a file with more is probably not Turtle
_MAX_MISTAKES = 20
_PROJECT_IRI = re.compile(re.escape(BASE) + r"[A-Za-z]+[/#][\w.#-]*\w")


@dataclass(frozen=True, slots=True)
class TurtleFile:
    """One file as read: its triples in order, the positions of its terms, and its mistakes."""

    name: str
    triples: tuple[Triple, ...]
    positions: TurtlePositions
    mistakes: tuple[BadData, ...]


def read_turtle(path: Path, name: str) -> TurtleFile:
    """Read a Turtle file; messages call it `name`. Mistakes are in the result, none is raised."""
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
    """Yield a mistake for each prefix of the project that this file declares with another IRI."""
    for declaration in _PREFIX_DECLARATION.finditer(text):
        prefix, iri = declaration.groups()
        if PREFIXES.get(prefix, iri) != iri:
            yield BadData(
                f"The prefix {prefix}: stands for <{iri}> here.",
                location=name,
                line=text[: declaration.start()].count("\n") + 1,
                hint=f"Write <{PREFIXES[prefix]}>, as everywhere.",
            )


def _parse_turtle(text: str, name: str) -> tuple[list[Triple], list[BadData]]:
    """Return the triples that parse, and one mistake for each line that does not.

    pyoxigraph's Turtle parser goes on at the next statement after it raised, so one run finds them all.
    """
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
            prefix = _UNDECLARED_PREFIX.search(
                mistake.message
            )  # one mistake for a prefix, not one for each use
            mistakes.setdefault(prefix.group() if prefix else mistake.line, mistake)
        else:
            triples.append(quad.triple)
    if len(mistakes) == _MAX_MISTAKES:
        mistakes["more"] = BadData(
            f"{_MAX_MISTAKES} lines and more cannot be read.", location=name, hint="Is it Turtle?"
        )
    return triples, list(mistakes.values())


def _make_syntax_error(error: SyntaxError, name: str) -> BadData:
    """Return the parser's message as one sentence with its position."""
    line, column = error.lineno or 1, error.offset or 1
    message = f"{clean_parser_message(error)}."
    return BadData(message, location=name, line=line, column=column, hint=_FIX_HINT)


def make_blank_node_prefix(name: str) -> str:
    """Return a prefix for the blank nodes of a file, so that their labels do not depend on other files."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name.removesuffix(".ttl")).strip("-")


def rename_blank_nodes(triples: Iterable[Triple], prefix: str) -> Iterator[Triple]:
    """Yield the triples with blank nodes numbered as they appear, so that two builds give equal bytes."""
    names: dict[BlankNode, BlankNode] = {}

    def name_of(node: BlankNode) -> BlankNode:
        return names.setdefault(node, BlankNode(f"{prefix}-{len(names) + 1}"))

    for triple in triples:
        subject = name_of(triple.subject) if isinstance(triple.subject, BlankNode) else triple.subject
        object_ = name_of(triple.object) if isinstance(triple.object, BlankNode) else triple.object
        yield Triple(subject, triple.predicate, object_)


# -- positions over all files of a run ---


class SourceLocator:
    """Finds the file and line of a subject; a blank node is found by the statement that contains it."""

    def __init__(self, files: Iterable[TurtleFile], broken: Iterable[str] = ()) -> None:
        """Index files; `broken` are IRIs that a mistake was found with already."""
        self.files = tuple(files)
        #: blank node -> the subject that has it as an object
        self._parents = {
            str(triple.object): _get_node_key(triple.subject)
            for file in self.files
            for triple in file.triples
            if isinstance(triple.object, BlankNode)
        }
        self._broken = {iri for file in self.files if file.mistakes for iri in file.positions.terms}
        self._broken.update(broken)

    def locate_node(self, node: str, predicate: str = "") -> FilePosition | None:
        """Return where `node` has `predicate`, else where it is defined, else where it is used."""
        subject = self._find_holder(node)
        for file in self.files:
            if (subject, predicate) in file.positions.verbs:
                return file.positions.find_position(subject, predicate)
        for file in self.files:
            if subject in file.positions.definitions:
                return file.positions.find_position(subject)
        positions = (file.positions.find_position(subject) for file in self.files)
        return next((position for position in positions if position), None)

    def is_broken(self, node: str) -> bool:
        """Return whether a node is used in a file with mistakes, from which other mistakes may follow."""
        return self._find_holder(node) in self._broken

    def get_readable_name(self, node: str) -> str:
        """Return the CURIE of a node; of a blank node, "a part of" and that of its statement."""
        holder = self._find_holder(node)
        return compress_iri(holder) if holder == node else f"a part of {compress_iri(holder)}"

    def make_error(self, message: str, hint: str, position: FilePosition | None) -> BadData:
        """Return an error at `position`, if there is one."""
        if position is None:
            return BadData(message, hint=hint)
        return BadData(message, location=position.file, line=position.line, column=position.column, hint=hint)

    def _find_holder(self, node: str) -> str:
        """Return the IRI whose statement contains a blank node; an IRI is its own holder."""
        seen: set[str] = set()
        while node.startswith("_:") and node in self._parents and node not in seen:
            seen.add(node)
            node = self._parents[node]
        return node


def shorten_project_iris(message: str) -> str:
    """Return a message with the project's IRIs as CURIEs."""
    return _PROJECT_IRI.sub(lambda match: compress_iri(match.group()), message)


def _get_node_key(term: object) -> str:
    """Return an IRI, or `_:label`."""
    return term.value if isinstance(term, NamedNode) else str(term)
