"""Work on a copy of a directory store, then put it in the place of the original: all or nothing.

RocksDB never changes a table file (.sst) after writing it. So a clone hard-links the tables and copies only
the log and the small files that name the others: it costs milliseconds whatever the size, and later changes
of either store do not reach the other. Whatever interrupts the work leaves the original as it was.

The swap is one renameat2(2) with RENAME_EXCHANGE, so at no moment is there no store. Readers of the old
directory keep the files they have open. How a running server takes part: store/disk_store.py.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import IO

import pyoxigraph as ox

from sparqlhost.errors import StoreUnavailable
from sparqlhost.store.disk_store import explain_disk_error, hold_writes, is_store_served
from sparqlhost.store.local_store import LocalStore

#: retries, and seconds between them, when a background thread of RocksDB removes a file that was just listed
RETRIES, RETRY_DELAY = 20, 0.05
_BLOCK_SIZE = 1 << 20
_METADATA_FILES = ("CURRENT", "MANIFEST", "OPTIONS", "IDENTITY")


def open_engine_readonly(path: Path) -> ox.Store:
    """Open a store for reading, beside the process that writes to it."""
    return _retry_open(lambda: ox.Store.read_only(os.fspath(path)), RETRIES if path.exists() else 0)


def copy_live_store(path: Path, target: Path) -> ox.Store:
    """Open a clone, at `target`, of a store that another process may be writing to.

    Not by a backup of the store opened for reading: that would lack what only the log holds.
    """
    return _retry_open(lambda: _link_and_open_copy(path, target), RETRIES)


def _retry_open(open_store: Callable[[], ox.Store], retries: int) -> ox.Store:
    """Return what `open_store` returns, after up to `retries` failures."""
    for _ in range(retries):
        try:
            return open_store()
        except (OSError, RuntimeError):
            time.sleep(RETRY_DELAY)
    return open_store()


def _link_and_open_copy(path: Path, target: Path) -> ox.Store:
    """Link and copy the files of a store as they are now, and open the copy.

    If the store changes meanwhile, a listed table is gone, or the copied metadata name a table that was not
    listed; then linking or opening fails and the caller tries again. The metadata are copied first, right
    after the listing, so that this is rare.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in sorted(path.iterdir(), key=lambda file: file.suffix == ".sst"):
        if file.suffix == ".sst":
            os.link(file, target / file.name)
        elif file.suffix == ".log" or file.name.startswith(_METADATA_FILES):
            shutil.copyfile(file, target / file.name)
    return ox.Store(target)


#: a graph larger than this is left behind by copying the others, for deleting is slower than loading.
SMALL_GRAPH_SIZE = 50_000
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # renameat2(2)

StoredGraph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph


class StagedStore:
    """The clone that is being worked on: load graphs into it, query it; `scratch_dir` is for other files."""

    def __init__(self, oxigraph: ox.Store, folder: Path) -> None:
        """Take over `oxigraph`, a store below `folder`."""
        self._oxigraph = oxigraph
        self.scratch_dir = folder
        self.store = LocalStore(oxigraph, "staged", str(folder))

    def load_blocks(
        self, blocks: Iterable[bytes], rdf_format: ox.RdfFormat, graph: ox.NamedNode, lenient: bool = False
    ) -> None:
        """Load text of one RDF format into `graph`, in bounded memory; raises SyntaxError.

        A second thread parses while this one produces more `blocks`; `lenient` does not check IRIs.
        """
        base = None if rdf_format == ox.RdfFormat.N_TRIPLES else graph.value
        engine = self._oxigraph

        def bulk_load(path: str) -> None:
            engine.bulk_load(path=path, format=rdf_format, base_iri=base, to_graph=graph, lenient=lenient)

        _load_through_pipe(lambda out: out.writelines(blocks), bulk_load)

    def load_nquads(self, nquads: Path) -> None:
        """Load an N-Quads file into the graphs that it names."""
        self._oxigraph.bulk_load(path=nquads, format=ox.RdfFormat.N_QUADS, lenient=True)

    def add_quads(self, quads: Iterable[ox.Quad]) -> None:
        """Add a few quads, in one transaction."""
        self._oxigraph.extend(quads)

    def close(self) -> None:
        """Write everything to disk and close the clone."""
        self._oxigraph.flush()
        self.store.close()
        del self._oxigraph


