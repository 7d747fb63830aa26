"""Looking into, and copying, a directory store that another process has open and works on."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox

#: how often, and after how many seconds, what a thread of RocksDB was in the way of is tried again.
PATIENCE, PAUSE = 20, 0.05
_SMALL_FILES = ("CURRENT", "MANIFEST", "OPTIONS", "IDENTITY")


def opened_beside(path: Path) -> ox.Store:
    """Open a store for reading; tried again where RocksDB compacts away a file it has just listed."""
    return _patiently(lambda: ox.Store.read_only(os.fspath(path)), PATIENCE if path.exists() else 0)


def copy_of(path: Path, target: Path) -> ox.Store:
    """Open a copy of a store that may be at work: tables, which never change, are linked, the rest copied.

    A backup of a store opened for reading would lack what only its log holds. Tried again where RocksDB
    takes away a file it has just listed.
    """
    return _patiently(lambda: _copied(path, target), PATIENCE)


def _patiently(act: Callable[[], ox.Store], times: int) -> ox.Store:
    """Return what `act` returns, tried again so many times."""
    for _ in range(times):
        try:
            return act()
        except (OSError, RuntimeError):
            time.sleep(PAUSE)
    return act()


def _copied(path: Path, target: Path) -> ox.Store:
    """Link and copy the files of a store as they are now, tables last, and open the copy."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in sorted(path.iterdir(), key=lambda file: file.suffix == ".sst"):
        if file.suffix == ".sst":
            os.link(file, target / file.name)
        elif file.suffix == ".log" or file.name.startswith(_SMALL_FILES):
            shutil.copyfile(file, target / file.name)
    return ox.Store(target)
