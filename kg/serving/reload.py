"""A new build or import is served without a restart: a second engine, then every process swaps.

The engine in force is named by a file in the run directory, replaced atomically; server processes watch
it. An engine that was replaced is stopped when the requests it may still run have had their time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kg.errors import UserError
from kg.linking.beside import with_import_store
from kg.serving.front import CacheMiddleware
from kg.serving.opening import is_remote_store, open_application
from kg.settings import Settings
from kg.store.imports import remove_stale_stages
from kg.store.opening import MEMORY_STORE

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
    middleware: CacheMiddleware, settings: Settings, active_engine: ActiveEngine
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


def _drain_seconds(settings: Settings) -> float:
    """Return the seconds after which no request of a replaced engine can still run."""
    return settings.query_deadline + 5


class EngineReloader:
    """In the main process: starts an engine for each new build and names it."""

    def __init__(
        self,
        settings: Settings,
        active_engine: ActiveEngine,
        start_engine: Callable[[Settings], RunningEngine],
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


def _identify_build(settings: Settings) -> str:
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


def _is_directory_store(settings: Settings) -> bool:
    """Say whether a directory store is served."""
    return settings.store != MEMORY_STORE and not is_remote_store(settings)
