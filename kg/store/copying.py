"""Looking into, and copying, a directory store that another process has open and works on."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox

#: how often, and after how many seconds, what a thread of RocksDB was in the way of is tried again.
RETRIES, RETRY_DELAY = 20, 0.05
_METADATA_FILES = ("CURRENT", "MANIFEST", "OPTIONS", "IDENTITY")


def open_engine_readonly(path: Path) -> ox.Store:
    """Open a store for reading; tried again where RocksDB compacts away a file it has just listed."""
    return _retry_open(lambda: ox.Store.read_only(os.fspath(path)), RETRIES if path.exists() else 0)


def copy_live_store(path: Path, target: Path) -> ox.Store:
    """Open a copy of a store that may be at work: tables, which never change, are linked, the rest copied.

    A backup of a store opened for reading would lack what only its log holds. Tried again where RocksDB
    takes away a file it has just listed.
    """
    return _retry_open(lambda: _link_and_open_copy(path, target), RETRIES)


def _retry_open(open_store: Callable[[], ox.Store], retries: int) -> ox.Store:
    """Return what `act` returns, tried again so many times."""
    for _ in range(retries):
        try:
            return open_store()
        except (OSError, RuntimeError):
            time.sleep(RETRY_DELAY)
    return open_store()


def _link_and_open_copy(path: Path, target: Path) -> ox.Store:
    """Link and copy the files of a store as they are now, tables last, and open the copy."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in sorted(path.iterdir(), key=lambda file: file.suffix == ".sst"):
        if file.suffix == ".sst":
            os.link(file, target / file.name)
        elif file.suffix == ".log" or file.name.startswith(_METADATA_FILES):
            shutil.copyfile(file, target / file.name)
    return ox.Store(target)