@contextmanager
def stage_store(
    path: Path,
    excluded_graphs: Iterable[ox.NamedNode] = (),
    keep_graph: Callable[[ox.NamedNode], bool] | None = None,
) -> Iterator[StagedStore]:
    """Yield a clone of the store at `path`; at the end it takes the place of the store at `path`.

    The clone lacks `excluded_graphs`. With `keep_graph` it lacks the default graph too, and each named graph
    for which that is false. `path` stays locked meanwhile, so that no write to it is lost; a server that has
    it open refuses writes meanwhile and switches to the clone by itself. Raises StoreUnavailable when another
    process has the store open for writing, or the disk is full.
    """
    folder = path.parent / f".{path.name}.import-{os.getpid()}"
    served, handed_over = is_store_served(path), False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_stale_stages(path)
        folder.mkdir()
        with _copy_beside_server(path, folder / "held") if served else _open_locked(path) as old:
            stage = _clone_for_staging(old, folder, frozenset(excluded_graphs), keep_graph)
            yield stage
            stage.close()
            del old
            if served:
                _swap_directories(folder / "store", path)
                handed_over = True
        if not served:
            _swap_directories(folder / "store", path)
    except OSError as error:
        raise StoreUnavailable(
            f"The store could not be written: {error}.",
            location=str(path),
            hint="Check the disk, then try again.",
        ) from error
    finally:
        if not handed_over:  # else the server still uses the old directory, and removes it later
            _remove_folder(folder)


