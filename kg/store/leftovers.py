"""Directories of engines that were killed: each engine locks its own, so an unlocked one has nobody left.

A lock of the kernel ends with the last process that holds it, whatever ended that process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

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
