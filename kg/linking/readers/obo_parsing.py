"""OBO parsed frame by frame with fastobo, and the IRIs of its identifiers by OBO 1.4.

fastobo parses a whole document and holds it in memory; so the file is cut before frames (OBO 1.4, section 3)
into small documents, which are parsed one after the other. Broken clauses are errors, or are skipped if the
reading is lenient.

An identifier is translated as section 5.9 says, in this order: an id space that the header declares; a prefix
that files may use undeclared; else the PURL of the OBO Foundry, `obo:PREFIX_local`. An identifier without a
prefix is an IRI, the shorthand of a relation, or a fragment of the ontology's own PURL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import fastobo
from fastobo.id import BaseIdent, PrefixedIdent, UnprefixedIdent

from kg.linking.readers.source_reading import ReadProblem, SourceReading, format_iri
from kg.namespaces import DC, FOAF, OBO, ORCID, PREFIXES, XSD

#: frames in one document: enough to be fast, few enough that memory does not grow with the file
FRAMES_PER_BLOCK = 200
_FRAME_HEAD = (b"[", b"id:")


@dataclass(frozen=True, slots=True)
class FrameBlock:
    """The lines of some frames, and the number of the first line in the file."""

    first_line: int
    lines: list[bytes]


def parse_frames(reading: SourceReading, stream: IO[bytes]) -> Iterator[fastobo.doc.OboDoc]:
    """Yield the file as small documents, the first with the header only; raises BadData unless lenient."""
    for block in _split_into_blocks(stream):
        yield _parse_block(reading, block)


def _split_into_blocks(stream: IO[bytes]) -> Iterator[FrameBlock]:
    """Yield the header, then FRAMES_PER_BLOCK frames at a time."""
    lines: list[bytes] = []
    first, frames, limit = 1, 0, 1
    for number, line in enumerate(stream, start=1):
        if line.startswith(b"["):
            frames += 1
            if frames >= limit:
                yield FrameBlock(first, lines)
                lines, first, frames, limit = [], number, 0, FRAMES_PER_BLOCK
        lines.append(line)
    yield FrameBlock(first, lines)


def _parse_block(reading: SourceReading, block: FrameBlock) -> fastobo.doc.OboDoc:
    """Parse one block; clauses that do not parse are skipped one by one until the rest parses."""
    lines = _decode_lines(reading, block)
    while True:
        try:
            return fastobo.loads("".join(lines))
        except SyntaxError as error:
            index = min(max(error.lineno or 1, 1), len(lines)) - 1
            reading.skip_or_raise(_describe_obo_error(block.first_line + index, error, lines[index]))
            _blank_clause(lines, index)


def _decode_lines(reading: SourceReading, block: FrameBlock) -> list[str]:
    """Return the lines of a block as text; one that is not UTF-8 is an error, or is blanked if lenient."""
    lines: list[str] = []
    for offset, line in enumerate(block.lines):
        try:
            lines.append(line.decode())
        except UnicodeDecodeError as error:
            problem = ReadProblem(block.first_line + offset, error.start + 1, "This line is not UTF-8.")
            reading.skip_or_raise(problem)
            lines.append("\n")
    return lines


def _describe_obo_error(line: int, error: SyntaxError, text: str) -> ReadProblem:
    """Return fastobo's error as one sentence with the beginning of the line."""
    return ReadProblem(line, error.offset or 0, f"Not OBO: {error.msg}, in `{text.strip()[:80]}`.")


def _blank_clause(lines: list[str], index: int) -> None:
    """Blank the clause at `index`, or its whole frame if that is the frame's head or an empty line.

    Lines are blanked, not removed, so that the numbers of later lines stay right.
    """
    if not lines[index].encode().startswith(_FRAME_HEAD) and lines[index].strip():
        lines[index] = "\n"
        return
    start = next((i for i in range(index, -1, -1) if lines[i].startswith("[")), 0)
    stop = next((i for i in range(max(index, start) + 1, len(lines)) if lines[i].startswith("[")), len(lines))
    lines[start:stop] = ["\n"] * (stop - start)


# -- identifiers ---

