"""A store in memory, made from N-Quads files: fast, private to this process, and gone when it ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pyoxigraph as ox

from kg.errors import BadData, StoreUnavailable
from kg.store.local import LocalStore

_BLOCK_SIZE = 1 << 20


class MemoryStore(LocalStore):
    """The built graph in memory; `MemoryStore(path, ...)` reads N-Quads files, `MemoryStore()` is empty."""

    def __init__(self, *nquads: Path, version: str = "") -> None:
        """Load the files; raises StoreUnavailable for one that cannot be read, BadData for a broken one."""
        engine = ox.Store()
        for path in nquads:
            _load_nquads(engine, path)
        super().__init__(engine, version or _digest_files(nquads), "memory:")


def _load_nquads(oxigraph: ox.Store, path: Path) -> None:
    """Read one N-Quads file into `engine`."""
    try:
        oxigraph.bulk_load(path=path, format=ox.RdfFormat.N_QUADS, lenient=True)
    except SyntaxError as error:
        raise BadData(
            "The N-Quads file is broken.",
            location=str(path),
            line=error.lineno or 0,
            hint="Run kg build again.",
        ) from error
    except OSError as error:
        raise StoreUnavailable(
            f"The built graph cannot be read: {error}.",
            location=str(path),
            hint="Run kg build, then try again.",
        ) from error


def _digest_files(paths: Iterable[Path]) -> str:
    """Return a short SHA-256 over the bytes of `paths`, in their order."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_SIZE):
                total.update(block)
    return total.hexdigest()[:16]
