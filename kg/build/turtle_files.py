"""Text files of the project: UTF-8, or one sentence that says where they are not."""

from __future__ import annotations

from pathlib import Path
from kg.errors import BadData
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pyoxigraph import BlankNode, RdfFormat, Triple, parse
from kg.build.turtle_positions import TurtlePositions, scan_turtle
from kg.namespaces import PREFIXES
from collections.abc import Iterable
from pyoxigraph import BlankNode, NamedNode, Triple
from kg.build.turtle_positions import FilePosition
from kg.namespaces import BASE, compress_iri


_MAX_BYTES = 64_000_000  # bytes; no file that people write is longer
_SAVE_HINT = "Save the file as UTF-8."


class NotUtf8Text(BadData):
    """A file that holds other bytes; `nearly` is what can be made out of it, so that echoes are known."""

    def __init__(self, message: str, data: bytes, file_name: str, offset: int) -> None:
        super().__init__(message, location=file_name, line=data[:offset].count(b"\n") + 1, hint=_SAVE_HINT)
        self.salvaged_text = data.replace(b"\0", b"").decode("utf-8", "replace")


def read_text(path: Path, name: str) -> str:
    """Return the text of a file, a byte order mark left out; `name` is how complaints call it.

    Raises BadData when it cannot be read or is no UTF-8 text.
    """
    data = _read_bytes(path, name)
    if b"\0" in data:
        raise NotUtf8Text("A zero byte: this is no UTF-8 text.", data, name, data.index(b"\0"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8Text("A byte that is not UTF-8.", data, name, error.start) from error


def _read_bytes(path: Path, name: str) -> bytes:
    """Return the bytes of a plain file of a plausible size; a pipe or device would be waited for."""
    try:
        size = path.stat().st_size
        if not path.is_file() and not path.is_dir():
            raise BadData(
                "This is a pipe or a device, no file.", location=name, hint="Remove it from the folder."
            )
        if size > _MAX_BYTES:
            raise BadData(f"The file is over {_MAX_BYTES} bytes.", location=name, hint="Split it by subject.")
        return path.read_bytes()
    except OSError as error:
        raise BadData(
            f"Cannot be read: {error.strerror}.", location=name, hint="Check the file and its rights."
        ) from error


#: MERGED kg.files.turtle
#: MERGED Turtle files: their triples, their positions, and every mistake in them, not only the first.


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


#: MERGED kg.files.places
#: MERGED Where things stand over all files of a run, and complaints that say so.


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
