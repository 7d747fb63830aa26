"""Tell the format of an ontology or table from its first bytes, and from its name only where bytes cannot."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import PurePath

from kg.errors import BadData


class Format(Enum):
    """A format `kg import` reads; the value is its name in messages and for `--format`."""

    OBO = "obo"
    OBO_GRAPHS = "obographs"
    RDF_XML = "rdfxml"
    OWL_XML = "owlxml"
    FUNCTIONAL = "functional"
    MANCHESTER = "manchester"
    TURTLE = "turtle"
    N_TRIPLES = "ntriples"
    N_QUADS = "nquads"
    TRIG = "trig"
    JSON_LD = "jsonld"
    SSSOM = "sssom"
    TABLE = "table"


#: how much of the unpacked file is looked at.
HEAD = 1 << 16

_PACKED = frozenset({".gz", ".bz2", ".zst", ".zstd"})
_ALSO = frozenset({".json", ".sssom", ".obographs"})
_BY_NAME = {
    ".obo": Format.OBO,
    ".owl": Format.RDF_XML,
    ".rdf": Format.RDF_XML,
    ".xml": Format.RDF_XML,
    ".owx": Format.OWL_XML,
    ".ofn": Format.FUNCTIONAL,
    ".fss": Format.FUNCTIONAL,
    ".omn": Format.MANCHESTER,
    ".ttl": Format.TURTLE,
    ".nt": Format.N_TRIPLES,
    ".nq": Format.N_QUADS,
    ".trig": Format.TRIG,
    ".jsonld": Format.JSON_LD,
    ".csv": Format.TABLE,
    ".tsv": Format.TABLE,
    ".txt": Format.TABLE,
}

_TERM = r'(?:<[^<>"{}|^`\\\s]*>|_:[^\s<>"]+|"(?:[^"\\]|\\.)*"(?:\^\^<[^>\s]*>|@[\w-]+)?)'
_LINE = re.compile(rf"^{_TERM}\s+<[^>\s]*>\s+{_TERM}\s*(?P<graph><[^>\s]*>|_:\S+)?\s*\.\s*(?:#.*)?$")
_TURTLE = re.compile(r"^\s*(?:@prefix|@base|PREFIX\s+\S*:\s*<|BASE\s*<)", re.MULTILINE | re.IGNORECASE)
_TRIG = re.compile(r"^\s*(?:GRAPH\s+)?(?:<[^>]*>|[\w.-]*:[\w./#-]*)?\s*\{", re.MULTILINE)
_FUNCTIONAL = re.compile(r"^\s*(?:Prefix|Ontology)\s*\(", re.MULTILINE)
_MANCHESTER = re.compile(r"^\s*(?:Prefix:\s|Ontology:\s*<|Class:\s)", re.MULTILINE)
_OBO = re.compile(r"^(?:format-version:|ontology:|\[(?:Term|Typedef|Instance)\]\s*$)", re.MULTILINE)
_SSSOM = re.compile(r"^(?:\S+\t)*subject_id\t(?:\S+\t)*predicate_id\t", re.MULTILINE)


def detect(head: bytes, name: str) -> Format:
    """Return the format of a file from its first unpacked bytes; raises BadData when nothing fits."""
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    found = _by_markup(text) or _by_lines(text) or _by_name(name)
    if found is None:
        raise BadData(
            "The format of this file is not known.",
            where=name,
            todo="Say it with --format " + "|".join(f.value for f in Format) + ".",
        )
    return found


def stem(name: str) -> str:
    """Return the bare name of a file, without packing and format suffixes: `hp.obo.gz` gives `hp`."""
    path = PurePath(name)
    while path.suffix.lower() in _PACKED or path.suffix.lower() in _BY_NAME or path.suffix in _ALSO:
        path = path.with_suffix("")
    return path.name


def _by_markup(text: str) -> Format | None:
    """Return the format of XML or JSON text, or None for any other."""
    if text.startswith("{") or text.startswith("["):
        return _json(text)
    if not text.startswith("<"):
        return None
    if re.search(r"<\w*:?RDF\b", text):
        return Format.RDF_XML
    if re.search(r"<Ontology\s[^>]*xmlns=\"http://www\.w3\.org/2002/07/owl#\"", text):
        return Format.OWL_XML
    if re.match(r"<(?:!doctype\s+html|html)", text, re.IGNORECASE):
        raise BadData("This is a web page, not an ontology.", todo="Give the address of the file itself.")
    return None


def _json(text: str) -> Format | None:
    """Return the format of JSON text; `[Term]` opens OBO, `[` alone a JSON array."""
    if re.search(r'"@(?:context|id|graph|type)"\s*:', text):
        return Format.JSON_LD
    if re.search(r'"graphs"\s*:', text):
        return Format.OBO_GRAPHS
    return None


def _by_lines(text: str) -> Format | None:
    """Return the format of line-oriented or OWL text, or None."""
    lines = [line for line in text.splitlines()[:200] if line.strip() and not line.startswith("#")]
    first = _LINE.match(lines[0]) if lines else None
    if first:
        quads = any(found["graph"] for line in lines if (found := _LINE.match(line)))
        return Format.N_QUADS if quads else Format.N_TRIPLES
    for pattern, form in (
        (_OBO, Format.OBO),
        (_FUNCTIONAL, Format.FUNCTIONAL),
        (_MANCHESTER, Format.MANCHESTER),
        (_SSSOM, Format.SSSOM),
    ):
        if pattern.search(text):
            return form
    if _TURTLE.search(text):
        return Format.TRIG if _TRIG.search(text) else Format.TURTLE
    return None


def _by_name(name: str) -> Format | None:
    """Return the format a file's suffix promises, packing suffixes aside."""
    suffixes = [s.lower() for s in PurePath(name).suffixes if s.lower() not in _PACKED]
    return _BY_NAME.get(suffixes[-1]) if suffixes else None
