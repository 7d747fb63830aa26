"""Making one write, all or nothing: an update, or a graph store operation.

A write to a memory store is rehearsed in a forked child first, under the deadline and the memory limit:
what hangs or crashes there never touches the store. A disk store cannot be forked for writing (RocksDB
hangs); there the deadline ends the owner, and the log of RocksDB brings back the last state acknowledged.
"""

from __future__ import annotations

import io
import os
import select
import signal
from collections.abc import Callable
from dataclasses import dataclass

import pyoxigraph as ox

from kg.build.inference_maintenance import IncrementalClosure, InferenceMaintainer
from sparqlhost.errors import (
    BadData,
    BadQuery,
    NotFound,
    StoreUnavailable,
    TooExpensive,
    UnsupportedMedia,
    UserError,
)
from sparqlhost.pool import sandbox as walls
from sparqlhost.pool.jobs import WriteJob, decode_error, make_error_frame
from sparqlhost.pool.query_runner import RDF_FORMATS
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.syntax_errors import explain_engine_error, explain_rdf_error, explain_syntax_error
from sparqlhost.store.local_store import LocalStore, make_replace_update

#: seconds that the inferences of one write may take, beyond its own deadline
_INFERENCE_DEADLINE = 600.0


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a write did: whether it made a graph that was not there."""

    created: bool = False


class StoreWriter:
    """Makes writes on a local store."""

    def __init__(self, store: LocalStore, settings: HostSettings) -> None:
        """Write to `store`; inferences follow unless the settings say that it began empty."""
        self._store, self._settings = store, settings
        self._inference_maintainer = None if settings.empty else InferenceMaintainer(IncrementalClosure())

    def refresh_stale_inferences(self) -> None:
        """Mend a store whose process ended between a write and its inferences."""
        if self._inference_maintainer is not None and getattr(self._store, "has_stale_inferences", False):
            self._inference_maintainer.prepare_write(self._store)
            self._inference_maintainer.refresh(self._store)
            self._store.make_durable()
            self._store.mark_inferences_current()

    def write(self, job: WriteJob, body: bytes, on_wait: Callable[[], None] = lambda: None) -> WriteResult:
        """Make the write durable and return what it did; raises UserError when it did nothing."""
        with self._store.lock_for_write():
            return self._write_locked(job, body, on_wait)

    def _write_locked(self, job: WriteJob, body: bytes, on_wait: Callable[[], None]) -> WriteResult:
        """Make the write, its inferences and its note on the disk."""
        if self._inference_maintainer is not None:
            self._inference_maintainer.prepare_write(self._store)
        if self._store.needs_dry_run:
            self._dry_run(job, body, on_wait)
            result = self._apply_with_inferences(job, body, limited=False)
        else:
            try:
                result = self._apply_with_inferences(job, body, limited=True)
            finally:
                _set_kill_timer(0)
        self._store.make_durable()
        self._store.mark_inferences_current()
        return result

    def _dry_run(self, job: WriteJob, body: bytes, on_wait: Callable[[], None]) -> None:
        """Make the write in a child that is thrown away; raises what it raised, or what killed it."""
        read, write = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if not pid:
            self._run_dry_run_child(job, body, write, parent)
        os.close(write)
        said = b""
        while True:
            if select.select([read], [], [], 0.05)[0]:
                part = os.read(read, 65536)
                if not part:
                    break
                said += part
            on_wait()
        os.close(read)
        status = os.waitpid(pid, 0)[1]
        if said:
            raise decode_error(said[5:])
        if os.WIFSIGNALED(status):
            raise self._explain_kill(os.WTERMSIG(status), job)

    def _run_dry_run_child(self, job: WriteJob, body: bytes, error_pipe: int, parent: int) -> None:
        """Be the child: do it, tell a UserError, and end without the parent's cleanup."""
        try:
            signal.set_wakeup_fd(-1)
            walls.die_with_parent(parent)
            walls.silence_stderr()
            walls.limit_memory(self._settings.query_memory)
            self._apply_with_inferences(job, body, limited=True)
        except UserError as error:
            os.write(error_pipe, make_error_frame(error))
        except MemoryError:
            os.kill(os.getpid(), signal.SIGABRT)  # as the engine's own allocations end
        except BaseException as error:
            os.write(
                error_pipe, make_error_frame(StoreUnavailable(f"The write failed: {type(error).__name__}."))
            )
        finally:
            os._exit(0)

    @staticmethod
    def _explain_kill(signal_number: int, job: WriteJob) -> UserError:
        """Return what the death of the rehearsal means."""
        if signal_number == signal.SIGALRM:
            return TooExpensive(
                f"The write took longer than {job.deadline:g} seconds and was stopped; nothing was changed.",
                hint="Split it into smaller writes.",
            )
        if signal_number == signal.SIGSEGV:
            return BadQuery("The engine crashed on this write; nothing was changed.", hint="Simplify it.")
        return TooExpensive(
            "The write used more memory than it may and was stopped; nothing was changed.",
            hint="Split it into smaller writes.",
        )

    def _apply_with_inferences(self, job: WriteJob, body: bytes, *, limited: bool) -> WriteResult:
        """Make the write on this process's store; `limited`: its deadlines end this process."""
        if limited:
            _set_kill_timer(job.deadline)
        if self._inference_maintainer is None:
            return self._apply_job(job, body)
        if (
            job.operation == "restore"
        ):  # a backup holds its inferences; the state is noted anew at the next write
            self._inference_maintainer.is_ready = False
            return self._apply_job(job, body)
        self._store.mark_inferences_stale()
        result = self._apply_job(job, body)
        if limited:
            _set_kill_timer(_INFERENCE_DEADLINE)
        self._inference_maintainer.refresh_if_changed(self._store)
        return result

    def _apply_job(self, job: WriteJob, body: bytes) -> WriteResult:
        """Make what the job says and no more."""
        acts = {
            "update": self._apply_update,
            "restore": self._apply_update,
            "put": self._put_graph,
            "post": self._post_graph,
            "delete": self._delete_graph,
        }
        try:
            return acts.get(job.operation, self._load_nquads)(job, body)
        except SyntaxError as error:
            raise explain_syntax_error(error, job.text) from error
        except (OSError, RuntimeError, ValueError) as error:
            trouble = explain_engine_error(error)
            raise trouble from error

    def _apply_update(self, job: WriteJob, _: bytes) -> WriteResult:
        """Run a SPARQL update."""
        self._store.run_update(job.text, job.base)
        return WriteResult()

    def _put_graph(self, job: WriteJob, body: bytes) -> WriteResult:
        """Replace a graph."""
        triples = parse_graph_body(job, body)
        name = _parse_graph_iri(job)
        created = name is not None and not self._store.has_graph(name)
        if created and name is not None:
            self._add_triples(name, triples)
        else:
            self._store.update(make_replace_update(name, triples))
        return WriteResult(created)

    def _post_graph(self, job: WriteJob, body: bytes) -> WriteResult:
        """Merge triples into a graph."""
        triples = parse_graph_body(job, body)
        name = _parse_graph_iri(job)
        created = name is not None and not self._store.has_graph(name)
        self._add_triples(name, triples)
        return WriteResult(created)

    def _add_triples(self, name: ox.NamedNode | None, triples: list[ox.Triple]) -> None:
        """Add triples to a graph in one transaction; a graph without triples is made to exist."""
        graph = name or ox.DefaultGraph()
        self._store.add_quads(ox.Quad(t.subject, t.predicate, t.object, graph) for t in triples)
        if name is not None and not triples:
            self._store.add_graph(name)

    def _delete_graph(self, job: WriteJob, _: bytes) -> WriteResult:
        """Remove a graph; raises NotFound when there is none of that name."""
        name = _parse_graph_iri(job)
        if name is not None and not self._store.has_graph(name):
            raise NotFound(f"There is no graph <{name.value}>.", hint="GET /store lists the graphs.")
        self._store.remove_graph(name)
        return WriteResult()

    def _load_nquads(self, _: WriteJob, body: bytes) -> WriteResult:
        """Add N-Quads."""
        self._store.add_quads(ox.parse(io.BytesIO(body), format=ox.RdfFormat.N_QUADS))
        return WriteResult()


