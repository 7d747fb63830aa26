"""One write, all or nothing: an update, or a graph store operation. Runs in the owner.

The engine cannot be interrupted, so the deadline of a write is a timer that kills a process:

- A store in memory must survive that. The write is made in a forked child first (a dry run), under the
  deadline and the memory limit, and only when the child succeeds in the owner. What hangs or crashes in the
  child never touches the store, which the child shares copy on write.
- A directory store cannot be forked for writing: the threads of RocksDB do not exist in the child, which
  waits for them for ever. There the owner itself is killed; when it opens the store again, RocksDB replays
  its log, in which a transaction is either complete or absent.
"""

from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass

import pyoxigraph as ox

from sparqlhost.errors import (
    BadData,
    BadQuery,
    NotFound,
    StoreUnavailable,
    TooExpensive,
    TooLarge,
    UnsupportedMedia,
    UserError,
)
from sparqlhost.pool import sandbox
from sparqlhost.pool.jobs import WriteJob, make_error_frame, raise_error_frame
from sparqlhost.pool.query_runner import RDF_FORMATS
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import parse_graph_iri, tokenize
from sparqlhost.sparql.syntax_errors import explain_engine_error, explain_rdf_error, explain_syntax_error
from sparqlhost.store.interface import AfterWrite
from sparqlhost.store.local_store import LocalStore, make_replace_update

#: seconds that the hook after a write may take, beyond the write's own deadline
_HOOK_DEADLINE = 600.0


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The result of a write: whether it created a graph that did not exist."""

    created: bool = False


class StoreWriter:
    """Makes writes on a local store."""

    def __init__(
        self,
        store: LocalStore,
        settings: HostSettings,
        make_after_write: Callable[[], AfterWrite] | None = None,
    ) -> None:
        """Write to `store`; the hook that `make_after_write` makes follows each write (HostedData)."""
        self._store, self._settings = store, settings
        self._after_write = make_after_write() if make_after_write else None

    def refresh_stale_inferences(self) -> None:
        """Derive again in a store whose owner ended between a write and the hook that follows it."""
        if self._after_write is not None and self._store.has_stale_inferences:
            self._after_write.prepare_write(self._store)
            self._after_write.refresh(self._store)
            self._store.make_durable()
            self._store.mark_inferences_current()

    def write(self, job: WriteJob, body: bytes, on_wait: Callable[[], None] = lambda: None) -> WriteResult:
        """Make the write durable and return its result; raises UserError if nothing was changed.

        `on_wait` is called about 20 times a second during a dry run, so that the owner can look after
        workers.
        """
        with self._store.lock_for_write():
            return self._write_locked(job, body, on_wait)

    def _write_locked(self, job: WriteJob, body: bytes, on_wait: Callable[[], None]) -> WriteResult:
        if self._after_write is not None:
            self._after_write.prepare_write(self._store)
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
        """Make the write in a child whose memory is thrown away; raises its error, or what killed it."""

        def try_write() -> bytes:
            try:
                self._apply_with_inferences(job, body, limited=True)
            except UserError as error:
                return make_error_frame(error)
            except MemoryError:
                raise
            except Exception as error:
                return make_error_frame(StoreUnavailable(f"The write failed: {type(error).__name__}."))
            return b""

        error_frame, signal_number = sandbox.LimitedChild(try_write, self._settings.query_memory).wait(
            on_wait
        )
        raise_error_frame(error_frame)
        if signal_number:
            raise self._explain_kill(signal_number, job)

    @staticmethod
    def _explain_kill(signal_number: int, job: WriteJob) -> UserError:
        """Return the error for a dry run that was killed."""
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
        """Write to this process's store, then run the hook; `limited`: a deadline kills this process."""
        if limited:
            _set_kill_timer(job.deadline)
        if self._after_write is None:
            return self._apply_job(job, body, limited=limited)
        if job.operation == "restore":  # a backup holds the derived data too
            self._after_write.reset()
            return self._apply_job(job, body, limited=limited)
        self._store.mark_inferences_stale()
        result = self._apply_job(job, body, limited=limited)
        if limited:
            _set_kill_timer(_HOOK_DEADLINE)
        self._after_write.refresh_if_changed(self._store)
        return result

    def _apply_job(self, job: WriteJob, body: bytes, *, limited: bool) -> WriteResult:
        """Make the write without what follows from it; `limited`: within `query_memory`.

        Memory that Python asks for in vain is an error; where the engine does, the kernel kills this process.
        """
        operations = {
            "update": self._apply_update,
            "restore": self._apply_update,
            "put": self._put_graph,
            "post": self._post_graph,
            "delete": self._delete_graph,
        }
        try:
            with sandbox.hold_memory_limit(self._settings.query_memory) if limited else nullcontext():
                return operations.get(job.operation, self._load_nquads)(job, body)
        except MemoryError as error:
            raise explain_memory_error(error, self._settings.term_size) from error
        except SyntaxError as error:
            raise explain_syntax_error(error, job.text, self._store.prefixes) from error
        except (OSError, RuntimeError, ValueError) as error:
            raise explain_engine_error(error, job.text) from error

    def _apply_update(self, job: WriteJob, _: bytes) -> WriteResult:
        """Run a SPARQL update."""
        max_bytes = self._settings.term_size
        # What a restore writes was read from a backup, so it can be read again.
        if job.operation == "update" and len(job.text) > max_bytes:
            check_term_sizes((token.text for token in tokenize(job.text)), max_bytes)
        self._store.run_update(job.text, job.base)
        return WriteResult()

    def _put_graph(self, job: WriteJob, body: bytes) -> WriteResult:
        """Replace a graph."""
        triples = parse_graph_body(job, body, self._settings.term_size)
        name = parse_job_graph(job)
        created = name is not None and not self._store.has_graph(name)
        if created and name is not None:
            self._add_triples(name, triples)
        else:
            self._store.update(make_replace_update(name, triples))
        return WriteResult(created)

    def _post_graph(self, job: WriteJob, body: bytes) -> WriteResult:
        """Merge triples into a graph."""
        triples = parse_graph_body(job, body, self._settings.term_size)
        name = parse_job_graph(job)
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
        """Remove a graph; raises NotFound if there is none of that name."""
        name = parse_job_graph(job)
        if name is not None and not self._store.has_graph(name):
            raise NotFound(f"There is no graph <{name.value}>.", hint="GET /store lists the graphs.")
        self._store.remove_graph(name)
        return WriteResult()

    def _load_nquads(self, _: WriteJob, body: bytes) -> WriteResult:
        """Add N-Quads."""
        self._store.add_quads(ox.parse(io.BytesIO(body), format=ox.RdfFormat.N_QUADS))
        return WriteResult()


