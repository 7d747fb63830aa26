"""Looking into, and copying, a directory store that another process has open and works on."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

import pyoxigraph as ox

from kg.namespaces import GRAPH, IMPORT_GRAPH
from sparqlhost.errors import StoreUnavailable
from sparqlhost.store.disk_store import hold_writes, is_store_served
from sparqlhost.store.local_store import LocalStore

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


#: MERGED kg.store.imports
#: MERGED Put whole graphs into a directory store, all or nothing: work on a hard-linked clone, then swap it in.
#: MERGED
#: MERGED The clone costs milliseconds (RocksDB files are never changed in place), a reader of the old directory keeps
#: MERGED what it had open, and whatever interrupts the work leaves the old directory as it was.


#: a graph larger than this is left behind by copying the others, for deleting is slower than loading.
SMALL_GRAPH_SIZE = 50_000
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # renameat2(2)


class StagedStore:
    """The clone being worked on: `load` graphs into it, query it; `scratch` is a folder for other files."""

    def __init__(self, oxigraph: ox.Store, folder: Path) -> None:
        """Take over `engine`, a store below `folder`."""
        self._oxigraph = oxigraph
        self.scratch_dir = folder
        self.store = LocalStore(oxigraph, "staged", str(folder))

    def load_blocks(
        self, blocks: Iterable[bytes], rdf_format: ox.RdfFormat, graph: ox.NamedNode, lenient: bool = False
    ) -> None:
        """Bulk-load text of one RDF format into `graph` in bounded memory; raises SyntaxError.

        The text is parsed in a second thread while `blocks` makes more of it in this one;
        `lenient` does not check IRIs.
        """
        base = None if rdf_format == ox.RdfFormat.N_TRIPLES else graph.value
        engine = self._oxigraph

        def bulk_load(path: str) -> None:
            engine.bulk_load(path=path, format=rdf_format, base_iri=base, to_graph=graph, lenient=lenient)

        _load_through_pipe(blocks, bulk_load)

    def load_nquads(self, nquads: Path) -> None:
        """Load a build beside the imports: N-Quads, its graphs kept."""
        self._oxigraph.bulk_load(path=nquads, format=ox.RdfFormat.N_QUADS, lenient=True)

    def add_quads(self, quads: Iterable[ox.Quad]) -> None:
        """Add a few quads."""
        self._oxigraph.extend(quads)

    def close(self) -> None:
        """Write everything to disk and let go of it."""
        self._oxigraph.flush()
        self.store.close()
        del self._oxigraph


@contextmanager
def stage_store(
    path: Path, excluded_graphs: Iterable[ox.NamedNode] = (), imports_only: bool = False
) -> Iterator[StagedStore]:
    """Yield a clone of the store at `path` less the graphs `without`; at the end it takes `path`'s place.

    `path` stays locked meanwhile, so that no write to it is lost; a server that has it open keeps its writes
    back and turns to the clone by itself. With `imports_only` no graph of a build is taken over.
    Raises StoreUnavailable when another process has the store open for writing, or the disk is full.
    """
    folder = path.parent / f".{path.name}.import-{os.getpid()}"
    served, handed_over = is_store_served(path), False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_stale_stages(path)
        folder.mkdir()
        with _copy_beside_server(path, folder / "held") if served else _open_locked(path) as old:
            stage = _clone_for_staging(old, folder, tuple(excluded_graphs), imports_only)
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
            hint="Look at the disk, then retry.",
        ) from error
    finally:
        if not handed_over:  # the server goes on with what it had, and sweeps it away when done
            _remove_folder(folder)


@contextmanager
def clone_store(path: Path) -> Iterator[LocalStore]:
    """Yield a writable clone of the store at `path`, to try things on; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.import-", suffix=f"-{os.getpid()}", dir=path.parent))
    try:
        with LocalStore(copy_live_store(path, folder / "store"), "clone", str(path)) as store:
            yield store
    except OSError as error:
        raise StoreUnavailable(f"The store cannot be opened: {error}.", location=str(path)) from error
    finally:
        _remove_folder(folder)


def open_readonly(path: Path) -> LocalStore:
    """Open the store at `path` for reading beside whatever has it open; raises StoreUnavailable."""
    version = f"{path.stat().st_ino:x}" if path.exists() else ""
    try:
        return LocalStore(open_engine_readonly(path), version, str(path))
    except (OSError, RuntimeError) as error:
        raise StoreUnavailable(
            f"The store cannot be opened: {error}.", location=str(path), hint="Import first: kg import FILE."
        ) from error


def _clone_for_staging(
    old: ox.Store | None, folder: Path, excluded_graphs: tuple[ox.NamedNode, ...], imports_only: bool
) -> StagedStore:
    """Return a clone of the store `old`, or an empty one where there is none."""
    target = folder / "store"
    if old is None:
        return StagedStore(ox.Store(target), folder)
    left_behind = (*excluded_graphs, *(_list_build_graphs(old) if imports_only else ()))
    if any(_is_large(old, graph) for graph in left_behind):
        engine = ox.Store(target)
        _copy_graphs(old, engine, excluded_graphs, imports_only)
        return StagedStore(engine, folder)
    old.backup(target)
    engine = ox.Store(target)
    for graph in left_behind:
        engine.remove_graph(graph)
    return StagedStore(engine, folder)


