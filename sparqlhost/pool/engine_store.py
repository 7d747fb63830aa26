"""An engine seen from a web process: a Store for trusted queries, and `answer` for anybody's."""

from __future__ import annotations

import io
import json
import os
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyoxigraph as ox

from sparqlhost.errors import BadQuery, Busy, Cancelled, StoreUnavailable, TooExpensive, UserError
from sparqlhost.pool.jobs import (
    DATA_FRAME,
    END_FRAME,
    ERROR_FRAME,
    QueryJob,
    WriteJob,
    decode_error,
    receive_frames,
    send_job,
)
from sparqlhost.pool.owner import QUEUES, count_worker_slots
from sparqlhost.pool.scoreboard import EXIT_CANCELLED, EXIT_CRASH, EXIT_DEADLINE, EXIT_MEMORY, Scoreboard
from sparqlhost.pool.worker import CANCEL_SIGNAL
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import GraphName, Solutions, Term
from sparqlhost.store.local_store import make_replace_update

#: seconds an owner that died may take to open its store again
_RESTART_TIMEOUT = 10.0


@dataclass(slots=True)
class ResultStream:
    """An answer on its way: its head, its blocks, and after them how it ended."""

    head: dict[str, Any]
    blocks: Iterator[bytes]
    trailer: dict[str, Any]

    def read_body(self) -> bytes:
        """Return the whole body."""
        return b"".join(self.blocks)


