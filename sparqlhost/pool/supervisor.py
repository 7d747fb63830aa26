"""Directories of engines that were killed: each engine locks its own, so an unlocked one has nobody left.

A lock of the kernel ends with the last process that holds it, whatever ended that process.
"""

from __future__ import annotations

import contextlib
import fcntl
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

from sparqlhost.errors import StoreUnavailable, UserError
from sparqlhost.pool import sandbox as walls
from sparqlhost.pool import scoreboard as boards
from sparqlhost.pool import supervisor as leftovers
from sparqlhost.pool.jobs import decode_error, make_error_frame
from sparqlhost.pool.owner import StoreOwner, count_worker_slots
from sparqlhost.pool.scoreboard import Scoreboard
from sparqlhost.settings import HostSettings
from sparqlhost.store.local_store import LocalStore

ENGINE_DIR_PREFIX = "rrall-kg-engine-"
_LOCK_FILE = "alive"
#: seconds a new directory has before it must be locked.
_LOCK_GRACE_PERIOD = 60.0


def lock_engine_dir(directory: Path) -> None:
    """Hold the directory's lock from now on, in this process and all it forks."""
    fcntl.flock(os.open(directory / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_SH)


def remove_stale_engine_dirs(folder: Path | None = None) -> None:
    """Remove what killed engines left in `folder`, by default where temporary files are."""
    for directory in (folder or Path(tempfile.gettempdir())).glob(f"{ENGINE_DIR_PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or gone meanwhile
            if time.time() - directory.stat().st_mtime > _LOCK_GRACE_PERIOD and not _is_locked(directory):
                shutil.rmtree(directory, ignore_errors=True)


def _is_locked(directory: Path) -> bool:
    """Say whether a process holds the lock of a directory."""
    try:
        with (directory / _LOCK_FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass  # killed before it could lock
    return False


#: MERGED kg.store.engine
#: MERGED The engine: a small tree of processes that owns a store, seen from the server that starts it.
#: MERGED
#: MERGED     supervisor   keeps the owner up, holds the write socket; walls off the network for all below
#: MERGED       owner      holds the store, makes writes, forks the workers
#: MERGED         workers  answer queries, may be killed at any moment
#: MERGED
#: MERGED Everything ends when the lifeline, a pipe held by the starting process, is closed, be it by its death.


log = logging.getLogger(__name__)

_START_TIMEOUT = 120.0  # seconds a store may take to open, its first load included
_STOP_TIMEOUT = 10.0  # seconds a running write has to finish when the server stops


@dataclass(frozen=True, slots=True)
class SparqlEngineProcess:
    """A running engine: its directory of sockets, and how to stop it."""

    directory: Path
    pid: int
    shutdown_pipe: int

    def stop(self) -> None:
        """End the engine: a running write finishes, queries have two seconds."""
        with contextlib.suppress(OSError):
            os.write(self.shutdown_pipe, b".")  # other processes may hold copies of this end
            os.close(self.shutdown_pipe)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> SparqlEngineProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_engine(settings: HostSettings, open_store: Callable[[], LocalStore]) -> SparqlEngineProcess:
    """Start an engine over what `opener` opens, in its own process; raises StoreUnavailable when it cannot.

    Forks: call it before threads are started.
    """
    leftovers.remove_stale_engine_dirs()
    directory = Path(tempfile.mkdtemp(prefix=leftovers.ENGINE_DIR_PREFIX))
    lifeline, held = os.pipe()
    told, tell = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(held)
        os.close(told)
        _run_supervisor(settings, open_store, directory, lifeline, tell)
    os.close(lifeline)
    os.close(tell)
    engine = SparqlEngineProcess(directory, pid, held)
    try:
        _await_ready(engine, told)
    except UserError:
        engine.stop()
        raise
    finally:
        os.close(told)
    return engine


def _await_ready(engine: SparqlEngineProcess, ready_pipe: int) -> None:
    """Return when the engine answers; raises what kept it from opening its store."""
    until, said = time.monotonic() + _START_TIMEOUT, b""
    while time.monotonic() < until:
        if (engine.directory / "ready").exists():
            return
        if select.select([ready_pipe], [], [], 0.005)[0]:
            part = os.read(ready_pipe, 65536)
            if not part:
                break
            said += part
    if said:
        raise decode_error(said[5:])
    raise StoreUnavailable("The store did not open in time.", hint="Look at the log and start again.")


def _run_supervisor(
    settings: HostSettings,
    open_store: Callable[[], LocalStore],
    directory: Path,
    shutdown_pipe: int,
    ready_pipe: int,
) -> None:
    """Be the supervisor until the lifeline is cut; never returns."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        walls.detach_inherited_descriptors((shutdown_pipe, ready_pipe))
        leftovers.lock_engine_dir(directory)
        if walls.forbid_network():
            (directory / "walled").touch()
        writes = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        writes.bind(str(directory / "write.sock"))
        writes.listen(settings.query_queue)
        _respawn_owner(settings, open_store, directory, (writes, shutdown_pipe, ready_pipe))
    finally:
        os._exit(0)


def _respawn_owner(
    settings: HostSettings,
    open_store: Callable[[], LocalStore],
    directory: Path,
    pipes: tuple[socket.socket, int, int],
) -> None:
    """Fork an owner, and another one when it dies before its time."""
    lifeline = pipes[1]
    board = Scoreboard(directory / "board", count_worker_slots(settings) + 1)
    while True:
        began, supervisor = time.monotonic(), os.getpid()
        pid = os.fork()
        if not pid:
            _run_owner(settings, open_store, (directory, supervisor), pipes, board)
        status = _wait_for_owner_exit(pid, lifeline)
        if not os.WIFSIGNALED(status):
            return
        _record_owner_exit(board, count_worker_slots(settings), os.WTERMSIG(status))
        log.error("the store's owner died of signal %s and is started again", os.WTERMSIG(status))
        time.sleep(max(0.0, 0.2 - (time.monotonic() - began)))


def _record_owner_exit(scoreboard: Scoreboard, slot: int, signal_number: int) -> None:
    """Note why the write that the owner was at did not come to its end."""
    writing = scoreboard.read_slot(slot)
    if writing.started_at:
        causes = {
            signal.SIGALRM: boards.EXIT_DEADLINE,
            signal.SIGABRT: boards.EXIT_MEMORY,
            signal.SIGKILL: boards.EXIT_MEMORY,
        }
        scoreboard.record_exit(writing.job_id, causes.get(signal.Signals(signal_number), boards.EXIT_CRASH))
        scoreboard.mark_idle(slot, 0)


def _wait_for_owner_exit(pid: int, shutdown_pipe: int) -> int:
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
        elif select.select([shutdown_pipe], [], [], 0.05)[0]:
            until = time.monotonic() + _STOP_TIMEOUT


def _run_owner(
    settings: HostSettings,
    open_store: Callable[[], LocalStore],
    directory_and_parent: tuple[Path, int],
    pipes: tuple[socket.socket, int, int],
    scoreboard: Scoreboard,
) -> None:
    """Be the owner until the lifeline is cut, or tell why the store does not open; never returns."""
    (directory, supervisor), (writes, lifeline, tell) = directory_and_parent, pipes
    try:
        walls.die_with_parent(supervisor)
        store = open_store()
    except UserError as error:
        os.write(tell, make_error_frame(error))
        os._exit(1)
    except BaseException as error:
        os.write(tell, make_error_frame(StoreUnavailable(f"The store does not open: {error}.")))
        os._exit(1)
    try:
        StoreOwner(store, directory, settings, scoreboard).run(writes, lifeline)
    except BaseException:
        log.exception("the store's owner failed")
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(0)
