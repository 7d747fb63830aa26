"""The owner: the one process that holds the store, forks the query workers and makes every write.

A worker is a fork of the owner, so it has the store as of that moment without opening anything: for a store
in memory the pages are shared copy on write, for a directory the workers read through the owner's open files.
A snapshot therefore costs nothing, and a reader never waits for a writer.

The price is that a write reaches no worker that is already running. All workers forked over one state of the
store are a *generation*, and each write begins the next one:

1. dry run (store in memory only), then the write itself, in the owner;
2. new listening sockets under temporary names, and one worker forked for each;
3. rename(2) of the new sockets over the old ones: atomic, so a client connects to one generation or the
   next, never to none;
4. the new version on the scoreboard (after 3: an answer may be newer than the version that was read before
   it, never older, so a cache never files an old answer under a new version);
5. the acknowledgement to the client that wrote.

Workers of the old generation finish their query and exit. Clients that wait in its sockets' backlog are
disconnected, and connect again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from sparqlhost.errors import StoreFull, StoreUnavailable, UserError
from sparqlhost.pool.engine_dir import (
    FULL_MARKER,
    QUEUES,
    WRITTEN_MARKER,
    Scoreboard,
    count_lane_workers,
    count_worker_slots,
    find_exit_reason,
)
from sparqlhost.pool.jobs import END_FRAME, WriteJob, make_error_frame, make_json_frame, receive_job
from sparqlhost.pool.worker import (
    FAILED_EXIT_CODE,
    NICENESS_STEPS,
    WorkerSlot,
    fork_worker,
    has_run_longer,
    wait_for_idle_threads,
)
from sparqlhost.pool.writes import StoreWriter, WriteResult
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import AfterWrite
from sparqlhost.store.local_store import LocalStore

log = logging.getLogger(__name__)

_PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
#: workers that wait for the next query, beside those that run longer ones: no more can run at a time.
IDLE_WORKERS = max(2, _PROCESSORS)
_POLL_INTERVAL = (
    0.02  # seconds between two checks of the workers; a query that runs longer counts as a long one
)
_WRITE_TIMEOUT = 30.0  # seconds a client may take to send its write
_FAILED_FORK_INTERVAL = 1.0  # seconds without a fork after a worker that failed
_BUSY_THREADS_TIMEOUT = 5.0  # seconds that a fork waits for RocksDB's threads to come to rest
_ROOM_TO_REOPEN = 16 << 20  # bytes free on a disk that was full, from which the store is opened again
_SHUTDOWN_TIMEOUT = 0.2  # seconds running queries have to finish when the engine ends


@dataclass(slots=True)
class WorkerGeneration:
    """The workers that share one state of the store, and the sockets they listen on."""

    number: int
    queues: dict[str, socket.socket]
    workers: dict[int, tuple[int, str]] = field(default_factory=dict)  # pid -> slot, queue
    is_retired: bool = False


class StoreOwner:
    """Holds the store; `run` serves until the engine has to end."""

    def __init__(
        self,
        store: LocalStore,
        directory: Path,
        settings: HostSettings,
        scoreboard: Scoreboard,
        make_after_write: Callable[[], AfterWrite] | None = None,
    ) -> None:
        """Take over `store`; `directory` is that of the engine, `make_after_write` that of HostedData."""
        self._store, self._directory = store, directory
        self._settings, self._scoreboard = settings, scoreboard
        self._generations: list[WorkerGeneration] = []
        self._free_slots = list(range(count_worker_slots(settings)))
        self._write_slot = count_worker_slots(settings)
        self._writer = StoreWriter(store, settings, make_after_write)
        self._wake_sender, self._wake_receiver = socket.socketpair()
        self._inherited_descriptors: list[int] = []
        self._may_fork_at = 0.0
        self._is_full = False  # RocksDB takes no write after one that found the disk full

    def run(self, write_socket: socket.socket, shutdown_pipe: int, report_ready: Callable[[], None]) -> None:
        """Serve writes and keep workers running until `shutdown_pipe` is readable.

        `report_ready` is called when queries are answered.
        """
        self._wake_on_child_exit()
        self._inherited_descriptors = [
            write_socket.fileno(),
            shutdown_pipe,
            self._wake_sender.fileno(),
            self._wake_receiver.fileno(),
        ]
        (self._directory / FULL_MARKER).unlink(missing_ok=True)
        self._writer.refresh_stale_inferences()
        self._publish_generation()
        report_ready()
        awaited: list[Any] = [write_socket, shutdown_pipe, self._wake_receiver]
        while True:
            ready, _, _ = select.select(awaited, [], [], _POLL_INTERVAL)
            if shutdown_pipe in ready:
                return self._shut_down()
            if self._wake_receiver in ready:
                self._wake_receiver.recv(4096)
            if write_socket in ready:
                connection, _ = write_socket.accept()
                with connection:
                    self._serve_write(connection)
            self._maintain_workers()
            if self._is_full and shutil.disk_usage(self._settings.store).free > _ROOM_TO_REOPEN:
                raise StoreFull("There is room on the disk again.")  # the next owner opens the store again

    def _wake_on_child_exit(self) -> None:
        """Make select(2) return at SIGCHLD: Python writes the signal's number to the wake-up descriptor."""
        self._wake_sender.setblocking(False)
        signal.set_wakeup_fd(self._wake_sender.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler the signal would just be ignored

    # -- generations of workers

    def _publish_generation(self) -> None:
        """Fork workers over the present state and direct new queries to them (module docstring, 2 to 4)."""
        number = self._generations[-1].number + 1 if self._generations else 1
        generation = WorkerGeneration(number, {name: self._open_queue(name, number) for name in QUEUES})
        previous = list(self._generations)
        self._generations.append(generation)
        # One worker for each queue is enough to answer; the others are forked after the acknowledgement.
        self._spawn_workers(generation, idle_workers=1)
        for name in QUEUES:
            os.rename(self._directory / f"{name}.{number}", self._directory / f"{name}.sock")
        self._scoreboard.version = self._store.version
        for old in previous:
            self._retire_generation(old)

    def _open_queue(self, name: str, number: int) -> socket.socket:
        """Return a listening socket that no client knows yet; its backlog is the queue."""
        queue_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = self._directory / f"{name}.{number}"
        path.unlink(missing_ok=True)
        queue_socket.bind(str(path))
        queue_socket.listen(self._settings.query_queue)
        queue_socket.setblocking(False)
        return queue_socket

    def _retire_generation(self, generation: WorkerGeneration) -> None:
        """Let idle workers exit and busy ones finish; disconnect the clients that still wait.

        shutdown(2) acts on the socket itself, not on this process's descriptor: it wakes the workers that
        wait for a connection, and they see that there will be none.
        """
        if generation.is_retired:
            return
        generation.is_retired = True
        for queue_socket in generation.queues.values():
            with contextlib.suppress(OSError):
                queue_socket.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                while True:
                    queue_socket.accept()[0].close()
            queue_socket.close()

    def _spawn_workers(self, generation: WorkerGeneration, idle_workers: int = IDLE_WORKERS) -> None:
        """Fork workers until every queue has `idle_workers` beside those that run long queries.

        Workers of old generations that still run count too. After a worker that could not start, none is
        forked for _FAILED_FORK_INTERVAL. While RocksDB works in the background, only a queue that has no
        worker gets one, and that after a wait.
        """
        if time.monotonic() < self._may_fork_at:
            return
        is_safe = False
        old = Counter(name for g in self._generations if g.is_retired for _, name in g.workers.values())
        for name, lane_workers in count_lane_workers(self._settings).items():
            max_workers = max(1, lane_workers - old[name])
            slots = [slot for slot, queue in generation.workers.values() if queue == name]
            long_queries = sum(
                has_run_longer(self._scoreboard.read_slot(slot).started_at, _POLL_INTERVAL) for slot in slots
            )
            missing = range(len(slots), min(max_workers, idle_workers + long_queries))
            if missing and not is_safe:
                is_safe = wait_for_idle_threads(0.0 if slots else _BUSY_THREADS_TIMEOUT) or not slots
            for number in missing if is_safe else ():
                self._fork_worker(generation, name, is_spare=number >= IDLE_WORKERS)
            self._set_queue_length(generation, name, max_workers)

    def _set_queue_length(self, generation: WorkerGeneration, queue: str, max_workers: int) -> None:
        """Let `query_queue` clients wait, and one more for each worker that may still be forked."""
        running = sum(1 for _, name in generation.workers.values() if name == queue)
        generation.queues[queue].listen(self._settings.query_queue + max(0, max_workers - running))

    def _fork_worker(self, generation: WorkerGeneration, queue: str, *, is_spare: bool) -> None:
        """Fork one worker for a queue; waits for a free slot of the scoreboard."""
        while not self._free_slots:
            self._reap_workers()
            time.sleep(0.001)
        slot = WorkerSlot(self._free_slots.pop(), generation.queues[queue], is_spare)
        pid = fork_worker(
            self._store,
            slot,
            self._scoreboard,
            self._settings,
            self._list_foreign_descriptors(slot.queue_socket),
        )
        self._scoreboard.increment_counter("started")
        generation.workers[pid] = (slot.slot_number, queue)

    def _list_foreign_descriptors(self, queue_socket: socket.socket) -> list[int]:
        """Return the descriptors that a worker of `queue_socket` must close.

        A worker that kept another queue's socket open would keep that queue alive after its generation.
        """
        sockets = (other for g in self._generations if not g.is_retired for other in g.queues.values())
        others = [other.fileno() for other in sockets if other is not queue_socket]
        return self._inherited_descriptors + others

    def _maintain_workers(self) -> None:
        """Reap exited workers, lower the priority of long queries, and fork the workers that are missing."""
        self._reap_workers()
        for generation in self._generations:
            for pid, (slot, queue) in generation.workers.items():
                if queue == "query":
                    self._lower_priority(pid, self._scoreboard.read_slot(slot).started_at)
        self._generations = [g for g in self._generations if g.workers or not g.is_retired]
        self._spawn_workers(self._generations[-1])

    @staticmethod
    def _lower_priority(pid: int, started_at: float) -> None:
        """Raise the niceness of a worker by what NICENESS_STEPS says for the age of its query."""
        step = max(
            (step for seconds, step in NICENESS_STEPS.items() if has_run_longer(started_at, seconds)),
            default=0,
        )
        niceness = min(19, os.getpriority(os.PRIO_PROCESS, 0) + step)
        with contextlib.suppress(OSError):
            if step and os.getpriority(os.PRIO_PROCESS, pid) < niceness:
                os.setpriority(os.PRIO_PROCESS, pid, niceness)

    def _reap_workers(self) -> None:
        """Collect the workers that have exited, record why, and free their slots."""
        for generation in self._generations:
            for pid, (slot, _) in list(generation.workers.items()):
                exited, status = os.waitpid(pid, os.WNOHANG)
                if exited:
                    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == FAILED_EXIT_CODE:
                        log.error("A query worker failed; too little memory (ulimit -v) is a usual reason.")
                        self._may_fork_at = time.monotonic() + _FAILED_FORK_INTERVAL
                    del generation.workers[pid]
                    self._record_exit(slot, status)
                    self._free_slots.append(slot)

    def _record_exit(self, slot: int, status: int) -> None:
        """Record why the query of a worker ended, unless the worker was idle."""
        worker = self._scoreboard.read_slot(slot)
        if os.WIFSIGNALED(status) and worker.started_at:
            self._scoreboard.record_exit(worker.job_id, find_exit_reason(os.WTERMSIG(status)))
        self._scoreboard.mark_idle(slot, 0)

    # -- writes

    def _serve_write(self, connection: socket.socket) -> None:
        """Make one write and acknowledge it when new queries see it."""
        connection.settimeout(_WRITE_TIMEOUT)
        with contextlib.suppress(OSError):
            received = receive_job(connection)
            if received is None:
                return
            job, body = received
            if not isinstance(job, WriteJob):
                return
            try:
                result = self._perform_write(job, body)
            except UserError as error:
                if isinstance(error, StoreFull):
                    (self._directory / FULL_MARKER).touch()
                    self._is_full = True
                connection.sendall(make_error_frame(error))
                return
            connection.sendall(
                make_json_frame(END_FRAME, {"created": result.created, "version": self._store.version})
            )

    def _perform_write(self, job: WriteJob, body: bytes) -> WriteResult:
        """Make a write and publish the new state; an unexpected error becomes StoreUnavailable."""
        self._scoreboard.mark_busy(self._write_slot, os.getpid(), job.id)
        idle_workers = count(IDLE_WORKERS - 4)

        def maintain_workers_meanwhile() -> None:
            """Also fork one worker more at each call, from the fifth on.

            While the owner makes the write itself it forks none. How long the dry run takes tells how long
            that will be, so a long one leaves more workers for that time.
            """
            self._maintain_workers()
            self._spawn_workers(self._generations[-1], next(idle_workers))

        try:
            result = self._writer.write(job, body, maintain_workers_meanwhile)
            self._scoreboard.increment_counter("writes")
            (self._directory / WRITTEN_MARKER).touch()
            return result
        except UserError:
            raise
        except Exception as error:
            log.exception("a write failed")
            raise StoreUnavailable(
                "The write failed inside the server.", hint="Tell the operator."
            ) from error
        finally:
            self._scoreboard.mark_idle(self._write_slot, os.getpid())
            if self._store.version != self._scoreboard.version:
                self._publish_generation()

    def _shut_down(self) -> None:
        """Give running queries _SHUTDOWN_TIMEOUT seconds, then kill them and close the store."""
        for generation in self._generations:
            self._retire_generation(generation)
        kill_at = time.monotonic() + _SHUTDOWN_TIMEOUT
        while any(g.workers for g in self._generations) and time.monotonic() < kill_at:
            self._reap_workers()
            time.sleep(0.01)
        for generation in self._generations:
            for pid in generation.workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._store.close()
