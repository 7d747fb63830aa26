"""Starts an engine: a small tree of processes that owns a store, apart from the process that starts it.

    starting process     holds the write end of the shutdown pipe
      supervisor         restarts the owner if it is killed, holds the write socket, forbids the network
        owner            holds the store, makes the writes, forks the workers
          workers        answer one query at a time; may be killed at any moment

The engine ends when the shutdown pipe is written to or closed; the kernel closes it if the starting process
dies, so nothing is left behind whatever happens.

A server starts its engine by fork, before it has threads (`start_engine`). A process that may have threads,
as in a test or a notebook, cannot: the child could inherit a lock that nobody releases. There a new process
reads a copy of the data and starts the engine (`EngineCopy`, `python -m sparqlhost.pool.supervisor`); it ends
when its standard input is closed, so also when the calling process dies.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

from sparqlhost.errors import StoreUnavailable, UserError
from sparqlhost.pool import sandbox
from sparqlhost.pool.engine_dir import (
    SANDBOX_MARKER,
    Scoreboard,
    count_worker_slots,
    find_exit_reason,
    lock_engine_dir,
    make_engine_dir,
    open_scoreboard,
)
from sparqlhost.pool.jobs import (
    END_FRAME,
    ERROR_FRAME,
    decode_error,
    make_error_frame,
    make_frame,
    take_frame,
)
from sparqlhost.pool.owner import StoreOwner
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import PLAIN_STORE, AfterWrite, HostedData
from sparqlhost.store.local_store import LocalStore, MemoryStore

log = logging.getLogger(__name__)

_START_TIMEOUT = 120.0  # seconds a store may take to open, its first load included
_STOP_TIMEOUT = 0.7  # seconds a running write has to finish when the engine is stopped
_RESPAWN_INTERVAL = 0.2  # seconds between two starts of an owner, at least


@dataclass(frozen=True, slots=True)
class SparqlEngineProcess:
    """A running engine: its directory (engine_dir.py), its supervisor, and the pipe that ends it."""

    directory: Path
    pid: int
    shutdown_pipe: int

    def has_ended(self) -> bool:
        """Say whether the supervisor has ended; the kernel ends all that it started then."""
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] != 0
        except ChildProcessError:
            return True

    def request_stop(self) -> None:
        """Have the engine end within a second: a write that is not finished then is not made at all."""
        with contextlib.suppress(OSError):
            os.write(self.shutdown_pipe, b".")  # closing is not enough: other processes may hold copies

    def stop(self) -> None:
        """End the engine, and return when it has ended."""
        self.request_stop()
        with contextlib.suppress(OSError):
            os.close(self.shutdown_pipe)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> SparqlEngineProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass(frozen=True, slots=True)
class _EngineStart:
    """What the processes of one engine inherit: settings, data, and the ends of the pipes that they hold."""

    settings: HostSettings
    open_store: Callable[[], LocalStore]
    data: HostedData
    directory: Path
    shutdown_pipe: int  # read end: readable when the engine has to end
    ready_pipe: int  # write end: gets an end frame when queries are answered, or an error frame


def start_engine(
    settings: HostSettings, open_store: Callable[[], LocalStore], data: HostedData = PLAIN_STORE
) -> SparqlEngineProcess:
    """Start an engine over the store that `open_store` opens; raises StoreUnavailable if it does not open.

    Call it before threads are started: it forks, and a lock that another thread holds at that moment stays
    locked in the child for ever.
    """
    directory = make_engine_dir()
    shutdown_receiver, shutdown_sender = os.pipe()
    ready_receiver, ready_sender = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(shutdown_sender)  # else the end of the starting process would not close the pipe
        os.close(ready_receiver)
        _run_supervisor(_EngineStart(settings, open_store, data, directory, shutdown_receiver, ready_sender))
    os.close(shutdown_receiver)
    os.close(ready_sender)
    engine = SparqlEngineProcess(directory, pid, shutdown_sender)
    try:
        _await_ready(ready_receiver)
    except UserError:
        engine.stop()
        raise
    finally:
        os.close(ready_receiver)
    return engine


def _await_ready(ready_pipe: int) -> None:
    """Return when the engine answers queries; raises the error that kept its store from opening."""
    give_up_at, received = time.monotonic() + _START_TIMEOUT, b""
    while select.select([ready_pipe], [], [], max(0.0, give_up_at - time.monotonic()))[0]:
        block = os.read(ready_pipe, 65536)
        received += block
        if frame := take_frame(received):
            kind, payload, _ = frame
            if kind == ERROR_FRAME:
                raise decode_error(payload)
            return
        if not block:
            break
    raise StoreUnavailable("The store did not open in time.", hint="Look at the log and start again.")


def _run_supervisor(start: _EngineStart) -> None:
    """Be the supervisor until the engine has to end; never returns."""
    try:
        # A terminal sends SIGINT to the whole process group. Only the starting process reacts to it, and then
        # ends the engine through the pipe, so that a running write can finish.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        sandbox.detach_inherited_descriptors((start.shutdown_pipe, start.ready_pipe))
        lock_engine_dir(start.directory)
        if sandbox.forbid_network():  # before the first fork: filters are inherited and cannot be removed
            (start.directory / SANDBOX_MARKER).touch()
        write_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        write_socket.bind(str(start.directory / "write.sock"))
        write_socket.listen(start.settings.query_queue)
        _keep_owner_running(start, write_socket)
    except BaseException:
        log.exception("the supervisor of the store failed")
    finally:
        os._exit(0)


def _keep_owner_running(start: _EngineStart, write_socket: socket.socket) -> None:
    """Fork an owner, and another one each time it is killed; return when it ends by itself."""
    scoreboard = open_scoreboard(start.directory, start.settings)
    while True:
        started_at, supervisor = time.monotonic(), os.getpid()
        pid = os.fork()
        if not pid:
            _run_owner(start, write_socket, scoreboard, supervisor)
        status = _wait_for_owner_exit(pid, start.shutdown_pipe)
        if not os.WIFSIGNALED(status):
            return
        _record_owner_exit(scoreboard, count_worker_slots(start.settings), os.WTERMSIG(status))
        log.error("the owner of the store was killed by signal %s and is restarted", os.WTERMSIG(status))
        time.sleep(max(0.0, _RESPAWN_INTERVAL - (time.monotonic() - started_at)))


def _record_owner_exit(scoreboard: Scoreboard, slot: int, signal_number: int) -> None:
    """Record why the write in the owner's slot ended, so that its client learns it."""
    owner = scoreboard.read_slot(slot)
    if owner.started_at:
        scoreboard.record_exit(owner.job_id, find_exit_reason(signal_number))
        scoreboard.mark_idle(slot, 0)


