"""Opens what is served: the store the engine will own, and in a server process the application over it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from kg import pipeline
from kg.serving.bodies import timely
from kg.serving.cache import AnswerCache
from kg.serving.front import Front, Served
from kg.settings import Settings
from kg.store.client import EngineStore
from kg.store.local import LocalStore
from kg.store.memory import MemoryStore
from kg.store.remote import RemoteStore
from kg.store.sharing import SharedDiskStore
from kg.web import create_app
from kg.web.logs import LineLog, Recorder


def is_remote(settings: Settings) -> bool:
    """Say whether the store is another SPARQL server."""
    return settings.store.startswith(("http://", "https://"))


def opener(settings: Settings) -> Callable[[], LocalStore]:
    """Return what opens the store in the engine's process; it raises KgError when it cannot.

    Over another server the engine holds nothing: it only parses, behind its walls.
    """
    if is_remote(settings):
        return MemoryStore
    if settings.store != "memory:":
        return lambda: SharedDiskStore(Path(settings.store), settings)
    if settings.empty:
        return MemoryStore
    return lambda: pipeline.open_build(settings)


def open_served(settings: Settings, directory: Path) -> Served:
    """Return the application over the engine in `directory`; raises KgError when it is not there."""
    engine = EngineStore(directory, settings)
    remote = is_remote(settings)
    store = RemoteStore(settings.store, settings, engine, directory / "written") if remote else engine
    app = create_app(settings, store)
    recorder: Recorder = app.extensions["kg_recorder"]
    recorder.log = LineLog(sys.stderr.fileno())
    application = timely(app.wsgi_app, settings.body_patience)
    return Served(application, lambda: store.version, recorder, store.close)


def open_front(settings: Settings, directory: Path) -> Front:
    """Return the outermost callable of a server process."""
    return Front(
        open_served(settings, directory), AnswerCache(settings.cache_bytes // max(1, settings.workers))
    )
