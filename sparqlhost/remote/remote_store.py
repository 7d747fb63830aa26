"""A store on another SPARQL 1.1 server: the same Store, for graphs that outgrow one machine.

Texts are parsed by a local engine over an empty store (`checker`), which reaches no network, before they
travel: so a write cannot hide in a query, and the form of a query is known. Rows are counted and formats made
here, so limits and answers are those of any other store.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyoxigraph as ox

from sparqlhost.errors import BadQuery, Busy, Forbidden, NotFound, StoreUnavailable, UserError
from sparqlhost.pool.engine_store import EngineStore, ResultStream, read_result_stream
from sparqlhost.pool.jobs import QueryJob, WriteJob, make_error_frame
from sparqlhost.pool.query_runner import send_result
from sparqlhost.pool.writes import parse_graph_body
from sparqlhost.remote.remote_dialects import (
    VIRTUOSO_SYSTEM_GRAPHS,
    BlankNodeNormalizer,
    find_graphs_to_send,
    make_insert_update,
    normalize_blank_nodes,
    parse_ask_answer,
    split_into_batches,
)
from sparqlhost.remote_http import RDF_ACCEPT, RESULTS_JSON, ResponseBody, SparqlExchange
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import tokenize
from sparqlhost.store.interface import GraphName, Solutions

#: quads that travel in one INSERT; Virtuoso takes no text of 10,000 terms.
BATCH_SIZE = 1_000
_QUERY_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_OUTGOING_KEYWORDS = ("SERVICE", "LOAD")
_RDF_FORMATS = {
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
}


class RemoteStore:
    """The Store of another server, and `answer` and `write` for anybody's queries and updates."""

    def __init__(
        self,
        address: str,
        settings: HostSettings,
        checker: EngineStore | None = None,
        written_marker: Path | None = None,
    ) -> None:
        """Reach the server's query address; the file `mark` is touched at each write, for other processes.

        Without a `checker` only our own texts can be asked, through the Store protocol.
        """
        self._query_address, self._update_address = (
            address,
            settings.remote_update or derive_update_address(address),
        )
        self._settings, self._checker, self._written_marker = settings, checker, written_marker
        self._query_slots = threading.BoundedSemaphore(settings.query_slots + settings.query_queue)

    @property
    def version(self) -> str:
        """Return a token that changes with every write of ours, and from time to time for those of others."""
        written = (
            self._written_marker.stat().st_mtime_ns
            if self._written_marker and self._written_marker.exists()
            else 0
        )
        return f"remote-{int(time.time() / self._settings.remote_freshness)}-{written}"

    # -- anybody's queries

    @property
    def _required_checker(self) -> EngineStore:
        """Return the local engine that parses."""
        if self._checker is None:
            raise StoreUnavailable(
                "This remote store was opened for our own queries only.", hint="Use kg serve."
            )
        return self._checker

    def answer(self, job: QueryJob, queue: str = "query") -> ResultStream:
        """Start a query and return when its head is here; raises what the remote raised before that."""
        if job.parse_only:
            return self._required_checker.answer(job, queue)
        form, text = self._prepare_query(job)
        if not self._query_slots.acquire(blocking=False):
            raise Busy("All query slots are taken and the queue is full.", hint="Try again shortly.")
        ours, theirs = socket.socketpair()
        ours.settimeout(2 * job.deadline + 5)
        theirs.settimeout(2 * job.deadline + 5)
        worker = threading.Thread(
            target=self._answer_in_thread, args=(theirs, job, form, text), name="remote", daemon=True
        )
        worker.start()
        return read_result_stream(ours)

    def _prepare_query(self, job: QueryJob) -> tuple[str, str]:
        """Return the form of the query and the text to send; raises BadQuery when it does not parse."""
        if job.graph_to_dump is not None:
            pattern = "?s ?p ?o"
            inner = (
                f"GRAPH <{ox.NamedNode(job.graph_to_dump).value}> {{ {pattern} }}"
                if job.graph_to_dump
                else pattern
            )
            return "CONSTRUCT", f"CONSTRUCT {{ {pattern} }} WHERE {{ {inner} }}"
        _refuse_outgoing_calls(job.text, self._settings)
        check = QueryJob(job.text, base=job.base, parse_only="query", deadline=job.deadline)
        form = str(self._required_checker.answer(check).head["form"])
        return form, f"BASE <{job.base}>\n{job.text}" if job.base else job.text

    def _answer_in_thread(self, connection: socket.socket, job: QueryJob, form: str, text: str) -> None:
        """Ask the remote and send the answer's frames; runs in a thread of its own, start to end."""
        with connection:
            try:
                with contextlib.closing(self._send_query(job, form, text)) as body:
                    send_result(_parse_answer(body, form), job, connection.sendall)
            except UserError as error:
                _send_error(connection, error)
            except SyntaxError as error:
                _send_error(connection, _garbled_answer_error(self._query_address, error))
            except OSError:
                return
            finally:
                self._query_slots.release()

    def _send_query(self, job: QueryJob, form: str, text: str) -> ResponseBody:
        """Return the body of the remote's answer."""
        endpoint = SparqlExchange(self._query_address, self._update_address, job.deadline)
        if job.default_graphs is None and job.named_graphs is None:
            self._name_default_graph(endpoint, text, "default-graph-uri", "named-graph-uri")
        for graph in job.default_graphs or ():
            endpoint.addDefaultGraph(graph)
        for graph in job.named_graphs or ():
            endpoint.addNamedGraph(graph)
        return endpoint.send_query(text, RESULTS_JSON if form in ("SELECT", "ASK") else RDF_ACCEPT)

    def _name_default_graph(
        self, endpoint: SparqlExchange, text: str, default_parameter: str, named_parameter: str
    ) -> None:
        """Name the graph that stands for the default graph, unless the text names its own dataset."""
        graph = self._settings.remote_default_graph
        others = find_graphs_to_send(text) if graph else None
        if others is not None:
            endpoint.addParameter(default_parameter, graph)
            for other in others:
                endpoint.addParameter(named_parameter, other)

    # -- anybody's writes

    def write(self, job: WriteJob, body: bytes = b"") -> bool:
        """Make a write; return whether it made a graph."""
        acts: dict[str, Callable[[WriteJob, bytes], bool]] = {
            "update": self._run_update_job,
            "restore": self._restore_backup,
            "put": self._put_graph,
            "post": self._post_graph,
            "delete": self._delete_graph,
        }
        return acts[job.operation](job, body)

    def _run_update_job(self, job: WriteJob, _: bytes) -> bool:
        """Run an update that parses."""
        _refuse_outgoing_calls(job.text, self._settings)
        check = QueryJob(job.text, base=job.base, parse_only="update", deadline=job.deadline)
        self._required_checker.answer(check).read_body()
        self._send_update(f"BASE <{job.base}>\n{job.text}" if job.base else job.text, job.deadline)
        return False

    def _restore_backup(self, job: WriteJob, _: bytes) -> bool:
        """Run the update that a backup makes; it was written here and calls no host."""
        self._send_update(job.text, job.deadline)
        return False

    def _put_graph(self, job: WriteJob, body: bytes) -> bool:
        """Replace a graph."""
        triples, name = parse_graph_body(job, body), _parse_graph_iri(job)
        created = name is not None and not self.has_graph(name)
        self._send_update(_make_replace_update(name, triples), job.deadline)
        return created

    def _post_graph(self, job: WriteJob, body: bytes) -> bool:
        """Merge triples into a graph."""
        triples, name = parse_graph_body(job, body), _parse_graph_iri(job)
        created = name is not None and not self.has_graph(name)
        self._send_update(make_insert_update(_make_quads(triples, name)), job.deadline)
        return created

    def _delete_graph(self, job: WriteJob, _: bytes) -> bool:
        """Remove a graph; raises NotFound when there is none of that name."""
        name = _parse_graph_iri(job)
        if name is not None and not self.has_graph(name):
            raise NotFound(f"There is no graph <{name.value}>.", hint="GET /store lists the graphs.")
        self.remove_graph(name)
        return False

    def _send_update(self, update: str, deadline: float | None = None) -> None:
        """Run an update of ours or one that was checked, and tell the other processes."""
        endpoint = SparqlExchange(
            self._query_address, self._update_address, deadline or self._settings.query_deadline
        )
        self._name_default_graph(endpoint, update, "using-graph-uri", "using-named-graph-uri")
        endpoint.send_update(update)
        if self._written_marker:
            self._written_marker.touch()
            os.utime(self._written_marker, ns=(time.time_ns(), time.time_ns()))

    # -- the Store protocol

    def _send_trusted_query(self, query: str, accept: str) -> ResponseBody:
        """Return the body of the answer to a query of ours."""
        endpoint = SparqlExchange(self._query_address, self._update_address, self._settings.query_deadline)
        self._name_default_graph(endpoint, query, "default-graph-uri", "named-graph-uri")
        try:
            return endpoint.send_query(query, accept)
        except BadQuery:
            if self._checker:  # knows the place of the mistake
                self._checker.answer(QueryJob(query, parse_only="query"))
            raise

    def _read_results(self, query: str) -> ox.QuerySolutions | ox.QueryBoolean:
        """Return the whole answer to a SELECT or ASK of ours."""
        body = normalize_blank_nodes(self._send_trusted_query(query, RESULTS_JSON).readall())
        try:
            return ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        except SyntaxError as error:
            raise _garbled_answer_error(self._query_address, error) from error

    def select(self, query: str) -> Solutions:
        """Return the solutions of a SELECT query; raises BadQuery for any other."""
        _require_form(query, "SELECT")
        read = self._read_results(query)
        if not isinstance(read, ox.QuerySolutions):
            raise BadQuery("The query is not a SELECT.", hint="Ask with SELECT.")
        names = tuple(variable.value for variable in read.variables)
        try:
            return Solutions(names, tuple(tuple(row) for row in read))
        except SyntaxError as error:
            raise _garbled_answer_error(self._query_address, error) from error

    def ask(self, query: str) -> bool:
        """Return the answer of an ASK query; raises BadQuery for any other."""
        _require_form(query, "ASK")
        read = parse_ask_answer(self._read_results(query))
        if read is None:
            raise BadQuery("The query is not an ASK.", hint="Ask with ASK.")
        return bool(read)

    def construct(self, query: str) -> Iterator[ox.Triple]:
        """Return the triples of a CONSTRUCT or DESCRIBE query, read whole: half an answer is an error."""
        _require_form(query, "CONSTRUCT", "DESCRIBE")
        body = self._send_trusted_query(query, RDF_ACCEPT)
        try:
            return iter(list(_parse_triples(body)))
        except SyntaxError as error:
            raise _garbled_answer_error(self._query_address, error) from error

    def graph_names(self) -> tuple[ox.NamedNode, ...]:
        """Return the names of the named graphs, sorted."""
        found = self.select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g")
        names = (row["g"] for row in found if isinstance(row["g"], ox.NamedNode))
        apart = VIRTUOSO_SYSTEM_GRAPHS | {self._settings.remote_default_graph}
        return tuple(name for name in names if name.value not in apart)

    def cancel(self, job_id: str) -> bool:
        """Raise NotFound: another server's query cannot be stopped from here."""
        raise NotFound(
            "The queries run in another store, where this server cannot stop them.",
            hint=f"They end by themselves, at the latest after {self._settings.query_deadline:g} seconds.",
        )

    def has_graph(self, graph: ox.NamedNode) -> bool:
        """Say whether a graph of that name holds anything."""
        return self.ask(f"ASK {{ GRAPH {graph} {{ ?s ?p ?o }} }}")

    def read_graph(self, graph: GraphName) -> Iterator[ox.Triple]:
        """Yield the triples of one graph."""
        inner = f"GRAPH {graph} {{ ?s ?p ?o }}" if graph else "?s ?p ?o"
        return self.construct(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {inner} }}")

    def update(self, update: str) -> None:
        """Run a SPARQL update of ours; as atomic and durable as the remote makes it."""
        self._send_update(update)

    def load_quads(self, quads: Iterable[ox.Quad]) -> int:
        """Add quads, some thousands at a time; return how many were given."""
        total = 0
        for batch in split_into_batches(quads, BATCH_SIZE):
            self._send_update(make_insert_update(batch))
            total += len(batch)
        return total

    def replace_graph(self, graph: GraphName, triples: Iterable[ox.Triple]) -> None:
        """Put `triples` in the place of what `graph` held."""
        self._send_update(_make_replace_update(graph, triples))

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        self._send_update(f"DROP SILENT GRAPH {graph}" if graph else "DROP SILENT DEFAULT")

    def close(self) -> None:
        """Let go of the checker; the remote keeps running."""
        if self._checker:
            self._checker.close()