def _wait_for_owner_exit(pid: int, shutdown_pipe: int) -> int:
    """Return the exit status of `pid`; once the engine has to end, `pid` is killed after _STOP_TIMEOUT."""
    kill_at = 0.0
    while True:
        exited, status = os.waitpid(pid, os.WNOHANG)
        if exited:
            return status
        if kill_at and time.monotonic() > kill_at:
            os.kill(pid, signal.SIGKILL)
        if kill_at:
            time.sleep(0.01)
        elif select.select([shutdown_pipe], [], [], 0.05)[0]:
            kill_at = time.monotonic() + _STOP_TIMEOUT


def _run_owner(
    start: _EngineStart, write_socket: socket.socket, scoreboard: Scoreboard, supervisor: int
) -> None:
    """Be the owner until the engine has to end, or report why the store does not open; never returns."""
    try:
        sandbox.die_with_parent(supervisor)
        store = start.open_store()
    except UserError as error:
        _report(start.ready_pipe, make_error_frame(error))
        os._exit(1)
    except BaseException as error:
        _report(start.ready_pipe, make_error_frame(StoreUnavailable(f"The store does not open: {error}.")))
        os._exit(1)
    try:
        owner = StoreOwner(store, start.directory, start.settings, scoreboard, start.data.make_after_write)
        owner.run(
            write_socket, start.shutdown_pipe, lambda: _report(start.ready_pipe, make_frame(END_FRAME, b""))
        )
    except BaseException:
        log.exception("the owner of the store failed")
        os.kill(os.getpid(), signal.SIGKILL)  # a signal, so that the supervisor starts another
    os._exit(0)


def _report(ready_pipe: int, frame: bytes) -> None:
    """Send a frame to the starting process; a restarted owner has nobody to report to any more."""
    with contextlib.suppress(BrokenPipeError):
        os.write(ready_pipe, frame)


_FILE_NAME = "copy.nq"


@dataclass(frozen=True, slots=True)
class _CopyRequest:
    """What the new process gets, pickled."""

    settings: HostSettings
    nquads: Path
    version: str
    prefixes: Mapping[str, str]
    make_after_write: Callable[[], AfterWrite] | None


class EngineCopy:
    """A running engine over a copy of a store."""

    def __init__(self, settings: HostSettings, store: LocalStore, data: HostedData) -> None:
        """Start the engine; raises UserError when it does not start.

        `data.make_after_write` must be a function of a module, so that it can be pickled.
        """
        with tempfile.TemporaryDirectory(prefix=f"{settings.PRODUCT}-copy-") as folder:
            nquads = Path(folder, _FILE_NAME)
            nquads.write_bytes(b"".join(f"{quad} .\n".encode() for quad in store.oxigraph))
            request = _CopyRequest(
                settings, nquads, store.version, dict(data.prefixes), data.make_after_write
            )
            self._process = subprocess.Popen(  # noqa: S603 - this module
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C reaches the caller only, which ends this one
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
            )
            self.directory = self._exchange(request)

    def _exchange(self, request: _CopyRequest) -> Path:
        """Send the request; return the directory of the engine, or raise the error of its start."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        assert self._process.stdout is not None  # noqa: S101
        pickle.dump(request, self._process.stdin)
        self._process.stdin.flush()
        result: Path | UserError = pickle.load(self._process.stdout)  # noqa: S301 - of the process started here
        if isinstance(result, UserError):
            self.stop()
            raise result
        return result

    def stop(self) -> None:
        """End the engine."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()


def _run_engine_copy(caller: IO[bytes], answer: IO[bytes]) -> None:
    """Start the engine that `caller` describes, answer with its directory, and stop it when `caller` ends."""
    request: _CopyRequest = pickle.load(caller)  # noqa: S301 - of the process that started this one
    data = HostedData(
        prefixes=MappingProxyType(dict(request.prefixes)), make_after_write=request.make_after_write
    )
    store = MemoryStore(request.nquads, version=request.version, prefixes=data.prefixes)
    try:
        engine = start_engine(request.settings, lambda: store, data)
    except UserError as error:
        pickle.dump(error, answer)
        answer.flush()
        return
    with engine:
        pickle.dump(engine.directory, answer)
        answer.flush()
        caller.read()


if __name__ == "__main__":
    from sparqlhost.pool import supervisor  # pickle names the classes of that module, not of `__main__`

    supervisor._run_engine_copy(sys.stdin.buffer, sys.stdout.buffer)
