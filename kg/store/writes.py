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

from kg.errors import BadData, BadQuery, KgError, NotFound, StoreUnavailable, TooExpensive, UnsupportedMedia
from kg.settings import Settings
from kg.store import walls
from kg.store.answers import GRAPHS
from kg.store.inference import Follower, Following
from kg.store.jobs import WriteJob, error_frame, error_from
from kg.store.local import LocalStore, replacement
from kg.store.syntax import bad_query, engine_trouble, unreadable

#: seconds that the inferences of one write may take, beyond its own deadline
_INFERENCE = 600.0


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a write did: whether it made a graph that was not there."""

    created: bool = False


class Writer:
    """Makes writes on a local store."""

    def __init__(self, store: LocalStore, settings: Settings) -> None:
        """Write to `store`; inferences follow unless the settings say that it began empty."""
        self._store, self._settings = store, settings
        self._follower = None if settings.empty else Follower(Following())

    def catch_up(self) -> None:
        """Mend a store whose process ended between a write and its inferences."""
        if self._follower is not None and getattr(self._store, "is_behind", False):
            self._follower.before(self._store)
            self._follower.follow(self._store)
            self._store.make_durable()
            self._store.end_following()

    def write(self, job: WriteJob, body: bytes, meanwhile: Callable[[], None] = lambda: None) -> WriteResult:
        """Make the write durable and return what it did; raises KgError when it did nothing."""
        with self._store.writing():
            return self._written(job, body, meanwhile)

    def _written(self, job: WriteJob, body: bytes, meanwhile: Callable[[], None]) -> WriteResult:
        """Make the write, its inferences and its note on the disk."""
        if self._follower is not None:
            self._follower.before(self._store)
        if self._store.rehearses:
            self._rehearse(job, body, meanwhile)
            result = self._do(job, body, limited=False)
        else:
            try:
                result = self._do(job, body, limited=True)
            finally:
                _end_in(0)
        self._store.make_durable()
        self._store.end_following()
        return result

    def _rehearse(self, job: WriteJob, body: bytes, meanwhile: Callable[[], None]) -> None:
        """Make the write in a child that is thrown away; raises what it raised, or what killed it."""
        read, write = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if not pid:
            self._rehearsal(job, body, write, parent)
        os.close(write)
        said = b""
        while True:
            if select.select([read], [], [], 0.05)[0]:
                part = os.read(read, 65536)
                if not part:
                    break
                said += part
            meanwhile()
        os.close(read)
        status = os.waitpid(pid, 0)[1]
        if said:
            raise error_from(said[5:])
        if os.WIFSIGNALED(status):
            raise self._killed(os.WTERMSIG(status), job)

    def _rehearsal(self, job: WriteJob, body: bytes, write: int, parent: int) -> None:
        """Be the child: do it, tell a KgError, and end without the parent's cleanup."""
        try:
            signal.set_wakeup_fd(-1)
            walls.die_with_parent(parent)
            walls.be_quiet()
            walls.limit_memory(self._settings.query_memory)
            self._do(job, body, limited=True)
        except KgError as error:
            os.write(write, error_frame(error))
        except MemoryError:
            os.kill(os.getpid(), signal.SIGABRT)  # as the engine's own allocations end
        except BaseException as error:
            os.write(write, error_frame(StoreUnavailable(f"The write failed: {type(error).__name__}.")))
        finally:
            os._exit(0)

    @staticmethod
    def _killed(number: int, job: WriteJob) -> KgError:
        """Return what the death of the rehearsal means."""
        if number == signal.SIGALRM:
            return TooExpensive(
                f"The write took longer than {job.deadline:g} seconds and was stopped; nothing was changed.",
                todo="Split it into smaller writes.",
            )
        if number == signal.SIGSEGV:
            return BadQuery("The engine crashed on this write; nothing was changed.", todo="Simplify it.")
        return TooExpensive(
            "The write used more memory than it may and was stopped; nothing was changed.",
            todo="Split it into smaller writes.",
        )

    def _do(self, job: WriteJob, body: bytes, *, limited: bool) -> WriteResult:
        """Make the write on this process's store; `limited`: its deadlines end this process."""
        if limited:
            _end_in(job.deadline)
        if self._follower is None:
            return self._act(job, body)
        if job.act == "restore":  # a backup holds its inferences; the state is noted anew at the next write
            self._follower.ready = False
            return self._act(job, body)
        self._store.begin_following()
        result = self._act(job, body)
        if limited:
            _end_in(_INFERENCE)
        self._follower.after(self._store)
        return result

    def _act(self, job: WriteJob, body: bytes) -> WriteResult:
        """Make what the job says and no more."""
        acts = {
            "update": self._update,
            "restore": self._update,
            "put": self._put,
            "post": self._post,
            "delete": self._delete,
        }
        try:
            return acts.get(job.act, self._load)(job, body)
        except SyntaxError as error:
            raise bad_query(error, job.text) from error
        except (OSError, RuntimeError, ValueError) as error:
            trouble = engine_trouble(error)
            raise trouble from error

    def _update(self, job: WriteJob, _: bytes) -> WriteResult:
        """Run a SPARQL update."""
        self._store.run_update(job.text, job.base)
        return WriteResult()

    def _put(self, job: WriteJob, body: bytes) -> WriteResult:
        """Replace a graph."""
        triples = parsed(job, body)
        name = _name(job)
        created = name is not None and not self._store.has_graph(name)
        if created and name is not None:
            self._add(name, triples)
        else:
            self._store.update(replacement(name, triples))
        return WriteResult(created)

    def _post(self, job: WriteJob, body: bytes) -> WriteResult:
        """Merge triples into a graph."""
        triples = parsed(job, body)
        name = _name(job)
        created = name is not None and not self._store.has_graph(name)
        self._add(name, triples)
        return WriteResult(created)

    def _add(self, name: ox.NamedNode | None, triples: list[ox.Triple]) -> None:
        """Add triples to a graph in one transaction; a graph without triples is made to exist."""
        graph = name or ox.DefaultGraph()
        self._store.extend(ox.Quad(t.subject, t.predicate, t.object, graph) for t in triples)
        if name is not None and not triples:
            self._store.add_graph(name)

    def _delete(self, job: WriteJob, _: bytes) -> WriteResult:
        """Remove a graph; raises NotFound when there is none of that name."""
        name = _name(job)
        if name is not None and not self._store.has_graph(name):
            raise NotFound(f"There is no graph <{name.value}>.", todo="GET /store lists the graphs.")
        self._store.remove_graph(name)
        return WriteResult()

    def _load(self, _: WriteJob, body: bytes) -> WriteResult:
        """Add N-Quads."""
        self._store.extend(ox.parse(io.BytesIO(body), format=ox.RdfFormat.N_QUADS))
        return WriteResult()


