"""What every reader gets: a file as decompressed bytes, the user's options, a place for problems and facts.

And what every reader writes: the terms of N-Triples as text, several times faster than objects of triples.

Compression (gzip, bzip2, Zstandard) is detected by the first bytes, never by the file's name.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, cast
from urllib.parse import quote

import zstandard

from kg.errors import BadData
from kg.linking.readers.file_formats import HEAD_SIZE, FileFormat, detect_code_file, detect_format
from kg.model.product_names import fold_name
from kg.namespaces import INGREDIENT_NAME, RDF, RDFS, XSD

#: magic number -> opener (RFC 1952, bzip2 1.0, RFC 8878)
_DECOMPRESSORS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda raw: cast("IO[bytes]", gzip.open(raw, "rb")),
    b"BZh": lambda raw: cast("IO[bytes]", bz2.open(raw, "rb")),
    b"\x28\xb5\x2f\xfd": lambda raw: cast(
        "IO[bytes]", zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    ),
}

#: errors of the decompressors for corrupt or truncated files
_DECOMPRESSION_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError, OSError)


class CountingStream(io.RawIOBase):
    """A byte stream that reports how many bytes were read and names the file in its errors."""

    def __init__(self, stream: IO[bytes], on_bytes_read: Callable[[int], None], file_name: str) -> None:
        """Wrap `stream`; `on_bytes_read(n)` is called for every block of n bytes."""
        super().__init__()
        self._stream = stream
        self._on_bytes_read = on_bytes_read
        self._file_name = file_name

    def readable(self) -> bool:
        """Return True: this stream can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`, return the number of bytes; raises BadData for corrupt or truncated data."""
        try:
            block = self._stream.read(len(buffer))
        except _DECOMPRESSION_ERRORS as error:
            raise BadData(
                f"The compressed file cannot be decompressed ({error}).",
                location=self._file_name,
                hint="Download it again; it is truncated or corrupt.",
            ) from error
        buffer[: len(block)] = block
        self._on_bytes_read(len(block))
        return len(block)

    def close(self) -> None:
        """Close the wrapped stream too."""
        self._stream.close()
        super().close()


def open_decompressed(
    raw: IO[bytes], file_name: str, on_bytes_read: Callable[[int], None] = lambda _: None
) -> io.BufferedReader:
    """Return the decompressed bytes of `raw`, which can seek; `on_bytes_read` gets numbers of raw bytes."""
    head = raw.read(4)
    raw.seek(0)
    counted = CountingStream(raw, on_bytes_read, file_name)
    for magic, opener in _DECOMPRESSORS.items():
        if head.startswith(magic):
            inner = opener(cast("IO[bytes]", io.BufferedReader(counted, 1 << 16)))
            return _skip_byte_order_mark(CountingStream(inner, lambda _: None, file_name))
    return _skip_byte_order_mark(counted)


def _skip_byte_order_mark(stream: CountingStream) -> io.BufferedReader:
    """Return `stream` without the byte order mark that some editors write before UTF-8."""
    buffered: io.BufferedReader = io.BufferedReader(stream, 1 << 18)
    if buffered.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
        buffered.read(len(codecs.BOM_UTF8))
    return buffered


# -- one file on its way in ---

#: facts about the file that a reader finds in it
SourceFact = Literal["id", "version", "licence", "title"]


@dataclass(frozen=True, slots=True)
class ReadProblem:
    """One mistake in a file: line and column (from 1; 0 when unknown) and a sentence."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a file, as the user asked.

    lenient: skip and list what is broken. edges: write OBO relationships as plain triples. For tables:
    `columns` are (role, column) pairs, `prefix` goes before identifiers without one, and `iri` is a pattern
    with `{id}` for the IRIs of identifiers that no known vocabulary has.
    """

    lenient: bool = False
    edges: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    iri: str = ""
    format: FileFormat | None = None


@dataclass(slots=True)
class SourceReading:
    """A file that is being read; readers add to `problems`, `facts` and `unknown_prefixes`.

    `name` is what messages call it; `unknown_prefixes` maps each prefix of no known vocabulary to an example.
    """

    path: Path
    name: str
    options: ReadOptions = field(default_factory=ReadOptions)
    problems: list[ReadProblem] = field(default_factory=list)
    facts: dict[SourceFact, str] = field(default_factory=dict)
    unknown_prefixes: dict[str, str] = field(default_factory=dict)
    on_bytes_read: Callable[[int], None] = lambda _: None

    def open_stream(self, silent: bool = False) -> IO[bytes]:
        """Open the decompressed bytes; with `silent` they do not count as progress."""
        return open_decompressed(
            self.path.open("rb"), self.name, (lambda _: None) if silent else self.on_bytes_read
        )

    def choose_format(self) -> FileFormat:
        """Return the format that the user named, else the detected one; raises BadData for an empty file."""
        if self.options.format:
            return self.options.format
        if self.options.columns:
            return FileFormat.TABLE
        if self.path.is_dir():
            return FileFormat.RELEASE
        with self.open_stream(silent=True) as stream:
            head = stream.read(HEAD_SIZE)
        if not head.strip():
            raise BadData("The file is empty.", location=self.name, hint="Download it again.")
        return detect_code_file(head.decode("utf-8", "replace"), self.name) or detect_format(head, self.name)

    def note_fact(self, fact: SourceFact, value: str) -> None:
        """Store a fact about the file; the first value counts."""
        if value and fact not in self.facts:
            self.facts[fact] = value

    def skip_or_raise(self, problem: ReadProblem, skippable: bool = True) -> None:
        """Note a problem if lenient; raises BadData if not lenient, or the problem cannot be skipped."""
        if self.options.lenient and skippable:
            self.problems.append(problem)
            return
        hint = (
            "Fix this line, then run again; or use --lenient to skip and list what is broken."
            if skippable
            else "Fix this place, then run again; in this format nothing can be skipped."
        )
        raise BadData(
            problem.message, location=self.name, line=problem.line, column=problem.column, hint=hint
        )


# -- terms of N-Triples ---

RDF_TYPE = f"<{RDF['type'].value}>"
XSD_BOOLEAN = f"<{XSD['boolean'].value}>"

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})
#: characters that an IRIREF cannot have (N-Triples, section 7)
_ILLEGAL_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")


def format_iri(value: str) -> str:
    """Return `<value>`; characters that an IRI cannot have are percent-encoded."""
    if _ILLEGAL_IN_IRI.search(value):
        value = _ILLEGAL_IN_IRI.sub(lambda match: f"%{ord(match[0]):02X}", value)
    return f"<{value}>"


def format_literal(text: str, datatype: str = "", language: str = "") -> str:
    """Return a literal; `datatype` is an IRI in angle brackets."""
    quoted = f'"{text.translate(_ESCAPES)}"'
    if language:
        return f"{quoted}@{language}"
    return f"{quoted}^^{datatype}" if datatype else quoted


def write_ingredients(subject: str, names: list[str], expand_curie: Callable[[str], str]) -> Iterator[str]:
    """Yield the lines for the ingredients of a product (`<IRI>`), which a table gives by name only."""
    relation = format_iri(expand_curie("rxnorm:1")[:-1] + "has_ingredient")
    for name in filter(None, map(str.strip, names)):
        node = format_iri(INGREDIENT_NAME + quote(fold_name(name)))
        yield f"{subject} {relation} {node} .\n{node} {RDFS['label']} {format_literal(name)} .\n"
