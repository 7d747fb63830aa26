"""From the setting `store` to an open store."""

from __future__ import annotations

from pathlib import Path

from kg.errors import StoreUnavailable
from kg.settings import Settings
from kg.store.disk import DiskStore
from kg.store.local import LocalStore
from kg.store.memory import MemoryStore
from kg.store.protocol import Store

MEMORY_STORE = "memory:"


def open_store(settings: Settings) -> Store:
    """Return the store the settings name: memory, a directory, or a remote server.

    Raises StoreUnavailable, a sentence, when it is not built, locked, damaged, full or away.
    """
    if settings.store.startswith(("http://", "https://")):
        return _open_remote_store(settings)
    return open_local_store(settings)


def _open_remote_store(settings: Settings) -> Store:
    """Return a remote store; the engine that reads its queries first ends with this process."""
    from kg.store.client import EngineStore
    from kg.store.engine import start_engine
    from kg.store.remote import RemoteStore

    engine = start_engine(settings, MemoryStore)
    checker = EngineStore(engine.directory, settings)
    return RemoteStore(settings.store, settings, checker, engine.directory / "written")


def open_local_store(settings: Settings) -> LocalStore:
    """Return the store in memory or in a directory; see open_store."""
    if settings.store != MEMORY_STORE:
        return DiskStore(Path(settings.store), settings)
    if settings.empty:
        return MemoryStore()
    built = settings.build_dir / "current" / "graph.nq"
    if not built.exists():
        raise StoreUnavailable(
            "There is no build.", location=str(built), hint="Run kg build, then try again."
        )
    return MemoryStore(built)
