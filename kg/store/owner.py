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

from kg.errors import KgError, StoreUnavailable
from kg.settings import Settings
from kg.store import board as boards
from kg.store.board import Board
from kg.store.jobs import END, WriteJob, error_frame, frame_of, receive_job
from kg.store.local import LocalStore
from kg.store.worker import CANCEL, YIELDS, Place, fork_worker, is_longer
from kg.store.writes import Writer, WriteResult

log = logging.getLogger(__name__)

#: lane -> the socket's name; pages and named questions have their own, so runaway queries cannot starve them.
LANES = ("query", "trusted")
TRUSTED_WORKERS = 2
#: workers kept free for the next query, beside those at longer work: as many as can run at a time.
HANDS = max(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2)
_TICK = 0.02  # seconds between two looks, and from which a query counts as longer work
_CAUSES = {
    signal.SIGALRM: boards.DEADLINE,
    signal.SIGABRT: boards.MEMORY,
    signal.SIGKILL: boards.MEMORY,
    CANCEL: boards.CANCELLED,
}


def slots_of(settings: Settings) -> int:
    """Return how many workers stand on the board: generations overlap while old queries end."""
    return 4 * (settings.query_slots + TRUSTED_WORKERS)


@dataclass(slots=True)
class Generation:
    """The workers that share one state of the store, and the sockets they listen on."""

    number: int
    lanes: dict[str, socket.socket]
    workers: dict[int, tuple[int, str]] = field(default_factory=dict)  # pid -> slot, lane
    retired: bool = False