def _set_kill_timer(seconds: float) -> None:
    """Let the kernel end this process after so many seconds; 0 lets it live."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _parse_graph_iri(job: WriteJob) -> ox.NamedNode | None:
    """Return the graph a job names."""
    if job.graph is None:
        return None
    try:
        return ox.NamedNode(job.graph)
    except ValueError as error:
        raise BadQuery(
            f"{job.graph!r} is not an absolute IRI.", hint="Name the graph by its whole IRI."
        ) from error


def _require_job_graph(quad: ox.Quad, job: WriteJob) -> ox.Triple:
    """Return the triple of a quad; raises BadData when it belongs to another graph than the job's."""
    if not isinstance(quad.graph_name, ox.DefaultGraph) and quad.graph_name.value != job.graph:
        raise BadData(
            f"The body has a statement of the graph {quad.graph_name}, and the request is about another.",
            location="body",
            hint="Send one graph at a time; nothing was changed.",
        )
    return quad.triple


def parse_graph_body(job: WriteJob, body: bytes) -> list[ox.Triple]:
    """Return the triples of a body; raises BadData with its line and column where it is broken."""
    if job.body_format not in RDF_FORMATS:
        raise UnsupportedMedia(f"{job.body_format} is not a format of one graph.")
    try:
        quads = ox.parse(
            io.BytesIO(body), format=RDF_FORMATS[job.body_format], base_iri=job.base, rename_blank_nodes=True
        )
        return [_require_job_graph(quad, job) for quad in quads]
    except SyntaxError as error:
        todo = "Mend it there and send it again; nothing was changed."
        raise explain_rdf_error(error, "The body", "body", todo) from error
    except (ValueError, OSError) as error:
        raise StoreUnavailable(f"The body cannot be read: {error}.", location="body") from error
