"""Opens what is served: the store the engine will own, and in a server process the application over it."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kg.build.publishing import open_build
from kg.linking.build_overlay import with_import_store
from kg.pages.app import create_app
from sparqlhost.errors import UserError
from sparqlhost.ops.cache_middleware import CacheMiddleware, ServedApplication
from sparqlhost.ops.connections import limit_slow_bodies
from sparqlhost.ops.http_cache import AnswerCache
from sparqlhost.ops.request_log import BufferedLineLog, RequestRecorder
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.supervisor import SparqlEngineProcess, start_engine
from sparqlhost.remote.remote_store import RemoteStore
from sparqlhost.settings import HostSettings
from sparqlhost.store.disk_store import SharedDiskStore
from sparqlhost.store.local_store import LocalStore, MemoryStore
from sparqlhost.store.staging import remove_stale_stages
from sparqlhost.store_opening import MEMORY_STORE


def is_remote_store(settings: HostSettings) -> bool:
    """Say whether the store is another SPARQL server."""
    return settings.store.startswith(("http://", "https://"))


def make_store_opener(settings: HostSettings) -> Callable[[], LocalStore]:
    """Return what opens the store in the engine's process; it raises UserError when it cannot.

    Over another server the engine holds nothing: it only parses, behind its walls.
    """
    if is_remote_store(settings):
        return MemoryStore
    if settings.store != "memory:":
        return lambda: SharedDiskStore(Path(settings.store), settings)
    if settings.empty:
        return MemoryStore
    return lambda: open_build(settings)


def open_application(settings: HostSettings, engine_directory: Path) -> ServedApplication:
    """Return the application over the engine in `directory`; raises UserError when it is not there."""
    engine = EngineStore(engine_directory, settings)
    remote = is_remote_store(settings)
    store = RemoteStore(settings.store, settings, engine, engine_directory / "written") if remote else engine
    app = create_app(settings, store)
    recorder: RequestRecorder = app.extensions["kg_recorder"]
    recorder.line_log = BufferedLineLog(sys.stderr.fileno())
    application = limit_slow_bodies(app.wsgi_app, settings.body_patience)
    return ServedApplication(application, lambda: store.version, recorder, store.close)


def open_middleware(settings: HostSettings, engine_directory: Path) -> CacheMiddleware:
    """Return the outermost callable of a server process."""
    return CacheMiddleware(
        open_application(settings, engine_directory),
        AnswerCache(settings.cache_bytes // max(1, settings.workers)),
    )


#: MERGED kg.serving.engines
#: MERGED The engine that the settings ask for: the process tree that owns the store.


@dataclass(frozen=True, slots=True)
class EngineProcessTree:
    """A process tree of our own."""

    engine: SparqlEngineProcess

    @property
    def directory(self) -> Path:
        """Return the directory of its sockets."""
        return self.engine.directory

    def stop(self) -> None:
        """End it; server processes hold copies of the lifeline, so it is told, not only let go."""
        with contextlib.suppress(OSError):
            os.write(self.engine.shutdown_pipe, b".")
        self.engine.stop()


def start_configured_engine(settings: HostSettings) -> EngineProcessTree:
    """Start the engine that the settings ask for; raises UserError when its store does not open.

    Forks; the main process has idle threads at most.
    """
    return EngineProcessTree(start_engine(settings, make_store_opener(settings)))


#: MERGED kg.serving.reload
#: MERGED A new build or import is served without a restart: a second engine, then every process swaps.
#: MERGED
#: MERGED The engine in force is named by a file in the run directory, replaced atomically; server processes watch
#: MERGED it. An engine that was replaced is stopped when the requests it may still run have had their time.


log = logging.getLogger(__name__)

#: seconds between two looks at the build, and at the engine's name.
BUILD_CHECK_SECONDS = 1.0
ENGINE_CHECK_SECONDS = 0.1


class RunningEngine(Protocol):
    """What holds the data: a process tree, or another server."""

    @property
    def directory(self) -> Path:
        """Return where server processes reach it."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


@dataclass
class ActiveEngine:
    """Which engine is in force; written by the main process, read by the server processes."""

    run_directory: Path
    wake_event: threading.Event = field(default_factory=threading.Event)

    @property
    def path(self) -> Path:
        """Return the file that names the engine's directory."""
        return self.run_directory / "engine"

    def read_directory(self) -> Path:
        """Return the directory of the engine in force."""
        return Path(self.path.read_text())

    def set_directory(self, directory: Path) -> None:
        """Name another engine, atomically."""
        fresh = self.run_directory / "engine.new"
        fresh.write_text(str(directory))
        fresh.replace(self.path)


