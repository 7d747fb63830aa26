"""The form of a backup: N-Quads between a line that says what it is and a line that says it is whole.

Any N-Quads file can be restored; one that begins as a backup must also end as one, with the right count and
digest, so that half a file is never taken for a whole one.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox

from sparqlhost.errors import BadData
from sparqlhost.pool.jobs import QueryJob
from sparqlhost.sparql.syntax_errors import explain_rdf_error

BACKUP_HEADER = b"# rrall-kg backup 1"
_LAST_LINE = re.compile(rb"# end quads=(\d+) sha256=([0-9a-f]{64})\s*\Z")
_MAX_LAST_LINE = 200  # bytes the last line may have
_BLOCK_SIZE = 1 << 16
ALL_QUADS_QUERY = "SELECT ?s ?p ?o ?g { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"


def make_dump_job(deadline: float) -> QueryJob:
    """Return the one query whose rows are the whole store, so that they are of one moment."""
    return QueryJob(ALL_QUADS_QUERY, results_format="json", row_limit=0, deadline=deadline)


def serialize_backup(quads: Iterable[ox.Quad], version: str) -> Iterator[bytes]:
    """Yield a backup of `quads`, some thousands of lines at a time."""
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    yield BACKUP_HEADER + f" version={version} time={moment}\n".encode()
    digest, count, lines, size = hashlib.sha256(), 0, [], 0
    for quad in quads:
        line = f"{quad} .\n".encode()
        digest.update(line)
        lines.append(line)
        count, size = count + 1, size + len(line)
        if size > _BLOCK_SIZE:
            yield b"".join(lines)
            lines, size = [], 0
    yield b"".join(lines) + f"# end quads={count} sha256={digest.hexdigest()}\n".encode()


def parse_dump_answer(blocks: Iterator[bytes]) -> Iterator[ox.Quad]:
    """Yield the quads of the answer to `dump_job`, as it arrives."""
    source = io.BufferedReader(_BlockReader(blocks), _BLOCK_SIZE)
    rows = ox.parse_query_results(source, format=ox.QueryResultsFormat.JSON)
    assert isinstance(rows, ox.QuerySolutions)  # noqa: S101 - the query is a SELECT
    for s, p, o, g in rows:
        yield ox.Quad(s, p, o, g or ox.DefaultGraph())


def parse_backup(body: bytes, location: str) -> list[ox.Quad]:
    """Return the quads of a backup or any N-Quads; raises BadData where it is broken, cut or empty."""
    if body.startswith(BACKUP_HEADER):
        _check_complete(body, location)
    try:
        quads = list(ox.parse(io.BytesIO(body), format=ox.RdfFormat.N_QUADS))
    except SyntaxError as error:
        todo = "Take another backup; what was there is unchanged."
        raise explain_rdf_error(error, "The backup", location, todo) from error
    if not quads:
        raise BadData(
            "The backup holds no statement.", location=location, hint="What was there is unchanged."
        )
    return quads


def _check_complete(body: bytes, location: str) -> None:
    """Raise BadData unless the last line is there and agrees with the rest."""
    start = body.find(b"\n") + 1
    end = body.rfind(b"\n", 0, len(body) - 1) + 1
    last = _LAST_LINE.match(body[end:]) if len(body) - end <= _MAX_LAST_LINE else None
    if last is None:
        raise BadData(
            "The backup is cut short: its last line is missing.",
            location=location,
            hint="Take another backup; what was there is unchanged.",
        )
    if hashlib.sha256(body[start:end]).hexdigest() != last[2].decode():
        raise BadData(
            "The backup is damaged: its digest does not fit its content.",
            location=location,
            hint="Take another backup; what was there is unchanged.",
        )


def make_restore_update(quads: Iterable[ox.Quad]) -> str:
    """Return the one update that puts `quads` in the place of everything."""
    by_graph: dict[str, list[str]] = {}
    for quad in quads:
        name = "" if isinstance(quad.graph_name, ox.DefaultGraph) else str(quad.graph_name)
        by_graph.setdefault(name, []).append(f"{quad.triple} .")
    blocks = [
        f"GRAPH {name} {{\n{body}\n}}" if name else body
        for name, body in ((name, "\n".join(lines)) for name, lines in by_graph.items())
    ]
    return "DROP ALL ;\nINSERT DATA {\n" + "\n".join(blocks) + "\n}"


def load_quads_into_directory(folder: Path, body: bytes) -> None:
    """Load N-Quads into a new store on disk; raises OSError when the disk is full."""
    try:
        engine = ox.Store(folder)
        engine.bulk_load(body, format=ox.RdfFormat.N_QUADS)
        engine.flush()
    except RuntimeError as error:
        raise OSError(str(error)) from error


class _BlockReader(io.RawIOBase):
    """Blocks of bytes as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what there is; 0 at the end."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = block
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)
