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

from kg.errors import BadQuery, Busy, Forbidden, KgError, NotFound, StoreUnavailable
from kg.settings import Settings
from kg.store.answers import send_result
from kg.store.batches import batches, insertion
from kg.store.client import EngineStore, Reply
from kg.store.dialects import SYSTEM_GRAPHS, PlainNames, plain_names, stand_in, yes_or_no
from kg.store.jobs import QueryJob, WriteJob, error_frame
from kg.store.lexer import tokens
from kg.store.protocol import GraphName, Solutions
from kg.store.remote_http import GRAPH_ACCEPT, RESULTS_JSON, Body, Endpoint
from kg.store.replies import replied
from kg.store.writes import parsed

#: quads that travel in one INSERT; Virtuoso takes no text of 10,000 terms.
BATCH = 1_000
_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_OUTGOING = ("SERVICE", "LOAD")
_RDF = {
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
}


class RemoteStore:
    """The Store of another server, and `answer` and `write` for anybody's queries and updates."""

    def __init__(
        self, address: str, settings: Settings, checker: EngineStore | None = None, mark: Path | None = None
    ) -> None:
        """Reach the server's query address; the file `mark` is touched at each write, for other processes.

        Without a `checker` only our own texts can be asked, through the Store protocol.
        """
        self._query, self._update = address, settings.remote_update or update_address(address)
        self._settings, self._checker, self._mark = settings, checker, mark
        self._gate = threading.BoundedSemaphore(settings.query_slots + settings.query_queue)

    @property
    def version(self) -> str:
        """Return a token that changes with every write of ours, and from time to time for those of others."""
        written = self._mark.stat().st_mtime_ns if self._mark and self._mark.exists() else 0
        return f"remote-{int(time.time() / self._settings.remote_freshness)}-{written}"

    # -- anybody's queries

    @property
    def _check(self) -> EngineStore:
        """Return the local engine that parses."""
        if self._checker is None:
            raise StoreUnavailable(
                "This remote store was opened for our own queries only.", todo="Use kg serve."
            )
        return self._checker

    def answer(self, job: QueryJob, lane: str = "query") -> Reply:
        """Start a query and return when its head is here; raises what the remote raised before that."""
        if job.parse_only:
            return self._check.answer(job, lane)
        form, text = self._form(job)
        if not self._gate.acquire(blocking=False):
            raise Busy("All query slots are taken and the queue is full.", todo="Try again shortly.")
        ours, theirs = socket.socketpair()
        ours.settimeout(2 * job.deadline + 5)
        theirs.settimeout(2 * job.deadline + 5)
        worker = threading.Thread(
            target=self._work, args=(theirs, job, form, text), name="remote", daemon=True
        )
        worker.start()
        return replied(ours)

    def _form(self, job: QueryJob) -> tuple[str, str]:
        """Return the form of the query and the text to send; raises BadQuery when it does not parse."""
        if job.whole_graph is not None:
            pattern = "?s ?p ?o"
            inner = (
                f"GRAPH <{ox.NamedNode(job.whole_graph).value}> {{ {pattern} }}"
                if job.whole_graph
                else pattern
            )
            return "CONSTRUCT", f"CONSTRUCT {{ {pattern} }} WHERE {{ {inner} }}"
        _stay_home(job.text, self._settings)
        check = QueryJob(job.text, base=job.base, parse_only="query", deadline=job.deadline)
        form = str(self._check.answer(check).head["form"])
        return form, f"BASE <{job.base}>\n{job.text}" if job.base else job.text

    def _work(self, connection: socket.socket, job: QueryJob, form: str, text: str) -> None:
        """Ask the remote and send the answer's frames; runs in a thread of its own, start to end."""
        with connection:
            try:
                with contextlib.closing(self._fetch(job, form, text)) as body:
                    send_result(_read(body, form), job, connection.sendall)
            except KgError as error:
                _tell(connection, error)
            except SyntaxError as error:
                _tell(connection, _unreadable(self._query, error))
            except OSError:
                return
            finally:
                self._gate.release()

    def _fetch(self, job: QueryJob, form: str, text: str) -> Body:
        """Return the body of the remote's answer."""
        endpoint = Endpoint(self._query, self._update, job.deadline)
        if job.default_graphs is None and job.named_graphs is None:
            self._stand_in(endpoint, text, "default-graph-uri", "named-graph-uri")
        for graph in job.default_graphs or ():
            endpoint.addDefaultGraph(graph)
        for graph in job.named_graphs or ():
            endpoint.addNamedGraph(graph)
        return endpoint.ask(text, RESULTS_JSON if form in ("SELECT", "ASK") else GRAPH_ACCEPT)

    def _stand_in(self, endpoint: Endpoint, text: str, default: str, named: str) -> None:
        """Name the graph that stands for the default graph, unless the text names its own dataset."""
        graph = self._settings.remote_default_graph
        others = stand_in(text) if graph else None
        if others is not None:
            endpoint.addParameter(default, graph)
            for other in others:
                endpoint.addParameter(named, other)

    # -- anybody's writes

    def write(self, job: WriteJob, body: bytes = b"") -> bool:
        """Make a write; return whether it made a graph."""
        acts: dict[str, Callable[[WriteJob, bytes], bool]] = {
            "update": self._run_update,
            "restore": self._restore,
            "put": self._put,
            "post": self._post,
            "delete": self._delete,
        }
        return acts[job.act](job, body)

    def _run_update(self, job: WriteJob, _: bytes) -> bool:
        """Run an update that parses."""
        _stay_home(job.text, self._settings)
        check = QueryJob(job.text, base=job.base, parse_only="update", deadline=job.deadline)
        self._check.answer(check).body()
        self._change(f"BASE <{job.base}>\n{job.text}" if job.base else job.text, job.deadline)
        return False

    def _restore(self, job: WriteJob, _: bytes) -> bool:
        """Run the update that a backup makes; it was written here and calls no host."""
        self._change(job.text, job.deadline)
        return False

    def _put(self, job: WriteJob, body: bytes) -> bool:
        """Replace a graph."""
        triples, name = parsed(job, body), _graph(job)
        created = name is not None and not self.has_graph(name)
        self._change(_replacement(name, triples), job.deadline)
        return created

    def _post(self, job: WriteJob, body: bytes) -> bool:
        """Merge triples into a graph."""
        triples, name = parsed(job, body), _graph(job)
        created = name is not None and not self.has_graph(name)
        self._change(insertion(_placed(triples, name)), job.deadline)
        return created

    def _delete(self, job: WriteJob, _: bytes) -> bool:
        """Remove a graph; raises NotFound when there is none of that name."""
        name = _graph(job)
        if name is not None and not self.has_graph(name):
            raise NotFound(f"There is no graph <{name.value}>.", todo="GET /store lists the graphs.")
        self.remove_graph(name)
        return False

    def _change(self, update: str, deadline: float | None = None) -> None:
        """Run an update of ours or one that was checked, and tell the other processes."""
        endpoint = Endpoint(self._query, self._update, deadline or self._settings.query_deadline)
        self._stand_in(endpoint, update, "using-graph-uri", "using-named-graph-uri")
        endpoint.change(update)
        if self._mark:
            self._mark.touch()
            os.utime(self._mark, ns=(time.time_ns(), time.time_ns()))

    # -- the Store protocol

    def _own(self, query: str, accept: str) -> Body:
        """Return the body of the answer to a query of ours."""
        endpoint = Endpoint(self._query, self._update, self._settings.query_deadline)
        self._stand_in(endpoint, query, "default-graph-uri", "named-graph-uri")
        try:
            return endpoint.ask(query, accept)
        except BadQuery:
            if self._checker:  # knows the place of the mistake
                self._checker.answer(QueryJob(query, parse_only="query"))
            raise

    def _results(self, query: str) -> ox.QuerySolutions | ox.QueryBoolean:
        """Return the whole answer to a SELECT or ASK of ours."""
        body = plain_names(self._own(query, RESULTS_JSON).readall())
        try:
            return ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        except SyntaxError as error:
            raise _unreadable(self._query, error) from error

    def select(self, query: str) -> Solutions:
        """Return the solutions of a SELECT query; raises BadQuery for any other."""
        _require(query, "SELECT")
        read = self._results(query)
        if not isinstance(read, ox.QuerySolutions):
            raise BadQuery("The query is not a SELECT.", todo="Ask with SELECT.")
        names = tuple(variable.value for variable in read.variables)
        try:
            return Solutions(names, tuple(tuple(row) for row in read))
        except SyntaxError as error:
            raise _unreadable(self._query, error) from error

    def ask(self, query: str) -> bool:
        """Return the answer of an ASK query; raises BadQuery for any other."""
        _require(query, "ASK")
        read = yes_or_no(self._results(query))
        if read is None:
            raise BadQuery("The query is not an ASK.", todo="Ask with ASK.")
        return bool(read)

    def construct(self, query: str) -> Iterator[ox.Triple]:
        """Return the triples of a CONSTRUCT or DESCRIBE query, read whole: half an answer is an error."""
        _require(query, "CONSTRUCT", "DESCRIBE")
        body = self._own(query, GRAPH_ACCEPT)
        try:
            return iter(list(_triples(body)))
        except SyntaxError as error:
            raise _unreadable(self._query, error) from error

    def graphs(self) -> tuple[ox.NamedNode, ...]:
        """Return the names of the named graphs, sorted."""
        found = self.select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g")
        names = (row["g"] for row in found if isinstance(row["g"], ox.NamedNode))
        apart = SYSTEM_GRAPHS | {self._settings.remote_default_graph}
        return tuple(name for name in names if name.value not in apart)

    def cancel(self, job: str) -> bool:
        """Raise NotFound: another server's query cannot be stopped from here."""
        raise NotFound(
            "The queries run in another store, where this server cannot stop them.",
            todo=f"They end by themselves, at the latest after {self._settings.query_deadline:g} seconds.",
        )

    def has_graph(self, graph: ox.NamedNode) -> bool:
        """Say whether a graph of that name holds anything."""
        return self.ask(f"ASK {{ GRAPH {graph} {{ ?s ?p ?o }} }}")

    def quads(self, graph: GraphName) -> Iterator[ox.Triple]:
        """Yield the triples of one graph."""
        inner = f"GRAPH {graph} {{ ?s ?p ?o }}" if graph else "?s ?p ?o"
        return self.construct(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {inner} }}")

    def update(self, update: str) -> None:
        """Run a SPARQL update of ours; as atomic and durable as the remote makes it."""
        self._change(update)

    def load(self, quads: Iterable[ox.Quad]) -> int:
        """Add quads, some thousands at a time; return how many were given."""
        total = 0
        for batch in batches(quads, BATCH):
            self._change(insertion(batch))
            total += len(batch)
        return total

    def replace_graph(self, graph: GraphName, triples: Iterable[ox.Triple]) -> None:
        """Put `triples` in the place of what `graph` held."""
        self._change(_replacement(graph, triples))

    def remove_graph(self, graph: GraphName) -> None:
        """Remove a graph with its triples."""
        self._change(f"DROP SILENT GRAPH {graph}" if graph else "DROP SILENT DEFAULT")

    def close(self) -> None:
        """Let go of the checker; the remote keeps running."""
        if self._checker:
            self._checker.close()


