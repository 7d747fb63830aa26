"""From the setting `store` to an open store."""

from __future__ import annotations

from pathlib import Path

from sparqlhost.errors import StoreUnavailable
from sparqlhost.settings import HostSettings
from sparqlhost.store.disk_store import DiskStore
from sparqlhost.store.interface import Store
from sparqlhost.store.local_store import LocalStore, MemoryStore

MEMORY_STORE = "memory:"


def open_store(settings: HostSettings) -> Store:
    """Return the store the settings name: memory, a directory, or a remote server.

    Raises StoreUnavailable, a sentence, when it is not built, locked, damaged, full or away.
    """
    if settings.store.startswith(("http://", "https://")):
        return _open_remote_store(settings)
    return open_local_store(settings)


def _open_remote_store(settings: HostSettings) -> Store:
    """Return a remote store; the engine that reads its queries first ends with this process."""
    from sparqlhost.pool.engine_store import EngineStore
    from sparqlhost.pool.supervisor import start_engine
    from sparqlhost.remote.remote_store import RemoteStore

    engine = start_engine(settings, MemoryStore)
    checker = EngineStore(engine.directory, settings)
    return RemoteStore(settings.store, settings, checker, engine.directory / "written")


def open_local_store(settings: HostSettings) -> LocalStore:
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
