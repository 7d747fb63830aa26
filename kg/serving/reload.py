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

from kg.errors import KgError
from kg.linking.beside import with_imports
from kg.serving.front import Front
from kg.serving.opening import is_remote, open_served
from kg.settings import Settings
from kg.store.imports import sweep
from kg.store.opening import MEMORY

log = logging.getLogger(__name__)

#: seconds between two looks at the build, and at the engine's name.
BUILD_INTERVAL = 1.0
ENGINE_INTERVAL = 0.1


class Engine(Protocol):
    """What holds the data: a process tree, or another server."""

    @property
    def directory(self) -> Path:
        """Return where server processes reach it."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


@dataclass
class Generations:
    """Which engine is in force; written by the main process, read by the server processes."""

    folder: Path
    wake: threading.Event = field(default_factory=threading.Event)

    @property
    def file(self) -> Path:
        """Return the file that names the engine's directory."""
        return self.folder / "engine"

    def current(self) -> Path:
        """Return the directory of the engine in force."""
        return Path(self.file.read_text())

    def replace(self, directory: Path) -> None:
        """Name another engine, atomically."""
        fresh = self.folder / "engine.new"
        fresh.write_text(str(directory))
        fresh.replace(self.file)


def follow(front: Front, settings: Settings, generations: Generations) -> None:
    """In a server process: swap what is served whenever another engine is named."""
    serving = generations.current()
    while True:
        time.sleep(ENGINE_INTERVAL)
        named = generations.current()
        if named == serving:
            continue
        try:
            before = front.swap(open_served(with_imports(settings), named))
        except KgError as error:
            log.error("The new build cannot be served, the one before stays: %s", error)
        else:
            threading.Timer(_patience(settings), before.close).start()
        serving = named


def _patience(settings: Settings) -> float:
    """Return the seconds after which no request of a replaced engine can still run."""
    return settings.query_deadline + 5


class Reloader:
    """In the main process: starts an engine for each new build and names it."""

    def __init__(
        self, settings: Settings, generations: Generations, start: Callable[[Settings], Engine]
    ) -> None:
        """Start the first engine; raises KgError when it cannot."""
        self.settings = settings
        self.generations = generations
        self._start = start
        self._build = _build_of(settings)
        self.engine = start(settings)
        self._build = self._build or _build_of(settings)  # a directory is made when it is first opened
        generations.replace(self.engine.directory)
        self._in_memory = settings.store == MEMORY
        self._retired: list[tuple[float, Engine]] = []

    def watch(self) -> None:
        """Look for new builds and imports for ever; SIGHUP wakes it early."""
        while True:
            self.generations.wake.wait(BUILD_INTERVAL)
            self.generations.wake.clear()
            self._stop_retired()
            self.settings = with_imports(self.settings)
            if _build_of(self.settings) != self._build:
                self.reload()

    def reload(self) -> None:
        """Put an engine over the new build in the place of the one before."""
        self._build = _build_of(self.settings)
        if self._in_memory and (self.engine.directory / "written").exists():
            log.error(
                "A new build or import is there; the served graph holds writes it lacks: restart to serve it."
            )
            return
        try:
            fresh = self._start(self.settings)
        except KgError as error:
            log.error("The new build cannot be served, the one before stays: %s", error)
            if _is_directory(self.settings):  # another import may have it open for a moment
                self._build = ""
            return
        self._retired.append((time.monotonic() + _patience(self.settings) + 2, self.engine))
        self.engine = fresh
        self._in_memory = self.settings.store == MEMORY
        self.generations.replace(fresh.directory)
        log.warning("Serving the new build or import %s.", self._build)

    def _stop_retired(self) -> None:
        """Stop the engines whose requests have all had their time."""
        now = time.monotonic()
        for item in [item for item in self._retired if item[0] < now]:
            item[1].stop()
            self._retired.remove(item)
            if _is_directory(self.settings):
                sweep(Path(self.settings.store))

    def stop(self) -> None:
        """Stop every engine."""
        for engine in (self.engine, *(old for _, old in self._retired)):
            engine.stop()
        if _is_directory(self.settings):
            sweep(Path(self.settings.store))


def _build_of(settings: Settings) -> str:
    """Return what names the data that would be served, "" where none would: a build, or a directory.

    A write does not change it; an import puts another directory in the place of the one before.
    """
    if _is_directory(settings):
        path = Path(settings.store)
        return f"{path} ({path.stat().st_ino})" if path.exists() else ""
    if is_remote(settings) or settings.empty:
        return ""
    current = settings.build_dir / "current"
    return str(current.resolve()) if current.exists() else ""


def _is_directory(settings: Settings) -> bool:
    """Say whether a directory store is served."""
    return settings.store != MEMORY and not is_remote(settings)