def _list_build_graphs(oxigraph: ox.Store) -> Iterator[ox.NamedNode | ox.DefaultGraph]:
    """Yield the graphs of a build: all of ours but the imports and what describes them."""
    yield ox.DefaultGraph()
    for graph in oxigraph.named_graphs():
        name = graph.value
        if name.startswith(GRAPH) and not name.startswith(IMPORT_GRAPH) and name != GRAPH["imports"].value:
            yield ox.NamedNode(name)


@contextmanager
def _copy_beside_server(path: Path, target: Path) -> Iterator[ox.Store]:
    """Yield a copy, at `target`, of the store at `path`, whose server makes no write meanwhile."""
    with hold_writes(path):
        yield copy_live_store(path, target)
        shutil.rmtree(target)


@contextmanager
def _open_locked(path: Path) -> Iterator[ox.Store | None]:
    """Open the store at `path` for writing, None where there is none; raises StoreUnavailable."""
    if not path.exists() or not any(path.iterdir()):
        yield None
        return
    try:
        engine = ox.Store(path)
    except OSError as error:
        if "lock" not in str(error).lower():
            raise
        raise StoreUnavailable(
            "Another process (another import, or a server of another kind) has this store open.",
            location=str(path),
            hint="Wait for it or stop it, and run this again; or name another directory with --store.",
        ) from error
    yield engine
    del engine


def _is_large(oxigraph: ox.Store, graph: ox.NamedNode | ox.DefaultGraph) -> bool:
    """Say whether `graph` has more than SMALL triples."""
    return (
        sum(1 for _ in islice(oxigraph.quads_for_pattern(None, None, None, graph), SMALL_GRAPH_SIZE + 1))
        > SMALL_GRAPH_SIZE
    )


def _copy_graphs(
    old: ox.Store, new: ox.Store, excluded_graphs: tuple[ox.NamedNode, ...], imports_only: bool
) -> None:
    """Copy every graph but `without`: imports as streams, the many small graphs of ours quad by quad."""
    imports = [
        g for g in old.named_graphs() if isinstance(g, ox.NamedNode) and g.value.startswith(IMPORT_GRAPH)
    ]
    for graph in imports:
        if graph not in excluded_graphs:
            _copy_graph_through_pipe(old, new, graph)
    if imports_only:  # and what users put into graphs of their own
        theirs = [name for name in old.named_graphs() if not name.value.startswith(GRAPH)]
        for name in (GRAPH["imports"], *theirs):
            new.bulk_extend(old.quads_for_pattern(None, None, None, name))
        return
    left_out = {*imports, *excluded_graphs}
    new.bulk_extend(quad for quad in old if quad.graph_name not in left_out)


def _copy_graph_through_pipe(old: ox.Store, new: ox.Store, graph: ox.NamedNode) -> None:
    """Copy one graph through a pipe, from the engine's writer to its loader."""
    reader, writer = os.pipe()
    form = ox.RdfFormat.N_TRIPLES

    def dump_graph() -> None:
        with os.fdopen(writer, "wb", 1 << 20) as out, suppress(BrokenPipeError):
            old.dump(out, format=form, from_graph=graph)

    thread = threading.Thread(target=dump_graph)
    thread.start()
    try:
        new.bulk_load(path=f"/dev/fd/{reader}", format=form, to_graph=graph, lenient=True)
    finally:
        os.close(reader)
        thread.join()


def _load_through_pipe(blocks: Iterable[bytes], load: Callable[[str], None]) -> None:
    """Write `blocks` into a pipe that `load(path)` reads in another thread; raises what either raised."""
    reader, writer = os.pipe()
    failed: list[BaseException] = []

    def load_from_pipe() -> None:
        try:
            load(f"/dev/fd/{reader}")
        except BaseException as error:
            failed.append(error)
        finally:
            os.close(reader)  # so that a writer still at work hears of it

    thread = threading.Thread(target=load_from_pipe)
    thread.start()
    try:
        with os.fdopen(writer, "wb", 0) as out, suppress(BrokenPipeError):
            for block in blocks:
                _write_all(out.fileno(), block)
    finally:
        thread.join()
    if failed:
        raise failed[0]


def _write_all(descriptor: int, block: bytes) -> None:
    """Write the whole of `block`."""
    view = memoryview(block)
    while view:
        view = view[os.write(descriptor, view) :]


def remove_stale_stages(path: Path) -> None:
    """Remove what killed imports, and those made beside a server, left beside `path`."""
    for folder in path.parent.glob(f".{path.name}.import-*"):
        owner = folder.name.rpartition("-")[2]
        if not Path(f"/proc/{owner}").exists() or owner == str(os.getpid()):
            shutil.rmtree(folder, ignore_errors=True)


def _remove_folder(folder: Path) -> None:
    """Remove a folder in which threads of RocksDB may still write a last file."""
    for _ in range(RETRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(RETRY_DELAY)


def _swap_directories(new: Path, path: Path) -> None:
    """Put `new` in the place of `path` in one step; what stood there ends up at `new`."""
    if not path.exists():
        new.rename(path)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(path), _RENAME_EXCHANGE):
        aside = new.with_name("old")  # a file system that cannot exchange: two steps
        path.rename(aside)
        new.rename(path)
