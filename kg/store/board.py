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

COUNTERS = ("queries", "writes", "deadline", "memory", "crash", "started", "cancelled")
DEADLINE, MEMORY, CRASH, CANCELLED = "deadline", "memory", "crash", "cancelled"
_CAUSES = ("", DEADLINE, MEMORY, CRASH, CANCELLED)

_VERSION_AT, _VERSION_ROOM = 0, 128
_COUNTERS_AT = 128
_SLOTS_AT = 256
_SLOT = struct.Struct("=qd16s")  # pid, start on the monotonic clock (0: idle), job id
_DEATH = struct.Struct("=16sq")
_DEATHS = 256
_U64 = struct.Struct("=Q")


@dataclass(frozen=True, slots=True)
class Slot:
    """What one worker does: `since` is 0.0 when idle, else seconds on the monotonic clock."""

    pid: int
    since: float
    job: str


class Board:
    """The shared file; single words are written whole, so readers need no lock."""

    def __init__(self, path: Path, slots: int) -> None:
        """Map the board at `path`, making it when absent."""
        self.slots = slots
        self._deaths_at = _SLOTS_AT + slots * _SLOT.size
        size = self._deaths_at + 8 + _DEATHS * _DEATH.size
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), size)

    @property
    def version(self) -> str:
        """Return the version of the data that new queries see."""
        length = self._map[_VERSION_AT]
        return self._map[_VERSION_AT + 1 : _VERSION_AT + 1 + length].decode("ascii", "replace")

    @version.setter
    def version(self, value: str) -> None:
        raw = value.encode("ascii", "replace")[: _VERSION_ROOM - 1]
        self._map[_VERSION_AT : _VERSION_AT + 1 + len(raw)] = bytes([len(raw)]) + raw

    def count(self, counter: str, by: int = 1) -> None:
        """Add to a counter; only one process may write a given counter."""
        at = _COUNTERS_AT + COUNTERS.index(counter) * 8
        _U64.pack_into(self._map, at, _U64.unpack_from(self._map, at)[0] + by)

    def counters(self) -> dict[str, int]:
        """Return every counter by name."""
        return {name: _U64.unpack_from(self._map, _COUNTERS_AT + 8 * i)[0] for i, name in enumerate(COUNTERS)}

    def begin(self, slot: int, pid: int, job: str) -> None:
        """Say that the worker of `slot` starts a job now."""
        _SLOT.pack_into(self._map, _SLOTS_AT + slot * _SLOT.size, pid, time.monotonic(), job.encode("ascii"))

    def idle(self, slot: int, pid: int) -> None:
        """Say that the worker of `slot` waits for a job."""
        _SLOT.pack_into(self._map, _SLOTS_AT + slot * _SLOT.size, pid, 0.0, b"")

    def slot(self, slot: int) -> Slot:
        """Return what the worker of `slot` does."""
        pid, since, job = _SLOT.unpack_from(self._map, _SLOTS_AT + slot * _SLOT.size)
        return Slot(pid, since, job.rstrip(b"\0").decode("ascii", "replace"))

    def worker_of(self, job: str) -> int:
        """Return the process that is at work on a job; 0 where none is."""
        slots = map(self.slot, range(self.slots))
        return next((slot.pid for slot in slots if slot.since > 0 and slot.job == job), 0)

    def busy(self) -> int:
        """Return how many workers are at work."""
        return sum(self.slot(i).since > 0 for i in range(self.slots))

    def died(self, job: str, cause: str) -> None:
        """Note that the worker of `job` died of `cause`, and count it."""
        turn = _U64.unpack_from(self._map, self._deaths_at)[0]
        at = self._deaths_at + 8 + (turn % _DEATHS) * _DEATH.size
        _DEATH.pack_into(self._map, at, job.encode("ascii"), _CAUSES.index(cause))
        _U64.pack_into(self._map, self._deaths_at, turn + 1)
        self.count(cause)

    def cause_of_death(self, job: str, patience: float = 0.5) -> str:
        """Return why the worker of `job` died, or '' when within `patience` seconds no death is noted."""
        until, wanted = time.monotonic() + patience, job.encode("ascii")
        while True:
            start = self._deaths_at + 8
            found = [
                _CAUSES[cause]
                for name, cause in _DEATH.iter_unpack(self._map[start : start + _DEATHS * _DEATH.size])
                if name == wanted
            ]
            if found or time.monotonic() > until:
                return found[0] if found else ""
            time.sleep(0.005)

    def close(self) -> None:
        """Let go of the mapping."""
        self._map.close()