def follow_active_engine(
    middleware: CacheMiddleware, settings: HostSettings, active_engine: ActiveEngine
) -> None:
    """In a server process: swap what is served whenever another engine is named."""
    serving = active_engine.read_directory()
    while True:
        time.sleep(ENGINE_CHECK_SECONDS)
        named = active_engine.read_directory()
        if named == serving:
            continue
        try:
            before = middleware.swap_application(open_application(with_import_store(settings), named))
        except UserError as error:
            log.error("The new build cannot be served, the one before stays: %s", error)
        else:
            threading.Timer(_drain_seconds(settings), before.close).start()
        serving = named


def _drain_seconds(settings: HostSettings) -> float:
    """Return the seconds after which no request of a replaced engine can still run."""
    return settings.query_deadline + 5


class EngineReloader:
    """In the main process: starts an engine for each new build and names it."""

    def __init__(
        self,
        settings: HostSettings,
        active_engine: ActiveEngine,
        start_engine: Callable[[HostSettings], RunningEngine],
    ) -> None:
        """Start the first engine; raises UserError when it cannot."""
        self.settings = settings
        self.active_engine = active_engine
        self._start_engine = start_engine
        self._served_build = _identify_build(settings)
        self.engine = start_engine(settings)
        self._served_build = self._served_build or _identify_build(
            settings
        )  # a directory is made when it is first opened
        active_engine.set_directory(self.engine.directory)
        self._is_in_memory = settings.store == MEMORY_STORE
        self._retired_engines: list[tuple[float, RunningEngine]] = []

    def watch_builds(self) -> None:
        """Look for new builds and imports for ever; SIGHUP wakes it early."""
        while True:
            self.active_engine.wake_event.wait(BUILD_CHECK_SECONDS)
            self.active_engine.wake_event.clear()
            self._stop_retired_engines()
            self.settings = with_import_store(self.settings)
            if _identify_build(self.settings) != self._served_build:
                self.serve_new_build()

    def serve_new_build(self) -> None:
        """Put an engine over the new build in the place of the one before."""
        self._served_build = _identify_build(self.settings)
        if self._is_in_memory and (self.engine.directory / "written").exists():
            log.error(
                "A new build or import is there; the served graph holds writes it lacks: restart to serve it."
            )
            return
        try:
            fresh = self._start_engine(self.settings)
        except UserError as error:
            log.error("The new build cannot be served, the one before stays: %s", error)
            if _is_directory_store(self.settings):  # another import may have it open for a moment
                self._served_build = ""
            return
        self._retired_engines.append((time.monotonic() + _drain_seconds(self.settings) + 2, self.engine))
        self.engine = fresh
        self._is_in_memory = self.settings.store == MEMORY_STORE
        self.active_engine.set_directory(fresh.directory)
        log.warning("Serving the new build or import %s.", self._served_build)

    def _stop_retired_engines(self) -> None:
        """Stop the engines whose requests have all had their time."""
        now = time.monotonic()
        for item in [item for item in self._retired_engines if item[0] < now]:
            item[1].stop()
            self._retired_engines.remove(item)
            if _is_directory_store(self.settings):
                remove_stale_stages(Path(self.settings.store))

    def stop_engines(self) -> None:
        """Stop every engine."""
        for engine in (self.engine, *(old for _, old in self._retired_engines)):
            engine.stop()
        if _is_directory_store(self.settings):
            remove_stale_stages(Path(self.settings.store))


def _identify_build(settings: HostSettings) -> str:
    """Return what names the data that would be served, "" where none would: a build, or a directory.

    A write does not change it; an import puts another directory in the place of the one before.
    """
    if _is_directory_store(settings):
        path = Path(settings.store)
        return f"{path} ({path.stat().st_ino})" if path.exists() else ""
    if is_remote_store(settings) or settings.empty:
        return ""
    current = settings.build_dir / "current"
    return str(current.resolve()) if current.exists() else ""


def _is_directory_store(settings: HostSettings) -> bool:
    """Say whether a directory store is served."""
    return settings.store != MEMORY_STORE and not is_remote_store(settings)