#: prefixes that OBO files use without an `idspace` line (OBO 1.4, section 5.9, and common practice)
_UNDECLARED_PREFIXES = {
    name: PREFIXES[name]
    for name in ("rdf", "rdfs", "owl", "xsd", "skos", "dcterms", "prov", "oboInOwl", "sssom")
} | {"dc": str(DC), "foaf": str(FOAF), "orcid": str(ORCID), "ORCID": str(ORCID)}

#: vocabularies of relations; an xref of a Typedef to any other is only a cross-reference
_RELATION_PREFIXES = (b"RO", b"BFO", b"IAO", b"OBI")


class OboIdentifiers:
    """From an OBO identifier to `<IRI>`; cached, since the same identifiers recur many times in a file."""

    def __init__(self, shorthands: dict[str, str]) -> None:
        """Use `shorthands`: unprefixed relation -> the prefixed xref of its Typedef."""
        self._spaces: dict[str, str] = dict(_UNDECLARED_PREFIXES)
        self._shorthands = shorthands
        self._ontology = ""
        self._iris: dict[BaseIdent, str] = {}

    def declare_prefix(self, prefix: str, address: str) -> None:
        """Use an `idspace` line of the header."""
        self._spaces[prefix] = address

    def set_ontology(self, name: str) -> None:
        """Use the header's `ontology` line: unprefixed identifiers are fragments of its PURL."""
        self._ontology = name

    def __call__(self, ident: BaseIdent) -> str:
        """Return `<IRI>` for an identifier."""
        if ident not in self._iris:
            self._iris[ident] = format_iri(self._expand_identifier(ident))
        return self._iris[ident]

    def format_curie(self, ident: BaseIdent) -> str:
        """Return `PREFIX:local` unescaped, or the bare identifier."""
        if isinstance(ident, PrefixedIdent):
            return f"{ident.prefix}:{ident.local}"
        return str(ident.unescaped if isinstance(ident, UnprefixedIdent) else ident)

    def _expand_identifier(self, ident: BaseIdent) -> str:
        """Return the IRI of an identifier that is not in the cache."""
        if isinstance(ident, PrefixedIdent):
            return self._expand_prefixed(ident.prefix, ident.local)
        if not isinstance(ident, UnprefixedIdent):
            return str(ident)
        name = str(ident.unescaped)
        if name.startswith(("http://", "https://", "urn:")):
            return name
        if name in self._shorthands:
            prefix, _, local = self._shorthands[name].partition(":")
            return self._expand_prefixed(prefix, local)
        return f"{OBO}{self._ontology}#{name}" if self._ontology else f"{OBO}{name}"

    def _expand_prefixed(self, prefix: str, local: str) -> str:
        """Return the IRI of `prefix:local`."""
        space = self._spaces.get(prefix)
        return f"{OBO}{prefix}_{local}" if space is None else space + local


def read_shorthands(stream: IO[bytes]) -> dict[str, str]:
    """Return unprefixed relation -> prefixed xref, from the Typedefs of an OBO file.

    `id: part_of` with `xref: BFO:0000050` means BFO:0000050 (OBO 1.4, section 5.9.3). In most files Typedefs
    come after the terms that use them, so this reads the whole file once before the terms are read.
    """
    shorthands: dict[str, str] = {}
    relation = ""
    in_typedef = False
    for line in stream:
        if line.startswith(b"["):
            in_typedef, relation = line.startswith(b"[Typedef]"), ""
        elif in_typedef and line.startswith(b"id:"):
            relation = line[3:].split(b"!")[0].strip().decode(errors="replace")
        elif in_typedef and relation and line.startswith(b"xref:") and relation not in shorthands:
            target = next(iter(line[5:].split()), b"")
            if target.partition(b":")[0] in _RELATION_PREFIXES and ":" not in relation:
                shorthands[relation] = target.decode()
    return shorthands


def format_datatype(ids: OboIdentifiers, ident: BaseIdent) -> str:
    """Return `<IRI>` of a literal's datatype, "" for xsd:string."""
    iri = ids(ident)
    return "" if iri == str(XSD["string"]) else iri
