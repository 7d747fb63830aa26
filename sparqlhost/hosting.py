"""What an application tells the host about its data and itself, and the store that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from sparqlhost.errors import StoreUnavailable
from sparqlhost.settings import HostSettings, StoreKind
from sparqlhost.store.disk_store import DiskStore, SharedDiskStore
from sparqlhost.store.interface import PLAIN_STORE, AfterWrite, HostedData, Store
from sparqlhost.store.local_store import LocalStore, MemoryStore

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["PLAIN_STORE", "AfterWrite", "HostedApplication", "HostedData"]

_Settings = TypeVar("_Settings", bound=HostSettings)


def _keep_settings(settings: _Settings) -> _Settings:
    return settings


def _name_no_data(_: HostSettings) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class HostedApplication(Generic[_Settings]):
    """What `sparqlhost.ops.run_server` needs to serve an application and replace its data meanwhile."""

    #: returns the WSGI application over an open store; called in each server process.
    make_app: Callable[[_Settings, Store], Flask]
    #: returns the data to serve.
    describe_data: Callable[[_Settings], HostedData] = lambda _: PLAIN_STORE
    #: returns the settings to use from now on, when something outside (a new import, say) changes them.
    refresh_settings: Callable[[_Settings], _Settings] = _keep_settings
    #: names the data that a store in memory would be filled with; another name means that they are to be
    #: served.
    read_data_version: Callable[[_Settings], str] = _name_no_data


def open_store(settings: HostSettings, data: HostedData = PLAIN_STORE) -> Store:
    """Return the store that the settings name: memory, a directory, or a remote server.

    Raises StoreUnavailable when it cannot be opened: the data are missing, locked or damaged, the disk is
    full or the server does not answer.
    """
    if settings.store_kind is StoreKind.REMOTE:
        return _open_remote_store(settings, data)
    return open_local_store(settings, data)


def _open_remote_store(settings: HostSettings, data: HostedData) -> Store:
    """Return a remote store; the engine that parses its queries ends with this process."""
    from sparqlhost.pool.engine_dir import WRITTEN_MARKER
    from sparqlhost.pool.engine_store import EngineStore
    from sparqlhost.pool.supervisor import start_engine
    from sparqlhost.remote.remote_store import RemoteStore

    engine = start_engine(settings, lambda: open_engine_store(settings, data), data)
    checker = EngineStore(engine.directory, settings)
    return RemoteStore(settings.store, settings, checker, engine.directory / WRITTEN_MARKER, data.prefixes)


def open_local_store(settings: HostSettings, data: HostedData = PLAIN_STORE) -> LocalStore:
    """Return the store in memory or in a directory; see open_store."""
    if settings.store_kind is StoreKind.DIRECTORY:
        return DiskStore(Path(settings.store), data)
    return _open_memory_store(data)


def open_engine_store(settings: HostSettings, data: HostedData = PLAIN_STORE) -> LocalStore:
    """Return the store that the engine of a server owns; see open_store.

    In front of a remote store the engine holds nothing: it only parses, inside its sandbox.
    """
    if settings.store_kind is StoreKind.REMOTE:
        return MemoryStore(prefixes=data.prefixes)
    if settings.store_kind is StoreKind.DIRECTORY:
        return SharedDiskStore(Path(settings.store), data)
    return _open_memory_store(data)


def _open_memory_store(data: HostedData) -> LocalStore:
    """Return the initial data in memory."""
    if data.open_in_memory is not None:
        return data.open_in_memory()
    if data.initial_nquads is None:
        return MemoryStore(prefixes=data.prefixes)
    if not data.initial_nquads.exists():
        raise StoreUnavailable(
            "The data to serve are missing.", location=str(data.initial_nquads), hint=data.missing_data_hint
        )
    return MemoryStore(data.initial_nquads, prefixes=data.prefixes)
