"""The engine: a small tree of processes that owns a store, seen from the server that starts it.

    supervisor   keeps the owner up, holds the write socket; walls off the network for all below
      owner      holds the store, makes writes, forks the workers
        workers  answer queries, may be killed at any moment

Everything ends when the lifeline, a pipe held by the starting process, is closed, be it by its death.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kg.errors import KgError, StoreUnavailable
from kg.settings import Settings
from kg.store import board as boards
from kg.store import leftovers, walls
from kg.store.board import Board
from kg.store.jobs import error_frame, error_from
from kg.store.local import LocalStore
from kg.store.owner import Owner, slots_of

log = logging.getLogger(__name__)

_START = 120.0  # seconds a store may take to open, its first load included
_GRACE = 10.0  # seconds a running write has to finish when the server stops


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine: its directory of sockets, and how to stop it."""

    directory: Path
    pid: int
    lifeline: int

    def stop(self) -> None:
        """End the engine: a running write finishes, queries have two seconds."""
        with contextlib.suppress(OSError):
            os.write(self.lifeline, b".")  # other processes may hold copies of this end
            os.close(self.lifeline)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_engine(settings: Settings, opener: Callable[[], LocalStore]) -> Engine:
    """Start an engine over what `opener` opens, in its own process; raises StoreUnavailable when it cannot.

    Forks: call it before threads are started.
    """
    leftovers.sweep()
    directory = Path(tempfile.mkdtemp(prefix=leftovers.PREFIX))
    lifeline, held = os.pipe()
    told, tell = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(held)
        os.close(told)
        _be_supervisor(settings, opener, directory, lifeline, tell)
    os.close(lifeline)
    os.close(tell)
    engine = Engine(directory, pid, held)
    try:
        _await_ready(engine, told)
    except KgError:
        engine.stop()
        raise
    finally:
        os.close(told)
    return engine


def _await_ready(engine: Engine, told: int) -> None:
    """Return when the engine answers; raises what kept it from opening its store."""
    until, said = time.monotonic() + _START, b""
    while time.monotonic() < until:
        if (engine.directory / "ready").exists():
            return
        if select.select([told], [], [], 0.005)[0]:
            part = os.read(told, 65536)
            if not part:
                break
            said += part
    if said:
        raise error_from(said[5:])
    raise StoreUnavailable("The store did not open in time.", todo="Look at the log and start again.")


def _be_supervisor(
    settings: Settings, opener: Callable[[], LocalStore], directory: Path, lifeline: int, tell: int
) -> None:
    """Be the supervisor until the lifeline is cut; never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        walls.let_go_of_inherited((lifeline, tell))
        leftovers.claim(directory)
        if walls.forbid_network():
            (directory / "walled").touch()
        writes = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        writes.bind(str(directory / "write.sock"))
        writes.listen(settings.query_queue)
        _keep_owner(settings, opener, directory, (writes, lifeline, tell))
    finally:
        os._exit(0)


def _keep_owner(
    settings: Settings,
    opener: Callable[[], LocalStore],
    directory: Path,
    ends: tuple[socket.socket, int, int],
) -> None:
    """Fork an owner, and another one when it dies before its time."""
    lifeline = ends[1]
    board = Board(directory / "board", slots_of(settings) + 1)
    while True:
        began, supervisor = time.monotonic(), os.getpid()
        pid = os.fork()
        if not pid:
            _be_owner(settings, opener, (directory, supervisor), ends, board)
        status = _wait(pid, lifeline)
        if not os.WIFSIGNALED(status):
            return
        _note_death(board, slots_of(settings), os.WTERMSIG(status))
        log.error("the store's owner died of signal %s and is started again", os.WTERMSIG(status))
        time.sleep(max(0.0, 0.2 - (time.monotonic() - began)))


def _note_death(board: Board, slot: int, number: int) -> None:
    """Note why the write that the owner was at did not come to its end."""
    writing = board.slot(slot)
    if writing.since:
        causes = {
            signal.SIGALRM: boards.DEADLINE,
            signal.SIGABRT: boards.MEMORY,
            signal.SIGKILL: boards.MEMORY,
        }
        board.died(writing.job, causes.get(signal.Signals(number), boards.CRASH))
        board.idle(slot, 0)


def _wait(pid: int, lifeline: int) -> int:
    """Return the exit status of `pid`; after the lifeline is cut it has some seconds, then it is killed."""
    until = 0.0
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        if until and time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
        if until:
            time.sleep(0.01)
        elif select.select([lifeline], [], [], 0.05)[0]:
            until = time.monotonic() + _GRACE


def _be_owner(
    settings: Settings,
    opener: Callable[[], LocalStore],
    home: tuple[Path, int],
    ends: tuple[socket.socket, int, int],
    board: Board,
) -> None:
    """Be the owner until the lifeline is cut, or tell why the store does not open; never returns."""
    (directory, supervisor), (writes, lifeline, tell) = home, ends
    try:
        walls.die_with_parent(supervisor)
        store = opener()
    except KgError as error:
        os.write(tell, error_frame(error))
        os._exit(1)
    except BaseException as error:
        os.write(tell, error_frame(StoreUnavailable(f"The store does not open: {error}.")))
        os._exit(1)
    try:
        Owner(store, directory, settings, board).run(writes, lifeline)
    except BaseException:
        log.exception("the store's owner failed")
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(0)
