"""What remote servers do that the standards do not say, kept apart from the store: Virtuoso 7's ways."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import pyoxigraph as ox

from kg.store.lexer import tokenize

#: graphs that Virtuoso keeps for itself, where every query sees them.
VIRTUOSO_SYSTEM_GRAPHS = frozenset(
    {
        "http://www.openlinksw.com/schemas/virtrdf#",
        "http://www.w3.org/ns/ldp#",
        "http://localuriqaserver/sparql",
    }
)
#: the one variable of the one row that Virtuoso answers to ASK.
_ASK_VARIABLE = "__ASK_RETVAL"
_JSON_BLANK_NODE = b'"type": "bnode", "value": "'
_VIRTUOSO_BLANK_NODE = _JSON_BLANK_NODE + b"nodeID://"
_DATASET_KEYWORD = re.compile(r"\b(?:FROM|USING|WITH|GRAPH)\b", re.IGNORECASE)


def find_graphs_to_send(text: str) -> tuple[str, ...] | None:
    """Return the graphs to name beside the one that stands for the default graph; None: name none at all.

    A dataset in the request takes the place of FROM, and where it has a default graph, GRAPH <...> sees only
    the graphs it names; GRAPH ?g sees all of them as before.
    """
    if not _DATASET_KEYWORD.search(text):
        return ()
    words = list(tokenize(text))
    if any(word.is_keyword("FROM", "USING", "WITH") for word in words):
        return None
    named = [after for word, after in pairwise(words) if word.is_keyword("GRAPH")]
    if all(token.kind == "iri" for token in named):
        return tuple(dict.fromkeys(token.text[1:-1] for token in named))
    return () if all(token.kind == "variable" for token in named) else None


def parse_ask_answer(result: ox.QuerySolutions | ox.QueryBoolean) -> ox.QueryBoolean | None:
    """Return the answer to an ASK, also where it came as a row; None for an answer to anything else."""
    if isinstance(result, ox.QueryBoolean):
        return result
    if [variable.value for variable in result.variables] != [_ASK_VARIABLE]:
        return None
    value = next((row[0] for row in result), None)
    word = b"true" if isinstance(value, ox.Literal) and value.value in ("1", "true") else b"false"
    read = ox.parse_query_results(b'{"head":{},"boolean":' + word + b"}", format=ox.QueryResultsFormat.JSON)
    return read if isinstance(read, ox.QueryBoolean) else None


def normalize_blank_nodes(body: bytes) -> bytes:
    """Return results in JSON with blank nodes that have names; Virtuoso calls them by addresses."""
    return body.replace(_VIRTUOSO_BLANK_NODE, _JSON_BLANK_NODE)


class BlankNodeNormalizer(io.RawIOBase):
    """The same, of an answer that is read as it arrives."""

    def __init__(self, source: io.RawIOBase) -> None:
        """Read from `source`."""
        super().__init__()
        self._source, self._pending, self._ended = source, b"", False

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; what may be the start of a name waits for its end."""
        while not self._ended and len(self._pending) < len(_VIRTUOSO_BLANK_NODE):
            part = self._source.read(len(buffer)) or b""
            self._ended = not part
            self._pending = normalize_blank_nodes(self._pending + part)
        kept = 0 if self._ended else len(_VIRTUOSO_BLANK_NODE) - 1
        size = min(len(buffer), max(len(self._pending) - kept, 0))
        buffer[:size], self._pending = self._pending[:size], self._pending[size:]
        return size
