"""The board: one small shared file where the engine's processes say what they do, and web processes read it.

Counters and the version of the data at its head, then a slot a worker, then a ring of recent deaths, so that
a client whose stream broke learns whether the deadline, the memory limit or a crash ended its query.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass
from pathlib import Path

COUNTER_NAMES = ("queries", "writes", "deadline", "memory", "crash", "started", "cancelled")
EXIT_DEADLINE, EXIT_MEMORY, EXIT_CRASH, EXIT_CANCELLED = "deadline", "memory", "crash", "cancelled"
_EXIT_REASONS = ("", EXIT_DEADLINE, EXIT_MEMORY, EXIT_CRASH, EXIT_CANCELLED)

_VERSION_OFFSET, _VERSION_SIZE = 0, 128
_COUNTERS_OFFSET = 128
_SLOTS_OFFSET = 256
_SLOT_STRUCT = struct.Struct("=qd16s")  # pid, start on the monotonic clock (0: idle), job id
_EXIT_STRUCT = struct.Struct("=16sq")
_EXIT_RING_LENGTH = 256
_UINT64 = struct.Struct("=Q")


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """What one worker does: `since` is 0.0 when idle, else seconds on the monotonic clock."""

    pid: int
    started_at: float
    job_id: str


class Scoreboard:
    """The shared file; single words are written whole, so readers need no lock."""

    def __init__(self, path: Path, slot_count: int) -> None:
        """Map the board at `path`, making it when absent."""
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
        """Say that the worker of `slot` starts a job now."""
        _SLOT_STRUCT.pack_into(
            self._map, _SLOTS_OFFSET + slot * _SLOT_STRUCT.size, pid, time.monotonic(), job_id.encode("ascii")
        )

    def mark_idle(self, slot: int, pid: int) -> None:
        """Say that the worker of `slot` waits for a job."""
        _SLOT_STRUCT.pack_into(self._map, _SLOTS_OFFSET + slot * _SLOT_STRUCT.size, pid, 0.0, b"")

    def read_slot(self, slot: int) -> WorkerStatus:
        """Return what the worker of `slot` does."""
        pid, since, job = _SLOT_STRUCT.unpack_from(self._map, _SLOTS_OFFSET + slot * _SLOT_STRUCT.size)
        return WorkerStatus(pid, since, job.rstrip(b"\0").decode("ascii", "replace"))

    def find_worker(self, job_id: str) -> int:
        """Return the process that is at work on a job; 0 where none is."""
        slots = map(self.read_slot, range(self.slot_count))
        return next((slot.pid for slot in slots if slot.started_at > 0 and slot.job_id == job_id), 0)

    def count_busy(self) -> int:
        """Return how many workers are at work."""
        return sum(self.read_slot(i).started_at > 0 for i in range(self.slot_count))

    def record_exit(self, job_id: str, reason: str) -> None:
        """Note that the worker of `job` died of `cause`, and count it."""
        turn = _UINT64.unpack_from(self._map, self._exits_offset)[0]
        at = self._exits_offset + 8 + (turn % _EXIT_RING_LENGTH) * _EXIT_STRUCT.size
        _EXIT_STRUCT.pack_into(self._map, at, job_id.encode("ascii"), _EXIT_REASONS.index(reason))
        _UINT64.pack_into(self._map, self._exits_offset, turn + 1)
        self.increment_counter(reason)

    def wait_for_exit_reason(self, job_id: str, timeout: float = 0.5) -> str:
        """Return why the worker of `job` died, or '' when within `patience` seconds no death is noted."""
        until, wanted = time.monotonic() + timeout, job_id.encode("ascii")
        while True:
            start = self._exits_offset + 8
            found = [
                _EXIT_REASONS[cause]
                for name, cause in _EXIT_STRUCT.iter_unpack(
                    self._map[start : start + _EXIT_RING_LENGTH * _EXIT_STRUCT.size]
                )
                if name == wanted
            ]
            if found or time.monotonic() > until:
                return found[0] if found else ""
            time.sleep(0.005)

    def close(self) -> None:
        """Let go of the mapping."""
        self._map.close()