def derive_update_address(address: str) -> str:
    """Return the update address that goes with a query address.

    >>> update_address("http://localhost:7878/query")
    'http://localhost:7878/update'
    """
    parts = urlsplit(address)
    head, _, last = parts.path.rpartition("/")
    return parts._replace(path=f"{head}/update").geturl() if last == "query" else address


def _refuse_outgoing_calls(text: str, settings: HostSettings) -> None:
    """Refuse a text that would make the remote call a host; the allow-list names exact addresses."""
    words = list(tokenize(text))
    for at, word in enumerate(words):
        if not word.is_keyword(*_OUTGOING_KEYWORDS):
            continue
        target = next((token.text[1:-1] for token in words[at + 1 : at + 3] if token.kind == "iri"), "")
        if word.is_keyword("LOAD") or target not in settings.service_allow:
            raise Forbidden(
                f"{word.text.upper()} may call no host from here.",
                hint="Ask the operator to allow that exact address (KG_SERVICE_ALLOW).",
            )


def _require_form(query: str, *forms: str) -> None:
    """Raise BadQuery for a query of ours in another form: some servers answer it in any format."""
    found = next((word.text.upper() for word in tokenize(query) if word.is_keyword(*_QUERY_FORMS)), "")
    if found not in forms:
        raise BadQuery(f"The query is not a {' or '.join(forms)}.", hint=f"Ask with {forms[0]}.")