@contextmanager
def clone_store(path: Path) -> Iterator[LocalStore]:
    """Yield a writable clone of the store at `path`, to experiment with; it is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.import-", suffix=f"-{os.getpid()}", dir=path.parent))
    try:
        with LocalStore(copy_live_store(path, folder / "store"), "clone", str(path)) as store:
            yield store
    except OSError as error:
        raise StoreUnavailable(f"The store cannot be opened: {error}.", location=str(path)) from error
    finally:
        _remove_folder(folder)


def open_readonly(path: Path) -> LocalStore:
    """Open the store at `path` for reading, whatever process writes to it; raises StoreUnavailable."""
    version = f"{path.stat().st_ino:x}" if path.exists() else ""
    try:
        return LocalStore(open_engine_readonly(path), version, str(path))
    except (OSError, RuntimeError) as error:
        raise StoreUnavailable(
            f"The store cannot be opened: {error}.",
            location=str(path),
            hint="Name the directory of a store that exists.",
        ) from error


def _clone_for_staging(
    old: ox.Store | None,
    folder: Path,
    excluded_graphs: frozenset[ox.NamedNode],
    keep_graph: Callable[[ox.NamedNode], bool] | None,
) -> StagedStore:
    """Return a clone of the store `old`, or an empty one if there is none."""
    target = folder / "store"
    if old is None:
        return StagedStore(ox.Store(target), folder)
    kept, dropped = _split_graphs(old, excluded_graphs, keep_graph)
    if any(_is_large(old, graph) for graph in dropped):
        engine = ox.Store(target)
        _copy_graphs(old, engine, kept)
        return StagedStore(engine, folder)
    old.backup(target)
    engine = ox.Store(target)
    for graph in dropped:
        engine.remove_graph(graph)
    return StagedStore(engine, folder)


def _split_graphs(
    oxigraph: ox.Store,
    excluded_graphs: frozenset[ox.NamedNode],
    keep_graph: Callable[[ox.NamedNode], bool] | None,
) -> tuple[list[StoredGraph], list[StoredGraph]]:
    """Return the graphs to keep and those to drop; a graph named by a blank node is kept."""
    kept: list[StoredGraph] = []
    dropped: list[StoredGraph] = []
    (kept if keep_graph is None else dropped).append(ox.DefaultGraph())
    for graph in oxigraph.named_graphs():
        is_kept = isinstance(graph, ox.BlankNode) or keep_graph is None or keep_graph(graph)
        (kept if is_kept and graph not in excluded_graphs else dropped).append(graph)
    return kept, dropped


@contextmanager
def _copy_beside_server(path: Path, target: Path) -> Iterator[ox.Store]:
    """Yield a clone, at `target`, of the store at `path`, whose server accepts no writes meanwhile."""
    with hold_writes(path):
        yield copy_live_store(path, target)
        shutil.rmtree(target)


@contextmanager
def _open_locked(path: Path) -> Iterator[ox.Store | None]:
    """Yield the store at `path`, opened for writing, or None if there is none; raises StoreLocked."""
    if not path.exists() or not any(path.iterdir()):
        yield None
        return
    try:
        engine = ox.Store(path)
    except OSError as error:
        raise explain_disk_error(path, error) from error
    yield engine
    del engine


def _is_large(oxigraph: ox.Store, graph: StoredGraph) -> bool:
    triples = oxigraph.quads_for_pattern(None, None, None, graph)
    return next(islice(triples, SMALL_GRAPH_SIZE, None), None) is not None


def _copy_graphs(old: ox.Store, new: ox.Store, graphs: Iterable[StoredGraph]) -> None:
    """Copy `graphs`: large ones as N-Triples, small ones (there may be hundreds) together, quad by quad."""
    small: list[StoredGraph] = []
    for graph in graphs:
        if not isinstance(graph, ox.BlankNode) and _is_large(old, graph):
            _copy_large_graph(old, new, graph)
        else:
            small.append(graph)
    new.bulk_extend(chain.from_iterable(old.quads_for_pattern(None, None, None, graph) for graph in small))


def _copy_large_graph(old: ox.Store, new: ox.Store, graph: ox.NamedNode | ox.DefaultGraph) -> None:
    """Copy one graph as N-Triples: both ends are native code, and the memory is bounded."""
    form = ox.RdfFormat.N_TRIPLES
    _load_through_pipe(
        lambda out: old.dump(out, format=form, from_graph=graph),
        lambda path: new.bulk_load(path=path, format=form, to_graph=graph, lenient=True),
    )


def _load_through_pipe(fill: Callable[[IO[bytes]], object], load: Callable[[str], object]) -> None:
    """Have `fill` write into a pipe that `load(path)` reads in another thread; raises what either raised."""
    reader, writer = os.pipe()
    failed: list[BaseException] = []

    def load_from_pipe() -> None:
        try:
            load(f"/dev/fd/{reader}")
        except BaseException as error:
            failed.append(error)
        finally:
            os.close(reader)  # ends a writer that still writes: it gets EPIPE

    thread = threading.Thread(target=load_from_pipe)
    thread.start()
    try:
        with suppress(BrokenPipeError), os.fdopen(writer, "wb", _BLOCK_SIZE) as out:
            fill(out)
    finally:
        thread.join()
    if failed:
        raise failed[0]


def remove_stale_stages(path: Path) -> None:
    """Remove the folders beside `path` of imports that have ended, except those that a server reads."""
    for folder in path.parent.glob(f".{path.name}.import-*"):
        owner = folder.name.rpartition("-")[2]
        has_ended = not Path(f"/proc/{owner}").exists() or owner == str(os.getpid())
        if has_ended and not is_store_served(folder / "store"):
            shutil.rmtree(folder, ignore_errors=True)


def _remove_folder(folder: Path) -> None:
    """Remove a folder in which a background thread of RocksDB may still be writing its last file."""
    for _ in range(RETRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(RETRY_DELAY)


def _swap_directories(new: Path, path: Path) -> None:
    """Exchange two directories in one step; if there is nothing at `path`, rename."""
    if not path.exists():
        new.rename(path)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(path), _RENAME_EXCHANGE):
        aside = new.with_name("old")  # a file system without RENAME_EXCHANGE: two steps
        path.rename(aside)
        new.rename(path)
