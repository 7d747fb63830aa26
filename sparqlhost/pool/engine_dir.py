"""The directory through which an engine and its clients meet: sockets, scoreboard, markers, and a lock.

    query.sock, trusted.sock, bulk.sock   where the workers listen; a new socket for each generation
    write.sock           where the owner listens; made once by the supervisor, so it outlives an owner
    board                the scoreboard
    sandboxed, written   markers: the kernel refuses network sockets; something was written
    full                 marker: the last write found the disk full
    alive                locked as long as any process of the engine runs

The lock is what tells a running engine from a killed one: the kernel releases a flock(2) lock when the last
process that inherited its file description ends, however it ends. A process id could have been reused.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import shutil
import signal
import stat
import struct
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sparqlhost.settings import HostSettings

ENGINE_DIR_PREFIX = "sparqlhost-engine-"
#: each has its own socket and its own workers: queries of users cannot starve those of the application, nor
#: dumps of the complete store ("bulk") either of them.
QUEUES = ("query", "trusted", "bulk")
SANDBOX_MARKER = "sandboxed"
WRITTEN_MARKER = "written"
FULL_MARKER = "full"

_LOCK_FILE = "alive"
_LOCK_GRACE_PERIOD = 60.0  # seconds that a new directory has to become locked


def make_engine_dir(prefix: str = ENGINE_DIR_PREFIX) -> Path:
    """Return a new directory, after removing those with the same prefix whose processes were killed."""
    remove_stale_engine_dirs(Path(tempfile.gettempdir()), prefix)
    return Path(tempfile.mkdtemp(prefix=prefix))


def lock_engine_dir(directory: Path) -> None:
    """Hold the directory's lock in this process and in all that it forks, until the last of them ends."""
    fcntl.flock(os.open(directory / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_SH)


def remove_stale_engine_dirs(parent: Path, prefix: str = ENGINE_DIR_PREFIX) -> None:
    """Remove the directories in `parent` whose engines were killed; those of other users are left alone."""
    for directory in parent.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # removed by another process meanwhile
            status = directory.lstat()
            is_old = time.time() - status.st_mtime > _LOCK_GRACE_PERIOD
            is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
            if is_own and is_old and not _is_locked(directory):
                shutil.rmtree(directory, ignore_errors=True)


def _is_locked(directory: Path) -> bool:
    try:
        # A planted FIFO must not block the start, nor a symbolic link lead elsewhere.
        file = os.open(directory / _LOCK_FILE, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False  # killed before it could lock
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


COUNTER_NAMES = ("queries", "writes", "deadline", "memory", "crash", "started", "cancelled")
EXIT_DEADLINE, EXIT_MEMORY, EXIT_CRASH, EXIT_CANCELLED = "deadline", "memory", "crash", "cancelled"
_EXIT_REASONS = ("", EXIT_DEADLINE, EXIT_MEMORY, EXIT_CRASH, EXIT_CANCELLED)
#: stops a query whose client wants no answer any more; like SIGALRM with its default action (see worker.py)
CANCEL_SIGNAL = signal.SIGUSR1
_EXIT_REASON_OF_SIGNAL = {
    signal.SIGALRM: EXIT_DEADLINE,
    signal.SIGABRT: EXIT_MEMORY,  # the engine's allocator aborts when RLIMIT_AS is reached
    signal.SIGKILL: EXIT_MEMORY,  # the kernel's out-of-memory killer
    CANCEL_SIGNAL: EXIT_CANCELLED,
}
#: workers for trusted queries, those of the application itself, and for dumps of the complete store.
TRUSTED_WORKERS, BULK_WORKERS = 2, 1

_VERSION_OFFSET, _VERSION_SIZE = 0, 128
_COUNTERS_OFFSET = 128
_SLOTS_OFFSET = 256
_SLOT_STRUCT = struct.Struct("=qd16s")  # pid, start in seconds of the monotonic clock (0: idle), job id
_EXIT_STRUCT = struct.Struct("=16sq")
_EXIT_RING_LENGTH = 256
_UINT64 = struct.Struct("=Q")


def find_exit_reason(signal_number: int) -> str:
    """Return why a process was ended by a signal."""
    return _EXIT_REASON_OF_SIGNAL.get(signal.Signals(signal_number), EXIT_CRASH)


def count_lane_workers(settings: HostSettings) -> dict[str, int]:
    """Return how many workers each queue may have."""
    return {"query": settings.query_slots, "trusted": TRUSTED_WORKERS, "bulk": BULK_WORKERS}


def count_worker_slots(settings: HostSettings) -> int:
    """Return the number of slots for workers; generations overlap while old queries finish."""
    return 4 * sum(count_lane_workers(settings).values())


def open_scoreboard(directory: Path, settings: HostSettings) -> Scoreboard:
    """Return the scoreboard of the engine in `directory`; its last slot is the owner's, for writes."""
    return Scoreboard(directory / "board", count_worker_slots(settings) + 1)


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """The content of a slot: `started_at` is 0.0 for an idle worker, else seconds of the monotonic clock."""

    pid: int
    started_at: float
    job_id: str


class Scoreboard:
    """The mapped file."""

    def __init__(self, path: Path, slot_count: int) -> None:
        """Map the file at `path`, which is created if it does not exist."""
        self.slot_count = slot_count
        self._exits_offset = _SLOTS_OFFSET + slot_count * _SLOT_STRUCT.size
        size = self._exits_offset + 8 + _EXIT_RING_LENGTH * _EXIT_STRUCT.size
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), size)

    @property
    def version(self) -> str:
        """Return the version of the data that new queries see."""
        length = self._map[_VERSION_OFFSET]
        return self._map[_VERSION_OFFSET + 1 : _VERSION_OFFSET + 1 + length].decode("ascii", "replace")

    @version.setter
    def version(self, value: str) -> None:
        raw = value.encode("ascii", "replace")[: _VERSION_SIZE - 1]
        self._map[_VERSION_OFFSET : _VERSION_OFFSET + 1 + len(raw)] = bytes([len(raw)]) + raw

    def increment_counter(self, counter: str, by: int = 1) -> None:
        """Add to a counter; only one process may write a given counter."""
        at = _COUNTERS_OFFSET + COUNTER_NAMES.index(counter) * 8
        _UINT64.pack_into(self._map, at, _UINT64.unpack_from(self._map, at)[0] + by)

    def read_counters(self) -> dict[str, int]:
        """Return every counter by name."""
        return {
            name: _UINT64.unpack_from(self._map, _COUNTERS_OFFSET + 8 * i)[0]
            for i, name in enumerate(COUNTER_NAMES)
        }

    def mark_busy(self, slot: int, pid: int, job_id: str) -> None:
        """Record that the worker of `slot` starts a job now."""
        _SLOT_STRUCT.pack_into(
            self._map, _SLOTS_OFFSET + slot * _SLOT_STRUCT.size, pid, time.monotonic(), job_id.encode("ascii")
        )

    def mark_idle(self, slot: int, pid: int) -> None:
        """Record that the worker of `slot` waits for a job."""
        _SLOT_STRUCT.pack_into(self._map, _SLOTS_OFFSET + slot * _SLOT_STRUCT.size, pid, 0.0, b"")

    def read_slot(self, slot: int) -> WorkerStatus:
        """Return the status of the worker of `slot`."""
        pid, started_at, job = _SLOT_STRUCT.unpack_from(self._map, _SLOTS_OFFSET + slot * _SLOT_STRUCT.size)
        return WorkerStatus(pid, started_at, job.rstrip(b"\0").decode("ascii", "replace"))

    def find_worker(self, job_id: str) -> int:
        """Return the id of the process that runs a job, 0 for none."""
        slots = map(self.read_slot, range(self.slot_count))
        return next((slot.pid for slot in slots if slot.started_at > 0 and slot.job_id == job_id), 0)

    def count_busy(self) -> int:
        """Return how many workers run a job."""
        return sum(self.read_slot(i).started_at > 0 for i in range(self.slot_count))

    def record_exit(self, job_id: str, reason: str) -> None:
        """Record why a job ended, and count it; call it before `mark_idle` (see `wait_for_exit_reason`)."""
        turn = _UINT64.unpack_from(self._map, self._exits_offset)[0]
        at = self._exits_offset + 8 + (turn % _EXIT_RING_LENGTH) * _EXIT_STRUCT.size
        _EXIT_STRUCT.pack_into(self._map, at, job_id.encode("ascii"), _EXIT_REASONS.index(reason))
        _UINT64.pack_into(self._map, self._exits_offset, turn + 1)
        self.increment_counter(reason)

    def wait_for_exit_reason(self, job_id: str, timeout: float = 0.5) -> str:
        """Return why a job ended without an answer; "" if it never started, or after `timeout` seconds.

        A job that is neither running nor recorded was never started: an exit is recorded before its slot is
        marked idle, and the slot is read here before the ring.
        """
        give_up_at = time.monotonic() + timeout
        while True:
            is_running = bool(self.find_worker(job_id))
            reason = self._find_recorded_exit(job_id)
            if reason or not is_running or time.monotonic() > give_up_at:
                return reason
            time.sleep(0.005)

    def _find_recorded_exit(self, job_id: str) -> str:
        """Return the reason that is recorded for a job, "" for none."""
        wanted, start = job_id.encode("ascii"), self._exits_offset + 8
        ring = self._map[start : start + _EXIT_RING_LENGTH * _EXIT_STRUCT.size]
        return next(
            (_EXIT_REASONS[code] for name, code in _EXIT_STRUCT.iter_unpack(ring) if name == wanted), ""
        )

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()
