"""The directory through which an engine and its clients meet: sockets, scoreboard, markers, and a lock.

    query.sock, trusted.sock   where the workers listen; one symbolic place for each generation in turn
    write.sock                 where the owner listens; made once by the supervisor, so that it outlives an
    owner board                      the scoreboard sandboxed, written         markers: the kernel refuses
    network sockets; something was written alive                      locked as long as any process of the
    engine runs

The lock is what tells a running engine from a killed one: the kernel releases a flock(2) lock when the last
process that inherited its file description ends, however it ends. A process id could have been reused.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

ENGINE_DIR_PREFIX = "sparqlhost-engine-"
#: each has its own socket and its own workers: queries of users cannot starve those of the application.
QUEUES = ("query", "trusted")
SANDBOX_MARKER = "sandboxed"
WRITTEN_MARKER = "written"

_LOCK_FILE = "alive"
_LOCK_GRACE_PERIOD = 60.0  # seconds that a new directory has to become locked


def make_engine_dir() -> Path:
    """Return a new directory, after removing those of engines that were killed."""
    remove_stale_engine_dirs(Path(tempfile.gettempdir()))
    return Path(tempfile.mkdtemp(prefix=ENGINE_DIR_PREFIX))


def lock_engine_dir(directory: Path) -> None:
    """Hold the directory's lock in this process and in all that it forks, until the last of them ends."""
    fcntl.flock(os.open(directory / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_SH)


def remove_stale_engine_dirs(parent: Path) -> None:
    """Remove the directories in `parent` whose engines were killed."""
    for directory in parent.glob(f"{ENGINE_DIR_PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or removed by another process meanwhile
            if time.time() - directory.stat().st_mtime > _LOCK_GRACE_PERIOD and not _is_locked(directory):
                shutil.rmtree(directory, ignore_errors=True)


def _is_locked(directory: Path) -> bool:
    try:
        with (directory / _LOCK_FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass  # killed before it could lock
    return False
