"""Detect the format of an ontology or table from its first bytes; from its name only if those do not tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path, PurePath

from kg.errors import BadData
from kg.model.code_spellings import parse_rows
from kg.text_files import read_text


class FileFormat(Enum):
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
    RRF = "rrf"
    RF2 = "rf2"
    ATHENA = "athena"
    NDC = "ndc"
    ICD10CM = "icd10cm"
    ICD10CM_XML = "icd10cm-xml"
    RELEASE = "release"


#: files of code systems, read by `code_files`; a release is a folder of them
CODE_FORMATS = frozenset(
    {
        FileFormat.RRF,
        FileFormat.RF2,
        FileFormat.ATHENA,
        FileFormat.NDC,
        FileFormat.ICD10CM,
        FileFormat.ICD10CM_XML,
        FileFormat.RELEASE,
    }
)


#: bytes of the decompressed file that are examined
HEAD_SIZE = 1 << 16

_COMPRESSION_SUFFIXES = frozenset({".gz", ".bz2", ".zst", ".zstd"})
#: suffixes that need no look at the content: files of an RDF syntax are named for it. `.owl` and `.xml` are
#: not among them, since OWL files of every syntax are called so.
_CERTAIN_SUFFIXES = frozenset({".ttl", ".nt", ".nq", ".trig", ".jsonld", ".rdf"})
_FURTHER_SUFFIXES = frozenset({".json", ".sssom", ".obographs"})
_FORMAT_OF_SUFFIX = {
    ".obo": FileFormat.OBO,
    ".owl": FileFormat.RDF_XML,
    ".rdf": FileFormat.RDF_XML,
    ".xml": FileFormat.RDF_XML,
    ".owx": FileFormat.OWL_XML,
    ".ofn": FileFormat.FUNCTIONAL,
    ".fss": FileFormat.FUNCTIONAL,
    ".omn": FileFormat.MANCHESTER,
    ".ttl": FileFormat.TURTLE,
    ".nt": FileFormat.N_TRIPLES,
    ".nq": FileFormat.N_QUADS,
    ".trig": FileFormat.TRIG,
    ".jsonld": FileFormat.JSON_LD,
    ".csv": FileFormat.TABLE,
    ".tsv": FileFormat.TABLE,
    ".txt": FileFormat.TABLE,
}

_NTRIPLES_TERM = r'(?:<[^<>"{}|^`\\\s]*>|_:[^\s<>"]+|"(?:[^"\\]|\\.)*"(?:\^\^<[^>\s]*>|@[\w-]+)?)'
_NTRIPLES_LINE = re.compile(
    rf"^{_NTRIPLES_TERM}\s+<[^>\s]*>\s+{_NTRIPLES_TERM}\s*(?P<graph><[^>\s]*>|_:\S+)?\s*\.\s*(?:#.*)?$"
)
_TURTLE = re.compile(r"^\s*(?:@prefix|@base|PREFIX\s+\S*:\s*<|BASE\s*<)", re.MULTILINE | re.IGNORECASE)
_TRIG = re.compile(r"^\s*(?:GRAPH\s+)?(?:<[^>]*>|[\w.-]*:[\w./#-]*)?\s*\{", re.MULTILINE)
_FUNCTIONAL = re.compile(r"^\s*(?:Prefix|Ontology)\s*\(", re.MULTILINE)
_MANCHESTER = re.compile(r"^\s*(?:Prefix:\s|Ontology:\s*<|Class:\s)", re.MULTILINE)
_OBO = re.compile(r"^(?:format-version:|ontology:|\[(?:Term|Typedef|Instance)\]\s*$)", re.MULTILINE)
_SSSOM = re.compile(r"^(?:\S+\t)*subject_id\t(?:\S+\t)*predicate_id\t", re.MULTILINE)


def detect_format(head: bytes, name: str) -> FileFormat:
    """Return the format of a file from its first decompressed bytes; raises BadData when none fits."""
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    detected = _detect_markup(text) or _detect_text(text) or _detect_from_name(name)
    if detected is None:
        raise BadData(
            "The format of this file is not known.",
            location=name,
            hint="Name it with --format " + "|".join(f.value for f in FileFormat) + ".",
        )
    return detected


def get_certain_format(name: str) -> FileFormat | None:
    """Return the RDF format that a file's suffix names, None where its content has to be examined."""
    suffix = _get_format_suffix(name)
    return _FORMAT_OF_SUFFIX[suffix] if suffix in _CERTAIN_SUFFIXES else None


def strip_format_suffixes(name: str) -> str:
    """Return a file name without compression and format suffixes: `hp.obo.gz` gives `hp`."""
    path = PurePath(name)
    while (
        path.suffix.lower() in _COMPRESSION_SUFFIXES
        or path.suffix.lower() in _FORMAT_OF_SUFFIX
        or path.suffix in _FURTHER_SUFFIXES
    ):
        path = path.with_suffix("")
    return path.name


def _detect_markup(text: str) -> FileFormat | None:
    """Return the format of XML or JSON text, None for any other; raises BadData for a web page."""
    if text.startswith("{") or text.startswith("["):
        return _detect_json(text)
    if not text.startswith("<"):
        return None
    if re.search(r"<\w*:?RDF\b", text):
        return FileFormat.RDF_XML
    if re.search(r"<Ontology\s[^>]*xmlns=\"http://www\.w3\.org/2002/07/owl#\"", text):
        return FileFormat.OWL_XML
    if re.match(r"<(?:!doctype\s+html|html)", text, re.IGNORECASE):
        raise BadData("This is a web page, not an ontology.", hint="Give the address of the file itself.")
    return None


