"""A store in a directory (RocksDB): durable, for graphs larger than memory, one writing process at a time.

The first use of a directory loads the initial data. A write is acknowledged after the log of RocksDB is on
the disk (fsync), so neither kill -9 nor a power cut loses it, and RocksDB replays a transaction of its log
either completely or not at all.

A server and an import (store/staging.py) share a directory by two files that they lock with flock(2). The
kernel releases such a lock when its holder ends, however it ends.

- SERVED: held (shared) by a server as long as it has the store open. An import that can lock it exclusively
  knows that no server is there.
- WRITING: held (shared) by the server during each write, and (exclusively) by an import from before it copies
  the store until its copy stands in the place of the original. So no write falls between copy and swap, where
  it would be lost; the server refuses writes meanwhile.

RocksDB names its files by path. A server must go on with the files of the old directory after a swap, so it
opens the directory by a descriptor and gives RocksDB the path /proc/self/fd/N, which follows the directory
and not its name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pyoxigraph as ox

from sparqlhost.errors import BadData, StoreFull, StoreLocked, StoreUnavailable
from sparqlhost.store.interface import PLAIN_STORE, HostedData
from sparqlhost.store.local_store import LocalStore

#: exists in the directory during its first load; if that is killed, the next start loads again.
_LOADING_MARKER = "LOADING"
#: exists in the directory between a write and the inferences that follow from it.
_STALE_INFERENCES_MARKER = "INFERENCES_BEHIND"


class DiskStore(LocalStore):
    """A directory store, opened for writing: RocksDB's own lock refuses a second process."""

    needs_dry_run = False

    def __init__(self, path: Path, data: HostedData = PLAIN_STORE) -> None:
        """Open `path` and load the initial data on its first use; raises StoreUnavailable or BadData."""
        self.configured_path = path
        self.path = self.resolve_engine_path(path)
        self._restore_hint = data.restore_hint
        engine = _open_engine(self.path, path, data.restore_hint)
        super().__init__(engine, f"disk-{secrets.token_hex(6)}", str(path), data.prefixes)
        if data.initial_nquads is not None and (
            (self.path / _LOADING_MARKER).exists() or not self._has_initial_data(data)
        ):
            self._load_initial_data(data, data.initial_nquads)

    def resolve_engine_path(self, path: Path) -> Path:
        """Return the path under which the engine opens `path`."""
        return path

    def _has_initial_data(self, data: HostedData) -> bool:
        """Say whether the initial data were loaded before: one of their graphs or a default graph exists."""
        has_named = any(map(data.is_initial_graph, self.graph_names()))
        return has_named or next(self.read_graph(None), None) is not None

    def _load_initial_data(self, data: HostedData, nquads: Path) -> None:
        """Load the initial data; until they are complete, a marker file says so."""
        if not nquads.exists():
            self.close()
            raise StoreUnavailable(
                "The data to load into the new store are missing.",
                location=str(nquads),
                hint=data.missing_data_hint,
            )
        marker = self.path / _LOADING_MARKER
        try:
            marker.touch()
            for graph in self.graph_names():
                if data.is_initial_graph(graph):
                    self.oxigraph.remove_graph(graph)
            self.oxigraph.clear_graph(ox.DefaultGraph())
            self.oxigraph.bulk_load(path=nquads, format=ox.RdfFormat.N_QUADS, lenient=True)
            self.oxigraph.flush()
            marker.unlink()
        except SyntaxError as error:
            raise BadData(
                f"The N-Quads file cannot be parsed: {error.msg}.",
                location=str(nquads),
                hint=data.missing_data_hint,
            ) from error
        except OSError as error:
            raise explain_disk_error(self.configured_path, error, self._restore_hint) from error

    @property
    def has_stale_inferences(self) -> bool:
        """Whether the process ended between a write and its inferences."""
        return (self.path / _STALE_INFERENCES_MARKER).exists()

    def mark_inferences_stale(self) -> None:
        """Note on the disk that inferences are missing, so that the next start makes them."""
        with contextlib.suppress(OSError):
            (self.path / _STALE_INFERENCES_MARKER).touch()

    def mark_inferences_current(self) -> None:
        """Note on the disk that the inferences of every write are made."""
        (self.path / _STALE_INFERENCES_MARKER).unlink(missing_ok=True)

    def _raise_store_error(self, error: Exception, text: str = "") -> NoReturn:
        """Raise StoreUnavailable for a full, read-only or damaged disk; other errors as LocalStore does."""
        if any(sign in str(error).lower() for sign in _DISK_ERRORS):
            raise explain_disk_error(self.configured_path, error, self._restore_hint) from error
        super()._raise_store_error(error, text)

    def make_durable(self) -> None:
        """Return when the log of RocksDB is on the disk.

        RocksDB writes a transaction to the newest log; the one before may just have been completed.
        """
        try:
            logs = sorted(self.path.glob("*.log"))
            for log in logs[-2:]:
                with log.open("rb") as file:
                    os.fsync(file.fileno())
        except FileNotFoundError:  # RocksDB removed a log, whose content is in tables by then
            self.oxigraph.flush()
        except OSError as error:
            raise explain_disk_error(self.configured_path, error, self._restore_hint) from error


