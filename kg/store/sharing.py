"""How a running server and `kg import` share a directory store.

Two files in the directory are locked with flock(2), which the kernel lets go of when a process ends. SERVED
is held while a server has the store. WRITING is held during each write of that server, and by an import from
before it copies the store until the copy stands in its place: so no write falls between the two.

The server opens the directory by a descriptor: RocksDB names its files by path, and must go on with the old
directory when another is put under its name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from kg.errors import StoreUnavailable
from kg.settings import Settings
from kg.store.disk import DiskStore

_SERVED_LOCK, _WRITE_LOCK = "SERVED", "WRITING"
_DESCRIPTORS = Path("/proc/self/fd")


class SharedDiskStore(DiskStore):
    """The store of a server: an import may put another directory in the place of its own."""

    def __init__(self, path: Path, settings: Settings | None = None) -> None:
        """Open `path` as DiskStore does, and let imports know that it is served."""
        super().__init__(path, settings)
        self._served = _open_lock_file(self.path / _SERVED_LOCK)
        self._writing = _open_lock_file(self.path / _WRITE_LOCK)
        fcntl.flock(self._served, fcntl.LOCK_SH)

    def resolve_engine_path(self, path: Path) -> Path:
        """Return a name of the directory that stays true when another gets its path."""
        with contextlib.suppress(OSError):
            path.mkdir(parents=True, exist_ok=True)
            if _DESCRIPTORS.is_dir():
                return _DESCRIPTORS / str(os.open(path, os.O_RDONLY | os.O_DIRECTORY))
        return path

    @contextlib.contextmanager
    def lock_for_write(self) -> Iterator[None]:
        """Keep imports off during a write; raises StoreUnavailable while one is at work or has taken over."""
        try:
            fcntl.flock(self._writing, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreUnavailable(
                "An import into this store is at work, and writes wait until it is in place.",
                hint="Nothing was changed; try again in a while.",
            ) from error
        try:
            if not os.path.samefile(self.path, self.configured_path):
                raise StoreUnavailable(
                    "An import has just been put in place, and the server is turning to it.",
                    hint="Nothing was changed; try again in some seconds.",
                )
            yield
        finally:
            fcntl.flock(self._writing, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the engine, then of the directory."""
        super().close()
        for name in ("_served", "_writing"):
            if hasattr(self, name):
                os.close(getattr(self, name))
                delattr(self, name)
        if self.path.parent == _DESCRIPTORS and self.path != self.configured_path:
            os.close(int(self.path.name))
            self.path = self.configured_path


def is_store_served(path: Path) -> bool:
    """Say whether a server that takes imports in by itself has the store at `path` open."""
    if not (path / _SERVED_LOCK).exists():
        return False
    descriptor = _open_lock_file(path / _SERVED_LOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextlib.contextmanager
def hold_writes(path: Path) -> Iterator[None]:
    """Wait for the write in hand of the server at `path`, and keep further ones off."""
    while True:
        descriptor = _open_lock_file(path / _WRITE_LOCK)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_ino == (path / _WRITE_LOCK).stat().st_ino:
            break
        os.close(descriptor)  # another import was put in place meanwhile
    try:
        yield
    finally:
        os.close(descriptor)


def _open_lock_file(path: Path) -> int:
    """Open a file to be locked, made where it is missing."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
