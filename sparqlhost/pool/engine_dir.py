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
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

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
