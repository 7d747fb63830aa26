"""Where things stand over all files of a run, and complaints that say so."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyoxigraph import BlankNode, NamedNode, Triple

from kg.errors import BadData
from kg.files.positions import Place
from kg.files.turtle import TurtleFile
from kg.namespaces import BASE, shorten

_OURS = re.compile(re.escape(BASE) + r"[A-Za-z]+[/#][\w.#-]*\w")


class Places:
    """Finds the file and line of a subject, through blank nodes up to the statement that holds them."""

    def __init__(self, files: Iterable[TurtleFile]) -> None:
        self.files = tuple(files)
        self._parents = {_key(t.object): _key(t.subject) for t in _triples(self.files) if _blank(t.object)}
        self._broken = {iri for file in self.files if file.mistakes for iri in file.positions.terms}

    def of(self, node: str, predicate: str = "") -> Place | None:
        """Return where `node` says `predicate`, else where it is defined, else where it is used."""
        subject = self._holder(node)
        for file in self.files:
            if (subject, predicate) in file.positions.verbs:
                return file.positions.of(subject, predicate)
        for file in self.files:
            if subject in file.positions.definitions:
                return file.positions.of(subject)
        return next((place for file in self.files if (place := file.positions.of(subject))), None)

    def broken(self, node: str) -> bool:
        """Say whether a node stands in a file that does not parse, so that complaints of it may be echoes."""
        return self._holder(node) in self._broken

    def name(self, node: str) -> str:
        """Return a node as people write it: a CURIE, or `a part of` the statement that holds it."""
        holder = self._holder(node)
        return shorten(holder) if holder == node else f"a part of {shorten(holder)}"

    def mistake(self, what: str, todo: str, place: Place | None) -> BadData:
        """Return a complaint with its place, if it has one."""
        if place is None:
            return BadData(what, todo=todo)
        return BadData(what, where=place.file, line=place.line, column=place.column, todo=todo)

    def _holder(self, node: str) -> str:
        """Return the IRI whose statement holds a blank node; an IRI holds itself."""
        seen: set[str] = set()
        while node.startswith("_:") and node in self._parents and node not in seen:
            seen.add(node)
            node = self._parents[node]
        return node


def readable(message: str) -> str:
    """Return a message with the project's IRIs as people write them."""
    return _OURS.sub(lambda found: shorten(found.group()), message)


def _triples(files: Iterable[TurtleFile]) -> Iterable[Triple]:
    """Yield the triples of all files."""
    return (triple for file in files for triple in file.triples)


def _blank(term: object) -> bool:
    """Say whether a term is a blank node."""
    return isinstance(term, BlankNode)


def _key(term: object) -> str:
    """Return an IRI, or `_:label`."""
    return term.value if isinstance(term, NamedNode) else str(term)