def _set_kill_timer(seconds: float) -> None:
    """Have the kernel kill this process after `seconds`; 0 stops the timer.

    SIGALRM has its default action here: a Python handler would wait until the engine returns.
    """
    signal.setitimer(signal.ITIMER_REAL, seconds)


def parse_job_graph(job: WriteJob) -> ox.NamedNode | None:
    """Return the graph that a job writes to, None for the default graph; raises BadQuery if it is invalid."""
    return None if job.graph is None else parse_graph_iri(job.graph)


def _require_job_graph(quad: ox.Quad, job: WriteJob) -> ox.Triple:
    """Return the triple of a quad; raises BadData if it belongs to another graph than the job's."""
    if not isinstance(quad.graph_name, ox.DefaultGraph) and quad.graph_name.value != job.graph:
        raise BadData(
            f"The body has a statement of the graph {quad.graph_name}, and the request is about another.",
            location="body",
            hint="Send one graph at a time; nothing was changed.",
        )
    return quad.triple


def parse_graph_body(job: WriteJob, body: bytes, max_term_bytes: int) -> list[ox.Triple]:
    """Return the triples of all parts of a body.

    Raises BadData with line and column if one does not parse, TooLarge for a term over `max_term_bytes`.
    """
    triples: list[ox.Triple] = []
    start = 0
    for part in job.body_format.split():
        key, _, length = part.partition(":")
        end = start + int(length) if length else len(body)
        triples += _parse_part(job, key, body[start:end])
        start = end
    # Only entities of RDF/XML make a term longer than the body.
    if len(body) > max_term_bytes or "rdf" in job.body_format:
        check_term_sizes((str(term) for triple in triples for term in triple), max_term_bytes)
    return triples


def check_term_sizes(terms: Iterable[str], max_bytes: int) -> None:
    """Raise TooLarge for a term over `max_bytes`: no backup that held it could be read again."""
    for term in terms:
        if len(term) * 4 > max_bytes and (size := len(term.encode("utf-8", "surrogatepass"))) > max_bytes:
            raise TooLarge(
                f"A term has {size} bytes; the limit is {max_bytes}. It begins {term[:40]!r}.",
                location="body",
                hint="Nothing was changed. Shorten it, or ask the operator to raise the limit (term_size).",
            )


def explain_memory_error(error: MemoryError, max_term_bytes: int) -> UserError:
    """Return the error for a write that ran out of memory, or of the engine's buffer for one token."""
    if "buffer" in str(error):
        return TooLarge(
            f"The body holds a term of more than 16 MiB; the limit is {max_term_bytes} bytes.",
            location="body",
            hint="Nothing was changed. Shorten the term.",
        )
    return TooExpensive(
        "The write used more memory than it may and was stopped; nothing was changed.",
        hint="Split it into smaller writes.",
    )


def _parse_part(job: WriteJob, body_format: str, body: bytes) -> list[ox.Triple]:
    """Return the triples of one part of a body."""
    if body_format not in RDF_FORMATS:
        raise UnsupportedMedia(f"{body_format} is not a format of one graph.")
    try:
        quads = ox.parse(
            io.BytesIO(body), format=RDF_FORMATS[body_format], base_iri=job.base, rename_blank_nodes=True
        )
        return [_require_job_graph(quad, job) for quad in quads]
    except SyntaxError as error:
        hint = "Correct it there and send it again; nothing was changed."
        raise explain_rdf_error(error, "The body", "body", hint) from error
    except (ValueError, OSError) as error:
        raise StoreUnavailable(f"The body cannot be read: {error}.", location="body") from error
