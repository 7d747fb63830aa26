"""Unpack gzip, bzip2 and Zstandard, told by the first bytes, never by the file's name."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, cast

import zstandard

from kg.errors import BadData
from kg.linking.readers.file_formats import HEAD_SIZE, FileFormat, detect_format

#: magic number -> opener (RFC 1952, bzip2 1.0, RFC 8878).
_DECOMPRESSORS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda raw: cast("IO[bytes]", gzip.open(raw, "rb")),
    b"BZh": lambda raw: cast("IO[bytes]", bz2.open(raw, "rb")),
    b"\x28\xb5\x2f\xfd": lambda raw: cast(
        "IO[bytes]", zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    ),
}

#: what a broken or cut-off packed file raises.
_DECOMPRESSION_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError, OSError)


class CountingStream(io.RawIOBase):
    """A byte stream that tells `seen` how many bytes passed and names the file in its errors."""

    def __init__(self, stream: IO[bytes], on_bytes_read: Callable[[int], None], file_name: str) -> None:
        """Wrap `stream`; `seen(n)` is called for every block of n bytes."""
        super().__init__()
        self._stream = stream
        self._seen = on_bytes_read
        self._where = file_name

    def readable(self) -> bool:
        """Return True: this stream is for reading."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; raises BadData when the packed bytes are damaged or cut off."""
        try:
            block = self._stream.read(len(buffer))
        except _DECOMPRESSION_ERRORS as error:
            raise BadData(
                f"The packed file is damaged or cut off ({error}).",
                location=self._where,
                hint="Fetch it again, or unpack it yourself to see how far it is whole.",
            ) from error
        buffer[: len(block)] = block
        self._seen(len(block))
        return len(block)

    def close(self) -> None:
        """Close the stream underneath too."""
        self._stream.close()
        super().close()


def open_decompressed(
    raw: IO[bytes], file_name: str, on_bytes_read: Callable[[int], None] = lambda _: None
) -> io.BufferedReader:
    """Return the unpacked bytes of `raw`, a seekable stream; `seen` hears of packed bytes as they pass."""
    head = raw.read(4)
    raw.seek(0)
    counted = CountingStream(raw, on_bytes_read, file_name)
    for magic, opener in _DECOMPRESSORS.items():
        if head.startswith(magic):
            inner = opener(cast("IO[bytes]", io.BufferedReader(counted, 1 << 16)))
            return _skip_byte_order_mark(CountingStream(inner, lambda _: None, file_name))
    return _skip_byte_order_mark(counted)


def _skip_byte_order_mark(stream: CountingStream) -> io.BufferedReader:
    """Return `stream` after the byte order mark that some editors put before UTF-8."""
    buffered: io.BufferedReader = io.BufferedReader(stream, 1 << 18)
    if buffered.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
        buffered.read(len(codecs.BOM_UTF8))
    return buffered


#: MERGED kg.external.reading
#: MERGED What every reader gets and gives: the file, the choices, and the list of what was skipped.


#: facts a reader finds in the file about itself.
SourceFact = Literal["id", "version", "licence", "title"]


@dataclass(frozen=True, slots=True)
class ReadProblem:
    """One thing skipped under `--lenient`: line (1-based, 0 unknown), column and what was wrong."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read: `columns` maps a table's columns to roles, `prefix` goes before its bare identifiers.

    `iri` is a pattern with `{id}`: the address of identifiers that are of no known vocabulary.
    """

    lenient: bool = False
    edges: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    iri: str = ""
    format: FileFormat | None = None


@dataclass(slots=True)
class SourceReading:
    """A file on its way in; readers append to `problems` and fill `about` as they go.

    `strangers` has an identifier for each prefix that no known vocabulary has.
    """

    path: Path
    name: str
    options: ReadOptions = field(default_factory=ReadOptions)
    problems: list[ReadProblem] = field(default_factory=list)
    facts: dict[SourceFact, str] = field(default_factory=dict)
    unknown_prefixes: dict[str, str] = field(default_factory=dict)
    on_bytes_read: Callable[[int], None] = lambda _: None

    def open_stream(self, silent: bool = False) -> IO[bytes]:
        """Open the unpacked bytes; `silent` keeps a first look out of the progress bar."""
        return open_decompressed(
            self.path.open("rb"), self.name, (lambda _: None) if silent else self.on_bytes_read
        )

    def choose_format(self) -> FileFormat:
        """Return the format asked for, or the one the first bytes show."""
        if self.options.format:
            return self.options.format
        if self.options.columns:
            return FileFormat.TABLE
        with self.open_stream(silent=True) as stream:
            head = stream.read(HEAD_SIZE)
        if not head.strip():
            raise BadData("The file is empty.", location=self.name, hint="Fetch it again.")
        return detect_format(head, self.name)

    def note_fact(self, fact: SourceFact, value: str) -> None:
        """Keep the first value found for one fact about the file."""
        if value and fact not in self.facts:
            self.facts[fact] = value

    def skip_or_raise(self, problem: ReadProblem, skippable: bool = True) -> None:
        """List `problem` when lenient and go on; raises BadData when strict or when it cannot be skipped."""
        if self.options.lenient and skippable:
            self.problems.append(problem)
            return
        todo = (
            "Mend that line, or run again with --lenient to skip and list what is broken."
            if skippable
            else "Mend that place and run again: in this format nothing can be skipped."
        )
        raise BadData(
            problem.message, location=self.name, line=problem.line, column=problem.column, hint=todo
        )