def _end_in(seconds: float) -> None:
    """Let the kernel end this process after so many seconds; 0 lets it live."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _name(job: WriteJob) -> ox.NamedNode | None:
    """Return the graph a job names."""
    if job.graph is None:
        return None
    try:
        return ox.NamedNode(job.graph)
    except ValueError as error:
        raise BadQuery(
            f"{job.graph!r} is not an absolute IRI.", todo="Name the graph by its whole IRI."
        ) from error


def _of_one_graph(quad: ox.Quad, job: WriteJob) -> ox.Triple:
    """Return the triple of a quad; raises BadData when it belongs to another graph than the job's."""
    if not isinstance(quad.graph_name, ox.DefaultGraph) and quad.graph_name.value != job.graph:
        raise BadData(
            f"The body has a statement of the graph {quad.graph_name}, and the request is about another.",
            where="body",
            todo="Send one graph at a time; nothing was changed.",
        )
    return quad.triple


def parsed(job: WriteJob, body: bytes) -> list[ox.Triple]:
    """Return the triples of a body; raises BadData with its line and column where it is broken."""
    if job.media not in GRAPHS:
        raise UnsupportedMedia(f"{job.media} is not a format of one graph.")
    try:
        quads = ox.parse(
            io.BytesIO(body), format=GRAPHS[job.media], base_iri=job.base, rename_blank_nodes=True
        )
        return [_of_one_graph(quad, job) for quad in quads]
    except SyntaxError as error:
        todo = "Mend it there and send it again; nothing was changed."
        raise unreadable(error, "The body", "body", todo) from error
    except (ValueError, OSError) as error:
        raise StoreUnavailable(f"The body cannot be read: {error}.", where="body") from error