class EngineStore:
    """The Store of a running engine, reached over its sockets; safe to use from many threads."""

    def __init__(self, directory: Path, settings: HostSettings) -> None:
        """Reach the engine whose sockets are in `directory`."""
        self._directory, self._settings = directory, settings
        self._socket_paths = {lane: str(directory / f"{lane}.sock") for lane in (*QUEUES, "write")}
        #: the kernel keeps the engine from every network, so SILENT calls may fail as the standard has it
        self.has_network_sandbox = (directory / "walled").exists()
        self.scoreboard = Scoreboard(directory / "board", count_worker_slots(settings) + 1)

    @property
    def version(self) -> str:
        """Return a token that changes with every write."""
        return self.scoreboard.version

    def can_accept_query(self) -> bool:
        """Say whether one more query would be let into the queue."""
        try:
            self._connect_to_queue("query").close()
        except UserError:
            return False
        return True

    def read_status(self) -> dict[str, int]:
        """Return the engine's numbers, for who watches it."""
        counted = self.scoreboard.read_counters()
        return {
            "running": self.scoreboard.count_busy(),
            "slots": self._settings.query_slots,
            "queue": self._settings.query_queue,
            "timeouts": counted[EXIT_DEADLINE],
            "kills": counted[EXIT_DEADLINE] + counted[EXIT_MEMORY] + counted[EXIT_CRASH],
            "writes": counted["writes"],
        }

    # -- anybody's queries

    def answer(self, job: QueryJob, queue: str = "query") -> ResultStream:
        """Start a query and return when its first block is here.

        Raises what the engine raised before that; Busy when the queue is full; TooExpensive past its limits.
        """
        for _ in range(3):
            reply = self._try_query(job, queue)
            if reply is not None:
                return reply
        raise StoreUnavailable("The store is being started again.", hint="Try again in a second.")

    def cancel(self, job_id: str) -> bool:
        """End the worker of a query that runs; return whether there was one."""
        pid = self.scoreboard.find_worker(job_id)
        if pid:
            os.kill(pid, CANCEL_SIGNAL)
        return bool(pid)

    def _try_query(self, job: QueryJob, queue: str) -> ResultStream | None:
        """Return the reply, or None when the worker went away before it began."""
        connection = self._connect_to_queue(queue)
        connection.settimeout(2 * job.deadline + 5)
        stream = self._read_stream(connection, job)
        try:
            head = next(stream)
        except StopIteration:
            self._raise_exit_reason(job)
            return None
        assert isinstance(head, dict)  # noqa: S101 - the stream's first item, for the type checker
        end: dict[str, Any] = {}
        return ResultStream(head, self._read_blocks(stream, job, end), end)

    def _read_stream(self, connection: socket.socket, job: QueryJob) -> Iterator[dict[str, Any] | bytes]:
        """Yield the head, then blocks, then the end; a broken stream just stops."""
        with connection:
            try:
                send_job(connection, job)
                for kind, payload in receive_frames(connection):
                    if kind == DATA_FRAME:
                        yield payload
                    elif kind == ERROR_FRAME:
                        raise decode_error(payload)
                    else:
                        yield json.loads(payload)
                        if kind == END_FRAME:
                            return
            except TimeoutError as error:
                raise Busy(
                    "The queue did not come to this query in time.", hint="Try again later."
                ) from error
            except ConnectionError:
                return

    def _read_blocks(
        self, stream: Iterator[dict[str, Any] | bytes], job: QueryJob, trailer: dict[str, Any]
    ) -> Iterator[bytes]:
        """Yield the blocks of the body; raises when the stream broke before its end."""
        for item in stream:
            if isinstance(item, dict):
                trailer.update(item)
                return
            yield item
        self._raise_exit_reason(job)
        raise StoreUnavailable("The answer broke off.", hint="Ask again.")

    def _raise_exit_reason(self, job: QueryJob) -> None:
        """Raise what ended a query whose stream broke, if the board knows."""
        cause = self.scoreboard.wait_for_exit_reason(job.id)
        if cause == EXIT_DEADLINE:
            raise TooExpensive(
                f"The query took longer than {job.deadline:g} seconds and was stopped.",
                location=EXIT_DEADLINE,
                hint="Narrow it, or add a LIMIT.",
            )
        if cause == EXIT_MEMORY:
            raise TooExpensive(
                f"The query used more than {self._settings.query_memory} MiB of memory and was stopped.",
                location=EXIT_MEMORY,
                hint="Narrow it, or ask for less at a time.",
            )
        if cause == EXIT_CANCELLED:
            raise Cancelled("The query was stopped, as you asked.", hint="Change it and run it again.")
        if cause == EXIT_CRASH:
            raise BadQuery("The engine crashed on this query; only this query was lost.", hint="Simplify it.")

    def _connect_to_queue(self, queue: str) -> socket.socket:
        """Return a connection to a lane; raises Busy when its queue is full."""
        until = time.monotonic() + _RESTART_TIMEOUT
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.setblocking(False)
            try:
                connection.connect(self._socket_paths[queue])
                return connection
            except BlockingIOError as error:
                connection.close()
                raise Busy(
                    "All query slots are taken and the queue is full.", hint="Try again shortly."
                ) from error
            except (ConnectionRefusedError, FileNotFoundError) as error:
                connection.close()
                self._wait_for_owner(until, error)

    def _wait_for_owner(self, until: float, error: OSError) -> None:
        """Let an owner that is being started again come up; raises StoreUnavailable when it does not."""
        if time.monotonic() > until or not self._directory.exists():
            raise StoreUnavailable("The store is not running.", hint="Start the server again.") from error
        time.sleep(0.02)

    # -- the Store protocol

    def _run_trusted_query(self, query: str, **formats: str) -> bytes:
        """Return the body of a trusted query's answer."""
        job = QueryJob(query, deadline=self._settings.query_deadline, **formats)  # type: ignore[arg-type]
        return self.answer(job, "trusted").read_body()

    def select(self, query: str) -> Solutions:
        """Return the solutions of a SELECT query; raises BadQuery for any other."""
        body = self._run_trusted_query(query, results_format="json")
        read = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        if not isinstance(read, ox.QuerySolutions):
            raise BadQuery("The query is not a SELECT.", hint="Ask with SELECT.")
        names = tuple(variable.value for variable in read.variables)
        return Solutions(names, tuple(cast("tuple[Term | None, ...]", tuple(row)) for row in read))

    def ask(self, query: str) -> bool:
        """Return the answer of an ASK query; raises BadQuery for any other."""
        read = ox.parse_query_results(
            self._run_trusted_query(query, results_format="json"), format=ox.QueryResultsFormat.JSON
        )
        if not isinstance(read, ox.QueryBoolean):
            raise BadQuery("The query is not an ASK.", hint="Ask with ASK.")
        return bool(read)

    def construct(self, query: str) -> Iterator[ox.Triple]:
        """Yield the triples of a CONSTRUCT or DESCRIBE query."""
        reply = self.answer(QueryJob(query, deadline=self._settings.query_deadline), "trusted")
        if reply.head["form"] != "CONSTRUCT":
            raise BadQuery("The query is not a CONSTRUCT or DESCRIBE.", hint="Ask with CONSTRUCT.")
        body = reply.read_body()
        return (quad.triple for quad in ox.parse(io.BytesIO(body), format=ox.RdfFormat.N_TRIPLES))

    def graph_names(self) -> tuple[ox.NamedNode, ...]:
        """Return the names of the named graphs, sorted."""
        found = self.select("SELECT DISTINCT ?g { GRAPH ?g {} } ORDER BY ?g")
        return tuple(row["g"] for row in found if isinstance(row["g"], ox.NamedNode))

    def has_graph(self, graph: ox.NamedNode) -> bool:
        """Say whether a graph of that name exists, be it empty."""
        return self.ask(f"ASK {{ GRAPH {graph} {{}} }}")

    def read_graph(self, graph: GraphName) -> Iterator[ox.Triple]:
        """Yield the triples of one graph."""
        job = QueryJob("", graph_to_dump=graph.value if graph else "", deadline=self._settings.query_deadline)
        body = self.answer(job, "trusted").read_body()
        return (quad.triple for quad in ox.parse(io.BytesIO(body), format=ox.RdfFormat.N_TRIPLES))

    def update(self, update: str) -> None:
        """Run a SPARQL update, all or nothing; new queries see it when this returns."""
        self.write(WriteJob("update", text=update, deadline=self._settings.query_deadline))

    def load_quads(self, quads: Iterable[ox.Quad]) -> int:
        """Add quads in one transaction; return how many were given."""
        given = list(quads)
        body = ox.serialize(given, format=ox.RdfFormat.N_QUADS) or b""
        self.write(WriteJob("load", deadline=self._settings.query_deadline), body)
        return len(given)

    def replace_graph(self, graph: GraphName, triples: Iterable[ox.Triple]) -> None:
        """Put `triples` in the place of what `graph` held, all or nothing."""
        self.update(make_replace_update(graph, triples))

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        name = f"GRAPH {graph}" if graph else "DEFAULT"
        self.update(f"DROP SILENT {name}")

    def write(self, job: WriteJob, body: bytes = b"") -> bool:
        """Make a write; return whether it made a graph. When it returns, new queries see it everywhere."""
        connection = self._connect_to_queue("write")
        connection.settimeout(2 * job.deadline + 60)
        with connection:
            try:
                send_job(connection, job, body)
                return self._read_acknowledgement(connection)
            except TimeoutError as error:
                raise Busy(
                    "The write did not come to its turn in time.", hint="Ask whether it was made."
                ) from error
            except ConnectionError:
                pass
        self._raise_write_exit_reason(job)
        raise StoreUnavailable(
            "The write broke off; it may or may not have been made.", hint="Look, then repeat it."
        )

    def _read_acknowledgement(self, connection: socket.socket) -> bool:
        """Return what the owner says; raises its error, or ConnectionError when it says nothing."""
        for kind, payload in receive_frames(connection):
            if kind == ERROR_FRAME:
                raise decode_error(payload)
            return bool(json.loads(payload)["created"])
        raise ConnectionError

    def _raise_write_exit_reason(self, job: WriteJob) -> None:
        """Raise what ended a write, if the board knows."""
        cause = self.scoreboard.wait_for_exit_reason(job.id, 2.0)
        if cause:
            raise TooExpensive(
                f"The write was stopped ({cause}); nothing was changed.", hint="Split it into smaller writes."
            )

    def close(self) -> None:
        """Let go of the board."""
        self.scoreboard.close()


