"""What our parser of RDF/XML lacks: entities in single quotes (XML 1.0, 4.2), and the place of a mistake."""

from __future__ import annotations

import io
import re
from typing import IO
from xml.parsers import expat

#: the declarations stand at the start of a file
DECLARATIONS_SIZE = 1 << 16
_SINGLE_QUOTED_ENTITY = re.compile(rb"""(<!ENTITY\s+[^\s>]+\s+)'([^'"<]*)'""")


def normalize_entity_quotes(stream: IO[bytes]) -> IO[bytes]:
    """Return a stream whose entity declarations stand in double quotes; all else is left as it is."""
    head = stream.read(DECLARATIONS_SIZE)
    return io.BufferedReader(_PrependedStream(_SINGLE_QUOTED_ENTITY.sub(rb'\1"\2"', head), stream))


def find_xml_error(stream: IO[bytes]) -> tuple[int, int]:
    """Return line and column, from 1, where a stream stops to be XML; 0 and 0 when it is XML throughout."""
    try:
        expat.ParserCreate().ParseFile(stream)
    except expat.ExpatError as error:
        return error.lineno, error.offset + 1
    return 0, 0


class _PrependedStream(io.RawIOBase):
    """Bytes that were read already, then the rest of a stream."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is wider
        """Fill a buffer; columns are those of the file, since a quote is as long as another."""
        found = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        """Close the stream too."""
        self._rest.close()
        super().close()
