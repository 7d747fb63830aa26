"""A store in a directory on disk (RocksDB): durable, for graphs larger than memory, one owner at a time.

First use of a directory loads the built graph into it. A write is acknowledged after the log of RocksDB is on
the disk (fsync), so neither kill -9 nor a power cut loses it; a write is in it whole or not at all.
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

from kg.namespaces import GRAPH
from sparqlhost.errors import BadData, StoreUnavailable
from sparqlhost.settings import HostSettings
from sparqlhost.store.local_store import LocalStore

#: stands in the directory while its first load runs; a load that was killed starts anew.
_LOADING_MARKER = "LOADING"

_IMPORTS_PREFIX = GRAPH["import"].value  # `graph/imports` and `graph/import/...` came by kg import
#: stands in the directory between a write and its inferences.
_STALE_INFERENCES_MARKER = "INFERENCES_BEHIND"


class DiskStore(LocalStore):
    """A directory store; opened read-write, so a second server on it is refused."""

    needs_dry_run = False

    def __init__(self, path: Path, settings: HostSettings | None = None) -> None:
        """Open `path`, and load the build into it on first use; raises StoreUnavailable when it cannot."""
        self.configured_path = path
        self.path = self.resolve_engine_path(path)
        empty = settings is None or getattr(settings, "empty", True)
        initial = None if empty else settings.build_dir / "current" / "graph.nq"
        engine = _open_engine(self.path, path)
        super().__init__(engine, f"disk-{secrets.token_hex(6)}", str(path))
        if initial is not None and ((self.path / _LOADING_MARKER).exists() or not self._has_initial_data()):
            self._load_initial_data(initial)

    def resolve_engine_path(self, path: Path) -> Path:
        """Return the name under which the engine opens `path`."""
        return path

    def _has_initial_data(self) -> bool:
        """Say whether there is more in the store than imports."""
        named = any(not graph.value.startswith(_IMPORTS_PREFIX) for graph in self.graph_names())
        return named or next(self.read_graph(None), None) is not None

    def _load_initial_data(self, nquads: Path) -> None:
        """Load the build; until it is whole, a marker says so."""
        if not nquads.exists():
            self.close()
            raise StoreUnavailable(
                "There is no build to load into the new store.",
                location=str(nquads),
                hint="Run kg build first, or serve it with --empty.",
            )
        marker = self.path / _LOADING_MARKER
        try:
            marker.touch()
            for graph in self.graph_names():
                if not graph.value.startswith(_IMPORTS_PREFIX):
                    self.oxigraph.remove_graph(graph)
            self.oxigraph.clear_graph(ox.DefaultGraph())
            self.oxigraph.bulk_load(path=nquads, format=ox.RdfFormat.N_QUADS, lenient=True)
            self.oxigraph.flush()
            marker.unlink()
        except SyntaxError as error:
            raise BadData(
                f"The built graph is broken: {error.msg}.", location=str(nquads), hint="Run kg build."
            ) from error
        except OSError as error:
            raise explain_disk_error(self.configured_path, error) from error

    @property
    def has_stale_inferences(self) -> bool:
        """Say whether the process ended between a write and its inferences."""
        return (self.path / _STALE_INFERENCES_MARKER).exists()

    def mark_inferences_stale(self) -> None:
        """Note on the disk that inferences are behind, so that the next start mends it."""
        with contextlib.suppress(OSError):
            (self.path / _STALE_INFERENCES_MARKER).touch()

    def mark_inferences_current(self) -> None:
        """Note that inferences are in step again."""
        (self.path / _STALE_INFERENCES_MARKER).unlink(missing_ok=True)

    def _raise_store_error(self, error: Exception) -> NoReturn:
        """Raise what a full, lost or damaged disk means; other errors as every store has them."""
        if any(sign in str(error).lower() for sign in _DISK_ERRORS):
            raise explain_disk_error(self.configured_path, error) from error
        super()._raise_store_error(error)

    def make_durable(self) -> None:
        """Return when the log of RocksDB is on the disk."""
        try:
            logs = sorted(self.path.glob("*.log"))
            for log in logs[-2:]:
                with log.open("rb") as file:
                    os.fsync(file.fileno())
        except FileNotFoundError:
            self.oxigraph.flush()
        except OSError as error:
            raise explain_disk_error(self.configured_path, error) from error


def _open_engine(path: Path, configured_path: Path) -> ox.Store:
    """Return the engine of the directory `path`, which messages call `place`."""
    if path.exists() and not path.is_dir():
        raise StoreUnavailable(
            "The store is a file, not a directory.", location=str(configured_path), hint="Name a directory."
        )
    foreign = path.exists() and any(path.iterdir()) and not (path / "CURRENT").exists()
    if foreign and not (path / _LOADING_MARKER).exists():
        raise StoreUnavailable(
            "The directory holds other files and no store.",
            location=str(configured_path),
            hint="Name a new or empty directory.",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return ox.Store(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise explain_disk_error(configured_path, error) from error


_DISK_ERRORS = ("no space", "read-only", "corrupt", "input/output error")
_ERROR_MESSAGES = (
    ("lock", "Another process has the store open.", "Stop that server, or name another directory."),
    ("no space", "The disk is full.", "Make room, then start again; nothing acknowledged was lost."),
    ("read-only", "The disk is read-only.", "Mount it writable, or serve --store memory:."),
    ("permission", "The store may not be opened by this user.", "Check the owner and mode of the directory."),
    ("corrupt", "The store is damaged.", "Restore it with kg restore from a backup."),
    ("invalid", "The store is damaged, or not a store.", "Restore it with kg restore from a backup."),
    ("not a directory", "A part of the path is a file.", "Name a directory."),
)


def explain_disk_error(path: Path, error: Exception) -> StoreUnavailable:
    """Return in one sentence why a store cannot be opened or written."""
    text = str(error).split("\n")[0]
    for sign, what, todo in _ERROR_MESSAGES:
        if sign in text.lower():
            return StoreUnavailable(what, location=str(path), hint=todo)
    with contextlib.suppress(UnicodeError):
        text = text.encode("ascii", "replace").decode()
    return StoreUnavailable(
        f"The store cannot be used: {text}.", location=str(path), hint="See docs/operations.md."
    )


#: MERGED kg.store.sharing
#: MERGED How a running server and `kg import` share a directory store.
#: MERGED
#: MERGED Two files in the directory are locked with flock(2), which the kernel lets go of when a process ends. SERVED
#: MERGED is held while a server has the store. WRITING is held during each write of that server, and by an import from
#: MERGED before it copies the store until the copy stands in its place: so no write falls between the two.
#: MERGED
#: MERGED The server opens the directory by a descriptor: RocksDB names its files by path, and must go on with the old
#: MERGED directory when another is put under its name.


_SERVED_LOCK, _WRITE_LOCK = "SERVED", "WRITING"
_DESCRIPTORS = Path("/proc/self/fd")


class SharedDiskStore(DiskStore):
    """The store of a server: an import may put another directory in the place of its own."""

    def __init__(self, path: Path, settings: HostSettings | None = None) -> None:
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
