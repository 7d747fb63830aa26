"""What remote servers do that the standards do not say, kept apart from the store: Virtuoso 7's ways."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import pyoxigraph as ox

from kg.store.lexer import tokens

#: graphs that Virtuoso keeps for itself, where every query sees them.
SYSTEM_GRAPHS = frozenset(
    {
        "http://www.openlinksw.com/schemas/virtrdf#",
        "http://www.w3.org/ns/ldp#",
        "http://localuriqaserver/sparql",
    }
)
#: the one variable of the one row that Virtuoso answers to ASK.
_ASK = "__ASK_RETVAL"
_PLAIN = b'"type": "bnode", "value": "'
_NODE = _PLAIN + b"nodeID://"
_DATASET = re.compile(r"\b(?:FROM|USING|WITH|GRAPH)\b", re.IGNORECASE)


def stand_in(text: str) -> tuple[str, ...] | None:
    """Return the graphs to name beside the one that stands for the default graph; None: name none at all.

    A dataset in the request takes the place of FROM, and where it has a default graph, GRAPH <...> sees only
    the graphs it names; GRAPH ?g sees all of them as before.
    """
    if not _DATASET.search(text):
        return ()
    words = list(tokens(text))
    if any(word.is_word("FROM", "USING", "WITH") for word in words):
        return None
    named = [after for word, after in pairwise(words) if word.is_word("GRAPH")]
    if all(token.kind == "iri" for token in named):
        return tuple(dict.fromkeys(token.text[1:-1] for token in named))
    return () if all(token.kind == "variable" for token in named) else None


def yes_or_no(found: ox.QuerySolutions | ox.QueryBoolean) -> ox.QueryBoolean | None:
    """Return the answer to an ASK, also where it came as a row; None for an answer to anything else."""
    if isinstance(found, ox.QueryBoolean):
        return found
    if [variable.value for variable in found.variables] != [_ASK]:
        return None
    value = next((row[0] for row in found), None)
    word = b"true" if isinstance(value, ox.Literal) and value.value in ("1", "true") else b"false"
    read = ox.parse_query_results(b'{"head":{},"boolean":' + word + b"}", format=ox.QueryResultsFormat.JSON)
    return read if isinstance(read, ox.QueryBoolean) else None


def plain_names(body: bytes) -> bytes:
    """Return results in JSON with blank nodes that have names; Virtuoso calls them by addresses."""
    return body.replace(_NODE, _PLAIN)


class PlainNames(io.RawIOBase):
    """The same, of an answer that is read as it arrives."""

    def __init__(self, source: io.RawIOBase) -> None:
        """Read from `source`."""
        super().__init__()
        self._source, self._rest, self._ended = source, b"", False

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; what may be the start of a name waits for its end."""
        while not self._ended and len(self._rest) < len(_NODE):
            part = self._source.read(len(buffer)) or b""
            self._ended = not part
            self._rest = plain_names(self._rest + part)
        kept = 0 if self._ended else len(_NODE) - 1
        size = min(len(buffer), max(len(self._rest) - kept, 0))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
