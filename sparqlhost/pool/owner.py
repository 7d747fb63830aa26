"""The owner: the one process that holds the store, forks query workers from it and makes every write.

A worker sees the store as it was when it was forked. So a write is: rehearse (memory store: in a forked
child that may die), do, fork a new set of workers on a new socket, put that socket in the place of
the old one by rename(2),
note the version, and only then acknowledge. Queries begun before see the state before.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from sparqlhost.errors import StoreUnavailable, UserError
from sparqlhost.pool import scoreboard as boards
from sparqlhost.pool.jobs import END_FRAME, WriteJob, make_error_frame, make_json_frame, receive_job
from sparqlhost.pool.scoreboard import Scoreboard
from sparqlhost.pool.worker import CANCEL_SIGNAL, NICENESS_STEPS, WorkerSlot, fork_worker, has_run_longer
from sparqlhost.pool.writes import StoreWriter, WriteResult
from sparqlhost.settings import HostSettings
from sparqlhost.store.local_store import LocalStore

log = logging.getLogger(__name__)

#: lane -> the socket's name; pages and named questions have their own, so runaway queries cannot starve them.
QUEUES = ("query", "trusted")
TRUSTED_WORKERS = 2
#: workers kept free for the next query, beside those at longer work: as many as can run at a time.
IDLE_WORKERS = max(
    2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
)
_POLL_INTERVAL = 0.02  # seconds between two looks, and from which a query counts as longer work
_EXIT_REASON_OF_SIGNAL = {
    signal.SIGALRM: boards.EXIT_DEADLINE,
    signal.SIGABRT: boards.EXIT_MEMORY,
    signal.SIGKILL: boards.EXIT_MEMORY,
    CANCEL_SIGNAL: boards.EXIT_CANCELLED,
}


def count_worker_slots(settings: HostSettings) -> int:
    """Return how many workers stand on the board: generations overlap while old queries end."""
    return 4 * (settings.query_slots + TRUSTED_WORKERS)


@dataclass(slots=True)
class WorkerGeneration:
    """The workers that share one state of the store, and the sockets they listen on."""

    number: int
    queues: dict[str, socket.socket]
    workers: dict[int, tuple[int, str]] = field(default_factory=dict)  # pid -> slot, lane
    is_retired: bool = False


class StoreOwner:
    """Holds the store; `run` serves until the lifeline is cut."""

    def __init__(
        self, store: LocalStore, directory: Path, settings: HostSettings, scoreboard: Scoreboard
    ) -> None:
        """Take over `store`; sockets are made in `directory`."""
        self._store, self._directory, self._settings, self._scoreboard = (
            store,
            directory,
            settings,
            scoreboard,
        )
        self._generations: list[WorkerGeneration] = []
        self._free_slots = list(range(count_worker_slots(settings)))
        self._writer = StoreWriter(store, settings)
        self._wake_sender, self._wake_receiver = socket.socketpair()

    def run(self, write_socket: socket.socket, shutdown_pipe: int) -> None:
        """Serve writes and keep the workers up until `lifeline` reaches its end."""
        self._wake_on_child_exit()
        self._inherited_descriptors = [
            write_socket.fileno(),
            shutdown_pipe,
            self._wake_sender.fileno(),
            self._wake_receiver.fileno(),
        ]
        self._writer.refresh_stale_inferences()
        self._publish_generation()
        (self._directory / "ready").touch()
        while True:
            awaited: list[Any] = [write_socket, shutdown_pipe, self._wake_receiver]
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

    def _wake_on_child_exit(self) -> None:
        """Let SIGCHLD wake the loop."""
        self._wake_sender.setblocking(False)
        signal.set_wakeup_fd(self._wake_sender.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    # -- generations of workers

    def _publish_generation(self) -> None:
        """Fork workers over the present state and let new queries go to them."""
        number = self._generations[-1].number + 1 if self._generations else 1
        lanes = {name: self._open_queue(name, number) for name in QUEUES}
        generation = WorkerGeneration(number, lanes)
        old = list(self._generations)
        self._generations.append(generation)
        self._spawn_workers(generation, idle_workers=1)
        for name in QUEUES:
            os.rename(self._directory / f"{name}.{number}", self._directory / f"{name}.sock")
        self._scoreboard.version = (
            self._store.version
        )  # after: an answer may be newer than its version, never older
        for past in old:
            self._retire_generation(past)

    def _open_queue(self, name: str, number: int) -> socket.socket:
        """Return a listening socket not yet known to clients; its backlog is the queue."""
        lane = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = self._directory / f"{name}.{number}"
        path.unlink(missing_ok=True)
        lane.bind(str(path))
        lane.listen(self._settings.query_queue)
        lane.setblocking(False)
        return lane

    def _retire_generation(self, generation: WorkerGeneration) -> None:
        """Let idle workers go and busy ones finish; who waits connects anew."""
        if generation.is_retired:
            return
        generation.is_retired = True
        for lane in generation.queues.values():
            with contextlib.suppress(OSError):
                lane.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                while True:
                    lane.accept()[0].close()
            lane.close()

    def _spawn_workers(self, generation: WorkerGeneration, idle_workers: int = IDLE_WORKERS) -> None:
        """Fork workers until every lane has `at_most` free hands beside those at longer work."""
        leftover = sum(len(past.workers) for past in self._generations if past.is_retired)
        slots = max(1, self._settings.query_slots - max(0, leftover - TRUSTED_WORKERS))
        for name, room in (("query", slots), ("trusted", TRUSTED_WORKERS)):
            at_work = [slot for slot, lane in generation.workers.values() if lane == name]
            longer = sum(
                has_run_longer(self._scoreboard.read_slot(slot).started_at, _POLL_INTERVAL)
                for slot in at_work
            )
            for number in range(len(at_work), min(room, idle_workers + longer)):
                self._fork_worker(generation, name, is_spare=number >= IDLE_WORKERS)
            self._set_queue_length(generation, name, room)

    def _set_queue_length(self, generation: WorkerGeneration, queue: str, max_workers: int) -> None:
        """Let as many wait as the settings say, and beside them those for whom no worker is forked yet."""
        manned = sum(1 for _, lane in generation.workers.values() if lane == queue)
        generation.queues[queue].listen(self._settings.query_queue + max(0, max_workers - manned))

    def _fork_worker(self, generation: WorkerGeneration, queue: str, *, is_spare: bool) -> None:
        """Fork one worker to a lane; waits for a slot on the board when all are taken."""
        while not self._free_slots:
            self._reap_workers()
            time.sleep(0.001)
        lane = generation.queues[queue]
        place = WorkerSlot(self._free_slots.pop(), lane, is_spare)
        pid = fork_worker(
            self._store.oxigraph,
            place,
            self._scoreboard,
            self._settings.query_memory,
            self._descriptors_to_close(lane),
        )
        self._scoreboard.increment_counter("started")
        generation.workers[pid] = (place.slot_number, queue)

    def _descriptors_to_close(self, queue_socket: socket.socket) -> list[int]:
        """Return the descriptors that a worker of `lane` must not hold open."""
        lanes = (other for g in self._generations if not g.is_retired for other in g.queues.values())
        return self._inherited_descriptors + [other.fileno() for other in lanes if other is not queue_socket]

    def _maintain_workers(self) -> None:
        """Bury the dead, let long queries yield, and fill the ranks."""
        self._reap_workers()
        for generation in self._generations:
            for pid, (slot, lane) in generation.workers.items():
                if lane == "query":
                    self._lower_priority(pid, self._scoreboard.read_slot(slot).started_at)
        self._generations = [g for g in self._generations if g.workers or not g.is_retired]
        self._spawn_workers(self._generations[-1])

    @staticmethod
    def _lower_priority(pid: int, started_at: float) -> None:
        """Lower the priority of a worker whose query began at `since` as it grows long."""
        by = max(
            (step for seconds, step in NICENESS_STEPS.items() if has_run_longer(started_at, seconds)),
            default=0,
        )
        wanted = min(19, os.getpriority(os.PRIO_PROCESS, 0) + by)
        with contextlib.suppress(OSError):
            if by and os.getpriority(os.PRIO_PROCESS, pid) < wanted:
                os.setpriority(os.PRIO_PROCESS, pid, wanted)

    def _reap_workers(self) -> None:
        """Reap dead workers and note what killed them."""
        for generation in self._generations:
            for pid, (slot, _) in list(generation.workers.items()):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    del generation.workers[pid]
                    self._record_exit(slot, status)
                    self._free_slots.append(slot)

    def _record_exit(self, slot: int, status: int) -> None:
        """Write on the board why the worker of `slot` ended its query."""
        busy = self._scoreboard.read_slot(slot)
        if os.WIFSIGNALED(status) and busy.started_at:
            self._scoreboard.record_exit(
                busy.job_id,
                _EXIT_REASON_OF_SIGNAL.get(signal.Signals(os.WTERMSIG(status)), boards.EXIT_CRASH),
            )
        self._scoreboard.mark_idle(slot, 0)

    # -- writes

    def _serve_write(self, connection: socket.socket) -> None:
        """Make one write and acknowledge it when new queries see it."""
        connection.settimeout(30)
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
                connection.sendall(make_error_frame(error))
                return
            connection.sendall(
                make_json_frame(END_FRAME, {"created": result.created, "version": self._store.version})
            )

    def _perform_write(self, job: WriteJob, body: bytes) -> WriteResult:
        """Make a write and publish it; whatever fails in it, the owner stays."""
        own = count_worker_slots(self._settings)
        self._scoreboard.mark_busy(own, os.getpid(), job.id)
        hands = count(IDLE_WORKERS - 4)

        def maintain_meanwhile() -> None:
            """Tend the workers; a long rehearsal foretells a long write, so hands are added before it."""
            self._maintain_workers()
            self._spawn_workers(self._generations[-1], next(hands))

        try:
            result = self._writer.write(job, body, maintain_meanwhile)
            self._scoreboard.increment_counter("writes")
            (self._directory / "written").touch()
            return result
        except UserError:
            raise
        except Exception as error:
            log.exception("a write failed")
            raise StoreUnavailable(
                "The write failed inside the server.", hint="Tell the operator."
            ) from error
        finally:
            self._scoreboard.mark_idle(own, os.getpid())
            if self._store.version != self._scoreboard.version:
                self._publish_generation()

    def _shut_down(self) -> None:
        """Let running queries end within two seconds, then close the store."""
        for generation in self._generations:
            self._retire_generation(generation)
        until = time.monotonic() + 2
        while any(g.workers for g in self._generations) and time.monotonic() < until:
            self._reap_workers()
            time.sleep(0.01)
        for generation in self._generations:
            for pid in generation.workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._store.close()