#: MERGED kg.store.replies
#: MERGED Reading the frames of an answer off a connection.


def read_result_stream(connection: socket.socket) -> ResultStream:
    """Return the reply that arrives on `connection`, when its head is here; raises the error told instead."""
    stream = _read_items(connection)
    head = next(stream, None)
    if not isinstance(head, dict):
        raise StoreUnavailable("The answer broke off before it began.", hint="Ask again.")
    end: dict[str, Any] = {}
    return ResultStream(head, _read_blocks(stream, end), end)


def _read_items(connection: socket.socket) -> Iterator[dict[str, Any] | bytes]:
    """Yield the head, the blocks and the end; raises the error that came in their place."""
    with connection:
        try:
            for kind, payload in receive_frames(connection):
                if kind == ERROR_FRAME:
                    raise decode_error(payload)
                yield payload if kind == DATA_FRAME else json.loads(payload)
                if kind == END_FRAME:
                    return
        except TimeoutError as error:
            raise Busy("The answer did not come in time.", hint="Try again later.") from error
        except ConnectionError:
            return


def _read_blocks(stream: Iterator[dict[str, Any] | bytes], trailer: dict[str, Any]) -> Iterator[bytes]:
    """Yield the blocks of the body; raises StoreUnavailable when it stops before its end."""
    for item in stream:
        if isinstance(item, dict):
            trailer.update(item)
            return
        yield item
    raise StoreUnavailable("The answer broke off.", hint="Ask again.")
