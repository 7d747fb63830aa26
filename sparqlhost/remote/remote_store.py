"""A store on another SPARQL 1.1 server: the same Store, for graphs that outgrow one machine.

A local engine over an empty store, the `checker`, parses each text before it travels. It reaches no
network. So a write cannot hide in a query, and the form of a query is known without guessing. Rows are
counted and formats are written here, so limits and answers are those of any other store.

    web process ── answer() ── thread ── POST ──▶ other server
         ▲                       │ frames, as a worker of the pool sends them
         └───── socketpair ◀─────┘
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pyoxigraph as ox

from sparqlhost.errors import BadQuery, Busy, Forbidden, NotFound, StoreUnavailable, UserError
from sparqlhost.http import BLOCK_SIZE, Peer, RequestLimits, Response, remove_credentials
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.jobs import QueryJob, ResultStream, WriteJob, make_error_frame, receive_result
from sparqlhost.pool.query_runner import send_result
from sparqlhost.pool.writes import parse_graph_body, parse_job_graph
from sparqlhost.remote.remote_endpoint import (
    RDF_ACCEPT,
    RESULTS_JSON,
    VIRTUOSO_SYSTEM_GRAPHS,
    BlankNodeNormalizer,
    Parameters,
    SparqlEndpoint,
    choose_update_address,
    find_graphs_to_send,
    make_insert_update,
    make_quads,
    make_replace_update,
    normalize_blank_nodes,
    parse_ask_answer,
    split_into_batches,
)
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import find_outgoing_calls, tokenize
from sparqlhost.sparql.syntax_errors import NO_PREFIXES
from sparqlhost.store.interface import GraphName, Solutions, make_form_error, read_boolean, read_solutions

#: quads that travel in one INSERT; Virtuoso 7 refuses a text of 10,000 terms.
BATCH_SIZE = 1_000
_QUERY_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
#: names of the protocol's parameters for default and named graphs (SPARQL 1.1 Protocol, 2.1.4 and 2.2.3).
_QUERY_DATASET = ("default-graph-uri", "named-graph-uri")
_UPDATE_DATASET = ("using-graph-uri", "using-named-graph-uri")
_RDF_FORMATS = {
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
}


class RemoteStore:
    """The Store of another server, and `answer` and `write` for the queries and updates of clients."""

    def __init__(
        self,
        address: str,
        settings: HostSettings,
        checker: EngineStore | None = None,
        written_marker: Path | None = None,
        prefixes: Mapping[str, str] = NO_PREFIXES,
    ) -> None:
        """Reach the server at its query address, which may hold user and password.

        The file `written_marker` is touched at each write, so that other processes see a new version. Without
        a `checker` only the texts of this software can be sent, through the Store protocol.
        """
        self._query_address = address
        self._update_address = choose_update_address(address, settings.remote_update)
        self._settings, self._checker, self._written_marker = settings, checker, written_marker
        self._prefixes = prefixes
        self._query_slots = threading.BoundedSemaphore(settings.query_slots + settings.query_queue)

    @property
    def version(self) -> str:
        """A token that changes with every write made here, and every `remote_freshness` seconds."""
        marker = self._written_marker
        written = marker.stat().st_mtime_ns if marker and marker.exists() else 0
        return f"remote-{int(time.time() / self._settings.remote_freshness)}-{written}"

    def _make_endpoint(self, deadline: float) -> SparqlEndpoint:
        """Return the server with what one exchange may take, in seconds."""
        peer = Peer(
            f"The remote store {remove_credentials(self._query_address)}",
            timeout_location="deadline",
            timeout_hint="Narrow the query, or add a LIMIT.",
        )
        limits = RequestLimits(deadline, private_hosts=None, product=self._settings.PRODUCT)
        return SparqlEndpoint(self._query_address, self._update_address, peer, limits)

    # -- queries of clients

    @property
    def _required_checker(self) -> EngineStore:
        """The local engine that parses."""
        if self._checker is None:
            raise StoreUnavailable(
                "This remote store was opened without the engine that checks queries.",
                hint="Open it as the server does.",
            )
        return self._checker

    def answer(self, job: QueryJob, queue: str = "query") -> ResultStream:
        """Start a query and return its result stream as soon as the head is here.

        Raises BadQuery or Forbidden for a text that may not travel, Busy when all slots are taken, and
        StoreUnavailable or TooExpensive where the remote does not answer.
        """
        if job.parse_only:
            return self._required_checker.answer(job, queue)
        form, text = self._prepare_query(job)
        if not self._query_slots.acquire(blocking=False):
            raise Busy("All query slots are taken and the queue is full.", hint="Try again shortly.")
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.settimeout(2 * job.deadline + 5)  # a client that reads slowly does not hold the slot for good
        worker = threading.Thread(
            target=self._answer_in_thread, args=(writer, job, form, text), name="remote", daemon=True
        )
        worker.start()
        return receive_result(reader)

    def _prepare_query(self, job: QueryJob) -> tuple[str, str]:
        """Return the form of the query and the text to send; raises BadQuery when it does not parse."""
        if job.graph_to_dump is not None:
            graph = ox.NamedNode(job.graph_to_dump) if job.graph_to_dump else None
            return "CONSTRUCT", _make_graph_query(graph)
        _refuse_outgoing_calls(job.text, self._settings)
        check = QueryJob(job.text, base=job.base, parse_only="query", deadline=job.deadline)
        form = str(self._required_checker.answer(check).head["form"])
        return form, f"BASE <{job.base}>\n{job.text}" if job.base else job.text

    def _answer_in_thread(self, connection: socket.socket, job: QueryJob, form: str, text: str) -> None:
        """Send the query and write the frames of its answer to `connection`; runs in a thread of its own."""
        with connection:
            try:
                with contextlib.closing(self._send_query(job, form, text)) as response:
                    send_result(_parse_answer(response, form), job, connection.sendall, self._prefixes)
            except UserError as error:
                _send_error(connection, error)
            except SyntaxError as error:
                _send_error(connection, _garbled_answer_error(self._query_address, error))
            except OSError:
                return  # the client has gone
            finally:
                self._query_slots.release()

    def _send_query(self, job: QueryJob, form: str, text: str) -> Response:
        """Return the response to a client's query; the dataset of the request wins (Protocol 2.1.4)."""
        if job.default_graphs is None and job.named_graphs is None:
            parameters = self._name_default_graph(text, _QUERY_DATASET)
        else:
            default_name, named_name = _QUERY_DATASET
            parameters = [(default_name, graph) for graph in job.default_graphs or ()]
            parameters += [(named_name, graph) for graph in job.named_graphs or ()]
        accept = RESULTS_JSON if form in ("SELECT", "ASK") else RDF_ACCEPT
        return self._make_endpoint(job.deadline).send_query(text, accept, parameters)

    def _name_default_graph(self, text: str, parameter_names: tuple[str, str]) -> Parameters:
        """Return the parameters that name the graph which stands for the default graph.

        There are none where the server has a default graph, and where the text names its own dataset.
        """
        graph = self._settings.remote_default_graph
        others = find_graphs_to_send(text) if graph else None
        if others is None:
            return ()
        default_name, named_name = parameter_names
        return [(default_name, graph), *((named_name, other) for other in others)]

    # -- writes of clients

    def write(self, job: WriteJob, body: bytes = b"") -> bool:
        """Make a write; return whether it created a graph. Raises as `answer` does."""
        operations: dict[str, Callable[[WriteJob, bytes], bool]] = {
            "update": self._run_update_job,
            "restore": self._restore_backup,
            "put": self._put_graph,
            "post": self._post_graph,
            "delete": self._delete_graph,
        }
        return operations[job.operation](job, body)

    def _run_update_job(self, job: WriteJob, _: bytes) -> bool:
        """Run an update, once the checker has parsed it."""
        _refuse_outgoing_calls(job.text, self._settings)
        check = QueryJob(job.text, base=job.base, parse_only="update", deadline=job.deadline)
        self._required_checker.answer(check).read_body()
        self._send_update(f"BASE <{job.base}>\n{job.text}" if job.base else job.text, job.deadline)
        return False

    def _restore_backup(self, job: WriteJob, _: bytes) -> bool:
        """Run the update that restores a backup; it was written here and calls no host."""
        self._send_update(job.text, job.deadline)
        return False

    def _put_graph(self, job: WriteJob, body: bytes) -> bool:
        """Replace a graph."""
        triples, name = parse_graph_body(job, body, self._settings.term_size), parse_job_graph(job)
        created = name is not None and not self.has_graph(name)
        self._send_update(make_replace_update(name, triples), job.deadline)
        return created

    def _post_graph(self, job: WriteJob, body: bytes) -> bool:
        """Merge triples into a graph."""
        triples, name = parse_graph_body(job, body, self._settings.term_size), parse_job_graph(job)
        created = name is not None and not self.has_graph(name)
        self._send_update(make_insert_update(make_quads(triples, name)), job.deadline)
        return created

    def _delete_graph(self, job: WriteJob, _: bytes) -> bool:
        """Remove a graph; raises NotFound when there is none of that name."""
        name = parse_job_graph(job)
        if name is not None and not self.has_graph(name):
            raise NotFound(f"There is no graph <{name.value}>.", hint="GET /store lists the graphs.")
        self.remove_graph(name)
        return False

    def _send_update(self, update: str, deadline: float | None = None) -> None:
        """Run an update that was checked or written here, and let other processes know."""
        endpoint = self._make_endpoint(deadline or self._settings.query_deadline)
        endpoint.send_update(update, self._name_default_graph(update, _UPDATE_DATASET))
        if self._written_marker:
            self._written_marker.touch()
            os.utime(self._written_marker, ns=(time.time_ns(), time.time_ns()))

    # -- the Store protocol

    def _send_trusted_query(self, query: str, accept: str) -> Response:
        """Return the response to a query of this software."""
        endpoint = self._make_endpoint(self._settings.query_deadline)
        try:
            return endpoint.send_query(query, accept, self._name_default_graph(query, _QUERY_DATASET))
        except BadQuery:
            if self._checker:  # its error has line and column
                self._checker.answer(QueryJob(query, parse_only="query"))
            raise

    def _read_results(self, query: str) -> ox.QuerySolutions | ox.QueryBoolean:
        """Return the complete answer to a SELECT or ASK query."""
        with contextlib.closing(self._send_trusted_query(query, RESULTS_JSON)) as response:
            body = normalize_blank_nodes(response.readall())
        try:
            return ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        except SyntaxError as error:
            raise _garbled_answer_error(self._query_address, error) from error

    def select(self, query: str) -> Solutions:
        """Return the solutions of a SELECT query; raises BadQuery for any other."""
        _require_form(query, "SELECT")
        try:
            return read_solutions(self._read_results(query))
        except SyntaxError as error:
            raise _garbled_answer_error(self._query_address, error) from error

    def ask(self, query: str) -> bool:
        """Return the answer of an ASK query; raises BadQuery for any other."""
        _require_form(query, "ASK")
        return read_boolean(parse_ask_answer(self._read_results(query)))

    def construct(self, query: str) -> Iterator[ox.Triple]:
        """Return the triples of a CONSTRUCT or DESCRIBE query, all read first: half an answer is an error."""
        _require_form(query, "CONSTRUCT", "DESCRIBE")
        try:
            with contextlib.closing(self._send_trusted_query(query, RDF_ACCEPT)) as response:
                return iter(list(_parse_triples(response)))
        except SyntaxError as error:
            raise _garbled_answer_error(self._query_address, error) from error

    def graph_names(self) -> tuple[ox.NamedNode, ...]:
        """Return the names of the named graphs, sorted."""
        rows = self.select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g")
        names = (row["g"] for row in rows if isinstance(row["g"], ox.NamedNode))
        hidden = VIRTUOSO_SYSTEM_GRAPHS | {self._settings.remote_default_graph}
        return tuple(name for name in names if name.value not in hidden)

    def cancel(self, job_id: str) -> bool:
        """Raise NotFound: another server's query cannot be stopped from here."""
        raise NotFound(
            "The queries run in another store, where this server cannot stop them.",
            hint=f"They end by themselves, at the latest after {self._settings.query_deadline:g} seconds.",
        )

    def has_graph(self, graph: ox.NamedNode) -> bool:
        """Return whether a graph of that name holds anything."""
        return self.ask(f"ASK {{ GRAPH {graph} {{ ?s ?p ?o }} }}")

    def read_graph(self, graph: GraphName) -> Iterator[ox.Triple]:
        """Yield the triples of one graph, None being the default graph."""
        return self.construct(_make_graph_query(graph))

    def update(self, update: str) -> None:
        """Run a SPARQL update; as atomic and durable as the remote makes it."""
        self._send_update(update)

    def load_quads(self, quads: Iterable[ox.Quad]) -> int:
        """Add quads, BATCH_SIZE in a request, and return their number; a failure leaves earlier batches."""
        total = 0
        for batch in split_into_batches(quads, BATCH_SIZE):
            self._send_update(make_insert_update(batch))
            total += len(batch)
        return total

    def replace_graph(self, graph: GraphName, triples: Iterable[ox.Triple]) -> None:
        """Replace the triples of `graph` in one request."""
        self._send_update(make_replace_update(graph, triples))

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        self._send_update(f"DROP SILENT GRAPH {graph}" if graph else "DROP SILENT DEFAULT")

    def close(self) -> None:
        """Close the checker; the remote keeps running."""
        if self._checker:
            self._checker.close()


