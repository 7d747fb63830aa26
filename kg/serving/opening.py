"""Opens what is served: the store the engine will own, and in a server process the application over it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from kg import pipeline
from kg.serving.bodies import limit_slow_bodies
from kg.serving.cache import AnswerCache
from kg.serving.front import CacheMiddleware, ServedApplication
from kg.settings import Settings
from kg.store.client import EngineStore
from kg.store.local import LocalStore
from kg.store.memory import MemoryStore
from kg.store.remote import RemoteStore
from kg.store.sharing import SharedDiskStore
from kg.web import create_app
from kg.web.logs import BufferedLineLog, RequestRecorder


def is_remote_store(settings: Settings) -> bool:
    """Say whether the store is another SPARQL server."""
    return settings.store.startswith(("http://", "https://"))


def make_store_opener(settings: Settings) -> Callable[[], LocalStore]:
    """Return what opens the store in the engine's process; it raises UserError when it cannot.

    Over another server the engine holds nothing: it only parses, behind its walls.
    """
    if is_remote_store(settings):
        return MemoryStore
    if settings.store != "memory:":
        return lambda: SharedDiskStore(Path(settings.store), settings)
    if settings.empty:
        return MemoryStore
    return lambda: pipeline.open_build(settings)


def open_application(settings: Settings, engine_directory: Path) -> ServedApplication:
    """Return the application over the engine in `directory`; raises UserError when it is not there."""
    engine = EngineStore(engine_directory, settings)
    remote = is_remote_store(settings)
    store = RemoteStore(settings.store, settings, engine, engine_directory / "written") if remote else engine
    app = create_app(settings, store)
    recorder: RequestRecorder = app.extensions["kg_recorder"]
    recorder.line_log = BufferedLineLog(sys.stderr.fileno())
    application = limit_slow_bodies(app.wsgi_app, settings.body_patience)
    return ServedApplication(application, lambda: store.version, recorder, store.close)


def open_middleware(settings: Settings, engine_directory: Path) -> CacheMiddleware:
    """Return the outermost callable of a server process."""
    return CacheMiddleware(
        open_application(settings, engine_directory),
        AnswerCache(settings.cache_bytes // max(1, settings.workers)),
    )
