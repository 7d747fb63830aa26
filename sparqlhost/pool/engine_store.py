"""The client side of an engine: a Store for trusted queries, `answer` and `write` for those of users."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox

from sparqlhost.errors import BadQuery, Busy, Cancelled, StoreUnavailable, TooExpensive, UserError
from sparqlhost.pool.clients import (
    CURRENT_CLIENT,
    ClientShares,
    HangupWatch,
    RequestClient,
    SharedConnection,
    WatchedQuery,
)
from sparqlhost.pool.engine_dir import (
    CANCEL_SIGNAL,
    EXIT_CANCELLED,
    EXIT_CRASH,
    EXIT_DEADLINE,
    EXIT_MEMORY,
    FULL_MARKER,
    QUEUES,
    SANDBOX_MARKER,
    open_scoreboard,
)
from sparqlhost.pool.jobs import (
    ERROR_FRAME,
    NoAnswer,
    QueryJob,
    ResultStream,
    WriteJob,
    decode_error,
    receive_frames,
    receive_result,
    send_job,
)
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import GraphName, Solutions, make_form_error, read_boolean, read_solutions
from sparqlhost.store.local_store import make_replace_update

#: seconds an owner that died may take to open its store again
_RESTART_TIMEOUT = 10.0
#: times a query is sent, when a worker that is about to end takes the connection and closes it
_QUERY_ATTEMPTS = 3


class EngineStore:
    """The store of a running engine, reached over its sockets; may be used from many threads."""

    def __init__(self, directory: Path, settings: HostSettings) -> None:
        """Connect to the engine whose sockets are in `directory`."""
        self.directory, self._settings = directory, settings
        self._socket_paths = {queue: str(directory / f"{queue}.sock") for queue in (*QUEUES, "write")}
        #: whether the kernel refuses network sockets to the engine; SERVICE SILENT may then just fail in it
        self.has_network_sandbox = (directory / SANDBOX_MARKER).exists()
        self.scoreboard = open_scoreboard(directory, settings)
        self._shares = ClientShares(settings.client_queries)
        self._hangups = HangupWatch()

    @property
    def version(self) -> str:
        """Return a token that changes with every write."""
        return self.scoreboard.version

    def can_accept_query(self) -> bool:
        """Say whether the queue has room for one more query."""
        try:
            self._connect_to_queue("query").close()
        except UserError:
            return False
        return True

    def is_writable(self) -> bool:
        """Say whether the disk had room for the last write."""
        return not (self.directory / FULL_MARKER).exists()

    def read_status(self) -> dict[str, int]:
        """Return the numbers that /metrics shows."""
        counters = self.scoreboard.read_counters()
        return {
            "running": self.scoreboard.count_busy(),
            "slots": self._settings.query_slots,
            "queue": self._settings.query_queue,
            "timeouts": counters[EXIT_DEADLINE],
            "kills": counters[EXIT_DEADLINE] + counters[EXIT_MEMORY] + counters[EXIT_CRASH],
            "writes": counters["writes"],
        }

    # -- queries and writes of users

    def answer(self, job: QueryJob, queue: str = "query") -> ResultStream:
        """Start a query and return its result as soon as the head is here.

        Raises TooManyRequests if the client of this request has its share of queries, Busy if the queue is
        full, TooExpensive if the query was stopped at a limit before its head was
        sent, and whatever the engine raised until then.
        """
        client = CURRENT_CLIENT.get() if queue == "query" else RequestClient()
        query = WatchedQuery(client.peer, lambda: self.cancel(job.id))
        self._hangups.add(query)
        try:
            for _ in range(_QUERY_ATTEMPTS):
                connection = self._connect_for_client(queue, client, query)
                connection.settimeout(2 * job.deadline + 5)
                with contextlib.suppress(NoAnswer):
                    return receive_result(connection, job, lambda: self._raise_exit_reason(job))
                # A write retired the generation of workers in whose queue the query waited: the next answers.
            raise StoreUnavailable("The store is being started again.", hint="Try again in a second.")
        except UserError:
            self._hangups.remove(query)
            raise

    def _connect_for_client(self, queue: str, client: RequestClient, query: WatchedQuery) -> SharedConnection:
        """Return a connection that counts against the share of `client`, and ends when it hangs up."""
        give_back = self._shares.acquire(client.name)
        try:
            connection = self._connect_to_queue(queue)
            query.set_engine_connection(connection)
        except UserError:
            give_back()
            raise

        def end_query() -> None:
            self._hangups.remove(query)
            give_back()

        connection.on_close = end_query
        return connection

    def cancel(self, job_id: str) -> bool:
        """Kill the worker that runs a query; return whether there was one."""
        pid = self.scoreboard.find_worker(job_id)
        if pid:
            os.kill(pid, CANCEL_SIGNAL)
        return bool(pid)

    def _raise_exit_reason(self, job: QueryJob) -> None:
        """Raise why a worker ended before its query, if the scoreboard knows."""
        reason = self.scoreboard.wait_for_exit_reason(job.id)
        if reason == EXIT_DEADLINE:
            raise TooExpensive(
                f"The query took longer than {job.deadline:g} seconds and was stopped.",
                location=EXIT_DEADLINE,
                hint="Narrow it, or add a LIMIT.",
            )
        if reason == EXIT_MEMORY:
            raise TooExpensive(
                f"The query used more than {self._settings.query_memory} MiB of memory and was stopped.",
                location=EXIT_MEMORY,
                hint="Narrow it, or ask for less at a time.",
            )
        if reason == EXIT_CANCELLED:
            raise Cancelled("The query was cancelled.", hint="Change it and run it again.")
        if reason == EXIT_CRASH:
            raise BadQuery("The engine crashed on this query; only this query was lost.", hint="Simplify it.")

    def _connect_to_queue(self, queue: str) -> SharedConnection:
        """Return a connection to a queue.

        The backlog of the socket is the queue: connect(2) on a full one fails with EAGAIN at once (unix(7)),
        so that a client never waits to learn that there is no room. Raises Busy then.
        """
        give_up_at = time.monotonic() + _RESTART_TIMEOUT
        while True:
            connection = SharedConnection(socket.AF_UNIX, socket.SOCK_STREAM)
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
                self._wait_for_owner(give_up_at, error)

    def _wait_for_owner(self, give_up_at: float, error: OSError) -> None:
        """Wait a moment for an owner that is restarting; raises StoreUnavailable after `give_up_at`."""
        if time.monotonic() > give_up_at or not self.directory.exists():
            raise StoreUnavailable("The store is not running.", hint="Start the server again.") from error
        time.sleep(0.02)

    # -- the Store protocol

    def _answer_trusted(self, query: str, graph_to_dump: str | None = None) -> ResultStream:
        """Start a trusted query; its rows arrive as JSON, its triples as N-Triples."""
        job = QueryJob(query, deadline=self._settings.query_deadline, graph_to_dump=graph_to_dump)
        return self.answer(job, "trusted")

    def select(self, query: str) -> Solutions:
        """Return the solutions of a SELECT query; raises BadQuery for any other."""
        with refuse_long_values():
            return read_solutions(_parse_results(self._answer_trusted(query), "SELECT"))

    def ask(self, query: str) -> bool:
        """Return the answer of an ASK query; raises BadQuery for any other."""
        return read_boolean(_parse_results(self._answer_trusted(query), "ASK"))

    def construct(self, query: str) -> Iterator[ox.Triple]:
        """Yield the triples of a CONSTRUCT or DESCRIBE query; raises BadQuery for any other."""
        result = self._answer_trusted(query)
        if result.head["form"] != "CONSTRUCT":
            raise make_form_error("CONSTRUCT", "DESCRIBE")
        return _parse_triples(result)

    def graph_names(self) -> tuple[ox.NamedNode, ...]:
        """Return the names of the named graphs, sorted."""
        rows = self.select("SELECT DISTINCT ?g { GRAPH ?g {} } ORDER BY ?g")
        return tuple(row["g"] for row in rows if isinstance(row["g"], ox.NamedNode))

    def has_graph(self, graph: ox.NamedNode) -> bool:
        """Say whether a graph of that name exists; it may be empty."""
        return self.ask(f"ASK {{ GRAPH {graph} {{}} }}")

    def read_graph(self, graph: GraphName) -> Iterator[ox.Triple]:
        """Yield the triples of one graph."""
        return _parse_triples(self._answer_trusted("", graph_to_dump=graph.value if graph else ""))

    def update(self, update: str) -> None:
        """Run a SPARQL update, all or nothing; new queries see it when this returns."""
        self.write(WriteJob("update", text=update, deadline=self._settings.query_deadline))

    def load_quads(self, quads: Iterable[ox.Quad]) -> int:
        """Add quads in one transaction; return how many there were."""
        loaded = list(quads)
        body = ox.serialize(loaded, format=ox.RdfFormat.N_QUADS) or b""
        self.write(WriteJob("load", deadline=self._settings.query_deadline), body)
        return len(loaded)

    def replace_graph(self, graph: GraphName, triples: Iterable[ox.Triple]) -> None:
        """Replace the content of `graph` by `triples`, all or nothing."""
        self.update(make_replace_update(graph, triples))

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        name = f"GRAPH {graph}" if graph else "DEFAULT"
        self.update(f"DROP SILENT {name}")

    def write(self, job: WriteJob, body: bytes = b"") -> bool:
        """Make a write and return whether it created a graph; queries that start afterwards see it."""
        connection = self._connect_to_queue("write")
        connection.settimeout(2 * job.deadline + 60)
        with connection:
            try:
                send_job(connection, job, body)
                return self._read_acknowledgement(connection)
            except TimeoutError as error:
                raise Busy(
                    "The write waited too long for its turn.", hint="Check whether it was made."
                ) from error
            except ConnectionError:
                pass
        self._raise_write_exit_reason(job)
        raise StoreUnavailable(
            "The write broke off; it may or may not have been made.", hint="Check, then repeat it."
        )

    def _read_acknowledgement(self, connection: socket.socket) -> bool:
        """Return whether the write created a graph; raises the owner's error, or ConnectionError for none."""
        for kind, payload in receive_frames(connection):
            if kind == ERROR_FRAME:
                raise decode_error(payload)
            return bool(json.loads(payload)["created"])
        raise ConnectionError

    def _raise_write_exit_reason(self, job: WriteJob) -> None:
        """Raise why the owner ended before the write, if the scoreboard knows."""
        reason = self.scoreboard.wait_for_exit_reason(job.id, 2.0)
        if reason:
            raise TooExpensive(
                f"The write was stopped ({reason}); nothing was changed.",
                hint="Split it into smaller writes.",
            )

    def close(self) -> None:
        """Unmap the scoreboard; the engine keeps running."""
        self.scoreboard.close()


@contextlib.contextmanager
def refuse_long_values() -> Iterator[None]:
    """Raise TooExpensive where the engine's reader gives up: it takes no token of more than 16 MiB."""
    try:
        yield
    except MemoryError as error:
        raise TooExpensive(
            "The answer has a value that is too long to be read here.", hint="Leave it out of the query."
        ) from error


def _parse_results(result: ResultStream, form: str) -> ox.QuerySolutions | ox.QueryBoolean:
    """Return the rows or the boolean of a result; raises BadQuery if the query has another form."""
    if result.head["form"] != form:
        raise make_form_error(form)
    return ox.parse_query_results(result.read_body(), format=ox.QueryResultsFormat.JSON)


def _parse_triples(result: ResultStream) -> Iterator[ox.Triple]:
    body = result.read_body()
    return (quad.triple for quad in ox.parse(body, format=ox.RdfFormat.N_TRIPLES))