def _parse_graph_iri(job: WriteJob) -> ox.NamedNode | None:
    """Return the graph a job names; raises BadQuery where that is no IRI."""
    try:
        return ox.NamedNode(job.graph) if job.graph is not None else None
    except ValueError as error:
        raise BadQuery(
            f"{job.graph!r} is not an absolute IRI.", hint="Name the graph by its whole IRI."
        ) from error


def _make_quads(triples: Iterable[ox.Triple], graph: GraphName) -> Iterator[ox.Quad]:
    """Yield `triples` as quads of one graph."""
    for triple in triples:
        yield ox.Quad(triple.subject, triple.predicate, triple.object, graph or ox.DefaultGraph())


def _make_replace_update(graph: GraphName, triples: Iterable[ox.Triple]) -> str:
    """Return the one update that empties or makes `graph` and puts `triples` in."""
    emptied = f"DROP SILENT GRAPH {graph} ; CREATE SILENT GRAPH {graph}" if graph else "CLEAR SILENT DEFAULT"
    return f"{emptied} ; {make_insert_update(_make_quads(triples, graph))}"


def _parse_answer(body: ResponseBody, form: str) -> ox.QuerySolutions | ox.QueryBoolean | Iterator[ox.Triple]:
    """Return the engine's view of an answer, read as it arrives."""
    if form in ("SELECT", "ASK"):
        source = io.BufferedReader(BlankNodeNormalizer(body), 1 << 16)
        found = ox.parse_query_results(source, format=ox.QueryResultsFormat.JSON)
        return (parse_ask_answer(found) if form == "ASK" else None) or found
    return _parse_triples(body)


def _parse_triples(body: ResponseBody) -> Iterator[ox.Triple]:
    """Yield the triples of an RDF answer."""
    source = io.BufferedReader(body, 1 << 16)
    return (quad.triple for quad in ox.parse(source, format=_RDF_FORMATS[body.media_type]))


def _send_error(connection: socket.socket, error: UserError) -> None:
    """Send an error, if anybody still listens."""
    with contextlib.suppress(OSError):
        connection.sendall(make_error_frame(error))


def _garbled_answer_error(address: str, error: SyntaxError) -> StoreUnavailable:
    """Return the error of an answer that is cut or garbled."""
    host = urlsplit(address).netloc.rpartition("@")[2]
    return StoreUnavailable(
        f"The answer of the remote store {host} is cut or garbled: {str(error.msg).splitlines()[0]}.",
        hint="Look at that server, then try again.",
    )