class Owner:
    """Holds the store; `run` serves until the lifeline is cut."""

    def __init__(self, store: LocalStore, directory: Path, settings: Settings, board: Board) -> None:
        """Take over `store`; sockets are made in `directory`."""
        self._store, self._directory, self._settings, self._board = store, directory, settings, board
        self._generations: list[Generation] = []
        self._free = list(range(slots_of(settings)))
        self._writer = Writer(store, settings)
        self._wake, self._woken = socket.socketpair()

    def run(self, writes: socket.socket, lifeline: int) -> None:
        """Serve writes and keep the workers up until `lifeline` reaches its end."""
        self._listen_to_deaths()
        self._inherited = [writes.fileno(), lifeline, self._wake.fileno(), self._woken.fileno()]
        self._writer.catch_up()
        self._publish()
        (self._directory / "ready").touch()
        while True:
            awaited: list[Any] = [writes, lifeline, self._woken]
            ready, _, _ = select.select(awaited, [], [], _TICK)
            if lifeline in ready:
                return self._stop()
            if self._woken in ready:
                self._woken.recv(4096)
            if writes in ready:
                connection, _ = writes.accept()
                with connection:
                    self._write(connection)
            self._tend()

    def _listen_to_deaths(self) -> None:
        """Let SIGCHLD wake the loop."""
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    # -- generations of workers

    def _publish(self) -> None:
        """Fork workers over the present state and let new queries go to them."""
        number = self._generations[-1].number + 1 if self._generations else 1
        lanes = {name: self._lane(name, number) for name in LANES}
        generation = Generation(number, lanes)
        old = list(self._generations)
        self._generations.append(generation)
        self._man(generation, at_most=1)
        for name in LANES:
            os.rename(self._directory / f"{name}.{number}", self._directory / f"{name}.sock")
        self._board.version = (
            self._store.version
        )  # after: an answer may be newer than its version, never older
        for past in old:
            self._retire(past)

    def _lane(self, name: str, number: int) -> socket.socket:
        """Return a listening socket not yet known to clients; its backlog is the queue."""
        lane = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path = self._directory / f"{name}.{number}"
        path.unlink(missing_ok=True)
        lane.bind(str(path))
        lane.listen(self._settings.query_queue)
        lane.setblocking(False)
        return lane

    def _retire(self, generation: Generation) -> None:
        """Let idle workers go and busy ones finish; who waits connects anew."""
        if generation.retired:
            return
        generation.retired = True
        for lane in generation.lanes.values():
            with contextlib.suppress(OSError):
                lane.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                while True:
                    lane.accept()[0].close()
            lane.close()

    def _man(self, generation: Generation, at_most: int = HANDS) -> None:
        """Fork workers until every lane has `at_most` free hands beside those at longer work."""
        leftover = sum(len(past.workers) for past in self._generations if past.retired)
        slots = max(1, self._settings.query_slots - max(0, leftover - TRUSTED_WORKERS))
        for name, room in (("query", slots), ("trusted", TRUSTED_WORKERS)):
            at_work = [slot for slot, lane in generation.workers.values() if lane == name]
            longer = sum(is_longer(self._board.slot(slot).since, _TICK) for slot in at_work)
            for number in range(len(at_work), min(room, at_most + longer)):
                self._fork(generation, name, spare=number >= HANDS)
            self._let_wait(generation, name, room)

    def _let_wait(self, generation: Generation, name: str, room: int) -> None:
        """Let as many wait as the settings say, and beside them those for whom no worker is forked yet."""
        manned = sum(1 for _, lane in generation.workers.values() if lane == name)
        generation.lanes[name].listen(self._settings.query_queue + max(0, room - manned))

    def _fork(self, generation: Generation, name: str, *, spare: bool) -> None:
        """Fork one worker to a lane; waits for a slot on the board when all are taken."""
        while not self._free:
            self._bury()
            time.sleep(0.001)
        lane = generation.lanes[name]
        place = Place(self._free.pop(), lane, spare)
        pid = fork_worker(
            self._store.engine, place, self._board, self._settings.query_memory, self._not_for(lane)
        )
        self._board.count("started")
        generation.workers[pid] = (place.slot, name)

    def _not_for(self, lane: socket.socket) -> list[int]:
        """Return the descriptors that a worker of `lane` must not hold open."""
        lanes = (other for g in self._generations if not g.retired for other in g.lanes.values())
        return self._inherited + [other.fileno() for other in lanes if other is not lane]

    def _tend(self) -> None:
        """Bury the dead, let long queries yield, and fill the ranks."""
        self._bury()
        for generation in self._generations:
            for pid, (slot, lane) in generation.workers.items():
                if lane == "query":
                    self._let_yield(pid, self._board.slot(slot).since)
        self._generations = [g for g in self._generations if g.workers or not g.retired]
        self._man(self._generations[-1])

    @staticmethod
    def _let_yield(pid: int, since: float) -> None:
        """Lower the priority of a worker whose query began at `since` as it grows long."""
        by = max((step for seconds, step in YIELDS.items() if is_longer(since, seconds)), default=0)
        wanted = min(19, os.getpriority(os.PRIO_PROCESS, 0) + by)
        with contextlib.suppress(OSError):
            if by and os.getpriority(os.PRIO_PROCESS, pid) < wanted:
                os.setpriority(os.PRIO_PROCESS, pid, wanted)

    def _bury(self) -> None:
        """Reap dead workers and note what killed them."""
        for generation in self._generations:
            for pid, (slot, _) in list(generation.workers.items()):
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    del generation.workers[pid]
                    self._note_death(slot, status)
                    self._free.append(slot)

    def _note_death(self, slot: int, status: int) -> None:
        """Write on the board why the worker of `slot` ended its query."""
        busy = self._board.slot(slot)
        if os.WIFSIGNALED(status) and busy.since:
            self._board.died(busy.job, _CAUSES.get(signal.Signals(os.WTERMSIG(status)), boards.CRASH))
        self._board.idle(slot, 0)

    # -- writes

    def _write(self, connection: socket.socket) -> None:
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
                result = self._made(job, body)
            except KgError as error:
                connection.sendall(error_frame(error))
                return
            connection.sendall(frame_of(END, {"created": result.created, "version": self._store.version}))

    def _made(self, job: WriteJob, body: bytes) -> WriteResult:
        """Make a write and publish it; whatever fails in it, the owner stays."""
        own = slots_of(self._settings)
        self._board.begin(own, os.getpid(), job.id)
        hands = count(HANDS - 4)

        def meanwhile() -> None:
            """Tend the workers; a long rehearsal foretells a long write, so hands are added before it."""
            self._tend()
            self._man(self._generations[-1], next(hands))

        try:
            result = self._writer.write(job, body, meanwhile)
            self._board.count("writes")
            (self._directory / "written").touch()
            return result
        except KgError:
            raise
        except Exception as error:
            log.exception("a write failed")
            raise StoreUnavailable(
                "The write failed inside the server.", todo="Tell the operator."
            ) from error
        finally:
            self._board.idle(own, os.getpid())
            if self._store.version != self._board.version:
                self._publish()

    def _stop(self) -> None:
        """Let running queries end within two seconds, then close the store."""
        for generation in self._generations:
            self._retire(generation)
        until = time.monotonic() + 2
        while any(g.workers for g in self._generations) and time.monotonic() < until:
            self._bury()
            time.sleep(0.01)
        for generation in self._generations:
            for pid in generation.workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._store.close()
