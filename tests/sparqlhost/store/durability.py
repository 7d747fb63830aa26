"""kill -9 at random moments: `python -m tests.sparqlhost.store.durability 200` counts the lost writes (0)."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sparqlhost.store.disk_store import DiskStore

#: triples of one write; fewer than that seen of one is half a write.
SIZE = 50
_WRITER = """
import sys
from pathlib import Path
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.supervisor import start_engine
from sparqlhost.settings import HostSettings
from sparqlhost.store.disk_store import DiskStore
settings = HostSettings()
path, first = Path(sys.argv[1]), int(sys.argv[2])
engine = start_engine(settings, lambda: DiskStore(path))
store = EngineStore(engine.directory, settings)
print("up", engine.pid, flush=True)
for number in range(first, first + 100000):
    rows = " ".join(f"<http://e/{number}> <http://e/p> {i} ." for i in range(SIZE))
    store.update(f"INSERT DATA {{ {rows} }}")
    print(number, flush=True)
""".replace("SIZE", str(SIZE))


@dataclass(frozen=True, slots=True)
class DurabilityCounts:
    """The writes acknowledged in all rounds, those lost, and those of which only a part was there."""

    acknowledged: int
    lost: int
    halves: int


def rounds(path: Path, number: int, seed: int) -> DurabilityCounts:
    """Write, kill at a random moment, open and look, `number` times on one store."""
    chance = random.Random(seed)
    acknowledged: set[int] = set()
    lost = halves = 0
    for _ in range(number):
        acknowledged |= _written(path, max(acknowledged, default=-1) + 2, chance.uniform(0.0, 0.25))
        counts = _counts(path)
        lost += sum(counts.get(write, 0) == 0 for write in acknowledged)
        halves += sum(count != SIZE for count in counts.values())
    return DurabilityCounts(len(acknowledged), lost, halves)


def _written(path: Path, first: int, moment: float) -> set[int]:
    """Return the writes acknowledged before the engine is killed."""
    command = [sys.executable, "-c", _WRITER, str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("up")
        acknowledged = {int(process.stdout.readline())}
        time.sleep(moment)
        subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)  # noqa: S607 - its own session
        process.send_signal(signal.SIGKILL)
        acknowledged |= {
            int(line) for line in process.stdout if line.strip().isdigit() and line.endswith("\n")
        }
    return acknowledged


def _counts(path: Path) -> dict[int, int]:
    """Return the triples of each write in the store."""
    with DiskStore(path) as store:
        found = store.select("SELECT ?s (COUNT(*) AS ?n) { ?s <http://e/p> ?o } GROUP BY ?s")
    return {int(s.value.rpartition("/")[2]): int(n.value) for s, n in found.rows}  # type: ignore[union-attr]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        counts = rounds(Path(folder) / "db", int(sys.argv[1]), seed=int(time.time()))
    sys.stdout.write(f"{counts}\n")
    sys.exit(bool(counts.lost or counts.halves))
