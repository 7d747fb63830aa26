"""The file format of a backup: N-Quads between a first line that names it and a last line that closes it.

    # sparqlhost backup 1 version=... time=...
    <http://e/s> <http://e/p> "o" <http://e/graph> .
    # end quads=1 sha256=...

Any N-Quads file can be restored. One with the first line must also have the last, with the right digest, so
that a truncated backup is never restored as if it were complete.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, cast

import pyoxigraph as ox

from sparqlhost.errors import BadData, StoreUnavailable
from sparqlhost.pool.jobs import QueryJob
from sparqlhost.sparql.syntax_errors import explain_rdf_error

_FIRST_LINE = re.compile(rb"(?:\xef\xbb\xbf)?\s*# \S+ backup 1\b")  # the word is the product that wrote it
_LAST_LINE = re.compile(rb"# end quads=(\d+) sha256=([0-9a-f]{64})\s*\Z")
_MAX_LAST_LINE = 200  # bytes
_BLOCK_SIZE = 1 << 16
#: bytes of a line that the engine's reader takes, a little less than 16 MiB for one token.
MAX_LINE_BYTES = 16_000_000
_HINT = "Use another backup; the store is unchanged."
ALL_QUADS_QUERY = "SELECT ?s ?p ?o ?g { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"


def make_dump_job(deadline: float) -> QueryJob:
    """Return the query for all quads: one query, so that its rows are of one version of the data."""
    return QueryJob(ALL_QUADS_QUERY, results_format="json", row_limit=0, deadline=deadline)


def serialize_backup(quads: Iterable[ox.Quad], version: str, product: str) -> Iterator[bytes]:
    """Yield a backup of `quads` in blocks of about 64 kB; `version` is that of the data."""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    yield f"# {product} backup 1 version={version} time={moment}\n".encode()
    digest, count, lines, size = hashlib.sha256(), 0, [], 0
    for quad in quads:
        line = f"{quad} .\n".encode()
        if len(line) > MAX_LINE_BYTES:
            raise _make_too_long_error(quad, len(line))
        digest.update(line)
        lines.append(line)
        count, size = count + 1, size + len(line)
        if size > _BLOCK_SIZE:
            yield b"".join(lines)
            lines, size = [], 0
    yield b"".join(lines) + f"# end quads={count} sha256={digest.hexdigest()}\n".encode()


def parse_dump_answer(blocks: Iterator[bytes]) -> Iterator[ox.Quad]:
    """Yield the quads of the answer to `make_dump_job`, as its blocks arrive."""
    source = io.BufferedReader(_BlockReader(blocks), _BLOCK_SIZE)
    rows = ox.parse_query_results(source, format=ox.QueryResultsFormat.JSON)
    assert isinstance(rows, ox.QuerySolutions)  # noqa: S101 - the query is a SELECT
    try:
        for s, p, o, g in rows:
            yield ox.Quad(s, p, o, g or ox.DefaultGraph())
    except MemoryError as error:
        raise StoreUnavailable(
            "No backup can be made: the store holds a term of more than 16 MiB, which no reader takes.",
            hint="Remove it: FILTER(STRLEN(STR(?o)) > 16000000) finds it.",
        ) from error


def _make_too_long_error(quad: ox.Quad, size: int) -> StoreUnavailable:
    """Return the error for a statement that could not be read again."""
    return StoreUnavailable(
        f"No backup can be made: a statement about {str(quad.subject)[:200]} has {size} bytes.",
        hint=f"Remove it; readers take {MAX_LINE_BYTES} bytes.",
    )


def verify_backup(blocks: Iterable[bytes], location: str) -> int:
    """Read a backup that was just written and return its number of quads.

    Raises BadData unless every statement is read back as it was written, by count and digest.
    """
    tail = b""

    def keep_tail() -> Iterator[bytes]:
        nonlocal tail
        for block in blocks:
            tail = (tail + block)[-_MAX_LAST_LINE:]
            yield block

    source = cast("IO[bytes]", io.BufferedReader(_BlockReader(keep_tail()), _BLOCK_SIZE))
    digest, count = hashlib.sha256(), 0
    for quad in _parse_nquads(source, location):
        digest.update(f"{quad} .\n".encode())
        count += 1
    last = _LAST_LINE.match(tail, max(0, tail.rfind(b"# end ")))
    if last is None or (int(last[1]), last[2].decode()) != (count, digest.hexdigest()):
        raise BadData("The backup does not read back as it was written.", location=location, hint=_HINT)
    return count


def _parse_nquads(source: IO[bytes], location: str) -> Iterator[ox.Quad]:
    """Yield the quads of N-Quads; raises BadData where they cannot be read."""
    try:
        yield from ox.parse(source, format=ox.RdfFormat.N_QUADS)
    except SyntaxError as error:
        raise explain_rdf_error(error, "The backup", location, _HINT) from error
    except MemoryError as error:
        raise BadData(
            "The backup holds a term of more than 16 MiB, which the engine does not read.",
            location=location,
            hint=_HINT,
        ) from error


def parse_backup(body: bytes, location: str) -> list[ox.Quad]:
    """Return the quads of a backup or any N-Quads; raises BadData if it is invalid, truncated or empty."""
    if _FIRST_LINE.match(body):
        _check_complete(body, location)
    quads = list(_parse_nquads(io.BytesIO(body), location))
    if not quads:
        raise BadData("The backup holds no statement.", location=location, hint=_HINT)
    return quads


def _check_complete(body: bytes, location: str) -> None:
    """Raise BadData unless the last line is present and its digest is that of the lines between."""
    start = body.find(b"\n") + 1
    end = body.rfind(b"\n", 0, len(body) - 1) + 1
    last = _LAST_LINE.match(body[end:]) if len(body) - end <= _MAX_LAST_LINE else None
    if last is None:
        raise BadData("The backup is truncated: its last line is missing.", location=location, hint=_HINT)
    if hashlib.sha256(body[start:end]).hexdigest() != last[2].decode():
        raise BadData(
            "The backup is damaged: its digest does not match its content.", location=location, hint=_HINT
        )


def make_restore_update(quads: Iterable[ox.Quad]) -> str:
    """Return one update that replaces everything in a store by `quads`."""
    by_graph: dict[str, list[str]] = {}
    for quad in quads:
        name = "" if isinstance(quad.graph_name, ox.DefaultGraph) else str(quad.graph_name)
        by_graph.setdefault(name, []).append(f"{quad.triple} .")
    blocks = [
        f"GRAPH {name} {{\n{body}\n}}" if name else body
        for name, body in ((name, "\n".join(lines)) for name, lines in by_graph.items())
    ]
    return "DROP ALL ;\nINSERT DATA {\n" + "\n".join(blocks) + "\n}"


class _BlockReader(io.RawIOBase):
    """A binary file whose content comes in blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._remainder = b""

    def readable(self) -> bool:
        """Return True (io.RawIOBase)."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Copy at most one block into `buffer`; return the number of bytes, 0 at the end."""
        while not self._remainder:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._remainder = block
        part, self._remainder = self._remainder[: len(buffer)], self._remainder[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