def update_address(address: str) -> str:
    """Return the update address that goes with a query address.

    >>> update_address("http://localhost:7878/query")
    'http://localhost:7878/update'
    """
    parts = urlsplit(address)
    head, _, last = parts.path.rpartition("/")
    return parts._replace(path=f"{head}/update").geturl() if last == "query" else address


def _stay_home(text: str, settings: Settings) -> None:
    """Refuse a text that would make the remote call a host; the allow-list names exact addresses."""
    words = list(tokens(text))
    for at, word in enumerate(words):
        if not word.is_word(*_OUTGOING):
            continue
        target = next((token.text[1:-1] for token in words[at + 1 : at + 3] if token.kind == "iri"), "")
        if word.is_word("LOAD") or target not in settings.service_allow:
            raise Forbidden(
                f"{word.text.upper()} may call no host from here.",
                todo="Ask the operator to allow that exact address (KG_SERVICE_ALLOW).",
            )


def _require(query: str, *forms: str) -> None:
    """Raise BadQuery for a query of ours in another form: some servers answer it in any format."""
    found = next((word.text.upper() for word in tokens(query) if word.is_word(*_FORMS)), "")
    if found not in forms:
        raise BadQuery(f"The query is not a {' or '.join(forms)}.", todo=f"Ask with {forms[0]}.")