def _open_engine(path: Path, configured_path: Path, restore_hint: str) -> ox.Store:
    """Return the engine of the directory `path`, which messages call `configured_path`."""
    if path.exists() and not path.is_dir():
        raise StoreUnavailable(
            "The store is a file, not a directory.", location=str(configured_path), hint="Name a directory."
        )
    has_other_files = path.exists() and any(path.iterdir()) and not (path / "CURRENT").exists()
    if has_other_files and not (path / _LOADING_MARKER).exists():
        raise StoreUnavailable(
            "The directory holds other files and not a store.",
            location=str(configured_path),
            hint="Name a new or empty directory.",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return ox.Store(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise explain_disk_error(configured_path, error, restore_hint) from error


def load_into_directory(folder: Path, nquads: bytes) -> None:
    """Create a store in `folder` from N-Quads; raises OSError if the disk is full."""
    try:
        oxigraph = ox.Store(folder)
        oxigraph.bulk_load(nquads, format=ox.RdfFormat.N_QUADS)
        oxigraph.flush()
    except RuntimeError as error:
        raise OSError(str(error)) from error


_FULL_ERROR = "no space"
_DISK_ERRORS = (_FULL_ERROR, "read-only", "corrupt", "input/output error")
_LOCK_ERROR = "lock"  # in RocksDB's message when another process has its LOCK file locked
#: part of an engine's message -> message, hint ("": how to restore)
_ERROR_MESSAGES = {
    _FULL_ERROR: ("The disk is full.", "Make room, then try again; nothing acknowledged was lost."),
    "read-only": ("The disk is read-only.", "Mount it writable, or serve --store memory:."),
    "permission": ("This user may not open the store.", "Check the owner and mode of the directory."),
    "corrupt": ("The store is damaged.", ""),
    "invalid": ("The store is damaged, or not a store.", ""),
    "not a directory": ("A part of the path is a file.", "Name a directory."),
}


def explain_disk_error(
    path: Path, error: Exception, restore_hint: str = PLAIN_STORE.restore_hint
) -> StoreUnavailable:
    """Return why a store cannot be opened or written; StoreLocked if another process has it open."""
    text = str(error).split("\n")[0]
    if _LOCK_ERROR in text.lower():
        return StoreLocked(
            "Another process has the store open.",
            location=str(path),
            hint="Stop or wait for it, or name another directory.",
        )
    for part, (message, hint) in _ERROR_MESSAGES.items():
        if part in text.lower():
            kind = StoreFull if part == _FULL_ERROR else StoreUnavailable
            return kind(message, location=str(path), hint=hint or restore_hint)
    with contextlib.suppress(UnicodeError):
        text = text.encode("ascii", "replace").decode()
    return StoreUnavailable(
        f"The store cannot be used: {text}.", location=str(path), hint="See docs/operations.md."
    )


_SERVED_LOCK, _WRITE_LOCK = "SERVED", "WRITING"
_DESCRIPTORS = Path("/proc/self/fd")


class SharedDiskStore(DiskStore):
    """The store of a server: an import may put another directory in the place of this one (see above)."""

    def __init__(self, path: Path, data: HostedData = PLAIN_STORE) -> None:
        """Open `path` as DiskStore does, and lock SERVED."""
        self._descriptors: list[int] = []  # first: DiskStore closes the store when its data are missing
        try:
            super().__init__(path, data)
        except BaseException:
            self._release_locks()
            raise
        self._lock_as_served(self.path)
        self._writing = _open_lock_file(self.path / _WRITE_LOCK)
        self._descriptors.append(self._writing)

    def _lock_as_served(self, engine_path: Path) -> None:
        """Lock SERVED."""
        self._descriptors.append(_open_lock_file(engine_path / _SERVED_LOCK))
        fcntl.flock(self._descriptors[-1], fcntl.LOCK_SH)

    def resolve_engine_path(self, path: Path) -> Path:
        """Return a path that keeps naming this directory when another takes its place."""
        with contextlib.suppress(OSError):
            path.mkdir(parents=True, exist_ok=True)
            if _DESCRIPTORS.is_dir():
                self._descriptors.append(os.open(path, os.O_RDONLY | os.O_DIRECTORY))
                engine_path = _DESCRIPTORS / str(self._descriptors[-1])
                if (engine_path / "CURRENT").exists():  # before RocksDB locks it, or an import would fail
                    self._lock_as_served(engine_path)
                return engine_path
        return path

    @contextlib.contextmanager
    def lock_for_write(self) -> Iterator[None]:
        """Hold WRITING; raises StoreUnavailable while an import runs, and when its copy is in place."""
        try:
            fcntl.flock(self._writing, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreUnavailable(
                "An import into this store is running; no writes are accepted until it is complete.",
                hint="Nothing was changed; try again later.",
            ) from error
        try:
            if not os.path.samefile(self.path, self.configured_path):
                raise StoreUnavailable(
                    "An import is complete, and the server is about to switch to it.",
                    hint="Nothing was changed; try again in some seconds.",
                )
            yield
        finally:
            fcntl.flock(self._writing, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the engine, then release the locks and the directory."""
        super().close()
        self._release_locks()
        self.path = self.configured_path

    def _release_locks(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())


def is_store_served(path: Path) -> bool:
    """Say whether a server that switches to imports by itself has the store at `path` open."""
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
    """Hold WRITING exclusively: wait for a running write of the server, and exclude further ones."""
    while True:
        descriptor = _open_lock_file(path / _WRITE_LOCK)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_ino == (path / _WRITE_LOCK).stat().st_ino:
            break
        os.close(descriptor)  # while this one waited, another import put its directory in the place of `path`
    try:
        yield
    finally:
        os.close(descriptor)


def _open_lock_file(path: Path) -> int:
    """Return a descriptor of a file to lock, which is created if it does not exist."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