def _refuse_outgoing_calls(text: str, settings: HostSettings) -> None:
    """Raise Forbidden for a text that would make the remote call another host than the allowed ones."""
    for keyword in ("SERVICE", "LOAD"):
        for call in find_outgoing_calls(text, keyword):
            if keyword == "SERVICE" and call.address in settings.service_allow:
                continue
            raise Forbidden(
                f"{keyword} may call no host from here.",
                hint=f"Ask the operator to allow that address ({settings.name_variable('service_allow')}).",
            )


def _make_graph_query(graph: GraphName) -> str:
    """Return the query for every triple of a graph."""
    pattern = f"GRAPH {graph} {{ ?s ?p ?o }}" if graph else "?s ?p ?o"
    return f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}"


def _require_form(query: str, *forms: str) -> None:
    """Raise BadQuery for another form: some servers answer SELECT with triples, if asked for those."""
    form = next((word.text.upper() for word in tokenize(query) if word.is_keyword(*_QUERY_FORMS)), "")
    if form not in forms:
        raise make_form_error(*forms)


def _parse_answer(response: Response, form: str) -> ox.QuerySolutions | ox.QueryBoolean | Iterator[ox.Triple]:
    """Return the parsed answer, which is read as it arrives."""
    if form in ("SELECT", "ASK"):
        source = io.BufferedReader(BlankNodeNormalizer(response), BLOCK_SIZE)
        results = ox.parse_query_results(source, format=ox.QueryResultsFormat.JSON)
        return (parse_ask_answer(results) if form == "ASK" else None) or results
    return _parse_triples(response)


def _parse_triples(response: Response) -> Iterator[ox.Triple]:
    source = io.BufferedReader(response, BLOCK_SIZE)
    return (quad.triple for quad in ox.parse(source, format=_RDF_FORMATS[response.media_type]))


def _send_error(connection: socket.socket, error: UserError) -> None:
    with contextlib.suppress(OSError):  # the client may have gone
        connection.sendall(make_error_frame(error))


def _garbled_answer_error(address: str, error: SyntaxError) -> StoreUnavailable:
    """Return the error of an answer that cannot be parsed; it was probably cut off."""
    host = urlsplit(address).netloc.rpartition("@")[2]
    return StoreUnavailable(
        f"The answer of the remote store {host} is cut off or damaged: {str(error.msg).splitlines()[0]}.",
        hint="Check that the server runs, then try again.",
    )