def _graph(job: WriteJob) -> ox.NamedNode | None:
    """Return the graph a job names; raises BadQuery where that is no IRI."""
    try:
        return ox.NamedNode(job.graph) if job.graph is not None else None
    except ValueError as error:
        raise BadQuery(
            f"{job.graph!r} is not an absolute IRI.", todo="Name the graph by its whole IRI."
        ) from error


def _placed(triples: Iterable[ox.Triple], graph: GraphName) -> Iterator[ox.Quad]:
    """Yield `triples` as quads of one graph."""
    for triple in triples:
        yield ox.Quad(triple.subject, triple.predicate, triple.object, graph or ox.DefaultGraph())


def _replacement(graph: GraphName, triples: Iterable[ox.Triple]) -> str:
    """Return the one update that empties or makes `graph` and puts `triples` in."""
    emptied = f"DROP SILENT GRAPH {graph} ; CREATE SILENT GRAPH {graph}" if graph else "CLEAR SILENT DEFAULT"
    return f"{emptied} ; {insertion(_placed(triples, graph))}"


def _read(body: Body, form: str) -> ox.QuerySolutions | ox.QueryBoolean | Iterator[ox.Triple]:
    """Return the engine's view of an answer, read as it arrives."""
    if form in ("SELECT", "ASK"):
        source = io.BufferedReader(PlainNames(body), 1 << 16)
        found = ox.parse_query_results(source, format=ox.QueryResultsFormat.JSON)
        return (yes_or_no(found) if form == "ASK" else None) or found
    return _triples(body)


def _triples(body: Body) -> Iterator[ox.Triple]:
    """Yield the triples of an RDF answer."""
    source = io.BufferedReader(body, 1 << 16)
    return (quad.triple for quad in ox.parse(source, format=_RDF[body.media]))


def _tell(connection: socket.socket, error: KgError) -> None:
    """Send an error, if anybody still listens."""
    with contextlib.suppress(OSError):
        connection.sendall(error_frame(error))


def _unreadable(address: str, error: SyntaxError) -> StoreUnavailable:
    """Return the error of an answer that is cut or garbled."""
    host = urlsplit(address).netloc.rpartition("@")[2]
    return StoreUnavailable(
        f"The answer of the remote store {host} is cut or garbled: {str(error.msg).splitlines()[0]}.",
        todo="Look at that server, then try again.",
    )
