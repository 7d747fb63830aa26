"""Where things stand over all files of a run, and complaints that say so."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyoxigraph import BlankNode, NamedNode, Triple

from kg.errors import BadData
from kg.files.positions import FilePosition
from kg.files.turtle import TurtleFile
from kg.namespaces import BASE, compress_iri

_PROJECT_IRI = re.compile(re.escape(BASE) + r"[A-Za-z]+[/#][\w.#-]*\w")


class SourceLocator:
    """Finds the file and line of a subject, through blank nodes up to the statement that holds them."""

    def __init__(self, files: Iterable[TurtleFile]) -> None:
        self.files = tuple(files)
        self._parents = {
            _get_node_key(t.object): _get_node_key(t.subject)
            for t in _iterate_triples(self.files)
            if _is_blank_node(t.object)
        }
        self._broken = {iri for file in self.files if file.mistakes for iri in file.positions.terms}

    def locate_node(self, node: str, predicate: str = "") -> FilePosition | None:
        """Return where `node` says `predicate`, else where it is defined, else where it is used."""
        subject = self._find_holder(node)
        for file in self.files:
            if (subject, predicate) in file.positions.verbs:
                return file.positions.find_position(subject, predicate)
        for file in self.files:
            if subject in file.positions.definitions:
                return file.positions.find_position(subject)
        return next((place for file in self.files if (place := file.positions.find_position(subject))), None)

    def is_broken(self, node: str) -> bool:
        """Say whether a node stands in a file that does not parse, so that complaints of it may be echoes."""
        return self._find_holder(node) in self._broken

    def get_readable_name(self, node: str) -> str:
        """Return a node as people write it: a CURIE, or `a part of` the statement that holds it."""
        holder = self._find_holder(node)
        return compress_iri(holder) if holder == node else f"a part of {compress_iri(holder)}"

    def make_error(self, message: str, hint: str, position: FilePosition | None) -> BadData:
        """Return a complaint with its place, if it has one."""
        if position is None:
            return BadData(message, hint=hint)
        return BadData(message, location=position.file, line=position.line, column=position.column, hint=hint)

    def _find_holder(self, node: str) -> str:
        """Return the IRI whose statement holds a blank node; an IRI holds itself."""
        seen: set[str] = set()
        while node.startswith("_:") and node in self._parents and node not in seen:
            seen.add(node)
            node = self._parents[node]
        return node


def shorten_project_iris(message: str) -> str:
    """Return a message with the project's IRIs as people write them."""
    return _PROJECT_IRI.sub(lambda found: compress_iri(found.group()), message)


def _iterate_triples(files: Iterable[TurtleFile]) -> Iterable[Triple]:
    """Yield the triples of all files."""
    return (triple for file in files for triple in file.triples)


def _is_blank_node(term: object) -> bool:
    """Say whether a term is a blank node."""
    return isinstance(term, BlankNode)


def _get_node_key(term: object) -> str:
    """Return an IRI, or `_:label`."""
    return term.value if isinstance(term, NamedNode) else str(term)