def _detect_json(text: str) -> FileFormat | None:
    """Return the format of JSON text, None for other text in brackets, such as the `[Term]` of OBO."""
    if re.search(r'"@(?:context|id|graph|type)"\s*:', text):
        return FileFormat.JSON_LD
    if re.search(r'"graphs"\s*:', text):
        return FileFormat.OBO_GRAPHS
    return None


def _detect_text(text: str) -> FileFormat | None:
    """Return the format of OBO, OWL, Turtle, SSSOM or line-oriented RDF text, or None.

    TriG is Turtle with graphs in braces. N-Triples are tried first, for they are also valid Turtle.
    """
    lines = [line for line in text.splitlines()[:200] if line.strip() and not line.startswith("#")]
    first = _NTRIPLES_LINE.match(lines[0]) if lines else None
    if first:
        quads = any(match["graph"] for line in lines if (match := _NTRIPLES_LINE.match(line)))
        return FileFormat.N_QUADS if quads else FileFormat.N_TRIPLES
    for pattern, form in (
        (_OBO, FileFormat.OBO),
        (_FUNCTIONAL, FileFormat.FUNCTIONAL),
        (_MANCHESTER, FileFormat.MANCHESTER),
        (_SSSOM, FileFormat.SSSOM),
    ):
        if pattern.search(text):
            return form
    if _TURTLE.search(text):
        return FileFormat.TRIG if _TRIG.search(text) else FileFormat.TURTLE
    return None


def _detect_from_name(name: str) -> FileFormat | None:
    """Return the format of a file's suffix, or None."""
    return _FORMAT_OF_SUFFIX.get(_get_format_suffix(name))


def _get_format_suffix(name: str) -> str:
    """Return the last suffix that is not of a compression, in lower case."""
    suffixes = [s.lower() for s in PurePath(name).suffixes if s.lower() not in _COMPRESSION_SUFFIXES]
    return suffixes[-1] if suffixes else ""


# -- files of code systems ---

#: lines of the order file of ICD-10-CM, and of its file of codes
ORDER_LINE = re.compile(r"(?P<order>\d{5}) (?P<code>\S{3,7})\s+[01] (?P<short>.{60}) (?P<label>.+)")
CODE_LINE = re.compile(r"(?P<code>[A-Z]\d[0-9A-Z]{1,5})\s+(?P<label>\S.*)")


@dataclass(frozen=True, slots=True)
class CodeLayout:
    """A row of code_layouts.tsv: a kind of file, the pattern of its name, the columns that are read."""

    kind: str
    format: FileFormat
    name: re.Pattern[str]
    columns: tuple[str, ...]

    def has_name(self, file_name: str) -> bool:
        """Return whether a file is called as files of this kind are."""
        return self.name.match(re.split(r"[/\\]", file_name)[-1]) is not None

    def count_columns(self, header: str) -> int:
        """Return how many of the columns a header has."""
        return len(set(self.columns) & set(header.rstrip("\r\n").split("\t")))


@cache
def read_code_layouts() -> tuple[CodeLayout, ...]:
    """Return the layouts of the table beside this module."""
    path = Path(__file__).with_name("code_layouts.tsv")
    return tuple(
        CodeLayout(kind, FileFormat(form), re.compile(name, re.IGNORECASE), tuple(columns.split()))
        for _, (kind, form, name, columns) in parse_rows(read_text(path), 4, path.name)
    )


def detect_code_file(head: str, name: str) -> FileFormat | None:
    """Return the format of a file of a code system from its name and first lines, else None."""
    file_name, header = re.split(r"[/\\]", name)[-1].casefold(), head.partition("\n")[0]
    if re.search(r"\.rrf\b", file_name):
        return FileFormat.RRF
    if re.match(r"x?(sct2|der2)_", file_name):
        return FileFormat.RF2
    for layout in read_code_layouts():
        found, wanted = layout.count_columns(header), len(layout.columns)
        named_enough = found >= wanted / 2 or layout.format is FileFormat.ICD10CM  # which has no header
        if found == wanted or (layout.has_name(name) and named_enough):
            return layout.format
    if re.search(r"<ICD10CM\.tabular", head):
        return FileFormat.ICD10CM_XML
    lines = head.splitlines()[:20]
    if lines and all(ORDER_LINE.match(line) for line in lines[:-1] or lines):
        return FileFormat.ICD10CM
    return None


def find_code_layout(form: FileFormat, name: str, header: str) -> CodeLayout:
    """Return the layout of a file: that of its name, else the one most of whose columns its header has.

    Raises BadData for a missing column, for an RRF file that is not read, and for one of RF2 that is no
    snapshot.
    """
    layouts = [layout for layout in read_code_layouts() if layout.format is form]
    best = next((layout for layout in layouts if layout.has_name(name)), None)
    if form is FileFormat.RRF:
        if best is None:
            known = ", ".join(layout.kind for layout in layouts)
            hint = f"Known: {known}; the name tells which columns the file has."
            raise BadData("This is not one of the RRF files that are read.", location=name, hint=hint)
        return best
    if form is FileFormat.RF2 and re.search(r"(full|delta)[-_]", name, re.IGNORECASE):
        problem = "A file of all versions or of changes is not the state of a release."
        raise BadData(problem, location=name, hint="Import the file of the same name with Snapshot.")
    best = best or max(layouts, key=lambda layout: layout.count_columns(header))
    names = header.split("\t")
    if missing := [column for column in best.columns if column not in names]:
        raise BadData(
            f"The file has no column {missing[0]!r}; its columns are {', '.join(names)[:300]}.",
            location=name,
            line=1,
            hint=f"A {best.kind} file ({form.value}) needs {', '.join(best.columns)}, separated by tabs.",
        )
    return best
